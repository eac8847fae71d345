package routemap

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// dumpOurs reads the routes of the table that is written to.
func (m *Mapper) dumpOurs(conn *rtnl.Conn, restart func(), each func(*rtnl.Route)) error {
	err := conn.Dump(func(b *rtnl.Batch) { b.Routes(unix.AF_INET6, m.opt.Table, 0) }, restart, func(e rtnl.Message) {
		r, ok := rtnl.ParseRoute(e.Payload)
		if !ok || r.Table != m.opt.Table || r.Flags&unix.RTM_F_CLONED != 0 {
			return
		}
		if r.NextHop != 0 {
			r.Type = unix.RTN_UNICAST // the object tells what becomes of packets
		}
		each(&r)
	})
	if err != nil && !errors.Is(err, unix.ENOENT) { // nobody has used the table yet
		return fmt.Errorf("routemap: table %d: %w", m.opt.Table, err)
	}
	return nil
}

// seed takes over the routes of an earlier process: the RIB has them with the next
// hops that they have in the kernel, until the first resync tells which are right.
func (m *Mapper) seed() error {
	if m.agg != nil {
		return nil // see restore
	}
	nextHops := map[target]rib.NextHop{}
	var wrong []found
	err := m.dumpOurs(m.dumper, func() {}, func(r *rtnl.Route) {
		p, ok := m.unmap(r)
		switch {
		case m.notOurs(r, p, ok):
		case !ok:
			wrong = m.note(wrong, r)
		default:
			t := target{kind: r.Type, id: r.NextHop, metric: r.Metric, usable: true}
			nh, known := nextHops[t]
			if !known {
				nh = m.internFound(t, uint32(len(nextHops)))
				nextHops[t] = nh
			}
			if old, exists := m.rib.Get(p); nh == rib.None || exists && m.targets[old] != t { // with another metric
				wrong = m.note(wrong, r)
			} else {
				m.rib.Set(p, nh)
			}
		}
	})
	if err != nil {
		return err
	}
	m.remove(wrong)
	return m.flush()
}

// internFound makes a set of what routes of an earlier process are, without legs:
// equal to none that a source can make. None is for one too many.
func (m *Mapper) internFound(t target, n uint32) rib.NextHop {
	set := rib.Set{Metric: n, Legs: []Leg{{Device: "found"}}}
	nh, err := m.sets.Intern(set)
	if err != nil {
		return rib.None
	}
	m.targets[nh], m.orders[nh] = t, ^uint32(0)
	return nh
}

// A found route is one of ours in the kernel that should not be there.
type found struct {
	dst    netip.Prefix
	target target
}

// maxFound bounds how many of them are taken away at once.
const maxFound = 1 << 17

// note appends a route to those that are to be taken away when the table is read:
// the kernel begins anew with a table that changes while it is read.
func (m *Mapper) note(list []found, r *rtnl.Route) []found {
	if len(list) >= maxFound {
		m.auditSoon()
		return list
	}
	return append(list, found{r.Dst, target{kind: r.Type, id: r.NextHop, metric: r.Metric}})
}

// remove takes routes of ours away as they are in the kernel.
func (m *Mapper) remove(list []found) {
	for _, f := range list {
		m.writer.room()
		m.tally.request(unix.RTM_DELROUTE, 0)
		r := m.routeOf(rib.Prefix{}, f.target)
		r.Dst = f.dst
		m.writer.batch.Route(unix.RTM_DELROUTE, 0, &r)
	}
}

// notOurs tells whether a route of our table is somebody else's, and remembers that
// it is in the way.
func (m *Mapper) notOurs(r *rtnl.Route, p rib.Prefix, ok bool) bool {
	if r.Protocol == m.opt.Protocol {
		return false
	}
	if ok && len(m.foreign) < maxForeign {
		m.foreign[foreignRoute{p, r.Metric}] = struct{}{}
	}
	return true
}

// maxForeign bounds what is remembered of routes of others in our table.
const maxForeign = 1 << 17

