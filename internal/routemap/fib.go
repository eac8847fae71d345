package routemap

import (
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/ortc"
	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// A target is what the routes of a set of next hops are in the kernel.
type target struct {
	kind   uint8  // RTN_…
	id     uint32 // of the nexthop object of RTN_UNICAST
	metric uint32
	usable bool // routes can lead there
}

// same tells whether a route need not be touched to lead to u instead.
func (t target) same(u target) bool { return t.kind == u.kind && t.id == u.id && t.metric == u.metric }

// targetOf returns what a next hop of the table to be written is: of a hole of an
// aggregated table, a route that is none.
func (m *Mapper) targetOf(nh rib.NextHop) target {
	if nh == rib.None {
		return target{kind: unix.RTN_THROW, metric: m.opt.Metric, usable: true}
	}
	return m.targets[nh]
}

// expected returns the table whose routes are to be in the kernel.
func (m *Mapper) expected() *rib.RIB {
	if m.agg != nil {
		return m.agg.Out()
	}
	return m.rib
}

// put gives p the next hop nh in the RIB, and writes what follows from that.
func (m *Mapper) put(p rib.Prefix, nh rib.NextHop) {
	if !m.targets[nh].usable {
		m.drop(p)
		return
	}
	if m.rib.Len() >= m.opt.Max {
		if _, exists := m.rib.Get(p); !exists {
			m.refuse(p, rib.TooManyRoutes)
			m.crowded = true
			return
		}
	}
	old, existed := m.rib.Set(p, nh)
	switch {
	case existed && old == nh:
	case m.agg != nil:
		m.agg.Touch(p)
		m.touched = true
	default:
		m.write(ortc.Change{Prefix: p, Old: old, New: nh, Existed: existed})
	}
}

// drop takes p out of the RIB, and writes what follows from that.
func (m *Mapper) drop(p rib.Prefix) {
	old, existed := m.rib.Delete(p)
	if existed {
		m.dropped(p, old)
	}
}

// dropped writes what follows from p being out of the RIB.
func (m *Mapper) dropped(p rib.Prefix, old rib.NextHop) {
	if m.agg != nil {
		m.agg.Touch(p)
		m.touched = true
		return
	}
	m.write(ortc.Change{Prefix: p, Old: old, Existed: true, Gone: true})
}

// aggregate has the kernel follow what has become of the aggregated table.
func (m *Mapper) aggregate() error {
	before, spoiled := m.changes, m.spoiled
	m.follow()
	err := m.flush()
	m.followed = time.Now()
	if !spoiled.IsZero() {
		m.tally.observe(m.followed.Sub(spoiled), m.changes-before)
	}
	return err
}

// aggregateSoon has the aggregated table follow at once after a quiet while, else
// when a burst of changes is over: it takes fewer routes to follow many together.
func (m *Mapper) aggregateSoon() {
	if m.agg == nil || !m.touched {
		return
	}
	m.touched = false
	if m.spoiled.IsZero() {
		m.spoiled = m.began
	}
	wait := time.Duration(0)
	if time.Since(m.followed) < debounceSmall {
		wait = max(0, min(burstGap, time.Until(m.spoiled.Add(debounce))))
	}
	m.timers.put(choreAggregate, wait)
}

// follow writes what has become of the aggregated table.
func (m *Mapper) follow() {
	m.timers.at[choreAggregate], m.spoiled = time.Time{}, time.Time{}
	m.touched = false
	if m.agg != nil {
		m.agg.Update(m.write)
	}
}

// write appends to the batch what makes a change of the expected table one of the
// kernel's. What has the same destination and metric as a route of somebody else
// waits until that is gone.
func (m *Mapper) write(c ortc.Change) {
	if m.dry {
		return
	}
	m.changes++
	var before, after target
	if c.Existed {
		before = m.targetOf(c.Old)
	}
	if !c.Gone {
		after = m.targetOf(c.New)
	}
	there := c.Existed && before.usable && !m.foreign.has(c.Prefix, before.metric)
	wanted := !c.Gone && after.usable && !m.foreign.has(c.Prefix, after.metric)
	switch {
	case there && wanted && before.same(after):
	case there && wanted && before.metric == after.metric:
		m.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, c.Prefix, after)
	default:
		if wanted {
			m.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, c.Prefix, after)
		}
		if there {
			m.request(unix.RTM_DELROUTE, 0, c.Prefix, before)
		}
	}
}

// request appends a request about the route of p.
func (m *Mapper) request(kind, flags uint16, p rib.Prefix, t target) {
	m.writer.room()
	m.tally.request(kind, flags)
	r := m.routeOf(p, t)
	m.writer.batch.Route(kind, flags, &r)
}

// routeOf returns the route of p as the kernel is to have it.
func (m *Mapper) routeOf(p rib.Prefix, t target) rtnl.Route {
	return rtnl.Route{
		Family: unix.AF_INET6, Type: t.kind, Protocol: m.opt.Protocol, Table: m.opt.Table,
		Dst: m.mapping.Map(p), Metric: t.metric, NextHop: t.id,
	}
}

// A foreignSet has the prefixes and metrics of which somebody else has a route in
// our table.
type foreignSet map[foreignRoute]struct{}

type foreignRoute struct {
	prefix rib.Prefix
	metric uint32
}

func (f foreignSet) has(p rib.Prefix, metric uint32) bool {
	if len(f) == 0 {
		return false
	}
	_, ok := f[foreignRoute{p, metric}]
	return ok
}
