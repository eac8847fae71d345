package ortc

import "taygo/internal/routemap/rib"

// collect brings the sets of a node and of what lies below it up to date. route is
// the next hop of the longest prefix of the RIB around the node.
func (t *Table) collect(node int, route rib.NextHop) {
	if !t.dirty.has(node) {
		return
	}
	if node >= leaves {
		run := runOf(t.in, node)
		if len(run) == 0 {
			t.sets[node] = t.uniform(route)
			return
		}
		t.top = t.build.grow(run, prefixOf(node), route, t.mode)
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
	if !t.given.has(node) {
		return around
	}
	nh, _ := t.in.Get(prefixOf(node))
	return nh
}

// runOf returns the routes of a table in the prefix of a leaf, that are no shorter.
func runOf(r *rib.RIB, leaf int) []rib.Entry {
	p := prefixOf(leaf)
	run := r.Run(uint16(p.Addr >> 16))
	if leafBits > 16 {
		run = run[first(run, uint16(p.Addr)):]
		if end := uint16(p.Last()) + 1; end != 0 {
			run = run[:first(run, end)]
		}
	}
	for len(run) > 0 && run[0].Bits() < leafBits {
		run = run[1:]
	}
	return run
}

// A walk goes down the tree once, from high addresses to low ones, and says on its
// way back what is to change.
type walk struct {
	*Table
	emit func(Change)
}

// choose decides what a node hands on of what is handed down to it, and whether
// that takes a route. route is as for collect; changed tells whether handed is
// another than before.
func (w walk) choose(node int, route, handed rib.NextHop, changed bool) {
	if !w.dirty.has(node) && (!changed || w.sets[node] == every) {
		return // where nothing is routed nothing depends on what is handed down
	}
	w.dirty.put(node, false)
	if node >= leaves {
		w.leaf(node, route, handed)
		return
	}
	p, old, existed := prefixOf(node), rib.None, w.made.has(node)
	if existed {
		old, _ = w.out.Get(p)
	}
	needed := !w.pool.has(w.sets[node], handed)
	if needed {
		handed = pick(w.pool.row(w.sets[node]), old, existed)
	}
	route = w.routeAt(node, route)
	changed = w.down[node] != handed
	w.down[node] = handed
	w.choose(2*node+1, route, handed, changed)
	w.choose(2*node, route, handed, changed)
	switch {
	case needed:
		w.add(p, handed, old, existed)
	case existed:
		w.drop(p, old)
	}
}

// leaf compares what a leaf needs with what it has, from its end.
func (w walk) leaf(node int, route, handed rib.NextHop) {
	have, run := runOf(w.out, node), runOf(w.in, node)
	if len(have) == 0 && len(run) == 0 && w.pool.has(w.sets[node], handed) {
		return
	}
	p := prefixOf(node)
	if w.grown != node {
		w.top = w.build.grow(run, p, route, w.mode)
		w.grown = node
	}
	need := w.build.choose(w.top, handed, have)
	have = w.build.old // out changes meanwhile
	b := uint16(p.Addr >> 16)
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
	w.install(p, nh)
	w.emit(Change{Prefix: p, Old: old, New: nh, Existed: existed})
}

func (w walk) drop(p rib.Prefix, old rib.NextHop) {
	w.pending = append(w.pending, Change{Prefix: p, Old: old, Existed: true, Gone: true})
}
