package routemap

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// A source is what is known of the IPv4 side beside the RIB.
type source struct {
	hops    map[uint32]rtnl.NextHop // nexthop objects that are not ours
	single  map[legKey]meaning      // what routes mean that were met already
	several map[string]meaning
	links   map[uint32]bool     // devices that IPv4 routes lead to, dead legs included
	doubles map[rib.Prefix]bool // prefixes with several routes of one metric, of which the first counts
	lists   [][]StaticRoute     // by source
	waiting bool                // some route is not mapped because a next hop is not usable

	last       rib.Prefix // that the resync under way met last in a table
	met        bool       // there is a last one
	reading    bool       // a table is being read
	candidates int        // routes in tables of the kernel, of which a resync knows the number
}

// A legKey tells what a route with one leg, or a nexthop object, means.
type legKey struct {
	gateway      netip.Addr
	link         uint32
	id           uint32
	metric       uint32
	source       uint8
	kind, flags  uint8
	encapsulated bool
}

// A meaning is the set of next hops that a route is mapped to, or why there is none.
type meaning struct {
	nh  rib.NextHop
	why rib.Reason
	via netip.Addr // the gateway that is the reason
}

func (s *source) init() { s.hops = map[uint32]rtnl.NextHop{}; s.clear() }

// forget makes every route be looked at anew, because next hops changed.
func (s *source) forget() { s.single, s.several = map[legKey]meaning{}, map[string]meaning{} }

// clear forgets all that a resync finds out.
func (s *source) clear() {
	s.forget()
	s.links, s.doubles = map[uint32]bool{}, map[rib.Prefix]bool{}
	s.waiting, s.met, s.reading, s.candidates = false, false, false, 0
}

// sourceOf returns the number of the source that a route is of, or -1.
func (m *Mapper) sourceOf(r *rtnl.Route) int {
	if r.Family != unix.AF_INET || r.Flags&unix.RTM_F_CLONED != 0 {
		return -1
	}
	for i, s := range m.opt.Sources {
		if s.Table != 0 && s.Table == r.Table {
			if s.admits(r.Protocol) {
				return i
			}
		}
	}
	return -1
}

// order returns by what routes for one prefix are ranked: the number of the source
// before the metric. With several sources, metrics from 2^28 on are alike.
func (m *Mapper) order(source int, metric uint32) uint32 {
	if len(m.opt.Sources) == 1 {
		return metric
	}
	return uint32(source)<<orderBits | min(metric, 1<<orderBits-1)
}

// orderBits is how many bits of an order are the metric if there are several
// sources.
const orderBits = 28

// metric returns the metric of a mapped route.
func (m *Mapper) metric(of uint32) uint32 {
	if m.opt.MetricCopy && of != 0 {
		return of
	}
	return m.opt.Metric
}

// learn takes in a route of a source. It tells whether the route is mapped.
func (m *Mapper) learn(source int, r *rtnl.Route) bool {
	p, ok := rib.PrefixOf(r.Dst)
	if !ok {
		return false
	}
	if why := m.policy.Admit(p, r.Protocol); why != rib.Accepted {
		m.refuse(p, why)
		return false
	}
	if r.TOS != 0 || r.Source {
		m.refuse(p, rib.WrongType)
		return false
	}
	means := m.meaning(source, p, r)
	if means.why != rib.Accepted {
		m.rejected.Route(p, means.why, means.via)
		return false
	}
	m.feed(means.nh, r.NextHop)
	m.add(p, means.nh)
	return true
}

func (m *Mapper) refuse(p rib.Prefix, why rib.Reason) { m.rejected.Route(p, why, netip.Addr{}) }

