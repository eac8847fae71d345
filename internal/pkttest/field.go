package pkttest

// A Field is a header field that the builders fill in by themselves. Its zero
// value asks for the right value (or the usual one: a hop limit of 64), any
// positive number is written as it is, cut to the width of the field.
type Field int

const (
	// Zero writes a literal zero, which the zero value of Field cannot say.
	Zero Field = -1
	// Wrong writes a value that differs from the right one: a checksum with one
	// bit flipped, a length that is one too large.
	Wrong Field = -2
)

// or returns what the field holds when right is the right value.
func (f Field) or(right int) int {
	switch f {
	case 0:
		return right
	case Zero:
		return 0
	case Wrong:
		return right + 1
	}
	return int(f)
}

// sum is or for a checksum: a wrong one has a bit flipped and is not zero, which
// could mean that there is none.
func (f Field) sum(right uint16) int {
	if f != Wrong {
		return f.or(int(right))
	}
	if right == 0x0100 {
		return 0x0200
	}
	return int(right ^ 0x0100)
}

// Pattern returns n octets that are easy to follow through a translator: the
// first is as given, each further one is 7 more, modulo 256.
func Pattern(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(7*i)
	}
	return b
}