// restore takes over the routes of an earlier process as the aggregated table, in
// which next hops are those that the first resync has found.
func (m *Mapper) restore() error {
	byTarget := map[target]rib.NextHop{{kind: unix.RTN_THROW, metric: m.opt.Metric, usable: true}: rib.None}
	for nh := range m.sets.All() {
		byTarget[m.targets[nh]] = nh
	}
	var wrong []found
	err := m.dumpOurs(m.dumper, func() {}, func(r *rtnl.Route) {
		p, ok := m.unmap(r)
		if m.notOurs(r, p, ok) {
			return
		}
		t := target{kind: r.Type, id: r.NextHop, metric: r.Metric, usable: true}
		nh, known := byTarget[t]
		if !known {
			nh = m.internFound(t, uint32(len(byTarget)))
			byTarget[t] = nh
			known = nh != rib.None
		}
		if old, exists := m.agg.Out().Get(p); !ok || !known || exists && m.targetOf(old) != t {
			wrong = m.note(wrong, r)
		} else {
			m.agg.Restore(p, nh)
		}
	})
	if err != nil {
		return err
	}
	m.follow() // what is missing before what is surplus goes
	m.remove(wrong)
	return m.flush()
}

// audit reads our table and mends it: what is missing is added, what is surplus
// taken away. Routes of others are left, and remembered.
func (m *Mapper) audit() error {
	if err := m.aggregate(); err != nil {
		return err
	}
	want := m.expected()
	var wrong []found
	restart := func() {
		want.Mark()
		clear(m.foreign)
		wrong = wrong[:0]
	}
	n := 0
	err := m.dumpOurs(m.dumper, restart, func(r *rtnl.Route) {
		if n++; n%breathe == 0 {
			m.pause(n)
		}
		p, ok := m.unmap(r)
		if m.notOurs(r, p, ok) {
			return
		}
		nh, exists := want.Get(p)
		if t := m.targetOf(nh); !ok || !exists || t.kind != r.Type || t.id != r.NextHop || t.metric != r.Metric {
			wrong = m.note(wrong, r)
			return
		}
		want.Set(p, nh)
	})
	if err != nil {
		want.Unmark()
		m.log.Error("read our routes", "error", err)
		m.auditSoon()
		return nil
	}
	missing := m.mend(want, wrong)
	wrong = slices.DeleteFunc(wrong, func(f found) bool { return m.replaced(want, f) })
	m.remove(wrong)
	if missing+len(wrong) > 0 {
		m.log.Warn("our table was not as it should be", "missing", missing, "surplus", len(wrong))
	}
	m.tally.audits.Add(1)
	before := m.refusals
	err = m.flush()
	if m.refusals == before {
		m.timers.auditRetry = 0 // it has helped
	}
	return err
}

// mend adds the routes of a table that were not seen, and ends the marking. One takes
// the place of a wrong one of ours, but not of what somebody has put there since.
func (m *Mapper) mend(want *rib.RIB, wrong []found) int {
	missing, at := 0, make(map[foreignRoute]bool, len(wrong))
	for _, f := range wrong {
		if p, ok := m.mapping.Unmap(f.dst); ok {
			at[foreignRoute{p, f.target.metric}] = true
		}
	}
	if want.Unseen() > 0 {
		for p, nh := range want.All() {
			t := m.targetOf(nh)
			if want.Seen(p) || !t.usable || m.foreign.has(p, t.metric) {
				continue
			}
			missing++
			flags := uint16(unix.NLM_F_CREATE | unix.NLM_F_EXCL)
			if at[foreignRoute{p, t.metric}] {
				flags = unix.NLM_F_CREATE | unix.NLM_F_REPLACE
			}
			m.request(unix.RTM_NEWROUTE, flags, p, t)
		}
	}
	want.Unmark()
	return missing
}

// replaced tells whether a route that is missing has taken the place of one that
// is not as it should be.
func (m *Mapper) replaced(want *rib.RIB, f found) bool {
	p, ok := m.mapping.Unmap(f.dst)
	nh, exists := want.Get(p)
	return ok && exists && m.targetOf(nh).metric == f.target.metric && !m.foreign.has(p, f.target.metric)
}
