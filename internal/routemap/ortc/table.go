// Package ortc makes the smallest table that forwards like a given one: Optimal
// Route Table Construction (Draves, King, Venkatachary and Zill, "Constructing
// Optimal IP Routing Tables", 1999), kept up change by change.
//
// The prefixes of up to leafBits bits are the nodes of a tree that is kept: for
// each, the set of next hops that a smallest table may hand down to it. Inside a
// leaf of that tree, sets live while it is looked at. So a change costs a leaf and
// the few nodes above it, and other leaves only if what is handed down to them
// changes.
package ortc

import (
	"slices"

	"taygo/internal/routemap/rib"
)

// A Mode tells what becomes of addresses that the given table has no route for.
type Mode uint8

const (
	// Exact keeps them without a route. Where that takes an exception from an
	// aggregate, the aggregated table has a hole: a route with the next hop
	// rib.None, which is to be carried out as a route that leads nowhere.
	Exact Mode = iota
	// Loose lets them follow any aggregate. There are no holes.
	Loose
)

// A Change is one step from one aggregated table to the next.
type Change struct {
	Prefix  rib.Prefix
	Old     rib.NextHop // what the prefix has, if Existed
	New     rib.NextHop // what it is to have, unless Gone
	Existed bool
	Gone    bool
}

// Table keeps the aggregate of a rib.RIB. Make it with New. It has one owner, that
// of the RIB.
type Table struct {
	mode Mode
	in   *rib.RIB
	out  *rib.RIB

	// Nodes are numbered like a heap: 1 is 0.0.0.0/0, 2n and 2n+1 are the halves
	// of n, and from leaves on come the leaves.
	sets    []set         // which next hops may be handed down to a node
	down    []rib.NextHop // which one a node above the leaves hands to both its halves
	dirty   nodeSet       // nodes that have something to look at in or below them
	given   nodeSet       // nodes above the leaves that in has a route of
	made    nodeSet       // nodes above the leaves that out has a route of
	pool    pool
	build   builder
	top     tree     // the last that was built in this Update
	grown   int      // the node it is of, or 0
	pending []Change // deletions, put off until everything is added
}

// New returns the aggregate of in while that is empty. If in has routes, they are
// taken up by the first Update.
func New(in *rib.RIB, mode Mode) *Table {
	t := &Table{
		mode: mode, in: in, out: rib.New(),
		sets: make([]set, 2*leaves), down: make([]rib.NextHop, leaves),
		dirty: make(nodeSet, 2*leaves/64), given: make(nodeSet, leaves/64), made: make(nodeSet, leaves/64),
	}
	for node := leaves; node < 2*leaves; node++ {
		t.touch(node)
	}
	for p := range in.All() {
		if p.Bits < leafBits {
			t.given.put(nodeOf(p), true)
		}
	}
	return t
}

// Touch notes that the route of p in the RIB is another, or none any more, since
// the last Update.
func (t *Table) Touch(p rib.Prefix) {
	if p.Bits < leafBits {
		_, ok := t.in.Get(p)
		t.given.put(nodeOf(p), ok)
	}
	t.spoil(p)
}

// spoil makes dirty what lies in p.
func (t *Table) spoil(p rib.Prefix) {
	for node, last := leafOf(p.Addr), leafOf(p.Last()); node <= last; node++ {
		t.touch(node)
	}
}

func (t *Table) touch(node int) {
	for ; node > 0 && !t.dirty.has(node); node /= 2 {
		t.dirty.put(node, true)
	}
}

// Update makes the aggregate follow all that was touched, and calls emit with each
// change in an order that may be carried out step by step: first what is added or
// replaced, the longest prefix before those around it, then what is gone, a prefix
// before those inside it. So each address is at every moment forwarded as it was
// before or as it will be after; none is without a route that has one before and
// after. emit may not use the Table or change the RIB.
func (t *Table) Update(emit func(Change)) {
	if !t.dirty.has(1) {
		return
	}
	t.pool.tidy(t.sets)
	t.grown = 0
	t.collect(1, rib.None)
	w := walk{t, emit}
	w.choose(1, rib.None, rib.None, false)
	for _, c := range slices.Backward(t.pending) {
		t.remove(c.Prefix)
		emit(c)
	}
	t.pending = t.pending[:0]
}

// Restore notes that p has the next hop nh already, as when a program starts again
// and finds its routes in the kernel. The next Update goes on from there: what it
// finds right it leaves, and among tables equally small it prefers the one there.
func (t *Table) Restore(p rib.Prefix, nh rib.NextHop) {
	t.install(p, nh)
	t.spoil(p)
}

// Forget notes that p has no route any more, by no doing of Update. The next
// Update makes it again if it is needed.
func (t *Table) Forget(p rib.Prefix) {
	t.remove(p)
	t.spoil(p)
}

func (t *Table) install(p rib.Prefix, nh rib.NextHop) {
	t.out.Set(p, nh)
	if p.Bits < leafBits {
		t.made.put(nodeOf(p), true)
	}
}

func (t *Table) remove(p rib.Prefix) {
	t.out.Delete(p)
	if p.Bits < leafBits {
		t.made.put(nodeOf(p), false)
	}
}

// Out returns the aggregated table. It may be read, and changes with Update. Holes
// are its routes to rib.None.
func (t *Table) Out() *rib.RIB { return t.out }

// Bytes returns the memory of the Table in octets, that of Out included and that
// of the RIB it aggregates not.
func (t *Table) Bytes() int {
	return t.out.Bytes() + 2*len(t.sets) + 2*len(t.down) + 8*(len(t.dirty)+len(t.given)+len(t.made)) + t.pool.bytes() + t.build.bytes() + 16*cap(t.pending)
}
