package nat64_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// TestQueries: lists have what is asked for, and no more than the limit.
func TestQueries(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	populate(k, 300)
	everything := sessionsOf(k.table, k.now)
	one := everything[len(everything)/2]
	tests := map[string]struct {
		q  nat64.Query
		is func(s nat64.Session) bool
	}{
		"all":       {nat64.Query{}, func(nat64.Session) bool { return true }},
		"protocol":  {nat64.Query{Proto: wire.ProtoUDP}, func(s nat64.Session) bool { return s.Proto == wire.ProtoUDP }},
		"client":    {nat64.Query{Client: netip.PrefixFrom(one.V6.Addr(), 128)}, func(s nat64.Session) bool { return s.V6.Addr() == one.V6.Addr() }},
		"no client": {nat64.Query{Client: netip.MustParsePrefix("2001:db8:77::/48")}, func(nat64.Session) bool { return false }},
		"address":   {nat64.Query{V4: netip.MustParseAddr(pool4)}, func(nat64.Session) bool { return true }},
		"port":      {nat64.Query{Port: one.V4.Port()}, func(s nat64.Session) bool { return s.V4.Port() == one.V4.Port() }},
		"peer":      {nat64.Query{Peer: netip.MustParsePrefix(near4 + "/32")}, func(s nat64.Session) bool { return s.Peer.Addr() == netip.MustParseAddr(near4) }},
	}
	for name, tt := range tests {
		want := 0
		bound := map[string]bool{}
		for _, s := range everything {
			if tt.is(s) {
				want++
				bound[fmt.Sprint(s.Proto, s.V4)] = true
			}
		}
		got, bindings := 0, 0
		k.table.Sessions(tt.q, k.now, func(s nat64.Session) bool {
			if got++; !tt.is(s) {
				t.Errorf("%s: %+v", name, s)
			}
			return true
		})
		k.table.Bindings(tt.q, k.now, func(e nat64.Entry) bool {
			bindings++
			return true
		})
		if got != want || bindings != len(bound) {
			t.Errorf("%s: %d sessions, want %d; %d bindings, want %d", name, got, want, bindings, len(bound))
		}
	}
	for _, limit := range []int{1, 5, 17} {
		n, m := 0, 0
		k.table.Sessions(nat64.Query{Limit: limit}, k.now, func(nat64.Session) bool { n++; return true })
		k.table.Bindings(nat64.Query{Limit: limit}, k.now, func(nat64.Entry) bool { m++; return true })
		if n != limit || m != limit {
			t.Errorf("limit %d: %d sessions, %d bindings", limit, n, m)
		}
	}
	n := 0
	k.table.Sessions(nat64.Query{}, k.now, func(nat64.Session) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("stopped at 3, listed %d", n)
	}
}

// TestBigBindingIsOneEntry: one with thousands of sessions is listed once, with all
// of them.
func TestBigBindingIsOneEntry(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	for i := range 5000 {
		k.sendOut(nat64.UDP, host, v4(far4, uint16(i)), 0)
	}
	all := bindingsOf(k.table, k.now)
	if len(all) != 1 || len(all[0].Sessions) != 5000 {
		t.Errorf("%d entries", len(all))
	}
	slices.SortFunc(all[0].Sessions, func(a, b nat64.SessionEntry) int { return a.Peer.Compare(b.Peer) })
	if n := len(slices.Compact(all[0].Sessions)); n != 5000 {
		t.Errorf("%d different sessions", n)
	}
}

// TestKeptSYNIsListed: as a session that waits, with the host it could be for.
func TestKeptSYNIsListed(t *testing.T) {
	for _, bound := range []bool{false, true} {
		k := newKit(t, newTable(t, options(onePort, func(o *nat64.Options) {
			if o.AddressDependent = true; bound {
				statics(o)
			}
		})))
		k.now = time.Second
		k.sendIn(nat64.TCP, stranger, v4(pool4, 4000), pkttest.SYN)
		k.now = 3 * time.Second
		all := sessionsOf(k.table, k.now)
		if len(all) != 1 || !all[0].Stored || all[0].State != nat64.V4Init || all[0].Left != 4*time.Second || all[0].V6.IsValid() != bound {
			t.Errorf("bound %v: %+v", bound, all)
		}
		if st := k.table.Status(k.now); st.SYNs != (nat64.Fill{Used: 1, Of: 4096}) || st.States[nat64.TCP][nat64.V4Init] != 1 {
			t.Errorf("%+v", st)
		}
	}
}

