package translate

import (
	"math/rand/v2"
)

// An identifier makes IPv4 Identifications. Each pair of addresses and protocol
// counts through all values before one returns (RFC 6864 §4.3), from a random
// start, in one of many counters chosen by a keyed hash, so that what one host
// sees of its own tells it nothing about others'. It belongs to one goroutine;
// several share the 65,536 values by ranges.
type identifier struct {
	keys     [2]uint64
	counters [1024]uint16 // within the range
	first    uint32       // of the range
	size     uint32       // of the range, a power of two
}

// newIdentifier returns the identifier of worker i of n.
func newIdentifier(rng *rand.Rand, i, n int) *identifier {
	id := &identifier{keys: [2]uint64{rng.Uint64(), rng.Uint64() | 1}, size: 1 << 16}
	for parts := 1; parts < n; parts *= 2 {
		id.size /= 2
	}
	id.first = uint32(i) * id.size
	for c := range id.counters {
		id.counters[c] = uint16(rng.Uint32() % id.size)
	}
	return id
}

// next returns the Identification for a new datagram, the first of n in a row:
// the kernel counts up for the segments of a super-packet.
func (id *identifier) next(p Pair, proto uint8, n int) uint32 {
	h := p.Src.Lo ^ id.keys[0]
	h = (h ^ h>>29) * id.keys[1]
	h += p.Dst.Lo ^ uint64(proto)<<40
	h = (h ^ h>>32) * id.keys[1]
	c := &id.counters[h>>54]
	first := uint32(*c)
	if first+uint32(n) > id.size {
		first = 0
	}
	*c = uint16((first + uint32(n)) & (id.size - 1))
	return id.first + first
}
