package routemap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/ortc"
	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// A Mapper keeps IPv4 routes, embedded in a translation prefix, in an IPv6 table of
// the kernel: what the sources have is there, and of what is there and marked as
// ours nothing else. Routes of others it neither changes nor removes.
//
// Run does the work. All other methods may be called by any goroutine at any time,
// also before Run and after it.
type Mapper struct {
	opt      Options
	log      *slog.Logger
	policy   rib.Policy
	gateways *rib.Gateways
	mapping  rib.Mapping
	tally    tally
	conns

	checking   sync.Mutex // who holds it may use the checker
	asked      requests
	intrusions intrusions

	mu         sync.Mutex  // guards all below
	running    bool        // Run was called
	rib        *rib.RIB    // the mapped routes that are, or aggregated are to be, in the kernel
	agg        *ortc.Table // nil without aggregation
	spoiled    time.Time   // when the first change was read that agg has not followed
	followed   time.Time   // when agg has followed last
	touched    bool        // a change was read that agg is to follow
	sets       rib.Sets
	targets    [rib.MaxSets + 1]target
	feeders    [rib.MaxSets + 1]uint32 // see feed
	orders     [rib.MaxSets + 1]uint32 // of the routes of each set: see order
	alternates alternates
	seeded     bool // what an earlier process left is known
	restored   bool // agg knows what an earlier process left
	crowded    bool // there were routes too many
	lost       bool // nexthop objects of ours were gone
	rejected   *rib.Rejected
	foreign    foreignSet
	links      *links
	hops       *nextHops
	writer     *writer
	source     source
	hold       hold
	timers     timers
	pause      func(n int) // called now and then while n routes of a table are read
	dry        bool        // it is the shadow of another: nothing is written
	flushed    bool        // everything was taken away; nothing is mapped until Resync
	refusals   int         // by the kernel, of requests about routes
	changes    uint64      // of the expected table
	began      time.Time   // when the events at hand were read
	before     uint64      // changes then
}

// conns are the sockets, all of the network namespace in which New was called.
type conns struct {
	events  *rtnl.Conn // what the kernel tells of its own accord
	guard   *rtnl.Conn // the same of IPv6 routes, but not what we did
	dumper  *rtnl.Conn // whole tables
	ctl     *rtnl.Conn // single questions and nexthop objects
	routes  *rtnl.Conn // batches of routes
	checker *rtnl.Conn // whole tables, for Verify
	// checkCtl is for single questions of Verify.
	checkCtl *rtnl.Conn
}

// New returns a Mapper for the network namespace of the calling thread. It changes
// nothing in the kernel. The error tells what is wrong with the Options, or what
// the kernel lacks.
func New(opt Options, log *slog.Logger) (*Mapper, error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	m := &Mapper{
		opt: opt, log: log, mapping: rib.NewMapping(opt.Prefix), rib: rib.New(), rejected: rib.NewRejected(maxRejected),
		foreign: foreignSet{}, alternates: alternates{},
	}
	var err error
	if m.policy, err = opt.policy(); err != nil {
		return nil, err
	}
	if m.gateways, err = rib.NewGateways(opt.NextHops, opt.Default, opt.IPv6NextHops); err != nil {
		return nil, fmt.Errorf("routemap: %w", err)
	}
	if err := m.dial(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	m.agg = m.aggregation()
	m.links = newLinks(m.ctl)
	m.hops = newNextHops(m.ctl, opt.Protocol, opt.NextHopIDs)
	m.writer = newWriter(m.routes, &m.tally)
	m.source.init()
	m.pause = m.letLook
	return m, nil
}

// maxRejected is how many next hops that are not mapped are remembered.
const maxRejected = 1000

// dial opens the sockets.
func (m *Mapper) dial() error {
	var err error
	open := func(cfg rtnl.Config) *rtnl.Conn {
		if err != nil {
			return nil
		}
		var c *rtnl.Conn
		c, err = rtnl.Dial(cfg)
		return c
	}
	m.ctl, m.routes = open(rtnl.Config{}), open(rtnl.Config{ReceiveBuffer: 4 << 20})
	m.dumper, m.checker, m.checkCtl = open(rtnl.Config{}), open(rtnl.Config{}), open(rtnl.Config{})
	m.events = open(rtnl.Config{ReceiveBuffer: m.opt.ReceiveBuffer, Groups: []uint32{
		unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_NEXTHOP,
	}})
	if err == nil {
		m.guard = open(rtnl.Config{Groups: []uint32{unix.RTNLGRP_IPV6_ROUTE}, Deaf: []uint32{m.ctl.Port(), m.routes.Port()}})
	}
	if err != nil {
		return fmt.Errorf("routemap: %w", err)
	}
	err = m.ctl.Ask((*rtnl.Batch).NextHops, func(rtnl.Message) {})
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("routemap: nexthop objects: %w: this needs Linux 5.3", err)
	}
	return nil
}

