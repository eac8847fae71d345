package nat64_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// Packets of the tests of verdicts.
var (
	udp6    = pkttest.UDP{Sport: 4000, Dport: 53, Data: pkttest.Pattern(1, 20)}
	udp4    = pkttest.UDP{Sport: 53, Dport: 4000, Data: pkttest.Pattern(1, 20)}
	syn6    = pkttest.TCP{Sport: 4000, Dport: 80, Flags: pkttest.SYN}
	syn4    = pkttest.TCP{Sport: 80, Dport: 4000, Flags: pkttest.SYN}
	ack6    = pkttest.TCP{Sport: 4000, Dport: 80, Flags: pkttest.ACK}
	ack4    = pkttest.TCP{Sport: 80, Dport: 4000, Flags: pkttest.ACK}
	echo    = pkttest.Echo{ID: 7, Seq: 1}
	another = pkttest.UDP{Sport: 4001, Dport: 53}
)

// A verdictTest is what packets lead to a verdict: that of the last one.
type verdictTest struct {
	verdict translate.Verdict
	options func(*nat64.Options)
	packets [][]byte
	kind    uint8 // type and code of the ICMP error that the sender of the last one gets; 0: none
	code    uint8
}

// onePort leaves one port of each protocol.
func onePort(o *nat64.Options) {
	o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), First: 4000, Last: 4000, TCP: true, UDP: true, ICMP: true}}
}

// statics gives the tests' host port 4000 of TCP and UDP.
func statics(o *nat64.Options) {
	for _, proto := range []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP} {
		o.Static = append(o.Static, nat64.Static{
			Proto: proto, V6: netip.MustParseAddrPort("[" + host6 + "]:4000"), V4: netip.MustParseAddrPort(pool4 + ":4000"),
		})
	}
}

// denies refuses one IPv4 host.
func denies(v translate.Verdict) nat64.AddressVerdict {
	return func(v4 uint32) translate.Verdict {
		if v4 == addr(far4).V4() {
			return v
		}
		return translate.Translated
	}
}

func packets(all ...[]byte) [][]byte { return all }

// fragment6 and fragment4 are one fragment of a datagram.
func fragment6(offset int, more bool, n int) []byte {
	return pkttest.IPv6{Src: host6, Dst: far46}.Packet(pkttest.Fragment{Offset: offset, More: more, ID: 9}, pkttest.Proto{Number: 17, Data: pkttest.Pattern(3, n)})
}

// holes are n fragments of one datagram, none of which touches another.
func holes(n int) [][]byte {
	var all [][]byte
	for i := range n {
		all = append(all, fragment6(16+16*i, true, 8))
	}
	return all
}

var verdictTests = []verdictTest{
	{translate.SourceInPrefix, nil, packets(out6("2001:db8:64::1", far46, udp6)), 0, 0},
	{translate.DestinationUnmapped, nil, packets(out6(host6, "2001:db8:99::1", udp6)), 1, 1},
	{translate.DestinationUnmapped, nil, packets(in4(far4, "192.0.2.77", udp4)), 3, 13},
	{translate.IllegalDestination, nil, packets(out6(host6, "2001:db8:64::127.0.0.1", udp6)), 0, 0},
	{translate.DestinationDenied, func(o *nat64.Options) { o.Destination = denies(translate.DestinationDenied) }, packets(out6(host6, far46, udp6)), 1, 1},
	{translate.SourceDenied, func(o *nat64.Options) { statics(o); o.Source = denies(translate.SourceDenied) }, packets(in4(far4, pool4, udp4)), 3, 13},
	{translate.StatelessOnly, nil, packets(out6(host6, far46, pkttest.Proto{Number: 47, Data: pkttest.Pattern(1, 20)})), 1, 4},
	{translate.StatelessOnly, nil, packets(in4(far4, pool4, pkttest.Proto{Number: 47, Data: pkttest.Pattern(1, 20)})), 3, 2},
	{translate.NoBinding, nil, packets(in4(far4, pool4, udp4)), 0, 0},
	{translate.NoBinding, nil, packets(in4(far4, pool4, echo)), 0, 0},
	{translate.NoSession, nil, packets(out6(host6, far46, ack6)), 0, 0},
	{translate.NoSession, nil, packets(in4(far4, pool4, ack4)), 0, 0},
	{translate.Filtered, func(o *nat64.Options) { statics(o); o.AddressDependent = true }, packets(in4(far4, pool4, udp4)), 3, 13},
	{translate.Filtered, func(o *nat64.Options) { statics(o); o.AddressDependent = true }, packets(in4(far4, pool4, ack4)), 3, 13},
	{translate.SYNStored, onePort, packets(in4(far4, pool4, syn4)), 0, 0},
	{translate.SYNStored, onePort, packets(in4(far4, pool4, syn4), in4(far4, pool4, syn4)), 0, 0},
	{translate.SYNStoreFull, func(o *nat64.Options) { onePort(o); o.Limits.SYNs = 1 }, packets(in4(far4, pool4, syn4), in4(near4, pool4, syn4)), 0, 0},
	{translate.SYNStoreFull, func(o *nat64.Options) { onePort(o); o.Limits.SYNs = 0 }, packets(in4(far4, pool4, syn4)), 0, 0},
	{translate.SYNStoreFull, func(o *nat64.Options) { onePort(o); o.Limits.SYNOctets = 39 }, packets(in4(far4, pool4, syn4)), 0, 0},
	{translate.NoBinding, onePort, packets(in4(far4, pool4, pkttest.TCP{Sport: 80, Dport: 4001, Flags: pkttest.SYN})), 0, 0}, // not of the pool
	{translate.TCPIncoming, func(o *nat64.Options) { onePort(o); o.IncomingTCP = false }, packets(in4(far4, pool4, syn4)), 0, 0},
	{translate.TCPIncoming, func(o *nat64.Options) { statics(o); o.IncomingTCP = false }, packets(in4(far4, pool4, syn4)), 0, 0},
	{translate.NoSession, func(o *nat64.Options) { statics(o); o.IncomingTCP = false }, packets(in4(far4, pool4, ack4)), 0, 0},
	{translate.ICMPInformational, func(o *nat64.Options) { o.Informational = false }, packets(out6(host6, far46, echo)), 0, 0},
	{translate.ICMPType, nil, packets(out6(host6, far46, pkttest.ICMP{Type: 133})), 0, 0},
	{translate.ICMPType, nil, packets(in4(far4, pool4, pkttest.ICMP{Type: 13})), 0, 0},
	{translate.PortsExhausted, onePort, packets(out6(host6, far46, udp6), out6(other6, far46, udp6)), 1, 3},
	{translate.SourceLimit, func(o *nat64.Options) { o.Limits.SourceSessions = 1 }, packets(out6(host6, far46, udp6), out6(host6, near46, udp6)), 1, 3},
	{translate.SourceLimit, func(o *nat64.Options) { o.Limits.SourceBindings = 1 }, packets(out6(host6, far46, udp6), out6(host6, far46, syn6)), 1, 3},
	{translate.SourceLimit, func(o *nat64.Options) { o.Limits.SourcePorts = 1 }, packets(out6(host6, far46, udp6), out6(host6, far46, another)), 1, 3},
	{translate.SourceRate, func(o *nat64.Options) { o.Limits.SourceRate = 1 }, packets(out6(host6, far46, udp6), out6(host6, near46, udp6)), 1, 3},
	{translate.SessionsFull, func(o *nat64.Options) { statics(o); o.Limits.Sessions = 1 }, packets(
		in4(far4, pool4, syn4), out6(host6, far46, pkttest.TCP{Sport: 4000, Dport: 80, Flags: pkttest.SYN | pkttest.ACK}), out6(host6, far46, udp6)), 1, 3},
	{translate.Held, nil, packets(fragment6(1480, false, 100)), 0, 0},
	{translate.FragmentOverlap, nil, packets(fragment6(1480, true, 160), fragment6(1480, true, 80)), 0, 0},
	{translate.FragmentsFull, nil, holes(300), 0, 0},
	{translate.QuoteUnmapped, nil, packets(in4(far4, pool4, pkttest.ICMPError{Type: 3, Code: 1, Quote: in4(pool4, far4, udp6)})), 0, 0},
	{translate.Hairpinned, statics, packets(out6(other6, "2001:db8:64::192.0.2.1", pkttest.UDP{Sport: 1, Dport: 4000})), 0, 0},
}

