package routemap

import (
	"errors"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// move follows an IPv4 nexthop object that leads elsewhere now. The routes of a set
// that are all of this object move with one message, if nothing else has the
// nexthop object where they are, and none leads where they go. What cannot be done
// so is left to a resync.
func (m *Mapper) move(id uint32) {
	for nh := range m.feeders {
		from := rib.NextHop(nh)
		if m.feeders[nh] == id && m.targets[nh].usable && m.expected().Uses(from) > 0 {
			m.moveSet(from, id)
		}
	}
}

func (m *Mapper) moveSet(from rib.NextHop, id uint32) {
	old, t := m.sets.At(from), m.targets[from]
	legs, drops := m.legsOf(id)
	set := rib.Set{Metric: old.Metric}
	if why, _ := m.rewrite(rib.Prefix{}, &set, legs); why != rib.Accepted || drops || old.Kind != Unicast || m.shared(from, t.id) {
		return
	}
	if !m.hops.replace(t.id, m.members(set.Legs)) {
		return
	}
	to, err := m.sets.Intern(set)
	if err != nil || to == from {
		return
	}
	m.targets[to], m.orders[to], m.feeders[to] = t, old.Metric, id
	relabel(m.rib, from, to)
	if m.agg != nil {
		var all []rib.Prefix
		each(m.agg.Out(), from, func(p rib.Prefix) { all = append(all, p) })
		for _, p := range all {
			m.agg.Restore(p, to)
		}
		m.agg.Touch(rib.Prefix{})
		m.touched = true
	}
	for _, list := range m.alternates {
		for i, nh := range list {
			if nh == from {
				list[i] = to
			}
		}
	}
	m.targets[from], m.feeders[from] = target{}, 0
	m.changes++
	m.tally.moves.Add(1)
	m.log.Info("a next hop moved", "nexthop", id, "object", t.id, "routes", m.expected().Uses(to))
}

// shared tells whether another set leads to the same nexthop object.
func (m *Mapper) shared(nh rib.NextHop, id uint32) bool {
	for other := range m.targets {
		if rib.NextHop(other) != nh && m.targets[other].usable && m.targets[other].id == id {
			return true
		}
	}
	return false
}

// relabel gives all routes of a table that have a next hop another.
func relabel(t *rib.RIB, from, to rib.NextHop) {
	var list []rib.Prefix
	for octet := range uint32(256) {
		list = list[:0]
		for p, nh := range t.Inside(rib.Prefix{Addr: octet << 24, Bits: 8}) {
			if nh == from {
				list = append(list, p)
			}
		}
		for _, p := range list {
			t.Set(p, to)
		}
	}
	list = list[:0]
	each(t, from, func(p rib.Prefix) { list = append(list, p) })
	for _, p := range list {
		t.Set(p, to)
	}
}

// replace makes an object lead to other members, in place. It returns false, and
// does nothing, if that is not possible: because there is an object that leads
// there already, because groups have this one, or because one of both is a group
// and the other is not.
func (n *nextHops) replace(id uint32, want []member) bool {
	if len(want) == 1 {
		return n.replaceHop(id, want[0].hopKey)
	}
	if n.groups[groupKey(want)] != nil {
		return false
	}
	for key, g := range n.groups {
		if g.id != id || !g.up {
			continue
		}
		before := g.want
		g.want = want
		if n.fit(g) != nil {
			g.want = before
			return false
		}
		delete(n.groups, key)
		n.groups[groupKey(want)] = g
		return true
	}
	return false
}

func (n *nextHops) replaceHop(id uint32, to hopKey) bool {
	if n.hops[to] != nil {
		return false
	}
	for _, g := range n.groups {
		for _, one := range g.have {
			if one.ID == id {
				return false
			}
		}
	}
	for key, h := range n.hops {
		if h.id != id || !h.up {
			continue
		}
		want := rtnl.NextHop{ID: id, Family: unix.AF_INET6, Protocol: n.protocol, Gateway: to.via, Link: to.link}
		if to.onlink {
			want.Flags = unix.RTNH_F_ONLINK
		}
		err := n.conn.Do(func(b *rtnl.Batch) { b.NextHop(unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, &want) })
		if err != nil {
			return false
		}
		delete(n.hops, key)
		n.hops[to] = h
		return true
	}
	return false
}

// forgetDown gives up what is not in the kernel, for the next look to try it anew.
func (n *nextHops) forgetDown() {
	for key, h := range n.hops {
		if !h.up {
			delete(n.hops, key)
		}
	}
	for key, g := range n.groups {
		if !g.up {
			delete(n.groups, key)
		}
	}
}

// waiting tells whether something is wanted that is not in the kernel.
func (n *nextHops) waiting() bool {
	for _, h := range n.hops {
		if !h.up {
			return true
		}
	}
	return false
}

// errFatal is why a Mapper cannot go on.
var errFatal = errors.New("routemap: cannot go on")
