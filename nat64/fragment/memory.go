package fragment

import "math/bits"

// A memory lends buffers and keeps those that come back, so that a flood makes no
// garbage. Buffers have powers of two of octets, from 256 to 65,536.
type memory struct {
	spare  [9][][]byte
	octets int // of spare ones
}

// room is how many octets the buffer for n octets has.
func room(n int) int { return 256 << sizeOf(n) }

func sizeOf(n int) int { return bits.Len(uint(max(n-1, 255)) >> 8) }

// get returns a buffer for n octets. It gives up spare ones if otherwise more than
// limit octets would be spare.
func (m *memory) get(n, limit int) []byte {
	s := &m.spare[sizeOf(n)]
	if last := len(*s) - 1; last >= 0 {
		b := (*s)[last]
		(*s)[last], *s = nil, (*s)[:last]
		m.octets -= cap(b)
		return b[:n]
	}
	if m.octets > max(0, limit) {
		*m = memory{}
	}
	return make([]byte, n, room(n))
}

func (m *memory) put(b []byte) {
	s := &m.spare[sizeOf(cap(b))]
	*s = append(*s, b)
	m.octets += cap(b)
}
