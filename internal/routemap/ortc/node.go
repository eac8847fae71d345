package ortc

import (
	"math/bits"

	"taygo/internal/routemap/rib"
)

// leafBits is the length of the leaves. One bit more takes a quarter off the time
// of a change, and costs 0.8 MB.
const (
	leafBits = 17
	leaves   = 1 << leafBits // how many there are, and the number of the first
)

// prefixOf returns the prefix of a node.
func prefixOf(node int) rib.Prefix {
	depth := bits.Len(uint(node)) - 1
	return rib.Prefix{Addr: uint32(uint64(node) << (32 - depth)), Bits: uint8(depth)}
}

// nodeOf returns the node of a prefix of at most leafBits bits.
func nodeOf(p rib.Prefix) int { return 1<<p.Bits | int(uint64(p.Addr)>>(32-p.Bits)) }

// leafOf returns the leaf that addr lies in.
func leafOf(addr uint32) int { return leaves + int(addr>>(32-leafBits)) }

// A nodeSet has a bit for each node.
type nodeSet []uint64

func (s nodeSet) has(node int) bool { return s[node/64]>>(node%64)&1 != 0 }

func (s nodeSet) put(node int, in bool) {
	s[node/64] &^= 1 << (node % 64)
	if in {
		s[node/64] |= 1 << (node % 64)
	}
}
