package conf

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// A span is IPv4 addresses in a row that the same pools have.
type span struct {
	size  int // addresses
	pools []NAT64Pool
}

// spansOf returns the addresses that hosts share: those of the pools without the
// dedicated ones.
func spansOf(n *NAT64) []span {
	ends := func(x netip.Prefix) (first, behind uint64) {
		a := x.Addr().As4()
		first = uint64(binary.BigEndian.Uint32(a[:]))
		return first, first + 1<<(32-x.Bits())
	}
	var cuts []uint64
	alone := map[uint64]bool{}
	for _, pool := range n.Pools {
		first, behind := ends(pool.V4)
		cuts = append(cuts, first, behind)
	}
	for _, d := range n.Dedicated {
		first, behind := ends(host(d.V4))
		cuts = append(cuts, first, behind)
		alone[first] = true
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var spans []span
	for i := range max(0, len(cuts)-1) {
		s := span{size: int(cuts[i+1] - cuts[i])}
		for _, pool := range n.Pools {
			if first, behind := ends(pool.V4); first <= cuts[i] && cuts[i] < behind {
				s.pools = append(s.pools, pool)
			}
		}
		if len(s.pools) > 0 && !alone[cuts[i]] {
			spans = append(spans, s)
		}
	}
	return spans
}

// blocks returns how many blocks an address of the span has at low and above: runs
// of size ports that start at a multiple of it, all of them ports of each protocol
// that the address has. The pools share no port.
func (s span) blocks(size, low int) int {
	n := 0
	for first := (low + size - 1) / size * size; first < 65536; first += size {
		var has [3]bool
		var ports [3]int
		for _, pool := range s.pools {
			shared := min(int(pool.Last), first+size-1) - max(int(pool.First), first) + 1
			for i, on := range []bool{pool.TCP, pool.UDP, pool.ICMP} {
				has[i] = has[i] || on
				if on {
					ports[i] += max(0, shared)
				}
			}
		}
		whole := true
		for i := range has {
			whole = whole && (!has[i] || ports[i] == size)
		}
		if whole {
			n++
		}
	}
	return n
}

// blocksOf returns how many blocks from port 1024 up the pools have.
func blocksOf(n *NAT64, size int) int {
	sum := 0
	for _, s := range spansOf(n) {
		sum += s.size * s.blocks(size, 1024)
	}
	return sum
}
