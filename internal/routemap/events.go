package routemap

import (
	"slices"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// event takes in what the kernel tells.
func (m *Mapper) event(e rtnl.Message) {
	m.tally.events.Add(1)
	switch e.Type {
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		if r, ok := rtnl.ParseRoute(e.Payload); ok && !m.flushed {
			m.routeEvent(e, &r)
		}
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		if l, ok := rtnl.ParseLink(e.Payload); ok {
			m.linkEvent(e.Type, l)
		}
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		if a, ok := rtnl.ParseAddress(e.Payload); ok {
			m.addressEvent(e.Type, a)
		}
	case unix.RTM_NEWNEXTHOP, unix.RTM_DELNEXTHOP:
		if h, ok := rtnl.ParseNextHop(e.Payload); ok {
			m.nextHopEvent(e, h)
		}
	}
}

// routeEvent takes in a change of an IPv4 route.
func (m *Mapper) routeEvent(e rtnl.Message, r *rtnl.Route) {
	p, _ := rib.PrefixOf(r.Dst)
	source := m.sourceOf(r)
	if source < 0 {
		m.replacedByOther(e, r)
		return
	}
	if m.source.doubles[p] {
		m.resyncSoon(reasonAmbiguous, debounce)
		return
	}
	order := m.order(source, r.Metric)
	if e.Type == unix.RTM_DELROUTE {
		m.source.candidates = max(0, m.source.candidates-1)
		m.withdraw(p, order, r.Protocol)
		return
	}
	m.came()
	replaces := e.Flags&unix.NLM_F_REPLACE != 0
	nh, exists := m.rib.Get(p)
	if exists && !replaces && m.ranks(p, nh, order) {
		// Beside the one that is there, before it or, NLM_F_APPEND, behind it. Or
		// it is one that a resync has read already.
		m.source.doubles[p] = true
		if e.Flags&unix.NLM_F_APPEND != 0 {
			return
		}
	} else if !replaces {
		m.source.candidates++
	}
	if !m.learn(source, r) && replaces {
		m.take(p, order)
	}
}

// replacedByOther takes in a route that does not count but may have replaced one
// that did: the kernel asks for the same metric only.
func (m *Mapper) replacedByOther(e rtnl.Message, r *rtnl.Route) {
	if e.Type != unix.RTM_NEWROUTE || e.Flags&unix.NLM_F_REPLACE == 0 || r.Family != unix.AF_INET {
		return
	}
	if p, ok := rib.PrefixOf(r.Dst); ok {
		for i, s := range m.opt.Sources {
			if s.Table == r.Table {
				m.take(p, m.order(i, r.Metric))
			}
		}
	}
}

// linkEvent takes in a change of a device. With it IPv4 routes and nexthop objects
// can vanish without a word.
func (m *Mapper) linkEvent(kind uint16, l rtnl.Link) {
	if kind == unix.RTM_DELLINK {
		m.links.remove(l)
	} else if !m.links.put(l) {
		return
	}
	m.source.forget()
	m.timers.in(choreNextHops, 0)
	if m.source.links[l.Index] || m.source.waiting {
		m.hold.excuse()
		m.resyncSoon(reasonLink, debounce)
	}
}

// addressEvent takes in an address that came or went. IPv4 routes go with it
// without a word, IPv6 ones decide how gateways are reached.
func (m *Mapper) addressEvent(kind uint16, a rtnl.Address) {
	if a.Prefix.Addr().Is6() {
		m.timers.in(choreWays, debounceSmall)
		m.timers.in(choreNextHops, debounceSmall)
		return
	}
	if kind == unix.RTM_DELADDR {
		m.hold.excuse()
		m.resyncSoon(reasonAddress, debounce)
	}
}

// nextHopEvent takes in a nexthop object that came, changed or went.
func (m *Mapper) nextHopEvent(e rtnl.Message, h rtnl.NextHop) {
	if h.Protocol == m.opt.Protocol {
		if e.Port != m.ctl.Port() { // somebody has a hand in what is ours
			m.timers.in(choreNextHops, 0)
		}
		return
	}
	old, known := m.source.hops[h.ID]
	if e.Type == unix.RTM_DELNEXTHOP {
		delete(m.source.hops, h.ID)
		if known {
			m.source.forget()
			m.hold.excuse()
			m.resyncSoon(reasonNextHop, debounce)
		}
		return
	}
	m.source.hops[h.ID] = h
	if !known || sameHop(old, h) {
		return
	}
	m.source.forget()
	m.move(h.ID)
	for id, g := range m.source.hops {
		if slices.ContainsFunc(g.Group, func(one rtnl.Member) bool { return one.ID == h.ID }) {
			m.move(id)
		}
	}
	m.resyncSoon(reasonNextHop, debounce)
}

func sameHop(a, b rtnl.NextHop) bool {
	return a.Gateway == b.Gateway && a.Link == b.Link && a.Flags == b.Flags && a.Blackhole == b.Blackhole &&
		a.Encap == b.Encap && slices.Equal(a.Group, b.Group)
}
