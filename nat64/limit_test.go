package nat64_test

import (
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

// neighbour returns host i of the source prefix of s.
func neighbour(s side, i int) side {
	s.addr.Lo += uint64(i)
	return s
}

// TestLimitsOfASource: a source prefix gets what it may, and what ends makes room;
// others do not feel it (RFC 6888 REQ-4, RFC 6146 §5.3).
func TestLimitsOfASource(t *testing.T) {
	tests := []struct {
		name   string
		limit  func(*nat64.Limits)
		proto  func(i int) int
		to     func(i int) side
		same   bool // one host and port
		allows int
	}{
		{"bindings", func(l *nat64.Limits) { l.SourceBindings = 12 }, func(i int) int { return i % 3 }, nil, false, 12},
		{"ports of one protocol", func(l *nat64.Limits) { l.SourcePorts = 7 }, nil, nil, false, 7},
		{"ports of each protocol", func(l *nat64.Limits) { l.SourcePorts = 7 }, func(i int) int { return i % 3 }, nil, false, 21},
		{"sessions", func(l *nat64.Limits) { l.SourceSessions = 9 }, nil, func(i int) side { return v4(far4, uint16(i+1)) }, true, 9},
		{"none", func(*nat64.Limits) {}, nil, nil, false, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, newTable(t, options(func(o *nat64.Options) { tt.limit(&o.Limits) })))
			round := func(base side) (n int) {
				for i := range 50 {
					proto, from, to := nat64.UDP, neighbour(base, i), pinger(server)
					if tt.proto != nil {
						proto = tt.proto(i)
					}
					if tt.to != nil {
						to = tt.to(i)
					}
					if tt.same {
						from = base
					}
					if _, v := k.sendOut(proto, from, to, begin); v == translate.Translated {
						n++
					} else if v != translate.SourceLimit {
						t.Errorf("%d: %v", i, v)
					}
				}
				return n
			}
			for _, s := range []side{host, v6(other6, 4000)} {
				if got := round(s); got != tt.allows {
					t.Errorf("from %v: %d, want %d", s, got, tt.allows)
				}
			}
			check(t, k.table)
			k.now += time.Hour
			k.table.SweepAll(k.now, &counter{})
			if got := round(host); got != tt.allows {
				t.Errorf("when all had ended: %d, want %d", got, tt.allows)
			}
			check(t, k.table)
		})
	}
}

// TestLengthOfSourcePrefixes: hosts that agree in so many bits are one source.
func TestLengthOfSourcePrefixes(t *testing.T) {
	tests := []struct {
		bits int
		a, b string
		same bool
	}{
		{64, "2001:db8:1::10", "2001:db8:1::ffff:0:11", true},
		{64, "2001:db8:1::10", "2001:db8:1:1::10", false},
		{128, "2001:db8:1::10", "2001:db8:1::11", false},
		{127, "2001:db8:1::10", "2001:db8:1::11", true},
		{48, "2001:db8:1::10", "2001:db8:1:ffff::", true},
		{48, "2001:db8:1::10", "2001:db8:2::", false},
		{1, "2001:db8:1::10", "3fff::1", true},
		{96, "2001:db8:1::1:0:1", "2001:db8:1::1:ffff:1", true},
	}
	for _, tt := range tests {
		k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Limits.SourceBits, o.Limits.SourceBindings = tt.bits, 1 })))
		k.sendOut(nat64.UDP, v6(tt.a, 1), server, 0)
		_, v := k.sendOut(nat64.UDP, v6(tt.b, 1), server, 0)
		if (v == translate.SourceLimit) != tt.same {
			t.Errorf("/%d: %s and %s: %v", tt.bits, tt.a, tt.b, v)
		}
		check(t, k.table)
	}
}

// TestRateOfASource: a source opens so many sessions at once, and then so many a
// second; packets of sessions that are there cost nothing.
func TestRateOfASource(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Limits.SourceRate, o.Limits.SourceBurst = 10, 30 })))
	n := 0
	opened := func(tries int) (ok int) {
		for range tries {
			n++
			_, v := k.sendOut(nat64.UDP, neighbour(host, n), server, 0)
			switch v {
			case translate.Translated:
				ok++
			case translate.SourceRate:
			default:
				t.Errorf("%v", v)
			}
			k.sendOut(nat64.UDP, neighbour(host, 1), server, 0)
		}
		return ok
	}
	for _, step := range []struct {
		now  time.Duration
		want int
	}{{time.Second, 30}, {time.Second + time.Second/8, 1}, {2 * time.Second, 9}, {4 * time.Second, 20}, {time.Minute, 30}} {
		k.now = step.now
		if got := opened(100); got != step.want {
			t.Errorf("at %v: %d, want %d", k.now, got, step.want)
		}
	}
	for i := range 100 {
		if _, v := k.sendOut(nat64.UDP, neighbour(v6(other6, 1), i), server, 0); (v == translate.Translated) != (i < 30) {
			t.Errorf("another source, session %d: %v", i, v)
		}
	}
	check(t, k.table)
}

