package routemap

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// A Verdict is what Verify found.
type Verdict struct {
	Equal       bool          `json:"equal"`               // the IPv6 table forwards as the mapped IPv4 routes do
	Source      int           `json:"source"`              // routes met in the sources
	Mapped      int           `json:"mapped"`              // of them, those that are mapped
	Kernel      int           `json:"kernel"`              // routes of ours in the IPv6 table
	Foreign     int           `json:"foreign"`             // routes of others in the way of ours
	Missing     int           `json:"missing"`             // full: routes that should be there and are not
	Surplus     int           `json:"surplus"`             // full: routes of ours that should not be there
	NextHops    int           `json:"missing_nexthops"`    // that should be there
	Different   uint64        `json:"different_addresses"` // IPv4 addresses that are forwarded otherwise
	Differences []Mismatch    `json:"differences,omitempty"`
	Held        bool          `json:"held"`    // routes outlive an empty source, so that the tables differ on purpose
	Limited     bool          `json:"limited"` // there are more routes than Options.Max
	Full        bool          `json:"full"`
	Tries       int           `json:"tries"` // how often both tables were read until they were equal or quiet
	Took        time.Duration `json:"took_ns"`
}

// A Mismatch is a range of IPv4 addresses that is not forwarded as it should be.
type Mismatch struct {
	First netip.Addr `json:"first"`
	Last  netip.Addr `json:"last"`
	Want  string     `json:"want"`
	Have  string     `json:"have"`
}

// maxMismatches is how many a Verdict has at most.
const maxMismatches = 20

// Verify reads the sources and our table from the kernel anew, by itself and beside
// the tables that the Mapper keeps, and compares for all IPv4 addresses how both
// forward them, by longest prefix match. A full one compares also route by route:
// metrics, and that nothing is there that is not needed; not so beside another
// process that aggregates. While routes change, it
// waits for a moment of quiet and tries again, some seconds at most.
//
// progress, unless nil, is called now and then with the number of routes read and
// how many there are about. Verify changes nothing, and needs no Run.
func (m *Mapper) Verify(ctx context.Context, full bool, progress func(done, total int)) (Verdict, error) {
	m.checking.Lock()
	defer m.checking.Unlock()
	began := time.Now()
	if progress == nil {
		progress = func(int, int) {}
	}
	for try := 1; ; try++ {
		before, err := m.quiet(ctx)
		if err != nil {
			return Verdict{}, err
		}
		s := m.shadow()
		v, err := s.verify(ctx, m, full, progress)
		v.Tries, v.Took = try, time.Since(began)
		m.mu.Lock()
		same := m.stamp() == before
		v.Held = m.held()
		m.mu.Unlock()
		if err != nil || v.Equal && v.Missing+v.Surplus == 0 || same && try > 1 || try == maxTries {
			return v, err
		}
	}
}

// maxTries is how often Verify tries to find the tables equal.
const maxTries = 5

// quietFor and quietMost are how long Verify waits for quiet: until nothing happens
// for some time, but not longer.
const (
	quietFor  = 150 * time.Millisecond
	quietMost = 3 * time.Second
)

// stamp tells one moment from another between which something happened.
func (m *Mapper) stamp() [2]uint64 { return [2]uint64{m.changes, m.tally.events.Load()} }

