package ortc

import (
	"math/bits"
	"slices"

	"taygo/internal/routemap/rib"
)

// A builder makes the tree below one leaf of the tree that is kept. It keeps its slices for the next one.
type builder struct {
	run    []rib.Entry
	base   uint32 // address of the bucket of the RIB that run is of
	mode   Mode
	nodes  []inner
	hops   []rib.NextHop // sets, each sorted; the first are all those of one
	old    []rib.Entry   // what the leaf has in the aggregated table
	chosen []choice
}

// A tree is a prefix and what hangs below it: its set, hops[off:off+n], and its
// place in nodes, or -1 for a leaf, whose addresses all go one way. Without hops
// the set is every next hop. A set of one is where that is its place.
type tree struct {
	prefix       rib.Prefix
	node, off, n int32
}

// An inner node is two trees that lie side by side.
type inner struct{ left, right tree }

// A choice is a route of the aggregated table.
type choice struct {
	prefix  rib.Prefix
	nextHop rib.NextHop
}

func (b *builder) bytes() int {
	return 40*cap(b.nodes) + 2*cap(b.hops) + 4*cap(b.old) + 12*cap(b.chosen)
}

func (b *builder) set(t tree) []rib.NextHop { return b.hops[t.off : t.off+t.n] }

// grow makes the tree of p, whose routes are run. route is the next hop of the
// longest prefix of the RIB around it.
func (b *builder) grow(run []rib.Entry, p rib.Prefix, route rib.NextHop, mode Mode) tree {
	if len(b.hops) == 0 {
		b.hops = append(b.hops, singles[:]...)
	}
	b.run, b.base, b.mode = run, p.Addr&^0xffff, mode
	b.nodes, b.hops = b.nodes[:0], b.hops[:len(singles)]
	return b.split(0, len(run), p, route)
}

// split makes the tree of p, whose routes are run[lo:hi].
func (b *builder) split(lo, hi int, p rib.Prefix, route rib.NextHop) tree {
	if lo < hi && b.run[lo].Bits() == p.Bits {
		route = b.run[lo].NextHop()
		lo++
	}
	if lo == hi || lo+1 == hi && b.run[lo].NextHop() == route {
		return b.leaf(p, route)
	}
	common := uint8(bits.LeadingZeros32(b.addr(lo) ^ b.addr(hi-1)))
	if n := min(common, b.run[lo].Bits()); n > p.Bits {
		return b.chain(lo, hi, p, rib.Prefix{Addr: b.addr(lo), Bits: n}.Masked(), route)
	}
	left, right := halves(p)
	mid := lo + first(b.run[lo:hi], uint16(right.Addr))
	node := len(b.nodes)
	b.nodes = append(b.nodes, inner{})
	return b.join(node, p, inner{b.split(lo, mid, left, route), b.split(mid, hi, right, route)})
}

func (b *builder) addr(i int) uint32 { return b.base | uint32(b.run[i]>>16) }

// first returns how many entries at the front of a run have a lower address in
// their bucket.
func first(run []rib.Entry, addr uint16) int {
	lo, hi := 0, len(run)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if uint16(run[mid]>>16) < addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func halves(p rib.Prefix) (left, right rib.Prefix) {
	return rib.Prefix{Addr: p.Addr, Bits: p.Bits + 1}, rib.Prefix{Addr: p.Addr | 1<<(31-p.Bits), Bits: p.Bits + 1}
}

// chain makes the tree of p when all its routes lie in q, a part of it.
func (b *builder) chain(lo, hi int, p, q rib.Prefix, route rib.NextHop) tree {
	node := len(b.nodes)
	b.nodes = append(b.nodes, inner{})
	parent := rib.Prefix{Addr: q.Addr, Bits: q.Bits - 1}.Masked()
	left, right := halves(parent)
	var both inner
	if q == left {
		both = inner{b.split(lo, hi, q, route), b.leaf(right, route)}
	} else {
		both = inner{b.leaf(left, route), b.split(lo, hi, q, route)}
	}
	t := b.join(node, parent, both)
	t.prefix = p
	if around := b.leaf(p, route); q.Bits > p.Bits+1 && around.n > 0 {
		// The parent of parent has a half that all goes to route, and parent can
		// take route: so that is the set of the grandparent and of all above, and
		// what they hand down the parent takes.
		t.off, t.n = around.off, around.n
	}
	return t
}

func (b *builder) leaf(p rib.Prefix, route rib.NextHop) tree {
	if route == rib.None && b.mode == Loose {
		return tree{prefix: p, node: -1}
	}
	return tree{prefix: p, node: -1, off: int32(route), n: 1}
}

// join makes the tree of p from its halves. node, the last but for those of the
// halves, is given back if all addresses go one way.
func (b *builder) join(node int, p rib.Prefix, both inner) tree {
	l, r := &both.left, &both.right
	same := l.off == r.off && l.n == r.n
	if same && l.node < 0 && r.node < 0 {
		b.nodes = b.nodes[:node]
		return tree{p, -1, l.off, l.n}
	}
	b.nodes[node] = both
	switch {
	case same || r.n == 0:
		return tree{p, int32(node), l.off, l.n}
	case l.n == 0:
		return tree{p, int32(node), r.off, r.n}
	}
	from := len(b.hops)
	b.hops = appendMerged(b.hops, b.set(*l), b.set(*r))
	if len(b.hops) == from+1 {
		only := b.hops[from]
		b.hops = b.hops[:from]
		return tree{p, int32(node), int32(only), 1}
	}
	return tree{p, int32(node), int32(from), int32(len(b.hops) - from)}
}

// choose returns the routes that a tree needs, in order, when handed is handed down
// to it. Where it can it keeps those of have, which it copies to old.
func (b *builder) choose(t tree, handed rib.NextHop, have []rib.Entry) []choice {
	b.old, b.chosen = append(b.old[:0], have...), b.chosen[:0]
	b.descend(t, handed)
	return b.chosen
}

func (b *builder) descend(t tree, handed rib.NextHop) {
	if t.n == 0 {
		return
	}
	if t.n > 1 && !slices.Contains(b.set(t), handed) || t.n == 1 && t.off != int32(handed) {
		old, existed := b.kept(t.prefix)
		handed = pick(b.set(t), old, existed)
		b.chosen = append(b.chosen, choice{t.prefix, handed})
	}
	if t.node < 0 {
		return
	}
	b.descend(b.nodes[t.node].left, handed)
	b.descend(b.nodes[t.node].right, handed)
}

// kept returns what the aggregated table has for p.
func (b *builder) kept(p rib.Prefix) (old rib.NextHop, existed bool) {
	at, found := slices.BinarySearchFunc(b.old, p, func(e rib.Entry, p rib.Prefix) int {
		return e.Prefix(uint16(p.Addr >> 16)).Compare(p)
	})
	if !found {
		return rib.None, false
	}
	return b.old[at].NextHop(), true
}
