package routemap

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

type addr = netip.Addr

func netip4(s string) netip.Addr { return netip.MustParseAddr(s) }

// numbered returns prefix number i, of various lengths, some inside others.
func numbered(i int) netip.Prefix {
	bits := 24 + i%7
	a := uint32(10)<<24 | uint32(i)*2654435761>>8&0x00ffffff
	return netip.PrefixFrom(v4(a), bits).Masked()
}

// TestNetnsMapAlternates: of several routes for a prefix the one of the lowest
// metric counts, and of one metric the first.
func TestNetnsMapAlternates(t *testing.T) {
	for _, copied := range []bool{false, true} {
		l := newMapLab(t)
		l.opt.MetricCopy = copied
		via := func(gateway string) string {
			if copied {
				return docs + " " + gateway + " metric"
			}
			return docs + " " + gateway
		}
		l.start()
		for _, step := range []struct{ do, want string }{
			{"add table 464 198.51.100.0/24 via " + gwA4 + " metric 20", via(gwA6)},
			{"add table 464 198.51.100.0/24 via " + gwB4 + " metric 30", via(gwA6)},
			{"add table 464 198.51.100.0/24 via " + gwB4 + " metric 10", via(gwB6)},
			{"del table 464 198.51.100.0/24 metric 20", via(gwB6)},
			{"change table 464 198.51.100.0/24 via " + gwA4 + " metric 10", via(gwA6)},
			{"del table 464 198.51.100.0/24 metric 10", via(gwB6)},
			{"append table 464 198.51.100.0/24 via " + gwA4 + " metric 30", via(gwB6)},
			{"prepend table 464 198.51.100.0/24 via " + gwSrc + " metric 30", via(gwB6)},
			{"del table 464 198.51.100.0/24 via " + gwSrc + " metric 30", via(gwB6)},
			{"del table 464 198.51.100.0/24 via " + gwB4 + " metric 30", via(gwA6)},
			{"prepend table 464 198.51.100.0/24 via " + gwB4 + " metric 30", via(gwB6)},
			{"del table 464 198.51.100.0/24 via " + gwB4 + " metric 30", via(gwA6)},
			{"del table 464 198.51.100.0/24 metric 30", ""},
		} {
			l.ip("route " + step.do)
			t.Log(step.do)
			if step.want == "" {
				l.has()
			} else {
				l.has(step.want)
			}
		}
	}
}

// TestNetnsMapPolicy: what is not to be mapped is not.
func TestNetnsMapPolicy(t *testing.T) {
	both := []string{"default via " + gwA4, "198.51.100.0/24 via " + gwA4}
	for _, tt := range []struct {
		name   string
		edit   func(*Options)
		routes []string
		want   []string
	}{
		{"the default route denied", func(o *Options) { o.DefaultRoute = DefaultDeny }, both, []string{docs + " " + gwA6}},
		{"only the default route", func(o *Options) { o.DefaultRoute = DefaultOnly }, both, []string{m64 + "/96 " + gwA6}},
		{
			"a rule", func(o *Options) {
				o.Filter = []Rule{{Permit: true, Prefix: netip.MustParsePrefix("198.51.100.0/24"), Ge: 25}, {Prefix: netip.MustParsePrefix("198.51.0.0/16"), Le: 32}}
			},
			[]string{"198.51.100.0/24 via " + gwA4, "198.51.100.0/25 via " + gwA4},
			[]string{m64 + "c633:6400/121 " + gwA6},
		},
		{"one protocol", func(o *Options) { o.Sources[0].Protocols = []uint8{unix.RTPROT_BIRD} }, []string{"198.51.100.0/24 via " + gwA4, "203.0.113.0/24 via " + gwB4 + " proto bird"}, []string{docs2 + " " + gwB6}},
		{"two protocols", func(o *Options) { o.Sources[0].Protocols = []uint8{unix.RTPROT_BIRD, unix.RTPROT_BGP} }, []string{"198.51.100.0/24 via " + gwA4, "203.0.113.0/24 via " + gwB4 + " proto bird"}, []string{docs2 + " " + gwB6}},
		{"IPv6 gateways refused", func(o *Options) { o.IPv6NextHops = false }, []string{"198.51.100.0/24 via inet6 " + gwA6 + " dev a"}, nil},
		{"a default next hop", func(o *Options) { o.Default = Gateway{Addr: netip4(gwB6)} }, []string{"198.51.100.0/24 via 192.0.2.3"}, []string{docs + " " + gwB6}},
		{"a next hop with device, onlink", func(o *Options) { o.Default = Gateway{Addr: netip4("2001:db8:f::f"), Device: "a", Onlink: true} }, []string{"198.51.100.0/24 via 192.0.2.3"}, []string{docs + " 2001:db8:f::f"}},
		{"what is not global under the Well-Known Prefix", func(o *Options) { o.Prefix = pref(t, "64:ff9b::/96") }, []string{"198.51.100.0/24 via " + gwA4, "192.0.0.0/8 via " + gwA4}, []string{"64:ff9b::c000:0/104 " + gwA6}},
		{"the same if that is wanted", func(o *Options) { o.Prefix, o.NonGlobal = pref(t, "64:ff9b::/96"), true }, []string{"198.51.100.0/24 via " + gwA4}, []string{"64:ff9b::c633:6400/120 " + gwA6}},
		{"a prefix of 32 bits", func(o *Options) { o.Prefix = pref(t, "2001:db8::/32") }, []string{"198.51.100.0/24 via " + gwA4}, []string{"2001:db8:c633:6400::/56 " + gwA6}},
		{"a prefix of 40 bits", func(o *Options) { o.Prefix = pref(t, "2001:db8:100::/40") }, []string{"198.51.100.0/24 via " + gwA4, "198.51.100.128/25 via " + gwB4}, []string{"2001:db8:1c6:3364::/64 " + gwA6, "2001:db8:1c6:3364:80::/73 " + gwB6}},
		{"a prefix of 64 bits", func(o *Options) { o.Prefix = pref(t, "2001:db8:122:344::/64") }, []string{"default via " + gwB4, "198.51.100.7 via " + gwA4}, []string{"2001:db8:122:344::/64 " + gwB6, "2001:db8:122:344:c6:3364:700:0/104 " + gwA6}},
		{"what meets packets without a route", func(o *Options) { o.Unrouted = Unreachable }, []string{"198.51.100.0/24 via " + gwA4}, []string{docs + " " + gwA6, m64 + "/96 unreachable"}},
		{"the same beside a default route", func(o *Options) { o.Unrouted = Blackhole }, both, []string{docs + " " + gwA6, m64 + "/96 " + gwA6}},
		{"another metric", func(o *Options) { o.Metric = 7 }, []string{"198.51.100.0/24 via " + gwA4}, []string{docs + " " + gwA6 + " metric"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, before := range []bool{true, false} {
				l := newMapLab(t)
				tt.edit(&l.opt)
				if !before {
					l.start()
				}
				for _, r := range tt.routes {
					l.ip("route add table 464 " + r)
				}
				if before {
					l.start()
				}
				l.has(tt.want...)
			}
		})
	}
}

