package wire

import (
	"encoding/binary"
	"math/bits"
)

// A Sum is a ones' complement sum of 16-bit words (RFC 1071) that is not yet
// folded to 16 bits. Because 2^16 is 1 in that arithmetic, wider integers can be
// added whole, if they stand on an even offset. The zero Sum is the empty sum.
type Sum uint64

// Add returns s + x.
func (s Sum) Add(x uint64) Sum {
	r, carry := bits.Add64(uint64(s), x, 0)
	return Sum(r + carry)
}

// Sub returns s - x.
func (s Sum) Sub(x uint64) Sum { return s.Add(^x) }

// AddAddr returns s with the words of a added.
func (s Sum) AddAddr(a Addr) Sum { return s.Add(a.Hi).Add(a.Lo) }

// Difference returns by how much a sum changes when two addresses become two
// others. Its one chain of carries is that of AddBytes.
func Difference(src, dst, oldSrc, oldDst Addr) Sum {
	x, c := bits.Add64(src.Hi, src.Lo, 0)
	x, c = bits.Add64(x, dst.Hi, c)
	x, c = bits.Add64(x, dst.Lo, c)
	x, c = bits.Add64(x, ^oldSrc.Hi, c)
	x, c = bits.Add64(x, ^oldSrc.Lo, c)
	x, c = bits.Add64(x, ^oldDst.Hi, c)
	x, c = bits.Add64(x, ^oldDst.Lo, c)
	return Sum(x + c)
}

// AddBytes returns s with the words of b added; an odd last octet counts as the
// high half of a word.
func (s Sum) AddBytes(b []byte) Sum {
	// 64 octets a step, the carry of each word into the next: three times as
	// fast as a carry brought round for each. A last carry leaves room for itself:
	// two words and a carry are all ones and a carry only if the two before were.
	for len(b) >= 64 {
		x, c := bits.Add64(uint64(s), binary.BigEndian.Uint64(b), 0)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[8:]), c)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[16:]), c)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[24:]), c)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[32:]), c)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[40:]), c)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[48:]), c)
		x, c = bits.Add64(x, binary.BigEndian.Uint64(b[56:]), c)
		s = Sum(x + c)
		b = b[64:]
	}
	for len(b) >= 8 {
		s = s.Add(binary.BigEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) >= 4 {
		s = s.Add(uint64(binary.BigEndian.Uint32(b)))
		b = b[4:]
	}
	if len(b) >= 2 {
		s = s.Add(uint64(binary.BigEndian.Uint16(b)))
		b = b[2:]
	}
	if len(b) == 1 {
		s = s.Add(uint64(b[0]) << 8)
	}
	return s
}

// Fold returns the sum as 16 bits. It is 0 only for a sum of zeros.
func (s Sum) Fold() uint16 {
	// A number and the same with its halves exchanged have the sum of both halves
	// in the upper one, with the carry of the lower one brought round.
	x := uint32((uint64(s) + bits.RotateLeft64(uint64(s), 32)) >> 32)
	return uint16((x + bits.RotateLeft32(x, 16)) >> 16)
}

// Checksum returns the checksum field for the sum: its complement.
func (s Sum) Checksum() uint16 { return ^s.Fold() }

// Update returns the checksum field that old becomes when the words it covers
// change by delta (RFC 1624 §3). A checksum that was wrong stays wrong by the
// same amount; a delta of zero changes nothing.
func Update(old uint16, delta Sum) uint16 {
	updated := Sum(^old).Add(uint64(delta)).Checksum()
	if updated == 0 && old == 0xffff { // two zeros, of which only the one that was there is right
		return old
	}
	return updated
}

// UpdatePartial is Update for a field that holds a plain sum, not its
// complement, as a frame with a partial checksum does.
func UpdatePartial(old uint16, delta Sum) uint16 {
	return Sum(old).Add(uint64(delta)).Fold()
}
