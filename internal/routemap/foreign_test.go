package routemap

import (
	"testing"
)

const (
	docs  = m64 + "c633:6400/120"
	docs2 = m64 + "cb00:7100/120"
)

// TestNetnsMapForeign: routes of others in our table stay, whatever happens to
// ours, and ours come when they go.
func TestNetnsMapForeign(t *testing.T) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		l := newMapLab(t)
		l.opt.Aggregate = aggregate
		l.ip("-6 route add " + docs + " via 2001:db8:a::66 dev a table 6464")                 // the same metric
		l.ip("-6 route add " + docs2 + " via 2001:db8:a::66 dev a table 6464 metric 7")       // another
		l.ip("-6 route add 2001:db8:77::/64 via 2001:db8:a::66 dev a table 6464 metric 1024") // not in the prefix
		l.ip("route add table 464 198.51.100.0/24 via " + gwA4)
		l.ip("route add table 464 203.0.113.0/24 via " + gwA4)
		theirs := []string{docs + " 2001:db8:a::66", docs2 + " 2001:db8:a::66 metric", "2001:db8:77::/64 2001:db8:a::66"}
		l.start()
		l.has(append(theirs, docs2+" "+gwA6)...)
		if n := l.m.Summary().Foreign; n != 1 {
			t.Errorf("%d foreign routes in the way, want 1", n)
		}
		l.ip("route change table 464 198.51.100.0/24 via " + gwB4)
		l.has(append(theirs, docs2+" "+gwA6)...)
		l.ip("route del table 464 198.51.100.0/24")
		must(t, l.m.Resync(t.Context()))
		l.has(append(theirs, docs2+" "+gwA6)...)
		l.ip("route add table 464 198.51.100.0/24 via " + gwB4)
		l.ip("-6 route del " + docs + " via 2001:db8:a::66 dev a table 6464")
		l.has(append(theirs[1:], docs2+" "+gwA6, docs+" "+gwB6)...)

		// Somebody takes the place of ours, which changes then.
		l.ip("-6 route replace " + docs + " via 2001:db8:a::66 dev a table 6464 metric 1024")
		l.has(append(theirs, docs2+" "+gwA6)...)
		l.ip("route change table 464 198.51.100.0/24 via " + gwA4)
		l.has(append(theirs, docs2+" "+gwA6)...)
		l.ip("route del table 464 198.51.100.0/24")
		n, err := l.m.Flush(t.Context())
		must(t, err)
		if got := l.mapped(); n != 1 || len(got) != len(theirs) {
			t.Errorf("%d routes flushed, left are %q", n, got)
		}
		must(t, l.m.Resync(t.Context()))
		l.has(append(theirs, docs2+" "+gwA6)...)
	}
}

// TestNetnsMapMeddling: what somebody takes away of ours comes back.
func TestNetnsMapMeddling(t *testing.T) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		l := newMapLab(t)
		l.opt.Aggregate = aggregate
		l.start()
		l.ip("route add table 464 198.51.100.0/24 via " + gwA4)
		l.ip("route add table 464 203.0.113.0/24 via " + gwA4)
		l.ip("route add table 464 unreachable 203.0.113.128/25")
		want := []string{docs + " " + gwA6, docs2 + " " + gwA6, m64 + "cb00:7180/121 unreachable"}
		l.has(want...)
		for _, cut := range []string{
			"-6 route del " + docs + " table 6464",
			"-6 route del " + m64 + "cb00:7180/121 table 6464",
			"nexthop flush proto 64",
			"-6 route add 2001:db8:64::7/128 via " + gwA6 + " dev a table 6464 proto 64",
			"-6 route add " + docs + " via " + gwA6 + " dev a table 6464 proto 64 metric 5",
			"-6 route replace unreachable " + docs + " table 6464 proto 64",
		} {
			l.ip(cut)
			l.has(want...)
		}
	}
}