// TestNetnsMapLists: lists and tables are sources side by side, of which the first
// counts.
func TestNetnsMapLists(t *testing.T) {
	l := newMapLab(t)
	list := []StaticRoute{
		{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Legs: []Leg{{Via: netip4(gwA4)}}},
		{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Kind: Prohibit},
	}
	var failure error
	l.opt.Sources = []Source{{Table: 464}, {Load: func() ([]StaticRoute, error) { return list, failure }}, {Table: 465}}
	l.start()
	l.has(docs+" "+gwA6, docs2+" prohibit")
	l.ip("route add table 464 198.51.100.0/24 via " + gwB4 + " metric 4000000000")
	l.ip("route add table 465 203.0.113.0/24 via " + gwB4)
	l.ip("route add table 465 203.0.113.0/25 via " + gwB4)
	l.has(docs+" "+gwB6, docs2+" prohibit", m64+"cb00:7100/121 "+gwB6)
	l.ip("route del table 464 198.51.100.0/24")
	l.has(docs+" "+gwA6, docs2+" prohibit", m64+"cb00:7100/121 "+gwB6)
	list = list[:1]
	must(t, l.m.Resync(t.Context()))
	l.has(docs+" "+gwA6, docs2+" "+gwB6, m64+"cb00:7100/121 "+gwB6)
	failure = errors.New("the list is not to be had")
	if err := l.m.Resync(t.Context()); !errors.Is(err, failure) {
		t.Errorf("the error of Resync is %v", err)
	}
	l.has(docs+" "+gwA6, docs2+" "+gwB6, m64+"cb00:7100/121 "+gwB6)
}

// TestNetnsMapLongList: while a list is loaded, at the start and when it is asked for,
// others are answered and changes are followed.
func TestNetnsMapLongList(t *testing.T) {
	l := newMapLab(t)
	loading, loaded := make(chan bool), make(chan []StaticRoute)
	l.opt.Sources = []Source{{Table: 464}, {Load: func() ([]StaticRoute, error) {
		loading <- true
		return <-loaded, nil
	}}}
	started := make(chan bool)
	go func() {
		l.start()
		close(started)
	}()
	<-loading
	eventually(t, "a mapper that runs", func() bool { return l.m.Summary().Running })
	loaded <- []StaticRoute{{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Kind: Prohibit}}
	<-started
	l.has(docs2 + " prohibit")
	resynced := make(chan error)
	go func() { resynced <- l.m.Resync(t.Context()) }()
	<-loading
	l.ip("route add table 464 198.51.100.0/24 via " + gwB4)
	l.has(docs+" "+gwB6, docs2+" prohibit")
	loaded <- nil
	must(t, <-resynced)
	l.has(docs + " " + gwB6)
}

// TestNetnsMapMax: beyond the maximum no route is added; when there is room again
// the others come.
func TestNetnsMapMax(t *testing.T) {
	l := newMapLab(t)
	l.opt.Max = 100
	l.start()
	l.fill(150)
	eventually(t, "the maximum", func() bool { return len(l.mapped()) == 100 })
	v, err := l.m.Verify(t.Context(), true, nil)
	must(t, err)
	if !v.Limited {
		t.Errorf("the verdict %+v does not tell of the maximum", v)
	}
	l.ip("route flush table 464 proto bird via " + gwA4)
	eventually(t, "the rest", func() bool { return len(l.mapped()) == 150/2 })
	l.equal()
}
