package routemap

import (
	"net/netip"
	"testing"
)

// TestNetnsMapSilent: what the kernel does to IPv4 routes without a word, and to
// nexthop objects of ours, is followed.
func TestNetnsMapSilent(t *testing.T) {
	const (
		viaA   = m64 + "c633:6400/120 " + gwA6
		viaSrc = m64 + "cb00:7100/120 " + gwB6
		both   = m64 + "c633:6500/120 +" + gwA6 + "+" + gwB6
	)
	for _, tt := range []struct {
		name string
		do   []string
		want []string
	}{
		{"a link of IPv4 only goes down", []string{"link set dev src down"}, []string{viaA, both}},
		{"its address goes", []string{"addr del 192.0.2.130/26 dev src"}, []string{viaA, both}},
		{"its routes are made anew", []string{"link set dev src down", "link set dev src up", "route add table 464 203.0.113.0/24 via " + gwSrc}, []string{viaA, both, viaSrc}},
		{"a link of both goes down", []string{"link set dev a down"}, []string{viaSrc, m64 + "c633:6500/120 " + gwB6}},
		{
			"it comes up again",
			[]string{"link set dev a down", "link set dev a up", "addr add 2001:db8:a::2/64 dev a nodad", "route add table 464 198.51.100.0/24 via " + gwA4},
			[]string{viaA, both, viaSrc},
		},
		{"a link is deleted", []string{"link del dev a"}, []string{viaSrc}},
		{"an IPv6 address that a gateway needs goes", []string{"addr del 2001:db8:a::2/64 dev a"}, nil},
		{"IPv6 is switched off and on", []string{"link set dev b down", "link set dev b up"}, nil},
		{"a link has another name", []string{"link set dev a down", "link set dev a name other", "link set dev other up", "addr add 2001:db8:a::2/64 dev other nodad"}, []string{viaSrc, both}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
				l := newMapLab(t)
				l.opt.Aggregate = aggregate
				l.start()
				l.ip("route add table 464 198.51.100.0/24 via " + gwA4)
				l.ip("route add table 464 203.0.113.0/24 via " + gwSrc)
				l.ip("route add table 464 198.51.101.0/24 nexthop via " + gwA4 + " nexthop via " + gwB4)
				if aggregate == AggregateOff {
					l.has(viaA, viaSrc, both)
				}
				l.equal()
				for _, do := range tt.do {
					l.ip(do)
				}
				if tt.want != nil && aggregate == AggregateOff {
					l.has(tt.want...)
				}
				l.equal()
			}
		})
	}
}

// TestNetnsMapGatewayLater: a gateway that cannot be reached at the start gets its
// routes when it can.
func TestNetnsMapGatewayLater(t *testing.T) {
	l := newMapLab(t)
	l.ip("addr del 2001:db8:a::2/64 dev a")
	l.ip("route add table 464 198.51.100.0/24 via " + gwA4)
	l.start()
	l.has()
	if all := l.m.NextHops(); len(all) != 1 || all[0].Up || all[0].Why == "" {
		t.Errorf("next hops %+v, want one that is not up, and why", all)
	}
	must(t, l.Addr("a", netip.MustParsePrefix("2001:db8:a::2/64")))
	l.has(m64 + "c633:6400/120 " + gwA6)
}

// TestNetnsMapCarrier: without a carrier the kernel takes nexthop objects away; they
// come back with it.
func TestNetnsMapCarrier(t *testing.T) {
	l := newMapLab(t)
	l.start()
	l.ip("route add table 464 198.51.100.0/24 via inet6 " + gwA6 + " dev a")
	l.ip("route add table 464 203.0.113.0/24 via " + gwSrc)
	l.has(m64+"c633:6400/120 "+gwA6, m64+"cb00:7100/120 "+gwB6)
	l.far("a", "link set dev mapper down")
	l.has(m64 + "cb00:7100/120 " + gwB6)
	l.far("a", "link set dev mapper up")
	l.has(m64+"c633:6400/120 "+gwA6, m64+"cb00:7100/120 "+gwB6)
}
