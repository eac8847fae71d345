package siit

import (
	"math/bits"

	"taygo/translate/wire"
)

// offsets is the set of the addresses of a pool that may be given, by their
// distance from its first address. It is a tree of 64-fold nodes that exist only
// where something is taken, so it is as large as what is in use, and the next
// free offset is found in a few steps however full the pool is.
type offsets struct {
	root  offsetNode
	shift int // of a root's child: log2 of the offsets below it
}

type offsetNode struct {
	full uint64          // children with nothing free below; at the bottom, offsets that are taken
	kids *[64]offsetNode // nil: all is free below a child that is not full
}

const fan = 6 // log2 of the children of a node

// newOffsets returns the offsets from 0 up to 1<<n, n at most 32, all free.
func newOffsets(n int) *offsets {
	o := &offsets{}
	for o.shift+fan < n {
		o.shift += fan
	}
	if children := 1 << (n - o.shift); children < 64 {
		o.root.full = ^uint64(0) << children
	}
	return o
}

// next returns the first free offset that is not before from.
func (o *offsets) next(from uint32) (uint32, bool) {
	return o.root.next(uint64(from), o.shift)
}

func (n *offsetNode) next(from uint64, shift int) (uint32, bool) {
	for child := from >> shift; child < 64; child++ {
		candidates := ^n.full >> child << child
		if candidates == 0 {
			return 0, false
		}
		if first := uint64(bits.TrailingZeros64(candidates)); first > child {
			child, from = first, first<<shift
		}
		if n.kids == nil {
			return uint32(from), true
		}
		if found, ok := n.kids[child].next(from&(1<<shift-1), shift-fan); ok {
			return uint32(child<<shift) | found, true
		}
		from = (child + 1) << shift
	}
	return 0, false
}

// take takes the 1<<n offsets from first, a multiple of that, whether free or not.
func (o *offsets) take(first uint32, n int) {
	o.root.take(uint64(first), n, o.shift)
}

func (n *offsetNode) take(first uint64, size, shift int) {
	child := first >> shift
	if size >= shift {
		n.full |= (1<<(1<<min(size-shift, fan)) - 1) << child
		return
	}
	if n.full>>child&1 != 0 {
		return
	}
	if n.kids == nil {
		n.kids = new([64]offsetNode)
	}
	kid := &n.kids[child]
	kid.take(first&(1<<shift-1), size, shift-fan)
	if kid.full == ^uint64(0) {
		n.full |= 1 << child
	}
}

// release makes free again an offset that was taken alone.
func (o *offsets) release(offset uint32) {
	n, at := &o.root, uint64(offset)
	for shift := o.shift; ; shift -= fan {
		child := at >> shift
		n.full &^= 1 << child
		if shift == 0 {
			return
		}
		n = &n.kids[child]
		at &= 1<<shift - 1
	}
}

// offsetOf returns where the search for an address for the IPv6 host begins, in a
// pool of 1<<n addresses: Tayga's sum of the four words of the address, each
// read with the least octet first, whose carries past n bits are added again. So
// a host that comes back to an empty pool gets the address that it had, also
// from Tayga on the common machines.
func offsetOf(a wire.Addr, n int) uint32 {
	sum := uint64(0)
	for _, word := range [...]uint64{a.Hi >> 32, a.Hi, a.Lo >> 32, a.Lo} {
		sum += uint64(bits.ReverseBytes32(uint32(word)))
		for sum>>n != 0 {
			sum = sum&(1<<n-1) + sum>>n
		}
	}
	return uint32(sum)
}
