package routemap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// An intrusion is what somebody else, or the kernel itself, did to a route of our
// table.
type intrusion struct {
	prefix rib.Prefix
	metric uint32
	ours   bool // the route is one of ours by its mark
	gone   bool
	over   bool // it took the place of another
}

// intrusions are those that nobody has looked at yet.
type intrusions struct {
	mu   sync.Mutex
	list []intrusion
	many bool // there were more than are in the list
}

// maxIntrusions are mended one by one; more are for an audit.
const maxIntrusions = 1000

func (i *intrusions) add(one intrusion) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.list) < maxIntrusions {
		i.list = append(i.list, one)
	} else {
		i.many = true
	}
}

func (i *intrusions) take() ([]intrusion, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list, many := i.list, i.many
	i.list, i.many = nil, false
	return list, many
}

// watch listens for what others do to our table, until ctx ends.
func (m *Mapper) watch(ctx context.Context) error {
	for ctx.Err() == nil && m.asked.running() {
		found := false
		err := m.guard.Receive(time.Time{}, func(e rtnl.Message) {
			r, ok := rtnl.ParseRoute(e.Payload)
			if !ok {
				return
			}
			if p, ok := m.unmap(&r); ok {
				found = true
				m.intrusions.add(intrusion{
					prefix: p, metric: r.Metric, ours: r.Protocol == m.opt.Protocol,
					gone: e.Type == unix.RTM_DELROUTE, over: e.Flags&unix.NLM_F_REPLACE != 0,
				})
			}
		})
		switch {
		case errors.Is(err, rtnl.ErrOverrun):
			if err := m.guard.Drain(); err != nil {
				return fmt.Errorf("routemap: %w", err)
			}
			m.intrusions.mu.Lock()
			m.intrusions.many, found = true, true
			m.intrusions.mu.Unlock()
		case err != nil:
			return fmt.Errorf("routemap: %w", err)
		}
		if found {
			m.events.Wake()
		}
	}
	return nil
}

// readUnguarded reads everything for the first time, when there is nothing of ours
// in the kernel. It does without the guard, for whom the kernel would look at each
// route that is made, which takes a tenth of the time. What others do meanwhile, an
// audit finds.
func (m *Mapper) readUnguarded(why reason) error {
	m.timers.in(choreAudit, 0)
	if err := m.guard.Listen(unix.RTNLGRP_IPV6_ROUTE, false); err != nil {
		return fmt.Errorf("routemap: %w", err)
	}
	err := errors.Join(m.readAll(why), m.guard.Listen(unix.RTNLGRP_IPV6_ROUTE, true))
	return err
}

// guarded mends what others did to our table. When the kernel takes away the
// routes of a nexthop object that it takes away, it tells of each route; the
// object is then looked after first.
func (m *Mapper) guarded() {
	list, many := m.intrusions.take()
	if many {
		m.timers.in(choreNextHops, 0)
		m.timers.in(choreAudit, debounce)
	}
	if len(list) == 0 || m.flushed || !m.seeded {
		return
	}
	if err := m.readNextHops(); err != nil {
		m.log.Error("look after nexthop objects", "error", err)
		return
	}
	if m.lost {
		m.timers.in(choreNextHops, 0)
	}
	for _, i := range list {
		m.intruded(i)
	}
}

func (m *Mapper) intruded(i intrusion) {
	key := foreignRoute{i.prefix, i.metric}
	nh, wanted := m.expected().Get(i.prefix)
	t := m.targetOf(nh)
	wanted = wanted && t.usable && t.metric == i.metric
	switch {
	case i.ours && !i.gone: // a mark like ours, or the echo of a nexthop object
		if i.over || !wanted {
			m.timers.in(choreAudit, debounce)
		}
	case i.ours && wanted && !m.foreign.has(i.prefix, i.metric):
		m.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, i.prefix, t)
	case i.ours:
	case !i.gone:
		if !wanted || i.over {
			m.foreign[key] = struct{}{}
		}
	case m.foreign.has(i.prefix, i.metric):
		delete(m.foreign, key)
		if wanted {
			m.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, i.prefix, t)
		}
	}
}
