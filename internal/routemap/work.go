package routemap

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// work does what follows from the events of a turn, and the chores that are due.
func (m *Mapper) work() error {
	m.guarded()
	if m.timers.due(choreNextHops) {
		m.lookAfterNextHops() // first, for what is written leads there
	}
	m.aggregateSoon()
	if err := m.flush(); err != nil {
		return err
	}
	m.tally.observe(time.Since(m.began), m.changes-m.before)
	m.answer()
	m.plan()
	for _, c := range []struct {
		chore
		do func() error
	}{
		{choreResync, func() error { return m.resync(m.timers.reason) }},
		{choreAggregate, m.aggregate},
		{choreAudit, m.audit},
		{choreCollect, m.collectSent},
	} {
		if !m.timers.due(c.chore) || m.flushed {
			continue
		}
		if err := c.do(); errors.Is(err, errFatal) {
			return err
		}
	}
	return nil
}

// plan has the tables read for what takes time to show.
func (m *Mapper) plan() {
	t := &m.timers
	if t.due(chorePeriodic) {
		t.put(chorePeriodic, t.every)
		m.resyncSoon(reasonAudit, 0)
		t.in(choreAudit, 0)
	}
	if t.due(choreWays) && m.links.changed() {
		m.source.forget()
		m.resyncSoon(reasonLink, debounce)
	}
	if t.due(choreWithdrawn) {
		m.resyncSoon(reasonWithdrawn, 0)
	}
	if t.due(choreHold) {
		m.resyncSoon(reasonHold, 0)
	}
	if m.crowded && m.rib.Len() < m.opt.Max {
		m.crowded = false
		m.resyncSoon(reasonRoom, debounce)
	}
}

// lookAfterNextHops finds out what has become of our nexthop objects, and makes
// those that are not there.
func (m *Mapper) lookAfterNextHops() {
	if err := m.readNextHops(); err != nil {
		m.log.Error("look after nexthop objects", "error", err)
		m.timers.in(choreNextHops, retryFirst)
		return
	}
	lost := m.lost
	m.lost = false
	raised := m.hops.mend()
	if raised || lost || m.source.waiting && m.links.changed() {
		m.source.forget()
		m.resyncSoon(reasonNextHop, debounceSmall)
	}
	switch {
	case raised:
		m.timers.retry = 0
	case m.hops.waiting() || m.source.waiting:
		m.timers.in(choreNextHops, longer(&m.timers.retry, retryFirst, retryMost))
	}
}

// flush sends what is to be sent, and looks at what the kernel refused.
func (m *Mapper) flush() error {
	refused, err := m.writer.flush()
	if err != nil {
		m.refusals++
		m.log.Error("write routes", "error", err)
		m.auditSoon()
	}
	for _, r := range refused {
		if isDenied(r.errno) {
			return fmt.Errorf("%w: write routes: %w: run as root, or with CAP_NET_ADMIN", errFatal, r.errno)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	m.refusals += len(refused)
	r := refused[0]
	m.log.Warn("the kernel refused routes", "routes", len(refused), "first", r.route.Dst, "error", r.errno, "text", r.text)
	m.timers.in(choreNextHops, 0) // an object may be gone
	m.auditSoon()
	return nil
}

// isDenied recognises the want of CAP_NET_ADMIN.
func isDenied(err error) bool { return errors.Is(err, unix.EPERM) }

// auditSoon has our table read, with pauses that grow while that does not help.
func (m *Mapper) auditSoon() {
	if !m.timers.pending(choreAudit) {
		m.timers.in(choreAudit, longer(&m.timers.auditRetry, debounce, auditRetryMost))
	}
}

// route returns the prefix of a route of the kernel in our table, or false if it
// is none that could be ours.
func (m *Mapper) unmap(r *rtnl.Route) (rib.Prefix, bool) {
	if r.Table != m.opt.Table || r.Family != unix.AF_INET6 || r.Source || r.Flags&unix.RTM_F_CLONED != 0 {
		return rib.Prefix{}, false
	}
	return m.mapping.Unmap(r.Dst)
}
