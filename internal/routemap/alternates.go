package routemap

import (
	"slices"

	"taygo/internal/routemap/rib"
)

// alternates are the routes of prefixes that have several of different orders, the
// lowest first: that is the one that counts and that the RIB has. When it goes,
// nothing announces the next.
type alternates map[rib.Prefix][]rib.NextHop

// add takes in a route for p. It takes the place of the one with the same order.
func (m *Mapper) add(p rib.Prefix, nh rib.NextHop) {
	list := m.alternates[p]
	if list == nil {
		current, exists := m.present(p)
		if !exists || m.orders[current] == m.orders[nh] {
			m.put(p, nh)
			return
		}
		list = []rib.NextHop{current}
	}
	at, found := m.rank(list, m.orders[nh])
	if found {
		list[at] = nh
	} else {
		list = slices.Insert(list, at, nh)
	}
	m.alternates[p] = list
	m.put(p, list[0])
}

// take takes away the route for p of that order.
func (m *Mapper) take(p rib.Prefix, order uint32) {
	list := m.alternates[p]
	if list == nil {
		if current, exists := m.present(p); exists && m.orders[current] == order {
			m.drop(p)
		}
		return
	}
	if at, found := m.rank(list, order); found {
		list = slices.Delete(list, at, at+1)
	}
	m.alternates[p] = list
	if len(list) == 1 {
		delete(m.alternates, p)
	}
	m.put(p, list[0])
}

func (m *Mapper) rank(list []rib.NextHop, order uint32) (int, bool) {
	return slices.BinarySearchFunc(list, order, func(nh rib.NextHop, o uint32) int {
		return int(int64(m.orders[nh]) - int64(o))
	})
}

// present returns the next hop of p in the RIB, during a resync only if the source
// was seen to have it. A resync of a single table meets all routes of a prefix one
// behind the other, which spares the search.
func (m *Mapper) present(p rib.Prefix) (rib.NextHop, bool) {
	s := &m.source
	if s.reading && len(m.opt.Sources) == 1 && (!s.met || s.last != p) {
		s.last, s.met = p, true
		return rib.None, false
	}
	s.last, s.met = p, true
	nh, exists := m.rib.Get(p)
	return nh, exists && m.rib.Seen(p)
}

// uses tells whether a route that does not count has the next hop.
func (a alternates) uses(nh rib.NextHop) bool {
	for _, list := range a {
		if slices.Contains(list, nh) {
			return true
		}
	}
	return false
}