// TestStatus: it counts what is there.
func TestStatus(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) {
		o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.0/30"), First: 1001, Last: 2000, UDP: true, TCP: true}}
		o.Limits.Sessions = 12345
	})))
	for i := range 20 {
		s := host
		s.addr.Hi += uint64(i)
		for n := range i {
			s.port = uint16(n)
			at, _ := k.sendOut(nat64.UDP, s, server, 0)
			if n%2 == 0 {
				k.sendIn(nat64.UDP, server, at, 0)
			}
		}
	}
	k.sendOut(nat64.TCP, host, server, pkttest.SYN)
	st := k.table.Status(k.now)
	if st.Bindings != [3]int{nat64.TCP: 1, nat64.UDP: 190} || st.Sessions != 191 || st.Limit != 12345 || st.Sources != 20 {
		t.Errorf("%+v", st)
	}
	if st.States[nat64.UDP][nat64.FromV6] != 90 || st.States[nat64.UDP][nat64.BothWays] != 100 || st.States[nat64.TCP][nat64.V6Init] != 1 {
		t.Errorf("states %v", st.States)
	}
	if st.Ports != [3]nat64.Fill{nat64.TCP: {Used: 1, Of: 4000}, nat64.UDP: {Used: 190, Of: 4000}} {
		t.Errorf("ports %v", st.Ports)
	}
	if len(st.Top) != nat64.TopSources {
		t.Fatalf("top %v", st.Top)
	}
	for i, s := range st.Top {
		want := netip.PrefixFrom(side{wire.Addr{Hi: host.addr.Hi + uint64(19-i)}, 0}.addr.Netip(), 64)
		if s != (nat64.Source{Prefix: want, Bindings: 19 - i, Sessions: 19 - i}) {
			t.Errorf("top %d: %+v", i, s)
		}
	}
	k.now = 5 * time.Minute
	k.table.SweepAll(k.now, &counter{})
	if st = k.table.Status(k.now); st.Held[nat64.UDP] != 190 || st.Bindings != [3]int{} || st.Sources != 0 || st.Ports[nat64.UDP].Used != 190 {
		t.Errorf("behind all sessions: %+v", st)
	}
}

// TestExplain: an explanation is what the first packet of a flow then gets, and
// makes no state.
func TestExplain(t *testing.T) {
	for i, tt := range verdictTests {
		o := options()
		if tt.options != nil {
			tt.options(&o)
		}
		w := newWorld(t, o)
		for _, pkt := range tt.packets[:len(tt.packets)-1] {
			w.send(pkt)
		}
		p := capture(t, tt.packets[len(tt.packets)-1])
		if p.Error || p.Offset != 0 || tt.verdict == translate.NoSession || tt.verdict == translate.SessionsFull ||
			tt.verdict == translate.SYNStoreFull || tt.verdict == translate.ICMPType || tt.verdict == translate.Filtered && p.Proto == wire.ProtoTCP {
			continue // not of the first packet of a flow, or of how many there are
		}
		before := fmt.Sprint(exported(w.table, w.now))
		got, want := explain(w.table, p), tt.verdict
		if want == translate.Hairpinned {
			want = translate.Translated
		}
		if got.Verdict != want || got.Rule == "" {
			t.Errorf("%d: %v, want %v: %+v", i, got.Verdict, want, got)
		}
		if behind := fmt.Sprint(exported(w.table, w.now)); behind != before {
			t.Errorf("%d: %v made state", i, want)
		}
		check(t, w.table)
	}
}

