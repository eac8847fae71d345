package routemap

import (
	"fmt"
	"net/netip"
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

// million puts the table of a router into table 464, with four borders on link a.
func (l *mapLab) million() ([]rib.Prefix, []rib.NextHop) {
	l.t.Helper()
	list, err := ribtest.Prefixes()
	must(l.t, err)
	hops := ribtest.Four().NextHops(list)
	for i := 1; i <= 5; i++ {
		l.opt.NextHops = append(l.opt.NextHops, row(border4(i).String(), border6(i)))
	}
	var b rtnl.Batch
	for i, p := range list {
		l.add(&b, p.Netip(), border4(int(hops[i])))
	}
	l.send(&b)
	return list, hops
}

func border4(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + i)}) }
func border6(i int) string     { return fmt.Sprintf("2001:db8:a::%d", 10+i) }

func (l *mapLab) add(b *rtnl.Batch, dst netip.Prefix, via netip.Addr) {
	if b.Full() {
		l.send(b)
	}
	b.Route(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, &rtnl.Route{
		Family: unix.AF_INET, Type: unix.RTN_UNICAST, Protocol: unix.RTPROT_BIRD, Table: 464, Metric: 32,
		Dst: dst, Leg: rtnl.Leg{Gateway: via},
	})
}

func BenchmarkNetnsMillion(b *testing.B) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		b.Run(fmt.Sprintf("aggregate %d", aggregate), func(b *testing.B) {
			l := newMapLab(b)
			l.opt.Aggregate = aggregate
			l.opt.NonGlobal = true
			l.million()
			b.ResetTimer()
			for range b.N {
				cpu, began := cpuTime(), time.Now()
				l.start()
				b.Logf("start: %v, CPU %v, %+v", time.Since(began), cpuTime()-cpu, l.m.Summary())
				b.StopTimer()
				began = time.Now()
				v := l.equal()
				b.Logf("verify: %v %+v", time.Since(began), v)
				l.end()
				began = time.Now()
				l.start()
				b.Logf("restart: %v", time.Since(began))
				began = time.Now()
				n, err := l.m.Flush(b.Context())
				must(b, err)
				b.Logf("flush of %d: %v", n, time.Since(began))
				l.end()
				b.StartTimer()
			}
		})
	}
}
