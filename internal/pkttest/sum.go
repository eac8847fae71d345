package pkttest

import (
	"encoding/binary"
	"math/bits"
)

// add returns the ones' complement sum of s and the big-endian 16-bit words of
// b, not folded (RFC 1071). Only the last piece of a message may have an odd
// length; it counts as if a zero octet followed.
func add(s uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 8 {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	s, carry = bits.Add64(s, 0, carry)
	s += carry
	var tail [8]byte
	copy(tail[:], b)
	s, carry = bits.Add64(s, binary.BigEndian.Uint64(tail[:]), 0)
	return s + carry
}

// fold reduces s to 16 bits.
func fold(s uint64) uint64 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return s>>16 + s&0xffff
}

// checksum returns the Internet checksum of the words that were added up to s.
func checksum(s uint64) uint16 { return ^uint16(fold(s)) }

// put16 writes v at b[at:] in network byte order.
func put16(b []byte, at int, v int) { binary.BigEndian.PutUint16(b[at:], uint16(v)) }

// get16 reads the 16-bit number at b[at:].
func get16(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at:])) }
