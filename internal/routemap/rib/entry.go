package rib

import "math/bits"

const (
	bucketBits  = 16
	lengthBits  = 5
	nextHopBits = 11
	nextHopMask = 1<<nextHopBits - 1
)

// An Entry is a route inside its bucket: 16 bits of address, 5 of the length less
// one, 11 of the next hop. As integers, entries are in the order of
// Prefix.Compare.
type Entry uint32

// place returns the bucket and the Entry of a route whose prefix is not 0.0.0.0/0.
func place(p Prefix, nh NextHop) (bucket uint16, e Entry) {
	return uint16(p.Addr >> 16), Entry(p.Addr<<16 | uint32(p.Bits-1)<<nextHopBits | uint32(nh))
}

// Prefix returns the prefix of the route, found in that bucket.
func (e Entry) Prefix(bucket uint16) Prefix {
	return Prefix{uint32(bucket)<<16 | uint32(e>>16), e.Bits()}
}

// Bits returns the length of the prefix.
func (e Entry) Bits() uint8 { return uint8(e>>nextHopBits&(1<<lengthBits-1)) + 1 }

// NextHop returns the next hop.
func (e Entry) NextHop() NextHop { return NextHop(e & nextHopMask) }

// key is what of e tells its prefix.
func (e Entry) key() Entry { return e &^ nextHopMask }

// after returns how many entries of a sorted run are not past the prefix of e.
func after(run []Entry, e Entry) int {
	last := e | nextHopMask
	lo, hi := 0, len(run)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if run[mid] <= last {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// commonBits returns how many bits two addresses have in common at their front.
func commonBits(a, b uint32) uint8 { return uint8(bits.LeadingZeros32(a ^ b)) }
