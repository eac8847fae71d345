package routemap

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// BenchmarkNetnsBeside has four ways to make the million IPv6 routes take turns: a
// Mapper, that reads the IPv4 table for it; nothing but the batches that the kernel
// is sent, ready before, which is the least that it takes; ip -batch; and the
// netlink package route by route. times tells how often as long as the Mapper.
func BenchmarkNetnsBeside(b *testing.B) {
	l := newMillion(b, AggregateOff)
	l.load(false)
	for b.Loop() {
		var mapper time.Duration
		for range 2 { // the first finds no memory that the kernel has used for routes
			mapper = l.timed("mapper", 0, l.start)
			_, err := l.m.Flush(b.Context())
			must(b, err)
			l.end()
		}
		l.bare(mapper)
		l.ipBatch(mapper)
		l.oneByOne(mapper)
	}
}

// timed reports how long it takes to make all routes, beside what a Mapper took.
func (l *million) timed(name string, mapper time.Duration, do func()) time.Duration {
	began := time.Now()
	do()
	took := time.Since(began)
	b, _ := l.t.(*testing.B)
	b.ReportMetric(took.Seconds(), name+"-s")
	if mapper > 0 {
		b.ReportMetric(float64(took)/float64(mapper), name+"-times")
	}
	return took
}

func (l *million) bare(mapper time.Duration) {
	const first = 1000 // of the numbers of nexthop objects
	for i := 1; i <= 4; i++ {
		l.ip(fmt.Sprintf("nexthop add id %d via %s dev a", first+i, border6(i)))
	}
	mapping := rib.NewMapping(l.opt.Prefix)
	batches := []*rtnl.Batch{{}}
	for i, p := range l.prefixes {
		batch := batches[len(batches)-1]
		if batch.Full() {
			batch = &rtnl.Batch{}
			batches = append(batches, batch)
		}
		batch.Route(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, &rtnl.Route{
			Family: unix.AF_INET6, Type: unix.RTN_UNICAST, Protocol: DefaultProtocol, Table: DefaultTable, Metric: DefaultMetric,
			Dst: mapping.Map(p), NextHop: first + uint32(l.hops[i]),
		})
	}
	l.timed("bare", mapper, func() {
		for _, batch := range batches {
			l.send(batch)
		}
	})
	for i := 1; i <= 4; i++ {
		l.ip(fmt.Sprintf("nexthop del id %d", first+i))
	}
}

func (l *million) ipBatch(mapper time.Duration) {
	name := filepath.Join(l.t.TempDir(), "batch")
	f, err := os.Create(name)
	must(l.t, err)
	w := bufio.NewWriter(f)
	mapping := rib.NewMapping(l.opt.Prefix)
	for i, p := range l.prefixes {
		fmt.Fprintf(w, "route add %v via %s dev a table %d proto %d\n", mapping.Map(p), border6(int(l.hops[i])), DefaultTable, DefaultProtocol)
	}
	must(l.t, w.Flush())
	must(l.t, f.Close())
	l.timed("ip-batch", mapper, func() { l.ip("-6 -batch " + name) })
	l.ip(fmt.Sprintf("-6 route flush table %d", DefaultTable))
}

func (l *million) oneByOne(mapper time.Duration) {
	link, err := l.Netlink().LinkByName("a")
	must(l.t, err)
	mapping := rib.NewMapping(l.opt.Prefix)
	l.timed("one-by-one", mapper, func() {
		for i, p := range l.prefixes {
			dst := mapping.Map(p)
			must(l.t, l.Netlink().RouteReplace(&netlink.Route{
				Family: unix.AF_INET6, Table: DefaultTable, Protocol: DefaultProtocol, LinkIndex: link.Attrs().Index,
				Dst: &net.IPNet{IP: dst.Addr().AsSlice(), Mask: net.CIDRMask(dst.Bits(), 128)}, Gw: net.ParseIP(border6(int(l.hops[i]))),
			}))
		}
	})
	l.ip(fmt.Sprintf("-6 route flush table %d", DefaultTable))
}
