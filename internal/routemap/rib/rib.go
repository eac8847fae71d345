// Package rib holds an IPv4 routing table of a million routes in five to six
// octets a route, and the values that routes are made of: prefixes and their IPv6
// form (Mapping), sets of next hops (Sets), the table that rewrites next hops
// (Gateways), and the reasons for which a route is not taken (Policy, Rejected).
//
// Nothing here locks or knows a kernel: a value has one owner, and only reads may
// happen at the same time, unless its comment says more.
package rib

import "iter"

// A NextHop is the number of a set of next hops in a Sets, 1 to MaxSets. None, the
// zero value, is the number of no set.
type NextHop uint16

const (
	// None is no next hop.
	None NextHop = 0
	// MaxSets is how many different sets of next hops a table can use at once.
	MaxSets = 1<<nextHopBits - 1
)

// A RIB is a table of IPv4 routes, one next hop to a prefix. It holds no pointers
// to routes, so that the garbage collector has nothing to scan. Make it with New.
//
// A prefix lies in the bucket of its first 16 bits, as one Entry in a sorted run.
// All runs lie in one arena.
type RIB struct {
	arena   arena
	root    NextHop // of 0.0.0.0/0, which an Entry has no room for
	hasRoot bool
	n       int
	uses    [MaxSets + 1]int32
	marks   *marks // nil outside of a resync
}

// New returns an empty table.
func New() *RIB { return &RIB{arena: newArena()} }

// Len returns the number of routes.
func (t *RIB) Len() int { return t.n }

// Uses returns the number of routes that have the next hop.
func (t *RIB) Uses(nh NextHop) int { return int(t.uses[nh]) }

// Bytes returns the memory of the table in octets, what is kept free for growth
// included.
func (t *RIB) Bytes() int {
	n := t.arena.bytes() + 4*len(t.uses)
	if t.marks != nil {
		n += 8 * len(t.marks.bits)
	}
	return n
}

// Set gives p, which must have no host bits, the next hop nh, at most MaxSets. It
// returns the one that p had before, if it existed. None is a next hop like any
// other here. During a resync the route counts as seen.
func (t *RIB) Set(p Prefix, nh NextHop) (old NextHop, existed bool) {
	old, existed = t.put(p, nh)
	if existed {
		t.uses[old]--
	} else {
		t.n++
	}
	t.uses[nh]++
	return old, existed
}

func (t *RIB) put(p Prefix, nh NextHop) (old NextHop, existed bool) {
	if p.Bits == 0 {
		old, existed = t.root, t.hasRoot
		t.root, t.hasRoot = nh, true
		t.marks.seeRoot()
		return old, existed
	}
	b, e := place(p, nh)
	at, found := t.arena.find(b, e)
	if found {
		slot := t.arena.slot(b, at)
		old, t.arena.words[slot] = t.arena.words[slot].NextHop(), e
		t.marks.see(slot)
		return old, true
	}
	t.arena.insert(b, at, e, t.marks)
	t.marks.see(t.arena.slot(b, at))
	return None, false
}

// Delete takes the route of p away. It returns the next hop it had, if it existed.
func (t *RIB) Delete(p Prefix) (old NextHop, existed bool) {
	if p.Bits == 0 {
		old, existed = t.root, t.hasRoot
		t.root, t.hasRoot = None, false
		t.marks.forgetRoot()
	} else {
		old, existed = t.drop(p)
	}
	if existed {
		t.n--
		t.uses[old]--
	}
	return old, existed
}

func (t *RIB) drop(p Prefix) (old NextHop, existed bool) {
	b, e := place(p, None)
	at, found := t.arena.find(b, e)
	if !found {
		return None, false
	}
	slot := t.arena.slot(b, at)
	old = t.arena.words[slot].NextHop()
	t.marks.forget(slot)
	t.arena.remove(b, at, t.marks)
	return old, true
}

// Get returns the next hop of the route of exactly p.
func (t *RIB) Get(p Prefix) (NextHop, bool) {
	if p.Bits == 0 {
		return t.root, t.hasRoot
	}
	b, e := place(p, None)
	at, found := t.arena.find(b, e)
	if !found {
		return None, false
	}
	return t.arena.words[t.arena.slot(b, at)].NextHop(), true
}

// Lookup returns the route with the longest prefix that holds addr, in host order.
func (t *RIB) Lookup(addr uint32) (Prefix, NextHop, bool) {
	return t.LookupUpTo(addr, 32)
}

// LookupUpTo is Lookup among the prefixes of at most that many bits: with one
// less than a route has, it finds the route around it.
func (t *RIB) LookupUpTo(addr uint32, most uint8) (Prefix, NextHop, bool) {
	b := uint16(addr >> 16)
	run := t.arena.run(b)
	for most > bucketBits {
		// The last entry that is not past the prefix of most bits at addr. If it
		// does not hold addr, then what does lies around it as well, and so is no
		// longer than what both have in common.
		_, e := place(Prefix{addr, most}.Masked(), None)
		at := after(run, e)
		if at == 0 {
			break
		}
		p := run[at-1].Prefix(b)
		if p.Contains(addr) {
			return p, run[at-1].NextHop(), true
		}
		most = min(p.Bits, commonBits(p.Addr, addr))
	}
	for bits := min(most, bucketBits); bits > 0; bits-- {
		p := Prefix{addr, bits}.Masked()
		if nh, ok := t.Get(p); ok {
			return p, nh, true
		}
	}
	return Prefix{}, t.root, t.hasRoot
}

// All returns the routes in the order of Prefix.Compare. The table must not change
// meanwhile.
func (t *RIB) All() iter.Seq2[Prefix, NextHop] { return t.Inside(Prefix{}) }

// Inside returns the routes that p covers, in the order of Prefix.Compare. The
// table must not change meanwhile.
func (t *RIB) Inside(p Prefix) iter.Seq2[Prefix, NextHop] {
	return func(yield func(Prefix, NextHop) bool) {
		if p.Bits == 0 && t.hasRoot && !yield(Prefix{}, t.root) {
			return
		}
		for b := p.Addr >> 16; b <= p.Last()>>16; b++ {
			for _, e := range t.arena.run(uint16(b)) {
				q := e.Prefix(uint16(b))
				if p.Covers(q) && !yield(q, e.NextHop()) {
					return
				}
			}
		}
	}
}

// Run returns the routes whose prefixes have the first 16 bits bucket and are not
// 0.0.0.0/0, sorted. The slice is the table's own: it may be read until the table
// changes. Prefixes shorter than 16 bits lie at the front of the run of their
// first 16 bits.
func (t *RIB) Run(bucket uint16) []Entry { return t.arena.run(bucket) }
