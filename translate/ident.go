package translate

import (
	"math/rand/v2"
)

// An identifier makes IPv4 Identifications. Each pair of addresses and protocol
// counts through all 65,536 values before one returns (RFC 6864 §4.3), from a
// random start, in one of many counters chosen by a keyed hash, so that what one
// host sees of its own tells it nothing about others'. It belongs to one
// goroutine; several share the values by counting in steps.
type identifier struct {
	keys     [2]uint64
	counters [1024]uint16
	step     uint16
}

// newIdentifier returns the identifier of worker i of n: its values are those
// that leave i when divided by n, rounded up to a power of two.
func newIdentifier(rng *rand.Rand, i, n int) *identifier {
	id := &identifier{keys: [2]uint64{rng.Uint64(), rng.Uint64() | 1}, step: 1}
	for int(id.step) < n {
		id.step *= 2
	}
	for c := range id.counters {
		id.counters[c] = uint16(rng.Uint32())&^(id.step-1) | uint16(i)
	}
	return id
}

// next returns the Identification for a new datagram.
func (id *identifier) next(p Pair, proto uint8) uint32 {
	h := p.Src.Lo ^ id.keys[0]
	h = (h ^ h>>29) * id.keys[1]
	h += p.Dst.Lo ^ uint64(proto)<<40
	h = (h ^ h>>32) * id.keys[1]
	c := &id.counters[h>>54]
	*c += id.step
	return uint32(*c)
}
