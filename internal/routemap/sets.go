package routemap

import (
	"errors"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
)

// feed notes of which nexthop object the routes of a set are, or 0 for those with
// gateways of their own. If all are of one, its replacement moves them at once.
func (m *Mapper) feed(nh rib.NextHop, id uint32) {
	const several = ^uint32(0)
	if id == 0 {
		id = several
	}
	switch m.feeders[nh] {
	case 0, id:
		m.feeders[nh] = id
	default:
		m.feeders[nh] = several
	}
}

// intern returns the number of a set, for which there is a nexthop object if it
// needs one. out is the metric of the mapped routes.
func (m *Mapper) intern(set rib.Set, out uint32) meaning {
	nh, err := m.sets.Intern(set)
	if errors.Is(err, rib.ErrSets) && !m.dry && m.flush() == nil {
		m.collect()
		nh, err = m.sets.Intern(set)
	}
	if err != nil {
		m.log.Error("next hops", "error", err)
		return meaning{why: rib.TooManySets}
	}
	set = m.sets.At(nh)
	m.orders[nh] = set.Metric
	if m.targets[nh].usable {
		return meaning{nh: nh}
	}
	t, err := m.reach(set)
	if err != nil {
		m.source.waiting = true
		m.sets.Release(nh)
		why := meaning{why: rib.NoLeg}
		if len(set.Legs) > 0 {
			why.via = set.Legs[0].Via
		}
		return why
	}
	t.metric, t.usable = out, true
	m.targets[nh] = t
	return meaning{nh: nh}
}

// reach returns the target of a set, whose legs name their devices.
func (m *Mapper) reach(set rib.Set) (target, error) {
	switch set.Kind {
	case Unreachable:
		return target{kind: unix.RTN_UNREACHABLE}, nil
	case Prohibit:
		return target{kind: unix.RTN_PROHIBIT}, nil
	case Blackhole:
		h := m.hops.ensure(hopKey{})
		return target{kind: unix.RTN_UNICAST, id: h.id}, h.why
	case Unicast:
	}
	members := m.members(set.Legs)
	if len(members) == 1 {
		h := m.hops.ensure(members[0].hopKey)
		return target{kind: unix.RTN_UNICAST, id: h.id}, h.why
	}
	g, err := m.hops.ensureGroup(members)
	if err != nil {
		return target{}, err
	}
	return target{kind: unix.RTN_UNICAST, id: g.id}, nil
}

func (m *Mapper) members(legs []Leg) []member {
	all := make([]member, 0, len(legs))
	for _, l := range legs {
		all = append(all, member{hopKey{l.Via, m.links.byName[l.Device], l.Onlink}, max(l.Weight, 1)})
	}
	return all
}

// lose takes out of the RIB the routes of sets whose objects are lost: the kernel
// has taken them away with the object.
func (m *Mapper) lose(ids map[uint32]bool) {
	for nh := range m.targets {
		t := &m.targets[nh]
		if !t.usable || t.kind != unix.RTN_UNICAST || !ids[t.id] {
			continue
		}
		m.log.Warn("a nexthop object is gone, and its routes with it", "id", t.id, "routes", m.expected().Uses(rib.NextHop(nh)))
		t.usable = false
		strip(m.rib, rib.NextHop(nh), func(p rib.Prefix) { m.dropped(p, rib.NextHop(nh)) })
		if m.agg != nil {
			var gone []rib.Prefix
			each(m.agg.Out(), rib.NextHop(nh), func(p rib.Prefix) { gone = append(gone, p) })
			for _, p := range gone {
				m.agg.Forget(p)
			}
		}
	}
}

// strip takes the routes with a next hop out of a table, and calls gone with each.
func strip(t *rib.RIB, nh rib.NextHop, gone func(rib.Prefix)) {
	var list []rib.Prefix
	for octet := range uint32(256) {
		if t.Uses(nh) == 0 {
			return
		}
		list = list[:0]
		for p, have := range t.Inside(rib.Prefix{Addr: octet << 24, Bits: 8}) {
			if have == nh {
				list = append(list, p)
			}
		}
		for _, p := range list {
			t.Delete(p)
			gone(p)
		}
	}
	list = list[:0] // shorter than 8 bits
	each(t, nh, func(p rib.Prefix) { list = append(list, p) })
	for _, p := range list {
		t.Delete(p)
		gone(p)
	}
}

// each calls f with the routes of a table that have a next hop.
func each(t *rib.RIB, nh rib.NextHop, f func(rib.Prefix)) {
	left := t.Uses(nh)
	if left == 0 {
		return
	}
	for p, have := range t.All() {
		if have != nh {
			continue
		}
		f(p)
		if left--; left == 0 {
			return
		}
	}
}

// collectSent is collect when all that was written is sent.
func (m *Mapper) collectSent() error {
	if err := m.flush(); err != nil {
		return err
	}
	m.collect()
	return nil
}

// collect gives up sets without routes, and the nexthop objects that nobody needs.
// All that was written must have been sent: with an object go the routes that still
// lead there.
func (m *Mapper) collect() {
	if len(m.hold.journal) > 0 {
		m.timers.in(choreCollect, collectAfter) // it names sets that may be needed again
		return
	}
	used := map[uint32]bool{}
	for nh, set := range m.sets.All() {
		busy := m.rib.Uses(nh) > 0 || m.agg != nil && m.agg.Out().Uses(nh) > 0 || m.alternates.uses(nh)
		if !busy {
			m.sets.Release(nh)
			m.targets[nh], m.feeders[nh] = target{}, 0
			continue
		}
		if t := m.targets[nh]; t.usable && set.Kind != Unreachable && set.Kind != Prohibit {
			used[t.id] = true
		}
	}
	m.source.forget()
	m.hops.drop(used)
}