// TestStrangersDoNotUseUpASource: sessions that IPv4 hosts open are at most half of
// those that a source may have, and do not count towards its rate.
func TestStrangersDoNotUseUpASource(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) {
		o.Limits.SourceSessions, o.Limits.SourceRate, o.Limits.SourceBurst = 100, 1, 60
	})))
	at, _ := k.sendOut(nat64.UDP, host, server, 0)
	got := 0
	for i := range 500 {
		if _, v := k.sendIn(nat64.UDP, v4(near4, uint16(i)), at, 0); v == translate.Translated {
			got++
		}
	}
	if got != 49 {
		t.Errorf("strangers opened %d sessions, want 49", got)
	}
	for i := range 50 {
		if _, v := k.sendOut(nat64.UDP, host, v4(near4, uint16(10000+i)), 0); v != translate.Translated {
			t.Errorf("session %d of the host: %v", i, v)
		}
	}
	check(t, k.table)
}

// TestFlood: a flood of new sessions from one prefix at five times what the Table
// holds ends no session that is in use, and lets others open theirs.
func TestFlood(t *testing.T) {
	const capacity, established = 20000, 10000
	k := newKit(t, newTable(t, options(func(o *nat64.Options) {
		o.Limits.Sessions = capacity
		o.Pools[0] = allOf("192.0.2.0/28")
		o.SoftPairing = true
	})))
	flow := func(i int) side { return neighbour(v6(other6, uint16(1024+i%5000)), i/5000<<16) }
	var at [established]side
	for i := range established {
		proto := nat64.TCP - i%2*(nat64.TCP-nat64.UDP)
		at[i], _ = k.sendOut(proto, flow(i), server, pkttest.SYN)
		if _, v := k.sendIn(proto, server, at[i], pkttest.SYN|pkttest.ACK); v != translate.Translated {
			t.Fatalf("flow %d: %v", i, v)
		}
	}
	refused := 0
	for i := range 5 * capacity {
		if i%1000 == 0 {
			k.now += time.Second
			k.table.Sweep(k.now, &counter{})
		}
		if _, v := k.sendOut(nat64.TCP-i%2*(nat64.TCP-nat64.UDP), neighbour(v6(host6, uint16(1024+i%50000)), i/50000), server, pkttest.SYN); v != translate.Translated {
			refused++
		}
		if i%1000 == 500 {
			if _, v := k.sendOut(nat64.UDP, neighbour(v6("2001:db8:3::1", 7), i), server, 0); v != translate.Translated {
				t.Errorf("a new flow of another source: %v", v)
			}
		}
	}
	for i := range established {
		proto := nat64.TCP - i%2*(nat64.TCP-nat64.UDP)
		if got, v := k.sendOut(proto, flow(i), server, pkttest.ACK); v != translate.Translated || got != at[i] {
			t.Fatalf("flow %d: %v, %v, had %v", i, v, got, at[i])
		}
	}
	st := k.table.Status(k.now)
	if st.Sessions > capacity || st.Evicted == 0 {
		t.Errorf("%d sessions, %d evicted, %d refused", st.Sessions, st.Evicted, refused)
	}
	check(t, k.table)
}

// TestSourceAtItsLimitEvictsNobody: what one prefix may have bounds what it costs
// others, whatever number of addresses it sends from.
func TestSourceAtItsLimitEvictsNobody(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) {
		o.Limits.SourceSessions, o.Limits.Sessions = 1000, 2000
		o.Pools[0] = allOf("192.0.2.0/28")
	})))
	for i := range max(2000, effort(200_000)) {
		_, v := k.sendOut(nat64.TCP, neighbour(v6(host6, 80), i), server, pkttest.SYN)
		if (v == translate.Translated) != (i < 1000) {
			t.Fatalf("session %d: %v", i, v)
		}
	}
	for i := range 1000 {
		if _, v := k.sendOut(nat64.UDP, neighbour(v6(other6, 80), i), server, 0); v != translate.Translated {
			t.Errorf("another source, session %d: %v", i, v)
		}
	}
	if st := k.table.Status(k.now); st.Evicted != 0 || st.Sessions != 2000 {
		t.Errorf("%d evicted, %d sessions", st.Evicted, st.Sessions)
	}
	check(t, k.table)
}

// TestSessionDoesNotEvictItsOwnBinding: one that needs room takes it of other
// bindings only.
func TestSessionDoesNotEvictItsOwnBinding(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Limits.Sessions = 1 })))
	at, _ := k.sendOut(nat64.UDP, host, server, 0)
	_, v := k.sendOut(nat64.UDP, host, stranger, 0)
	wantVerdict(t, "another session", v, translate.SessionsFull)
	got, v := k.sendOut(nat64.UDP, host, server, 0)
	if v != translate.Translated || got != at {
		t.Errorf("%v, %v, was %v", v, got, at)
	}
	check(t, k.table)
}
