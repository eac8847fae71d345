package routemap

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rtnl"
)

// TestNetnsMapFlap: whatever happens to thousands of routes, links, addresses and
// nexthop objects, within a second the tables are equal again.
func TestNetnsMapFlap(t *testing.T) {
	rounds := 4
	if os.Getenv("TAYGO_LONG") != "" {
		rounds = 200
	}
	for _, tt := range []struct {
		name   string
		edit   func(*Options)
		compat string
	}{
		{"route by route", func(*Options) {}, "1"},
		{"a small receive buffer", func(o *Options) { o.ReceiveBuffer = 64 << 10 }, "0"},
		{"aggregated", func(o *Options) { o.Aggregate = AggregateExact }, "0"},
		{"aggregated with a small receive buffer", func(o *Options) { o.Aggregate, o.ReceiveBuffer = AggregateExact, 64<<10 }, "1"},
		{"loosely aggregated", func(o *Options) { o.Aggregate = AggregateLoose }, "1"},
		{"unrouted unreachable", func(o *Options) { o.Aggregate, o.Unrouted = AggregateExact, Unreachable }, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newMapLab(t)
			tt.edit(&l.opt)
			must(t, l.Sysctl("net.ipv4.nexthop_compat_mode", tt.compat))
			l.start()
			f := &flapper{mapLab: l, rng: rand.New(rand.NewPCG(4, 64))}
			f.prepare()
			for range rounds {
				for range 3 + f.rng.IntN(5) {
					f.flap()
				}
				time.Sleep(time.Second)
				if v := l.equal(); v.Tries > 1 {
					t.Errorf("a second of quiet was not enough: %+v after %q", v, f.done)
				}
				f.done = nil
			}
			t.Logf("%d overruns, resyncs %v", l.m.Summary().Overruns, l.m.Metrics().ResyncsTotal)
		})
	}
}

// A flapper makes a mess of IPv4 routes.
type flapper struct {
	*mapLab
	rng  *rand.Rand
	done []string
}

func (f *flapper) prepare() {
	f.ip("nexthop add id 1 via " + gwA4 + " dev a")
	f.ip("nexthop add id 2 via " + gwB4 + " dev b")
	f.ip("nexthop add id 3 group 1/2")
}

// flap does one thing. It may fail: what it is about may be gone.
func (f *flapper) flap() {
	what := f.rng.IntN(9)
	f.done = append(f.done, fmt.Sprint(what))
	try := func(args ...string) {
		for _, a := range args {
			f.done = append(f.done, a)
			_, _ = f.Run(f.t.Context(), "sh", "-c", "ip "+a)
		}
	}
	link := []string{"a", "b", "src"}[f.rng.IntN(3)]
	address4 := map[string]string{"a": "192.0.2.2/26", "b": "192.0.2.66/26", "src": "192.0.2.130/26"}[link]
	address6 := map[string]string{"a": "2001:db8:a::2/64", "b": "2001:db8:b::2/64", "src": "2001:db8:c::2/64"}[link]
	switch what {
	case 0:
		try("link set dev "+link+" down", "link set dev "+link+" up", "addr add "+address6+" dev "+link+" nodad")
	case 1:
		try("addr del "+address4+" dev "+link, "addr add "+address4+" dev "+link)
	case 2:
		try("nexthop replace id 1 via "+gwB4+" dev b", "nexthop replace id 3 group 1")
	case 3:
		try("nexthop replace id 1 via "+gwA4+" dev a", "nexthop replace id 2 via "+gwB4+" dev b", "nexthop replace id 3 group 1,2/2")
	case 4:
		try("nexthop del id 1", "nexthop add id 1 via "+gwA4+" dev a")
	case 5:
		try("route flush table 464 via " + gwA4)
	default:
		f.routes(500 + f.rng.IntN(4000))
	}
}

// routes adds, changes and takes away many routes.
func (f *flapper) routes(n int) {
	var b rtnl.Batch
	for range n {
		if b.Full() {
			f.mess(&b)
		}
		i := f.rng.IntN(5000)
		r := rtnl.Route{Family: unix.AF_INET, Type: unix.RTN_UNICAST, Protocol: unix.RTPROT_BIRD, Table: 464, Metric: 32, Dst: numbered(i)}
		switch f.rng.IntN(8) {
		case 0, 1:
			b.Route(unix.RTM_DELROUTE, 0, &r)
			continue
		case 2:
			r.NextHop = uint32(1 + f.rng.IntN(3))
		case 3:
			r.Type = unix.RTN_BLACKHOLE
		case 4:
			r.Metric, r.Gateway = 10, netip.MustParseAddr(gwB4)
		case 5:
			r.Gateway = netip.MustParseAddr(gwSrc)
		default:
			r.Gateway = netip.MustParseAddr([]string{gwA4, gwB4}[f.rng.IntN(2)])
		}
		b.Route(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|[]uint16{unix.NLM_F_REPLACE, unix.NLM_F_EXCL, unix.NLM_F_APPEND}[min(f.rng.IntN(40), 2)], &r)
	}
	f.mess(&b)
}

// mess sends a batch of which some requests are not possible.
func (f *flapper) mess(b *rtnl.Batch) {
	_, err := f.conn.Send(b)
	must(f.t, err)
	b.Reset()
}
