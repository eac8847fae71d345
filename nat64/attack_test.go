package nat64_test

import (
	"os"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

// establish opens a connection and returns its transport address of the pool.
func establish(t testing.TB, k *kit, from side) side {
	t.Helper()
	at, v := k.sendOut(nat64.TCP, from, server, pkttest.SYN)
	wantVerdict(t, "SYN", v, translate.Translated)
	_, v = k.sendIn(nat64.TCP, server, at, pkttest.SYN|pkttest.ACK)
	wantVerdict(t, "SYN ACK", v, translate.Translated)
	return at
}

// TestForgedSegments: tens of thousands of forged RSTs, FINs and SYNs, to the port of
// a connection and to all others, end none in which data flows, in whatever state
// they find it (RFC 6146 §3.5.2, §5.2).
func TestForgedSegments(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at := establish(t, k, host)
	alive := func(what string) {
		t.Helper()
		_, out := k.sendOut(nat64.TCP, host, server, pkttest.ACK)
		_, in := k.sendIn(nat64.TCP, server, at, pkttest.ACK)
		if out != translate.Translated || in != translate.Translated {
			t.Fatalf("%s: %v, %v", what, out, in)
		}
	}
	for _, flags := range []uint8{pkttest.RST, pkttest.RST | pkttest.ACK, pkttest.FIN | pkttest.ACK, pkttest.SYN, pkttest.SYN | pkttest.FIN | pkttest.RST} {
		for port := range effort(65536) {
			k.sendIn(nat64.TCP, server, v4(pool4, uint16(port)), flags)
			if port%1024 == 0 {
				k.now += time.Second
				k.table.Sweep(k.now, &counter{})
				alive("behind forged segments")
			}
		}
		for range effort(65536) {
			k.sendIn(nat64.TCP, server, at, flags)
		}
		k.now += 3 * time.Minute // less than TCP_TRANS
		k.table.SweepAll(k.now, &counter{})
		alive("three minutes behind them")
		k.now += 119 * time.Minute
		k.table.SweepAll(k.now, &counter{})
		alive("two hours behind them")
	}
	check(t, k.table)
}

// TestForgedSourceOfThePool: what comes from IPv4 with a source of the pool makes no
// session, in which the host's answers would turn back to itself, again and again.
func TestForgedSourceOfThePool(t *testing.T) {
	w := newWorld(t, options(statics))
	for name, l := range map[string]pkttest.Layer{
		"UDP":        pkttest.UDP{Sport: 4000, Dport: 4000},
		"TCP":        pkttest.TCP{Sport: 4000, Dport: 4000, Flags: pkttest.SYN},
		"echo":       pkttest.Echo{ID: 4000},
		"no binding": pkttest.TCP{Sport: 4000, Dport: 4001, Flags: pkttest.SYN},
	} {
		w.send(in4(pool4, pool4, l))
		wantVerdict(t, name, w.last, translate.IllegalSource)
	}
	if st := w.table.Status(w.now); st.Sessions != 0 || st.SYNs.Used != 0 {
		t.Errorf("%+v", st)
	}
}

// TestForgedFIN: forged FINs of one side leave the connection for the time of one
// that is idle.
func TestForgedFIN(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at := establish(t, k, host)
	for range 65536 {
		k.sendIn(nat64.TCP, server, at, pkttest.FIN)
	}
	k.now = 2*time.Hour - time.Second
	k.table.SweepAll(k.now, &counter{})
	_, v := k.sendOut(nat64.TCP, host, server, pkttest.ACK)
	wantVerdict(t, "data", v, translate.Translated)
	check(t, k.table)
}

// TestForgedErrors: a flood of ICMP errors, with quotes that fit a session and with
// those that do not, ends and prolongs nothing.
func TestForgedErrors(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at := establish(t, k, host)
	p := capture(t, in4(router4, pool4, pkttest.ICMPError{Type: 3, Code: 1, Quote: in4(pool4, far4, pkttest.TCP{Sport: at.port, Dport: server.port})}))
	p.Now = 0
	delivered := 0
	n := effort(100_000)
	if os.Getenv("TAYGO_LONG") != "" {
		n = 1_000_000
	}
	b := p.QuotedTransport()
	for i := range n {
		b[2], b[3] = byte(i>>8), byte(i)
		p.Now = time.Duration(i) * time.Millisecond
		if v := k.table.MapError(p); v == translate.Translated {
			if delivered++; uint16(i) != server.port {
				t.Fatalf("an error about port %d was delivered", uint16(i))
			}
		}
	}
	if want := (n-1-int(server.port))/65536 + 1; delivered != want {
		t.Errorf("%d delivered, want %d", delivered, want)
	}
	if s, left := k.table.Peek(6, at.netip(), server.netip(), 0); s != nat64.Established || left != 2*time.Hour {
		t.Errorf("%v, %v left", s, left)
	}
	check(t, k.table)
}

// TestFloodOfSYNsFromIPv4: strangers fill the store of SYNs, and nothing else; hosts
// open their connections as before.
func TestFloodOfSYNsFromIPv4(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Limits.SYNs = 100 })))
	kept, passed := 0, 0
	for i := range 100_000 {
		from := v4(near4, uint16(i))
		from.addr.Lo += uint64(i % 97)
		switch _, v := k.sendIn(nat64.TCP, from, v4(pool4, uint16(1+i%65535)), pkttest.SYN); v {
		case translate.SYNStored:
			kept++
		case translate.Translated: // to a binding, which is open to all
			passed++
		case translate.SYNStoreFull:
		default:
			t.Fatal(v)
		}
		if i%1000 == 0 {
			establish(t, k, neighbour(host, i))
		}
	}
	if st := k.table.Status(k.now); kept != 100 || st.SYNs.Used != 100 || st.Sessions != 100+passed {
		t.Errorf("%d kept, %d passed, %+v", kept, passed, st)
	}
	out := &counter{}
	k.now = 6 * time.Second
	k.table.SweepAll(k.now, out)
	if out.refused != 100 || k.table.Kept() != 0 {
		t.Errorf("%d refused, %d kept", out.refused, k.table.Kept())
	}
	check(t, k.table)
}

