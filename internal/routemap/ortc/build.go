package ortc

import (
	"slices"

	"taygo/internal/routemap/rib"
)

// A builder makes the tree of one bucket. It keeps its slices for the next one.
type builder struct {
	run    []rib.Entry
	mode   Mode
	nodes  []inner
	hops   []rib.NextHop // the sets of the tree, each sorted
	old    []rib.Entry   // what the bucket has in the aggregated table
	chosen []choice
}

// An inner node is the parent of two others.
type inner struct{ left, right tree }

// A tree is a node with what hangs below it: its set, hops[off:off+n], and its
// place in nodes, or -1 for a leaf. Without hops the set is every next hop.
type tree struct{ node, off, n int32 }

// A choice is a route of the aggregated table.
type choice struct {
	prefix  rib.Prefix
	nextHop rib.NextHop
}

func (b *builder) bytes() int {
	return 24*cap(b.nodes) + 2*cap(b.hops) + 4*cap(b.old) + 12*cap(b.chosen)
}

func (b *builder) set(t tree) []rib.NextHop { return b.hops[t.off : t.off+t.n] }

// grow makes the tree of a bucket with that run. route is the next hop of the
// longest prefix around it.
func (b *builder) grow(run []rib.Entry, route rib.NextHop, mode Mode) tree {
	b.run, b.mode, b.nodes, b.hops = below(run), mode, b.nodes[:0], b.hops[:0]
	return b.split(0, len(b.run), rib.Prefix{Bits: 16}, route)
}

// split makes the tree of p, whose routes are run[lo:hi]. Of the address of p only
// the last 16 bits count.
func (b *builder) split(lo, hi int, p rib.Prefix, route rib.NextHop) tree {
	if lo < hi && b.run[lo].Bits() == p.Bits {
		route = b.run[lo].NextHop()
		lo++
	}
	if lo == hi {
		return b.leaf(route)
	}
	left, right := halves(p)
	mid := lo
	for mid < hi && uint32(b.run[mid]>>16) < right.Addr {
		mid++
	}
	node := len(b.nodes)
	b.nodes = append(b.nodes, inner{})
	l := b.split(lo, mid, left, route)
	r := b.split(mid, hi, right, route)
	b.nodes[node] = inner{l, r}
	m := b.merge(l, r)
	m.node = int32(node)
	return m
}

func halves(p rib.Prefix) (left, right rib.Prefix) {
	return rib.Prefix{Addr: p.Addr, Bits: p.Bits + 1}, rib.Prefix{Addr: p.Addr | 1<<(31-p.Bits), Bits: p.Bits + 1}
}

func (b *builder) leaf(route rib.NextHop) tree {
	if route == rib.None && b.mode == Loose {
		return tree{node: -1}
	}
	b.hops = append(b.hops, route)
	return tree{node: -1, off: int32(len(b.hops) - 1), n: 1}
}

// merge returns the set of the parent of two trees.
func (b *builder) merge(l, r tree) tree {
	switch {
	case l.n == 0:
		return r
	case r.n == 0 || slices.Equal(b.set(l), b.set(r)):
		return l
	}
	from := len(b.hops)
	b.hops = appendMerged(b.hops, b.set(l), b.set(r))
	return tree{off: int32(from), n: int32(len(b.hops) - from)}
}

// appendMerged appends to dst what both sets have, or if that is nothing, what any
// of the two has.
func appendMerged(dst, l, r []rib.NextHop) []rib.NextHop {
	from := len(dst)
	for i, j := 0, 0; i < len(l) && j < len(r); {
		switch {
		case l[i] < r[j]:
			i++
		case l[i] > r[j]:
			j++
		default:
			dst = append(dst, l[i])
			i, j = i+1, j+1
		}
	}
	if len(dst) > from {
		return dst
	}
	for len(l) > 0 && len(r) > 0 {
		if l[0] < r[0] {
			dst, l = append(dst, l[0]), l[1:]
		} else {
			dst, r = append(dst, r[0]), r[1:]
		}
	}
	return append(append(dst, l...), r...)
}

// choose returns the routes that bucket needs, in order, when handed is handed down
// to it. Where it can it keeps those of have, which it copies to old.
func (b *builder) choose(t tree, bucket uint16, handed rib.NextHop, have []rib.Entry) []choice {
	b.old, b.chosen = append(b.old[:0], have...), b.chosen[:0]
	b.descend(t, rib.Prefix{Addr: uint32(bucket) << 16, Bits: 16}, handed)
	return b.chosen
}

func (b *builder) descend(t tree, p rib.Prefix, handed rib.NextHop) {
	set := b.set(t)
	if len(set) == 0 {
		return
	}
	if !slices.Contains(set, handed) {
		old, existed := b.kept(p)
		handed = pick(set, old, existed)
		b.chosen = append(b.chosen, choice{p, handed})
	}
	if t.node < 0 {
		return
	}
	left, right := halves(p)
	b.descend(b.nodes[t.node].left, left, handed)
	b.descend(b.nodes[t.node].right, right, handed)
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

// pick returns the next hop to choose of a set: the one there is, if the set has
// it, else the first that is no hole.
func pick(set []rib.NextHop, old rib.NextHop, existed bool) rib.NextHop {
	switch {
	case existed && slices.Contains(set, old):
		return old
	case set[0] == rib.None && len(set) > 1:
		return set[1]
	}
	return set[0]
}