// Close gives up what New opened; the kernel's tables stay as they are. Run must
// have ended.
func (m *Mapper) Close() error {
	var errs []error
	for _, c := range []*rtnl.Conn{m.events, m.guard, m.dumper, m.ctl, m.routes, m.checker, m.checkCtl} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// errTwice is the error of a second Run.
var errTwice = errors.New("routemap: Run: it runs already")

// Run maps until ctx ends, which is no error. At the start it takes over what an
// earlier process left in the kernel and changes only what is not right. The error
// tells why it cannot go on: for want of CAP_NET_ADMIN it wraps EPERM. A Mapper
// runs once.
func (m *Mapper) Run(ctx context.Context) error {
	m.mu.Lock()
	if m.running {
		m.mu.Unlock()
		return errTwice
	}
	m.running = true
	m.mu.Unlock()
	m.asked.begin()
	stop := context.AfterFunc(ctx, m.events.Wake)
	defer stop()
	watch := make(chan error, 1)
	go func() { watch <- m.watch(ctx) }()
	err := m.run(ctx)
	m.asked.end()
	m.guard.Wake()
	err = errors.Join(err, <-watch)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opt.FlushOnExit && err == nil {
		_, err = m.takeAway()
	}
	return err
}

func (m *Mapper) run(ctx context.Context) error {
	defer m.writer.end()
	if err := m.start(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := m.turn(); err != nil {
			return err
		}
	}
	return nil
}

// start takes over what is there, and schedules the first resync.
func (m *Mapper) start() error {
	lists, err := m.loadLists()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// The kernel looks for the right to change something before it looks at what.
	err = m.ctl.Do(func(b *rtnl.Batch) { b.NextHop(unix.RTM_DELNEXTHOP, 0, &rtnl.NextHop{}) })
	if isDenied(err) {
		return fmt.Errorf("routemap: change routes: %w: run as root, or with CAP_NET_ADMIN", err)
	}
	if err := m.links.read(); err != nil {
		return fmt.Errorf("routemap: links: %w", err)
	}
	m.source.takeLists(lists)
	if err := m.readNextHops(); err != nil {
		return err
	}
	if err := m.seed(); err != nil {
		return err
	}
	m.seeded = m.agg == nil
	m.resyncSoon(reasonStart, 0)
	m.timers.auditEvery(m.opt.Audit)
	return nil
}

// turn waits for something to do, and does it.
func (m *Mapper) turn() error {
	m.mu.Lock()
	deadline := m.timers.next()
	m.mu.Unlock()
	locked := false
	lock := func() {
		if !locked {
			m.mu.Lock()
			locked, m.began, m.before = true, time.Now(), m.changes
		}
	}
	err := m.events.Receive(deadline, func(e rtnl.Message) {
		lock()
		m.event(e)
	})
	lock()
	defer m.mu.Unlock()
	for range maxReads {
		if err != nil {
			break
		}
		var n int
		if n, err = m.events.Poll(m.event); n == 0 {
			break
		}
	}
	switch {
	case errors.Is(err, rtnl.ErrOverrun):
		if err := m.overrun(); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("routemap: %w", err)
	}
	if err := m.work(); err != nil {
		return err
	}
	return nil
}

// maxReads is how often what is told is read on, when it does not end, before what
// is left of what follows from it is written.
const maxReads = 256
