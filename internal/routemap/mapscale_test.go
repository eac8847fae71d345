package routemap

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rib/ribtest"
	"taygo/internal/routemap/rtnl"
)

// cpuTime returns the processor time of this process so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// border4 and border6 are gateways of the table of a router, on link a.
func border4(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + i)}) }
func border6(i int) string     { return fmt.Sprintf("2001:db8:a::%d", 10+i) }

// A million is the table of a router in table 464: a quarter of the origin networks
// by each of four borders.
type million struct {
	*mapLab
	prefixes []rib.Prefix
	hops     []rib.NextHop
	moved    bool // object 1 leads to border 5
}

func newMillion(b *testing.B, aggregate Aggregation) *million {
	b.Helper()
	l := &million{mapLab: newMapLab(b)}
	l.opt.Aggregate = aggregate
	var err error
	l.prefixes, err = ribtest.Prefixes()
	must(b, err)
	l.hops = ribtest.Four().NextHops(l.prefixes)
	for i := 1; i <= 5; i++ {
		l.opt.NextHops = append(l.opt.NextHops, row(border4(i).String(), border6(i)))
		l.ip(fmt.Sprintf("nexthop add id %d via %v dev a", i, border4(i)))
	}
	return l
}

// load puts all routes into the table; by nexthop objects, if it shall.
func (l *million) load(objects bool) {
	l.t.Helper()
	var b rtnl.Batch
	for i := range l.prefixes {
		l.change(&b, i, l.hops[i], objects)
	}
	l.send(&b)
}

// change gives route number i a border.
func (l *million) change(b *rtnl.Batch, i int, border rib.NextHop, objects bool) {
	if b.Full() {
		l.send(b)
	}
	r := rtnl.Route{
		Family: unix.AF_INET, Type: unix.RTN_UNICAST, Protocol: unix.RTPROT_BIRD, Table: 464, Metric: 32, Dst: l.prefixes[i].Netip(),
	}
	if objects {
		r.NextHop = uint32(border)
	} else {
		r.Gateway = border4(int(border))
	}
	b.Route(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, &r)
}

// BenchmarkNetnsMillion maps a million routes that are in the kernel: from nothing,
// proved, once more where all is there already, and then takes all away.
func BenchmarkNetnsMillion(b *testing.B) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		b.Run([]string{"exact", "aggregated"}[aggregate], func(b *testing.B) {
			l := newMillion(b, aggregate)
			l.load(false)
			for b.Loop() {
				step := func(name string, do func()) {
					cpu, began := cpuTime(), time.Now()
					do()
					b.ReportMetric(time.Since(began).Seconds(), name+"-s")
					b.ReportMetric((cpuTime() - cpu).Seconds(), name+"-cpu-s")
				}
				step("map", l.start)
				s := l.m.Summary()
				b.ReportMetric(float64(s.Bytes)/float64(s.Mapped), "B/route")
				b.ReportMetric(float64(s.Kernel), "routes")
				l.quiet() // an audit ends the start
				step("verify", func() { l.equal() })
				l.end()
				step("restart", l.start)
				step("flush", func() {
					_, err := l.m.Flush(b.Context())
					must(b, err)
				})
				l.end()
			}
		})
	}
}

// BenchmarkNetnsProcess maps a million routes in a process of its own, and reports
// the memory that it takes at most.
func BenchmarkNetnsProcess(b *testing.B) {
	for _, mode := range []string{"exact", "aggregated"} {
		b.Run(mode, func(b *testing.B) {
			l := newMillion(b, AggregateOff)
			l.load(false)
			for b.Loop() {
				p := l.startProcess(mode)
				b.Log(p.line())
				must(b, p.in.Close())
				for p.out.Scan() {
					b.Log(p.out.Text())
				}
				must(b, p.Wait())
				l.end()
				must(b, l.flushAll())
			}
		})
	}
}

// flushAll takes away what a process has left.
func (l *mapLab) flushAll() error {
	return l.Do(func() error {
		m, err := New(l.opt, discard)
		if err != nil {
			return err
		}
		_, err = m.Flush(l.t.Context())
		return errors.Join(err, m.Close())
	})
}

// ears hears what happens to IPv6 routes or nexthop objects.
func (l *mapLab) ears(group uint32) *rtnl.Conn {
	l.t.Helper()
	var c *rtnl.Conn
	must(l.t, l.Do(func() error {
		var err error
		c, err = rtnl.Dial(rtnl.Config{ReceiveBuffer: 256 << 20, Groups: []uint32{group}})
		return err
	}))
	l.t.Cleanup(func() { _ = c.Close() })
	return c
}

// until waits until a message is the one.
func until(b *testing.B, c *rtnl.Conn, one func(rtnl.Message) bool) {
	for found := false; !found; {
		must(b, c.Receive(time.Now().Add(time.Minute), func(m rtnl.Message) { found = found || one(m) }))
	}
}

