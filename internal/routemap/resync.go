package routemap

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// resyncSoon makes a resync due after some time; the reason of the first counts.
func (m *Mapper) resyncSoon(why reason, after time.Duration) {
	if !m.timers.pending(choreResync) {
		m.timers.reason = why
	}
	m.timers.in(choreResync, after)
}

// resync reads all sources anew: what is new is added while they are read, then
// goes what they do not have any more.
func (m *Mapper) resync(why reason) error {
	began := time.Now()
	read := m.readAll
	if why == reasonStart && m.expected().Len() == 0 {
		read = m.readUnguarded
	}
	if err := read(why); err != nil {
		m.rib.Unmark()
		m.log.Error("read the routes anew", "reason", why, "error", err)
		m.resyncSoon(reasonError, retryFirst)
		return err
	}
	took := time.Since(began)
	m.tally.resynced(why, took)
	m.log.Info("read the routes anew", "reason", why, "routes", m.rib.Len(), "took", took)
	return nil
}

// readAll is the work of resync.
func (m *Mapper) readAll(why reason) error {
	m.hops.forgetDown()
	m.links.forgetWays()
	m.source.clear()
	m.rejected.Forget()
	clear(m.alternates)
	clear(m.feeders[:])
	if err := m.readNextHops(); err != nil {
		return err
	}
	m.rib.Mark()
	for i, s := range m.opt.Sources {
		if s.Table == 0 {
			continue
		}
		if err := m.readTable(i, s); err != nil {
			return err
		}
	}
	m.learnLists()
	m.sweep(why)
	if m.agg != nil && !m.restored {
		if err := m.restore(); err != nil {
			return err
		}
		m.restored, m.seeded = true, true
	}
	m.follow()
	m.timers.in(choreCollect, 0)
	if m.source.waiting {
		m.timers.in(choreNextHops, longer(&m.timers.retry, retryFirst, retryMost))
	}
	return m.flush()
}

// readTable reads a table of the kernel. A dump that the kernel interrupts is
// repeated: what the first one had and the last has not is told by events.
func (m *Mapper) readTable(i int, s Source) error {
	protocol := uint8(0)
	if len(s.Protocols) == 1 {
		protocol = s.Protocols[0]
	}
	n := 0
	m.source.reading = true
	err := m.dumper.Dump(func(b *rtnl.Batch) { b.Routes(unix.AF_INET, s.Table, protocol) },
		func() { m.source.met = false },
		func(e rtnl.Message) {
			if n++; n%breathe == 0 {
				m.pause(n)
			}
			m.readRoute(i, e)
		})
	m.source.reading, m.source.met = false, false
	if err != nil && !errors.Is(err, unix.ENOENT) { // nobody has used the table yet
		return fmt.Errorf("routemap: table %d: %w", s.Table, err)
	}
	return nil
}

// letLook lets those look who ask for a summary.
func (m *Mapper) letLook(int) {
	m.mu.Unlock()
	m.mu.Lock()
}

// breathe is after how many routes others may look.
const breathe = 4096

func (m *Mapper) readRoute(i int, e rtnl.Message) {
	r, ok := rtnl.ParseRoute(e.Payload)
	if !ok || m.sourceOf(&r) != i {
		return
	}
	m.source.candidates++
	last, met := m.source.last, m.source.met
	p, _ := rib.PrefixOf(r.Dst)
	if met && last == p { // one of several; of two with one metric the first counts
		if nh, exists := m.rib.Get(p); exists && m.ranks(p, nh, m.order(i, r.Metric)) {
			m.source.doubles[p] = true
			return
		}
	}
	m.learn(i, &r)
}

// ranks tells whether p has a route of that order already.
func (m *Mapper) ranks(p rib.Prefix, current rib.NextHop, order uint32) bool {
	if list := m.alternates[p]; list != nil {
		_, found := m.rank(list, order)
		return found
	}
	return m.orders[current] == order && m.rib.Seen(p)
}

// sweep takes away what the sources do not have any more, unless it is held.
func (m *Mapper) sweep(why reason) {
	if m.keeps(why) {
		m.rib.Unmark()
		return
	}
	m.rib.Sweep(m.dropped)
}

// readNextHops reads all nexthop objects: those of others, for what IPv4 routes
// mean, and ours, for what has become of them.
func (m *Mapper) readNextHops() error {
	ours := map[uint32]rtnl.NextHop{}
	err := m.ctl.Dump((*rtnl.Batch).NextHops,
		func() { clear(m.source.hops); clear(ours) },
		func(e rtnl.Message) {
			h, ok := rtnl.ParseNextHop(e.Payload)
			if !ok {
				return
			}
			ours[h.ID] = h
			if h.Protocol != m.opt.Protocol {
				m.source.hops[h.ID] = h
			}
		})
	if err != nil {
		return fmt.Errorf("routemap: nexthop objects: %w", err)
	}
	if lost := m.hops.compare(ours); len(lost) > 0 {
		m.lose(lost)
		m.lost = true
		m.source.forget()
	}
	return nil
}

// overrun throws away what is left of a stream of messages with a gap, and has
// everything read anew.
func (m *Mapper) overrun() error {
	m.tally.overruns.Add(1)
	m.log.Warn("the kernel lost messages to us; reading everything anew", "buffer", m.events.Buffer())
	if err := m.events.Drain(); err != nil {
		return fmt.Errorf("routemap: %w", err)
	}
	if err := m.links.read(); err != nil {
		return fmt.Errorf("routemap: links: %w", err)
	}
	m.resyncSoon(reasonOverrun, 0)
	return nil
}