// meaning returns what a route is mapped to. Routes of the same gateway share one
// answer.
func (m *Mapper) meaning(source int, p rib.Prefix, r *rtnl.Route) meaning {
	order := m.order(source, r.Metric)
	if r.Multipath != nil && r.NextHop == 0 {
		key := fmt.Sprintf("%d %d %x", order, r.Metric, r.Multipath)
		means, known := m.source.several[key]
		if !known {
			means = m.interpret(p, r, order)
			m.source.several[key] = means
		}
		return means
	}
	key := legKey{r.Gateway, r.Link, r.NextHop, r.Metric, uint8(source), r.Type, r.Leg.Flags & unix.RTNH_F_DEAD, r.Encap}
	means, known := m.source.single[key]
	if !known {
		means = m.interpret(p, r, order)
		m.source.single[key] = means
	}
	return means
}

// interpret finds out what a route is mapped to.
func (m *Mapper) interpret(p rib.Prefix, r *rtnl.Route, order uint32) meaning {
	set := rib.Set{Metric: order}
	var legs []rtnl.Leg
	switch r.Type {
	case unix.RTN_BLACKHOLE:
		set.Kind = Blackhole
	case unix.RTN_UNREACHABLE:
		set.Kind = Unreachable
	case unix.RTN_PROHIBIT:
		set.Kind = Prohibit
	case unix.RTN_UNICAST:
		if r.NextHop == 0 {
			legs = slices.Collect(r.Legs())
			break
		}
		var drops bool
		if legs, drops = m.legsOf(r.NextHop); drops {
			set.Kind = Blackhole
		}
	default:
		return meaning{why: rib.WrongType}
	}
	if set.Kind == Unicast {
		if why, via := m.rewrite(p, &set, legs); why != rib.Accepted {
			return meaning{why: why, via: via}
		}
	}
	return m.intern(set, m.metric(r.Metric))
}

// legsOf returns the legs of a nexthop object, or that it drops packets.
func (m *Mapper) legsOf(id uint32) (legs []rtnl.Leg, drops bool) {
	h, known := m.source.hops[id]
	if !known {
		m.resyncSoon(reasonNextHop, debounce)
		return nil, false
	}
	if h.Group == nil {
		return []rtnl.Leg{{Gateway: h.Gateway, Link: h.Link, Weight: 1, Flags: uint8(h.Flags), Encap: h.Encap}}, h.Blackhole
	}
	for _, one := range h.Group {
		of, drop := m.source.hops[one.ID], m.source.hops[one.ID].Blackhole
		if drop {
			return nil, true // the kernel allows it as the only member
		}
		if of.Group == nil && of.ID != 0 {
			legs = append(legs, rtnl.Leg{Gateway: of.Gateway, Link: of.Link, Weight: one.Weight, Flags: uint8(of.Flags), Encap: of.Encap})
		}
	}
	return legs, false
}

// rewrite gives a set the IPv6 next hops of those legs that are alive and have one.
func (m *Mapper) rewrite(p rib.Prefix, set *rib.Set, legs []rtnl.Leg) (rib.Reason, netip.Addr) {
	first, via := rib.NoLeg, netip.Addr{}
	fail := func(why rib.Reason, gateway netip.Addr) {
		if first == rib.NoLeg {
			first, via = why, gateway
		}
		if len(legs) > 1 {
			m.rejected.Leg(p, why, gateway)
		}
	}
	for _, l := range legs {
		m.source.links[l.Link] = true
		switch {
		case l.Flags&unix.RTNH_F_DEAD != 0:
			continue
		case l.Encap:
			fail(rib.WrongType, l.Gateway)
			continue
		}
		to, why := m.gateways.Rewrite(Leg{
			Via: l.Gateway, Device: m.links.byIndex[l.Link].Name, Onlink: l.Flags&unix.RTNH_F_ONLINK != 0, Weight: l.Weight,
		})
		if why != rib.Accepted {
			fail(why, l.Gateway)
			continue
		}
		if index, err := m.links.find(to); err != nil {
			m.source.waiting = true
			fail(rib.NoLeg, l.Gateway)
		} else {
			to.Device = m.links.byIndex[index].Name
			set.Legs = append(set.Legs, to)
		}
	}
	if len(set.Legs) > 0 {
		return rib.Accepted, netip.Addr{}
	}
	return first, via
}
