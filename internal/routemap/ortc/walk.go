package ortc

import (
	"math/bits"

	"taygo/internal/routemap/rib"
)

// collect brings the sets of a node and of what lies below it up to date. route is
// the next hop of the longest prefix of the RIB around the node.
func (t *Table) collect(node int, route rib.NextHop) {
	if !t.isDirty(node) {
		return
	}
	if node >= leaves {
		b := uint16(node - leaves)
		if len(below(t.in.Run(b))) == 0 {
			t.sets[node] = t.uniform(route)
			return
		}
		t.top = t.build.grow(t.in, b, route, t.mode)
		t.grown = node
		t.sets[node] = t.pool.intern(t.build.set(t.top))
		return
	}
	route = t.routeAt(node, route)
	t.collect(2*node, route)
	t.collect(2*node+1, route)
	t.sets[node] = t.pool.merge(t.sets[2*node], t.sets[2*node+1])
}

// uniform returns the set of a node whose addresses all go one way.
func (t *Table) uniform(route rib.NextHop) set {
	if route == rib.None && t.mode == Loose {
		return every
	}
	return set(route)
}

// routeAt returns the next hop of the RIB for the prefix of a node, else around.
func (t *Table) routeAt(node int, around rib.NextHop) rib.NextHop {
	if nh, ok := t.in.Get(prefixOf(node)); ok {
		return nh
	}
	return around
}

// prefixOf returns the prefix of a node that is no bucket.
func prefixOf(node int) rib.Prefix {
	depth := bits.Len(uint(node)) - 1
	return rib.Prefix{Addr: uint32(uint64(node) << (32 - depth)), Bits: uint8(depth)}
}

// A walk goes down the tree once, from high addresses to low ones, and says on its
// way back what is to change.
type walk struct {
	*Table
	emit func(Change)
}

// choose gives a node what is handed down to it, and decides what it hands on.
// route is as for collect.
func (w walk) choose(node int, route, handed rib.NextHop) {
	if !w.isDirty(node) && (w.handed[node] == handed || w.sets[node] == every) {
		return // where nothing is routed nothing depends on what is handed down
	}
	w.handed[node] = handed
	if node >= leaves {
		w.bucket(uint16(node-leaves), route, handed)
		return
	}
	p := prefixOf(node)
	old, existed := w.out.Get(p)
	needed := !w.pool.has(w.sets[node], handed)
	if needed {
		handed = pick(w.pool.row(w.sets[node]), old, existed)
	}
	route = w.routeAt(node, route)
	w.choose(2*node+1, route, handed)
	w.choose(2*node, route, handed)
	switch {
	case needed:
		w.add(p, handed, old, existed)
	case existed:
		w.drop(p, old)
	}
}

// bucket compares what a bucket needs with what it has, from its end.
func (w walk) bucket(b uint16, route, handed rib.NextHop) {
	have := below(w.out.Run(b))
	if len(have) == 0 && len(below(w.in.Run(b))) == 0 && w.pool.has(w.sets[leaves+int(b)], handed) {
		return
	}
	if w.grown != leaves+int(b) {
		w.top = w.build.grow(w.in, b, route, w.mode)
		w.grown = leaves + int(b)
	}
	need := w.build.choose(w.top, handed, have)
	have = w.build.old // out changes meanwhile
	for i, j := len(need)-1, len(have)-1; i >= 0 || j >= 0; {
		order := 1 // of the last needed after the last there is
		switch {
		case i < 0:
			order = -1
		case j >= 0:
			order = need[i].prefix.Compare(have[j].Prefix(b))
		}
		switch {
		case order > 0:
			w.add(need[i].prefix, need[i].nextHop, rib.None, false)
			i--
		case order < 0:
			w.drop(have[j].Prefix(b), have[j].NextHop())
			j--
		default:
			w.add(need[i].prefix, need[i].nextHop, have[j].NextHop(), true)
			i, j = i-1, j-1
		}
	}
}

func (w walk) add(p rib.Prefix, nh, old rib.NextHop, existed bool) {
	if existed && old == nh {
		return
	}
	w.out.Set(p, nh)
	w.emit(Change{Prefix: p, Old: old, New: nh, Existed: existed})
}

func (w walk) drop(p rib.Prefix, old rib.NextHop) {
	w.pending = append(w.pending, Change{Prefix: p, Old: old, Existed: true, Gone: true})
}
