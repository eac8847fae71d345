package routemap

import (
	"fmt"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// loadLists loads all lists anew, without the lock: a file can be long. It returns
// nil for those that are none or cannot be loaded, and why the first cannot.
func (m *Mapper) loadLists() ([][]StaticRoute, error) {
	lists := make([][]StaticRoute, len(m.opt.Sources))
	var first error
	for i, s := range m.opt.Sources {
		if s.Load == nil {
			continue
		}
		list, err := s.Load()
		if err != nil {
			if first == nil {
				first = fmt.Errorf("routemap: list of routes: %w", err)
			}
			continue
		}
		lists[i] = append([]StaticRoute{}, list...)
	}
	return lists, first
}

// takeLists takes over lists that were loaded; the others stay as they were.
func (s *source) takeLists(loaded [][]StaticRoute) {
	if s.lists == nil {
		s.lists = loaded
	}
	for i, list := range loaded {
		if list != nil {
			s.lists[i] = list
		}
	}
}

// learnLists takes in the routes of the lists, and what meets packets to addresses
// without a route: a default route that comes after all others.
func (m *Mapper) learnLists() {
	n := 0
	for i, list := range m.source.lists {
		for _, r := range list {
			if n++; n%breathe == 0 {
				m.pause(m.source.candidates)
			}
			m.learnStatic(i, r)
		}
	}
	if m.opt.Unrouted == Unicast {
		return
	}
	last := ^uint32(0)
	if means := m.intern(rib.Set{Kind: m.opt.Unrouted, Metric: last}, m.opt.Metric); means.why == rib.Accepted {
		m.feed(means.nh, 0)
		m.add(rib.Prefix{}, means.nh)
	}
}

func (m *Mapper) learnStatic(source int, r StaticRoute) {
	p, ok := rib.PrefixOf(r.Prefix)
	if !ok {
		return
	}
	if why := m.policy.Admit(p, unix.RTPROT_STATIC); why != rib.Accepted {
		m.refuse(p, why)
		return
	}
	set := rib.Set{Kind: r.Kind, Metric: m.order(source, 0)}
	if r.Kind == Unicast {
		why, via := m.rewrite(p, &set, staticLegs(m.links, r.Legs))
		if why != rib.Accepted {
			m.rejected.Route(p, why, via)
			return
		}
	}
	if means := m.intern(set, m.opt.Metric); means.why == rib.Accepted {
		m.feed(means.nh, 0)
		m.add(p, means.nh)
	} else {
		m.rejected.Route(p, means.why, means.via)
	}
}

func staticLegs(l *links, legs []Leg) []rtnl.Leg {
	all := make([]rtnl.Leg, 0, len(legs))
	for _, g := range legs {
		leg := rtnl.Leg{Gateway: g.Via, Link: l.byName[g.Device], Weight: max(g.Weight, 1)}
		if g.Onlink {
			leg.Flags = unix.RTNH_F_ONLINK
		}
		all = append(all, leg)
	}
	return all
}