// TestStoreOfSYNsIsBoundedInOctets: SYNs with data take no more room than there is,
// and what leaves the middle of it is used again.
func TestStoreOfSYNsIsBoundedInOctets(t *testing.T) {
	w := newWorld(t, options(onePort, func(o *nat64.Options) { o.Limits.SYNs, o.Limits.SYNOctets = 1000, 4000 }))
	syn := func(port uint16, n int) []byte {
		return in4(far4, pool4, pkttest.TCP{Sport: port, Dport: 4000, Flags: pkttest.SYN, Data: pkttest.Pattern(byte(port), n)})
	}
	rng := uint32(7)
	answered := 0
	for step := range 3000 {
		rng = rng*1664525 + 1013904223
		w.at(w.now + time.Duration(rng>>24)*time.Second/64)
		for _, p := range w.sent {
			answered++
			port := uint16(p[48])<<8 | uint16(p[49])
			if got, want := p[28:], syn(port, len(p)-28-40); string(got) != string(want) {
				t.Fatalf("step %d: answers\n%x, want\n%x", step, got, want)
			}
		}
		w.send(syn(uint16(step), int(rng>>8)%500))
		if w.table.Kept() > 100 {
			t.Fatalf("%d kept", w.table.Kept())
		}
	}
	if answered < 1000 {
		t.Errorf("%d answered", answered)
	}
}

// TestRingOfSYNs: packets that go over the end of the ring overwrite none that is
// kept: what comes out is what went in, for every size that there can be.
func TestRingOfSYNs(t *testing.T) {
	for _, n := range []int{0, 1, 59, 60, 61, 200, 459, 460, 461} {
		w := newWorld(t, options(onePort, func(o *nat64.Options) { o.Limits.SYNs, o.Limits.SYNOctets = 10, 500 }))
		syn := func(port uint16, n int) []byte {
			return in4(far4, pool4, pkttest.TCP{Sport: port, Dport: 4000, Flags: pkttest.SYN, Data: pkttest.Pattern(byte(port), n)})
		}
		var kept [][]byte
		for port := range uint16(200) {
			w.at(w.now + time.Second)
			for _, p := range w.sent {
				if string(p[28:]) != string(kept[0]) {
					t.Fatalf("%d octets, port %d: answers\n%x, want\n%x", n, port, p[28:], kept[0])
				}
				kept = kept[1:]
			}
			pkt := syn(port, int(port)*7919%(n+1))
			if w.send(pkt); w.last == translate.SYNStored {
				kept = append(kept, pkt)
			}
			if w.table.Kept() != len(kept) {
				t.Fatalf("%d octets, port %d: %d kept, want %d", n, port, w.table.Kept(), len(kept))
			}
		}
	}
}

// TestClockOfAnotherWorker: packets whose time lies a little behind that of others
// end nothing, and make nothing immortal.
func TestClockOfAnotherWorker(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Limits.SourceRate, o.Limits.SourceBurst = 100, 100 })))
	at := establish(t, k, host)
	for i := range effort(10000) {
		k.now = time.Minute + time.Duration(i)*time.Second - time.Duration(i%7)*100*time.Millisecond
		if _, v := k.sendIn(nat64.TCP, server, at, pkttest.ACK); v != translate.Translated {
			t.Fatalf("packet %d: %v", i, v)
		}
		k.sendOut(nat64.UDP, neighbour(host, 1+i), server, 0)
		k.table.Sweep(k.now, &counter{})
	}
	check(t, k.table)
	k.table.SweepAll(k.now+3*time.Hour, &counter{})
	k.table.SweepAll(k.now+6*time.Hour, &counter{})
	if st := k.table.Status(k.now + 6*time.Hour); st.Sessions != 0 {
		t.Errorf("%d sessions", st.Sessions)
	}
	check(t, k.table)
}

// TestNothingLeaks: sessions that come and go leave nothing behind.
func TestNothingLeaks(t *testing.T) {
	n := effort(300)
	if os.Getenv("TAYGO_LONG") != "" {
		n = 30_000
	}
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Limits.SourceBits = 128 })))
	octets := uint64(0)
	for round := range n {
		for i := range 1000 {
			h := v6(host6, uint16(i))
			h.addr.Lo += uint64(round*1000 + i)
			if _, v := k.sendOut(i%3, h, pinger(server), begin); v != translate.Translated {
				t.Fatalf("round %d: %v", round, v)
			}
		}
		k.now += 500 * time.Second
		k.table.SweepAll(k.now, &counter{})
		st := k.table.Status(k.now)
		if round == n/3 {
			octets = st.Octets
		}
		if st.Sessions != 0 || st.Bindings != [3]int{} || st.Sources != 0 || round > n/3 && st.Octets > octets+octets/4 {
			t.Fatalf("round %d: %+v, %d octets at a third", round, st, octets)
		}
	}
	check(t, k.table)
}
