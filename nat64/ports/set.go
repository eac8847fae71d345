package ports

import "math/bits"

// A bitmap has a bit for each port.
type bitmap [allPorts / 64]uint64

func (b *bitmap) has(port uint16) bool { return b[port/64]>>(port%64)&1 != 0 }

func (b *bitmap) add(first, last uint16) {
	for port := int(first); port <= int(last); port++ {
		b[port/64] |= 1 << (port % 64)
	}
}

// A set is what the addresses of a span have: ports of each protocol, and whole
// blocks, which stand for themselves by their first ports.
type set struct {
	has   [numKinds]bitmap
	words [numKinds][]uint64 // the same, by shard and place
	count [numKinds][maxShards]uint32
	sum   [numKinds + 1]uint64 // of count
	list  []uint16             // first ports of all blocks, ascending
}

// newSet returns the set of the given ports, with all blocks whose first port is
// at least from: those that can serve a subscriber, as each protocol that has ports
// at all has every port of them.
func newSet(ports *[numProto]bitmap, y *layout, from int) *set {
	s := &set{}
	copy(s.has[:], ports[:])
	var every bitmap
	every.add(0, allPorts-1)
	for kind := range numProto {
		if s.has[kind] == (bitmap{}) {
			continue
		}
		for i, w := range s.has[kind] {
			every[i] &= w
		}
	}
	for at := from; y.block != 0 && at < allPorts; at += y.block {
		if every.hasAll(at, y.block) {
			s.list = append(s.list, uint16(at))
			s.has[kindBlock].add(uint16(at), uint16(at))
		}
	}
	s.spread(y)
	return s
}

// hasAll reports whether all of size ports in a row are there.
func (b *bitmap) hasAll(first, size int) bool {
	for port := first; port < first+size; port++ {
		if !b.has(uint16(port)) {
			return false
		}
	}
	return true
}

// spread computes words, count and sum.
func (s *set) spread(y *layout) {
	for kind := range numKinds {
		s.words[kind] = make([]uint64, y.shards()*y.words)
		s.count[kind], s.sum[kind] = [maxShards]uint32{}, 0
		for i, w := range s.has[kind] {
			for ; w != 0; w &= w - 1 {
				port := uint16(i*64 + bits.TrailingZeros64(w))
				shard, place := y.shard(port), y.place(port)
				s.words[kind][shard*y.words+place/64] |= 1 << (place % 64)
				s.count[kind][shard]++
				s.sum[kind]++
			}
		}
	}
	s.sum[kindAny] = s.sum[kindTCP] + s.sum[kindUDP] + s.sum[kindICMP]
}

// with returns the set with no other blocks to be taken than those from number n
// of the list on.
func (s *set) with(n int, y *layout) *set {
	c := *s
	c.has[kindBlock] = bitmap{}
	for _, first := range s.list[n:] {
		c.has[kindBlock].add(first, first)
	}
	c.spread(y)
	return &c
}