// TestEachVerdictIsReached runs the packets of each test, and looks at the verdict
// on the last one and at what its sender is told.
func TestEachVerdictIsReached(t *testing.T) {
	reached := map[translate.Verdict]bool{}
	for _, tt := range verdictTests {
		o := options()
		if tt.options != nil {
			tt.options(&o)
		}
		w := newWorld(t, o)
		for _, pkt := range tt.packets {
			w.send(pkt)
		}
		reached[w.last] = true
		if w.last != tt.verdict {
			t.Errorf("%v, want %v", w.last, tt.verdict)
			continue
		}
		w.wantError(tt.kind, tt.code)
		if err := w.table.Check(); err != nil {
			t.Errorf("%v: %v", tt.verdict, err)
		}
	}
	reached[translate.SYNUnanswered] = true // by TestSYNUnanswered: no packet has it when it comes
	for v := translate.Held; v <= translate.FragmentsFull; v++ {
		ofState := v <= translate.SYNStored || v >= translate.SourceInPrefix
		if ofState && !reached[v] {
			t.Errorf("%v is reached by no test", v)
		}
	}
}

// wantError looks whether the last step has sent an ICMP error of the type and code,
// or nothing if the type is 0.
func (w *world) wantError(kind, code uint8) {
	w.t.Helper()
	if w.last.Sent() {
		return
	}
	if kind == 0 {
		if len(w.sent) != 0 {
			w.t.Errorf("%v: sent\n%s", w.last, pkttest.Dump(w.sent[0]))
		}
		return
	}
	if len(w.sent) != 1 {
		w.t.Errorf("%v: sent %d packets, want an ICMP error", w.last, len(w.sent))
		return
	}
	at := 20
	if w.sent[0][0]>>4 == 6 {
		at = 40
	}
	if got := w.sent[0][at : at+2]; got[0] != kind || got[1] != code {
		w.t.Errorf("%v: ICMP %d/%d, want %d/%d", w.last, got[0], got[1], kind, code)
	}
}

// TestSYNUnanswered: a kept SYN is answered exactly 6 seconds later, with what was
// received, unless its connection was opened (RFC 6146 §3.5.2.2, RFC 5382 REQ-4).
func TestSYNUnanswered(t *testing.T) {
	w := newWorld(t, options(onePort))
	syn := in4(far4, pool4, syn4)
	w.now = 3 * time.Second / 100
	w.send(syn)
	w.at(w.now + 6*time.Second - 1)
	if len(w.sent) != 0 {
		t.Errorf("sent before its time:\n%s", pkttest.Dump(w.sent[0]))
	}
	w.at(w.now + 1)
	w.last = translate.SYNUnanswered
	w.wantError(3, 3)
	if got := w.sent[0][28:]; string(got) != string(syn) {
		t.Errorf("quotes %x, want %x", got, syn)
	}
	w.at(w.now + time.Hour)
	if len(w.sent) != 0 || w.table.Kept() != 0 {
		t.Error("answered twice")
	}
}
