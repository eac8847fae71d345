package routemap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rtnl"
)

// listen returns a function that tells what has happened to IPv6 routes and nexthop
// objects since.
func (l *mapLab) listen() func() []string {
	l.t.Helper()
	var conn *rtnl.Conn
	must(l.t, l.Do(func() error {
		var err error
		conn, err = rtnl.Dial(rtnl.Config{ReceiveBuffer: 8 << 20, Groups: []uint32{unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_NEXTHOP}})
		return err
	}))
	l.t.Cleanup(func() { _ = conn.Close() })
	return func() []string {
		l.t.Helper()
		var told []string
		for {
			n, err := conn.Poll(func(e rtnl.Message) {
				if r, ok := rtnl.ParseRoute(e.Payload); ok && e.Type <= unix.RTM_DELROUTE {
					told = append(told, fmt.Sprintf("%d %v", e.Type, r.Dst))
				} else if h, ok := rtnl.ParseNextHop(e.Payload); ok {
					told = append(told, fmt.Sprintf("%d nexthop %d", e.Type, h.ID))
				}
			})
			must(l.t, err)
			if n == 0 {
				return told
			}
		}
	}
}

// TestNetnsMapRestart: a Mapper that follows one that was killed changes nothing
// that is right, and what is not.
func TestNetnsMapRestart(t *testing.T) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact, AggregateLoose} {
		for _, copied := range []bool{false, true} {
			if copied && aggregate != AggregateOff {
				continue
			}
			l := newMapLab(t)
			l.opt.Aggregate, l.opt.MetricCopy = aggregate, copied
			l.start()
			l.fill(500)
			l.ip("nexthop add id 7 via " + gwA4 + " dev a")
			metric := "3"
			if aggregate != AggregateOff {
				metric = "32" // next hops of several metrics are several next hops to an aggregate
			}
			l.ip("route add table 464 198.51.100.0/26 nhid 7 metric " + metric)
			l.ip("route add table 464 198.51.100.64/26 nexthop via " + gwA4 + " weight 3 nexthop via " + gwB4)
			l.ip("route add table 464 blackhole 198.51.100.128/26")
			l.ip("route add table 464 unreachable 198.51.100.192/26")
			l.equal()
			before := strings.Join(l.mapped(), "\n")
			l.end()

			told := l.listen()
			l.start()
			must(t, l.m.Resync(t.Context()))
			time.Sleep(2 * debounce)
			if events := told(); len(events) > 0 {
				t.Errorf("aggregation %d, metric copied %v: the restart made %d changes, as %q", aggregate, copied, len(events), events[:min(len(events), 5)])
			}
			if after := strings.Join(l.mapped(), "\n"); after != before {
				t.Errorf("the routes were\n%s\nand are\n%s", before, after)
			}
			l.end()

			l.ip("route del table 464 198.51.100.0/26")
			l.ip("route change table 464 198.51.100.64/26 via " + gwB4)
			l.ip("route add table 464 203.0.113.7 via " + gwB4)
			l.start()
			l.equal()
			if events := told(); len(events) > 20 {
				t.Errorf("three routes changed, and with the restart %d", len(events))
			}
		}
	}
}

// fill puts n routes into table 464.
func (l *mapLab) fill(n int) {
	l.t.Helper()
	var b rtnl.Batch
	for i := range n {
		l.route(&b, unix.RTM_NEWROUTE, i, i*7/3%2)
	}
	l.send(&b)
}

// route appends a request about route number i, by one of the gateways a and b.
func (l *mapLab) route(b *rtnl.Batch, kind uint16, i, gateway int) {
	if b.Full() {
		l.send(b)
	}
	r := rtnl.Route{
		Family: unix.AF_INET, Type: unix.RTN_UNICAST, Protocol: l.proto, Table: 464, Metric: 32,
		Dst: numbered(i),
		Leg: rtnl.Leg{Gateway: []addr{netip4(gwA4), netip4(gwB4)}[gateway]},
	}
	flags := uint16(unix.NLM_F_CREATE | unix.NLM_F_REPLACE)
	if kind == unix.RTM_DELROUTE {
		flags, r.Leg = 0, rtnl.Leg{}
	}
	b.Route(kind, flags, &r)
}

// send sends a batch, in which routes that are gone already may be taken away.
func (l *mapLab) send(b *rtnl.Batch) {
	l.t.Helper()
	failures, err := l.conn.Send(b)
	must(l.t, err)
	for _, f := range failures {
		if f.Errno != unix.ESRCH {
			l.t.Fatal(f)
		}
	}
	b.Reset()
}
