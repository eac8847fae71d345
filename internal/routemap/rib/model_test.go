package rib

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A model is the slow oracle of RIB: a map, and the prefixes seen in a resync.
type model struct {
	routes map[Prefix]NextHop
	seen   map[Prefix]bool // nil outside of a resync
}

func newModel() *model { return &model{routes: map[Prefix]NextHop{}} }

func (m *model) set(p Prefix, nh NextHop) (NextHop, bool) {
	old, existed := m.routes[p]
	m.routes[p] = nh
	if m.seen != nil {
		m.seen[p] = true
	}
	return old, existed
}

func (m *model) delete(p Prefix) (NextHop, bool) {
	old, existed := m.routes[p]
	delete(m.routes, p)
	delete(m.seen, p)
	return old, existed
}

func (m *model) lookup(addr uint32, most uint8) (Prefix, NextHop, bool) {
	for bits := int(most); bits >= 0; bits-- {
		p := Prefix{addr, uint8(bits)}.Masked()
		if nh, ok := m.routes[p]; ok {
			return p, nh, true
		}
	}
	return Prefix{}, None, false
}

func (m *model) sorted() []Prefix { return slices.SortedFunc(maps.Keys(m.routes), Prefix.Compare) }

// sweep takes away what was not seen, and returns it in order.
func (m *model) sweep() []Prefix {
	var gone []Prefix
	for _, p := range m.sorted() {
		if m.seen != nil && !m.seen[p] {
			gone = append(gone, p)
			delete(m.routes, p)
		}
	}
	m.seen = nil
	return gone
}

// agree compares everything that t tells with the model.
func agree(t *testing.T, got *RIB, want *model, rng *rand.Rand) {
	t.Helper()
	if got.Len() != len(want.routes) {
		t.Fatalf("Len = %d, want %d", got.Len(), len(want.routes))
	}
	order := want.sorted()
	var all []Prefix
	uses := map[NextHop]int{}
	for p, nh := range got.All() {
		all = append(all, p)
		uses[nh]++
		if want.routes[p] != nh {
			t.Fatalf("All: %v has %d, want %d", p, nh, want.routes[p])
		}
	}
	if !slices.Equal(all, order) {
		t.Fatalf("All = %v, want %v", all, order)
	}
	for nh := range NextHop(MaxSets + 1) {
		if got.Uses(nh) != uses[nh] {
			t.Fatalf("Uses(%d) = %d, want %d", nh, got.Uses(nh), uses[nh])
		}
	}
	for range 20 {
		addr := rng.Uint32()
		if len(order) > 0 && rng.IntN(4) > 0 {
			addr = order[rng.IntN(len(order))].Addr ^ 1<<rng.IntN(32)
		}
		most := uint8(rng.IntN(33))
		p, nh, ok := got.LookupUpTo(addr, most)
		if wp, wnh, wok := want.lookup(addr, most); p != wp || nh != wnh || ok != wok {
			t.Fatalf("LookupUpTo(%v, %d) = %v %d %v, want %v %d %v", Prefix{addr, 32}, most, p, nh, ok, wp, wnh, wok)
		}
		if nh, ok := got.Get(p); ok != (want.routes[p] == nh && hasKey(want.routes, p)) {
			t.Fatalf("Get(%v) = %d, %v", p, nh, ok)
		}
	}
	if want.seen != nil && got.Unseen() != len(want.routes)-len(want.seen) {
		t.Fatalf("Unseen = %d, want %d", got.Unseen(), len(want.routes)-len(want.seen))
	}
}

func hasKey(m map[Prefix]NextHop, p Prefix) bool {
	_, ok := m[p]
	return ok
}