// quiet waits until nothing happens.
func (m *Mapper) quiet(ctx context.Context) ([2]uint64, error) {
	var last [2]uint64
	since, end := time.Now(), time.Now().Add(quietMost)
	for {
		m.mu.Lock()
		now, busy := m.stamp(), m.busy()
		m.mu.Unlock()
		if now != last || busy {
			last, since = now, time.Now()
		}
		if time.Since(since) >= quietFor || time.Now().After(end) {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return now, fmt.Errorf("routemap: verify: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// busy tells whether something is to be done at once.
func (m *Mapper) busy() bool {
	t := &m.timers
	return m.asked.running() && (t.pending(choreResync) || t.pending(choreAggregate) || t.pending(choreAudit) || m.rib.Marking())
}

// shadow returns a Mapper of the same Options that has read nothing yet, and only
// looks.
func (m *Mapper) shadow() *Mapper {
	s := &Mapper{
		opt: m.opt, log: slog.New(slog.DiscardHandler), policy: m.policy, gateways: m.gateways, mapping: m.mapping, dry: true,
		conns: conns{ctl: m.checkCtl, dumper: m.checker}, rib: rib.New(), rejected: rib.NewRejected(0),
		foreign: foreignSet{}, alternates: alternates{},
		links: newLinks(m.checkCtl), hops: newNextHops(m.checkCtl, m.opt.Protocol, m.opt.NextHopIDs),
	}
	s.hops.dry = true
	s.source.init()
	m.mu.Lock()
	s.source.lists = slices.Clone(m.source.lists)
	m.mu.Unlock()
	return s
}

// verify is one try, of a shadow of m.
func (m *Mapper) verify(ctx context.Context, live *Mapper, full bool, progress func(done, total int)) (Verdict, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.links.read(); err != nil {
		return Verdict{}, fmt.Errorf("routemap: links: %w", err)
	}
	if err := m.readNextHops(); err != nil {
		return Verdict{}, err
	}
	live.mu.Lock()
	total := live.source.candidates + live.expected().Len()
	live.mu.Unlock()
	m.pause = func(n int) { progress(min(n, total), total) }
	for i, source := range m.opt.Sources {
		if source.Table != 0 {
			if err := m.readTable(i, source); err != nil {
				return Verdict{}, err
			}
		}
	}
	m.learnLists()
	have, err := m.readOurs(func(n int) { progress(min(m.source.candidates+n, total), total) })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Verdict{}, fmt.Errorf("routemap: verify: %w", err)
	}
	v := Verdict{
		Source: m.source.candidates, Mapped: m.rib.Len(), Kernel: have.n, Full: full,
		Limited: m.rejected.Routes(rib.TooManyRoutes) > 0,
	}
	m.compare(&v, have)
	m.compareNextHops(&v, live)
	if full {
		m.compareRoutes(&v, live, have)
	}
	progress(total, total)
	return v, nil
}

// ours is our table as it is in the kernel: of each prefix the number of a target.
type ours struct {
	*rib.RIB
	targets []target
	n       int // routes
	strays  int // of them, those of no IPv4 prefix, and the second of a prefix
}

// readOurs reads our table. Prefixes at which a route of somebody else is in the
// way are in foreign then.
func (m *Mapper) readOurs(progress func(int)) (ours, error) {
	var have ours
	var numbers map[target]rib.NextHop
	err := m.dumpOurs(m.dumper,
		func() {
			have = ours{RIB: rib.New(), targets: make([]target, 1)}
			numbers = map[target]rib.NextHop{}
			clear(m.foreign)
		},
		func(r *rtnl.Route) {
			p, ok := m.unmap(r)
			if m.notOurs(r, p, ok) {
				return
			}
			if have.n++; have.n%breathe == 0 {
				progress(have.n)
			}
			t := target{kind: r.Type, id: r.NextHop, metric: r.Metric}
			nh, known := numbers[t]
			if !known && len(have.targets) <= rib.MaxSets {
				nh = rib.NextHop(len(have.targets))
				numbers[t] = nh
				have.targets = append(have.targets, t)
			}
			if ok {
				have.Set(p, nh)
			}
		})
	have.strays = have.n - have.Len()
	return have, err
}

func (t target) color() color {
	if t.kind == unix.RTN_THROW {
		return uncolored
	}
	return color(t.kind)<<32 | color(t.id)
}

// compare compares how addresses are forwarded.
func (m *Mapper) compare(v *Verdict, have ours) {
	inTheWay := func(p rib.Prefix, t target, c color) color {
		if m.foreign.has(p, t.metric) {
			return anyColor
		}
		return c
	}
	for f := range m.foreign {
		if nh, exists := m.rib.Get(f.prefix); exists && m.targets[nh].metric == f.metric {
			v.Foreign++
			have.Set(f.prefix, 0) // a place of its own, of any color
		}
	}
	want := segments(m.rib, func(p rib.Prefix, nh rib.NextHop) color { return inTheWay(p, m.targets[nh], m.targets[nh].color()) })
	is := segments(have.RIB, func(p rib.Prefix, nh rib.NextHop) color {
		return inTheWay(p, target{metric: m.opt.Metric}, have.targets[nh].color())
	})
	for d := range differences(want, is) {
		if d.want == uncolored && m.opt.Aggregate == AggregateLoose {
			continue
		}
		v.Different += uint64(d.last-d.first) + 1
		if len(v.Differences) < maxMismatches {
			v.Differences = append(v.Differences, Mismatch{v4(d.first), v4(d.last), m.describe(d.want), m.describe(d.have)})
		}
	}
	v.Equal = v.Different == 0
}

// compareNextHops finds next hops that should be there: what is not in the kernel
// makes no difference to addresses, as their routes could not be there either.
func (m *Mapper) compareNextHops(v *Verdict, live *Mapper) {
	live.mu.Lock()
	defer live.mu.Unlock()
	for key, h := range m.hops.hops {
		if known := live.hops.hops[key]; !h.up && (known == nil || known.up) {
			v.NextHops++
			v.Equal = false
		}
	}
}

// compareRoutes compares route by route: with the mapped IPv4 routes or, if these
// are aggregated, with the table that is expected.
func (m *Mapper) compareRoutes(v *Verdict, live *Mapper, have ours) {
	want, targetOf := m.rib, m.targetOf
	switch {
	case live.agg == nil:
	case !live.asked.running():
		return // the table is that of another process, which alone knows it
	default:
		live.mu.Lock()
		defer live.mu.Unlock()
		want, targetOf = live.agg.Out(), live.targetOf
	}
	for p, nh := range want.All() {
		t := targetOf(nh)
		is, there := have.Get(p)
		if !m.foreign.has(p, t.metric) && (!there || !t.same(have.targets[is])) {
			v.Missing++
		}
	}
	for p, is := range have.All() {
		if nh, exists := want.Get(p); is != 0 && (!exists || !targetOf(nh).same(have.targets[is])) {
			v.Surplus++
		}
	}
	v.Surplus += have.strays
	v.Equal = v.Equal && v.Missing+v.Surplus == 0
}

// describe names a color for people.
func (m *Mapper) describe(c color) string {
	id := uint32(c)
	switch {
	case c == uncolored:
		return "no route"
	case c == anyColor:
		return "a route of somebody else"
	case id == 0:
		return kindName(uint8(c >> 32))
	}
	for key, h := range m.hops.hops {
		if h.up && h.id == id {
			return m.nameHop(key)
		}
	}
	return fmt.Sprintf("nexthop object %d", id)
}

func v4(a uint32) netip.Addr { return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, a))) }