// BenchmarkNetnsUpdate changes the table of a million routes, and waits until what
// follows from that is heard.
func BenchmarkNetnsUpdate(b *testing.B) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		b.Run([]string{"exact", "aggregated"}[aggregate], func(b *testing.B) {
			l := newMillion(b, aggregate)
			l.load(true)
			l.start()
			l.quiet()
			b.Run("one", func(b *testing.B) { l.one(b) })
			b.Run("10000", func(b *testing.B) { l.many(b) })
			for _, compat := range []string{"1", "0"} { // it makes the kernel tell of each route
				must(b, l.Sysctl("net.ipv4.nexthop_compat_mode", compat))
				b.Run("move, nexthop_compat_mode "+compat, func(b *testing.B) { l.moves(b) })
			}
			l.equal()
		})
	}
}

// one adds one host route after the other, each alone.
func (l *million) one(b *testing.B) {
	const each = 200 // of a loop: a share of one in a hundred needs many
	ears := l.ears(unix.RTNLGRP_IPV6_ROUTE)
	mapping := rib.NewMapping(l.opt.Prefix)
	var all []time.Duration
	for b.Loop() {
		for i := range each {
			p := rib.Prefix{Addr: 198<<24 | 51<<16 | 100<<8 | uint32(i), Bits: 32}
			r := rtnl.Route{
				Family: unix.AF_INET, Type: unix.RTN_UNICAST, Protocol: unix.RTPROT_BIRD, Table: 464, Metric: 32,
				Dst: p.Netip(), NextHop: uint32(1 + i%4),
			}
			want := mapping.Map(p)
			tell := func(kind, flags uint16) time.Duration {
				time.Sleep(debounceSmall)
				began := time.Now()
				must(b, l.conn.Do(func(b *rtnl.Batch) { b.Route(kind, flags, &r) }))
				until(b, ears, func(m rtnl.Message) bool {
					is, _ := rtnl.ParseRoute(m.Payload)
					return m.Type == kind && is.Dst == want
				})
				return time.Since(began)
			}
			all = append(all, tell(unix.RTM_NEWROUTE, unix.NLM_F_CREATE))
			tell(unix.RTM_DELROUTE, 0)
		}
	}
	slices.Sort(all)
	for _, percent := range []int{50, 90, 99} {
		b.ReportMetric(float64(all[len(all)*percent/100].Nanoseconds())/1000, fmt.Sprintf("p%d-us", percent))
	}
}

// many gives 10,000 routes another border.
func (l *million) many(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	var source, done, cpu time.Duration
	for b.Loop() {
		used := cpuTime()
		var batch rtnl.Batch
		before := l.m.Metrics()
		began := time.Now()
		for range 10000 {
			i := rng.IntN(len(l.prefixes))
			l.hops[i] = l.hops[i]%4 + 1
			l.change(&batch, i, l.hops[i], true)
		}
		l.send(&batch)
		source += time.Since(began)
		eventually(b, "10,000 changes", func() bool {
			now := l.m.Metrics()
			return now.MessagesTotal["event"] >= before.MessagesTotal["event"]+10000 && !l.m.Summary().Busy
		})
		done += time.Since(began)
		cpu += cpuTime() - used
	}
	b.ReportMetric(source.Seconds()/float64(b.N), "source-s")
	b.ReportMetric(done.Seconds()/float64(b.N), "done-s")
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s")
}

// moves replaces the nexthop object of a quarter of all routes. done-s is the time
// from when the kernel has replaced it to when it tells that it replaces ours.
func (l *million) moves(b *testing.B) {
	ears := l.ears(unix.RTNLGRP_NEXTHOP)
	link, err := l.Netlink().LinkByName("a")
	must(b, err)
	var source, done time.Duration
	for b.Loop() {
		to := 5
		if l.moved = !l.moved; !l.moved {
			to = 1
		}
		before := l.m.Metrics().MovesTotal
		h := rtnl.NextHop{ID: 1, Family: unix.AF_INET, Gateway: border4(to), Link: uint32(link.Attrs().Index)}
		began := time.Now()
		must(b, l.conn.Do(func(b *rtnl.Batch) { b.NextHop(unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, &h) }))
		replaced := time.Now()
		until(b, ears, func(m rtnl.Message) bool {
			h, _ := rtnl.ParseNextHop(m.Payload)
			return h.Protocol == DefaultProtocol && h.Gateway.String() == border6(to)
		})
		source += replaced.Sub(began)
		done += time.Since(replaced)
		l.quiet()
		if n := l.m.Metrics().MovesTotal - before; n != 1 {
			b.Errorf("%d moves, want one message", n)
		}
	}
	b.ReportMetric(source.Seconds()/float64(b.N), "source-s")
	b.ReportMetric(done.Seconds()/float64(b.N), "done-s")
}

// quiet waits until the Mapper has nothing to do.
func (l *million) quiet() {
	l.t.Helper()
	eventually(l.t, "quiet", func() bool { return !l.m.Summary().Busy })
}
