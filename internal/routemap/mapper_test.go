package routemap

import (
	"fmt"
	"testing"
)

const m64 = "2001:db8:64::"

// TestNetnsMapKinds: each kind of IPv4 route becomes the IPv6 route of the same
// kind, and what has no next hop of its own becomes none.
func TestNetnsMapKinds(t *testing.T) {
	l := newMapLab(t)
	l.start()
	for _, tt := range []struct{ name, add, want string }{
		{"a gateway of the table", "198.51.100.0/24 via " + gwA4, "c633:6400/120 " + gwA6},
		{"the default route", "default via " + gwB4, "/96 " + gwB6},
		{"a host", "203.0.113.7 via " + gwA4, "cb00:7107/128 " + gwA6},
		{"no length", "203.0.112.0/20 via " + gwA4, "cb00:7000/116 " + gwA6},
		{"blackhole", "blackhole 198.51.101.0/24", "c633:6500/120 blackhole"},
		{"unreachable", "unreachable 198.51.102.0/24", "c633:6600/120 unreachable"},
		{"prohibit", "prohibit 198.51.103.0/24", "c633:6700/120 prohibit"},
		{"an IPv6 gateway (RFC 8950)", "198.51.104.0/24 via inet6 2001:db8:a::7 dev a", "c633:6800/120 2001:db8:a::7"},
		{"a link-local gateway", "198.51.104.0/24 via inet6 fe80::7 dev a", "c633:6800/120 fe80::7"},
		{"several gateways", "198.51.105.0/24 nexthop via " + gwA4 + " weight 2 nexthop via " + gwB4 + " weight 1", "c633:6900/120 ++" + gwA6 + "+" + gwB6},
		{"two gateways that are one", "198.51.106.0/24 nexthop via " + gwB4 + " nexthop via " + gwSrc, "c633:6a00/120 " + gwB6},
		{"a leg without a row is left out", "198.51.107.0/24 nexthop via " + gwA4 + " nexthop via 192.0.2.70", "c633:6b00/120 " + gwA6},
	} {
		l.ip("route add table 464 " + tt.add)
		t.Log(tt.name)
		l.has(m64 + tt.want)
		l.ip("route del table 464 " + tt.add)
		l.has()
	}
	for _, add := range []string{"198.51.100.0/24 via 192.0.2.3", "198.51.100.0/24 dev a", "throw 198.51.100.0/24", "198.51.100.0/24 via " + gwA4 + " tos 4"} {
		l.ip("route add table 464 " + add)
		l.has()
		l.ip("route del table 464 " + add)
	}
	if rejected, _ := l.m.Rejected(); len(rejected) == 0 {
		t.Error("no next hop is listed as rejected")
	}
}

// TestNetnsMapCounts: routes of the sources are counted as they come and go, mapped or
// not, and each change of ours is in the histogram.
func TestNetnsMapCounts(t *testing.T) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		l := newMapLab(t)
		l.opt.Aggregate = aggregate
		l.start()
		for _, tt := range []struct {
			do              string
			source, changes int
		}{
			{"add 198.51.100.0/24 via " + gwA4, 1, 1},
			{"add 203.0.113.0/24 via 192.0.2.9", 2, 1},
			{"replace 198.51.100.0/24 via " + gwB4, 2, 2},
			{"del 203.0.113.0/24", 1, 2},
			{"del 198.51.100.0/24", 0, 3},
		} {
			l.ip("route " + tt.do + " table 464")
			eventually(t, fmt.Sprintf("%+v", tt), func() bool {
				changes := 0
				for _, n := range l.m.Metrics().Latency.Counts {
					changes += int(n)
				}
				return l.m.Summary().Source == tt.source && changes == tt.changes
			})
		}
	}
}
