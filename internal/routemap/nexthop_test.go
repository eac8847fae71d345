package routemap

import (
	"strconv"
	"testing"
)

// TestNetnsMapNextHopObjects: routes of nexthop objects follow what becomes of
// these, told route by route (nexthop_compat_mode=1) or not (0).
func TestNetnsMapNextHopObjects(t *testing.T) {
	for mode := range 2 {
		t.Run("compat mode "+strconv.Itoa(mode), func(t *testing.T) {
			l := newMapLab(t)
			must(t, l.Sysctl("net.ipv4.nexthop_compat_mode", strconv.Itoa(mode)))
			l.start()
			l.ip("nexthop add id 1 via " + gwA4 + " dev a")
			l.ip("nexthop add id 2 via " + gwB4 + " dev b")
			l.ip("nexthop add id 3 group 1,3/2")
			l.ip("route add table 464 198.51.100.0/24 nhid 1")
			l.ip("route add table 464 198.51.101.0/24 nhid 1")
			l.ip("route add table 464 203.0.113.0/24 via " + gwB4)
			l.has(m64+"c633:6400/120 "+gwA6, m64+"c633:6500/120 "+gwA6, m64+"cb00:7100/120 "+gwB6)
			l.ip("route add table 464 198.51.102.0/24 nhid 3")
			l.has(m64+"c633:6400/120 "+gwA6, m64+"c633:6500/120 "+gwA6, m64+"cb00:7100/120 "+gwB6, m64+"c633:6600/120 +++"+gwA6+"+"+gwB6)
			l.ip("nexthop replace id 3 group 1/2")
			l.ip("nexthop replace id 1 via " + gwB4 + " dev b")
			l.has(m64+"c633:6400/120 "+gwB6, m64+"c633:6500/120 "+gwB6, m64+"cb00:7100/120 "+gwB6, m64+"c633:6600/120 "+gwB6)
			l.ip("nexthop del id 1")
			l.has(m64+"cb00:7100/120 "+gwB6, m64+"c633:6600/120 "+gwB6)
			l.ip("nexthop del id 2")
			l.has(m64 + "cb00:7100/120 " + gwB6)
			l.ip("nexthop add id 4 blackhole")
			l.ip("route add table 464 198.51.100.0/24 nhid 4")
			l.has(m64+"cb00:7100/120 "+gwB6, m64+"c633:6400/120 blackhole")
			l.ip("nexthop add id 5 via inet6 2001:db8:a::9 dev a")
			l.ip("route replace table 464 198.51.100.0/24 via inet6 2001:db8:a::9 dev a")
			l.has(m64+"cb00:7100/120 "+gwB6, m64+"c633:6400/120 2001:db8:a::9")
		})
	}
}

// TestNetnsMapMove: the routes of a nexthop object that is replaced move with one
// message, without being touched.
func TestNetnsMapMove(t *testing.T) {
	for _, mode := range []string{"0", "1"} {
		for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
			l := newMapLab(t)
			l.opt.Aggregate = aggregate
			must(t, l.Sysctl("net.ipv4.nexthop_compat_mode", mode))
			l.start()
			l.ip("nexthop add id 1 via " + gwA4 + " dev a")
			l.ip("route add table 464 198.51.100.0/24 nhid 1")
			l.ip("route add table 464 203.0.113.0/24 nhid 1")
			l.has(m64+"c633:6400/120 "+gwA6, m64+"cb00:7100/120 "+gwA6)
			before := l.m.Metrics().MessagesTotal
			l.ip("nexthop replace id 1 via " + gwB4 + " dev b")
			l.has(m64+"c633:6400/120 "+gwB6, m64+"cb00:7100/120 "+gwB6)
			eventually(t, "the resync after it", func() bool { return l.m.Metrics().ResyncsTotal["nexthop"] > 0 })
			l.equal()
			after := l.m.Metrics()
			if after.MovesTotal != 1 || after.MessagesTotal["replace"] != before["replace"] || after.MessagesTotal["add"] != before["add"] {
				t.Errorf("mode %s, aggregation %d: %d moves, messages %v after %v", mode, aggregate, after.MovesTotal, after.MessagesTotal, before)
			}
			// Back again, to where nothing leads any more.
			l.ip("nexthop replace id 1 via " + gwA4 + " dev a")
			l.has(m64+"c633:6400/120 "+gwA6, m64+"cb00:7100/120 "+gwA6)
		}
	}
}