// explain explains the flow of a packet.
func explain(table *nat64.Table, p *translate.Packet) nat64.Explanation {
	b := p.Transport()
	src, dst := uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
	if p.Proto == wire.ProtoICMP || p.Proto == wire.ProtoICMPv6 {
		src = uint16(b[4])<<8 | uint16(b[5])
		dst = src
	}
	if !p.V6 {
		return table.ExplainIn(p.Proto, netip.AddrPortFrom(p.Src.Netip(), src), netip.AddrPortFrom(p.Dst.Netip(), dst), p.Now)
	}
	if v4, ok := prefix.ExtractAddr(p.Dst.Netip()); ok {
		return table.ExplainOut(p.Proto, netip.AddrPortFrom(p.Src.Netip(), src), netip.AddrPortFrom(v4, dst), p.Now)
	}
	return nat64.Explanation{Verdict: translate.DestinationUnmapped, Rule: "not inside the prefix"}
}

// TestExplainInBlocks: a flow that needs a port gets one of the address of its
// blocks, before there is one and behind it.
func TestExplainInBlocks(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Block, o.BlocksPerSource = 64, 1 })))
	explained := func() nat64.Explanation {
		return k.table.ExplainOut(wire.ProtoUDP, host.netip(), server.netip(), k.now)
	}
	if e := explained(); e.Verdict != translate.Translated || e.V4 != netip.MustParseAddrPort(pool4+":0") || e.Block != "" {
		t.Errorf("before: %+v", e)
	}
	k.sendOut(nat64.UDP, neighbour(host, 1), server, 0)
	if e := explained(); e.Verdict != translate.Translated || e.V4 != netip.MustParseAddrPort(pool4+":0") || e.Block == "" {
		t.Errorf("with a block: %+v", e)
	}
	for i := range 1024 { // sources of their own use up the pool
		k.sendOut(nat64.UDP, v6(fmt.Sprintf("2001:db8:3:%x::1", i), 9), server, 0)
	}
	if e := k.table.ExplainOut(wire.ProtoUDP, netip.MustParseAddrPort("[2001:db8:4::1]:1"), server.netip(), k.now); e.Verdict != translate.PortsExhausted {
		t.Errorf("without a block left: %+v", e)
	}
}

// TestExplainSession: of a session that is there, an explanation has all.
func TestExplainSession(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at, _ := k.sendOut(nat64.TCP, host, server, pkttest.SYN)
	k.now = time.Minute
	host6, pool, peer := host.netip(), at.netip(), server.netip()
	out := k.table.ExplainOut(wire.ProtoTCP, host6, peer, k.now)
	in := k.table.ExplainIn(wire.ProtoTCP, peer, pool, k.now)
	for _, e := range []nat64.Explanation{out, in} {
		if e.Verdict != translate.Translated || e.V6 != host6 || e.V4 != pool || e.Peer != peer || e.State != nat64.V6Init || e.Left != 3*time.Minute {
			t.Errorf("%+v", e)
		}
	}
	k.now = 5 * time.Minute
	if e := k.table.ExplainOut(wire.ProtoTCP, host6, peer, k.now); e.State != nat64.Closed || e.V4.Addr() != pool.Addr() || e.V4.Port() != 0 {
		t.Errorf("when it is over: %+v", e)
	}
}

// TestExplainHeld: a binding that is held comes back to its host, until it has
// rested.
func TestExplainHeld(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at, _ := k.sendOut(nat64.UDP, host, server, 0)
	k.now = 5 * time.Minute
	k.table.SweepAll(k.now, &counter{})
	for now, held := range map[time.Duration]bool{7*time.Minute - 1: true, 7 * time.Minute: false} {
		e := k.table.ExplainOut(wire.ProtoUDP, host.netip(), netip.MustParseAddrPort(far4+":80"), now)
		if e.Held != held || (e.V4.Port() == at.port) != held || e.Verdict != translate.Translated {
			t.Errorf("at %v: %+v", now, e)
		}
	}
}
