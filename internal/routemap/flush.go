package routemap

import (
	"fmt"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/ortc"
	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// takeAway takes away what is ours in the kernel, and forgets all routes. Routes go
// with the nexthop objects that they lead to; those without are taken away one by
// one.
func (m *Mapper) takeAway() (int, error) {
	if _, err := m.writer.flush(); err != nil {
		return 0, err
	}
	m.flushed = true
	total := 0
	for round := 0; ; round++ {
		left, objects, n, err := m.ours()
		if err != nil {
			return total, err
		}
		if round == 0 {
			total = n
		}
		if n == 0 && len(objects) == 0 {
			break
		}
		if round == maxRounds {
			return total, fmt.Errorf("routemap: flush: %d routes are still there: somebody makes them anew; end that first", n)
		}
		for _, id := range objects {
			err := m.ctl.Do(func(b *rtnl.Batch) { b.NextHop(unix.RTM_DELNEXTHOP, 0, &rtnl.NextHop{ID: id}) })
			if isDenied(err) {
				return total, fmt.Errorf("routemap: flush: %w: run as root, or with CAP_NET_ADMIN", err)
			}
		}
		m.remove(left)
		if err := m.flush(); err != nil {
			return total, err
		}
	}
	m.forgetAll()
	return total, nil
}

// maxRounds is how often a flush looks what is left. One that is longer than
// maxFound takes several.
const maxRounds = 64

// ours returns what is ours in the kernel: routes that lead to no object of ours,
// as far as they are not too many at once; objects, groups first; and the number
// of all routes.
func (m *Mapper) ours() (left []found, objects []uint32, n int, err error) {
	if err := m.readNextHops(); err != nil {
		return nil, nil, 0, err
	}
	all := m.hops.all()
	for id := range all {
		if all[id] {
			objects = append([]uint32{id}, objects...)
		} else {
			objects = append(objects, id)
		}
	}
	restart := func() { left, n = nil, 0 }
	err = m.dumpOurs(m.dumper, restart, func(r *rtnl.Route) {
		if r.Protocol != m.opt.Protocol {
			return
		}
		n++
		if _, goes := all[r.NextHop]; !goes && len(left) < maxFound {
			left = append(left, found{r.Dst, target{kind: r.Type, id: r.NextHop, metric: r.Metric}})
		}
	})
	return left, objects, n, err
}

// all returns the numbers of our objects in the kernel, and whether they are
// groups.
func (n *nextHops) all() map[uint32]bool {
	ids := map[uint32]bool{}
	for id, h := range n.found {
		ids[id] = h.Group != nil
	}
	for _, h := range n.hops {
		if h.up {
			ids[h.id] = false
		}
	}
	for _, g := range n.groups {
		if g.up {
			ids[g.id] = true
		}
	}
	return ids
}

// forgetAll makes the Mapper one that has mapped nothing yet.
func (m *Mapper) forgetAll() {
	m.rib = rib.New()
	if m.agg != nil {
		m.agg = m.aggregation()
	}
	m.touched = false
	m.sets = rib.Sets{}
	clear(m.targets[:])
	clear(m.feeders[:])
	clear(m.orders[:])
	clear(m.alternates)
	clear(m.foreign)
	m.source.clear()
	m.hold = hold{}
	m.hops = newNextHops(m.ctl, m.opt.Protocol, m.opt.NextHopIDs)
}

// aggregation returns the aggregate of the RIB that Options ask for, or nil.
func (m *Mapper) aggregation() *ortc.Table {
	switch m.opt.Aggregate {
	case AggregateExact:
		return ortc.New(m.rib, ortc.Exact)
	case AggregateLoose:
		return ortc.New(m.rib, ortc.Loose)
	case AggregateOff:
	}
	return nil
}
