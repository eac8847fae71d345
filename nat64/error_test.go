package nat64_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

const (
	router4 = "198.51.100.1"
	router6 = "2001:db8:9::1"
)

// A conversation is a session, and its packets on both sides.
type conversation struct {
	name     string
	out, in  pkttest.Layer // from the host, and to it, on the IPv6 side
	out4     pkttest.Layer // out, on the IPv4 side
	in4      pkttest.Layer
	elsewise pkttest.Layer // as out4, of no session
}

// conversations are one of each protocol in a pool whose ports are 4000 and
// identifier is 4000.
var conversations = []conversation{
	{
		"UDP",
		pkttest.UDP{Sport: 5000, Dport: 53, Data: pkttest.Pattern(1, 30)},
		pkttest.UDP{Sport: 53, Dport: 5000, Data: pkttest.Pattern(1, 30)},
		pkttest.UDP{Sport: 4000, Dport: 53, Data: pkttest.Pattern(1, 30)},
		pkttest.UDP{Sport: 53, Dport: 4000, Data: pkttest.Pattern(1, 30)},
		pkttest.UDP{Sport: 4000, Dport: 54},
	},
	{
		"TCP",
		pkttest.TCP{Sport: 5000, Dport: 80, Flags: pkttest.SYN},
		pkttest.TCP{Sport: 80, Dport: 5000, Flags: pkttest.ACK},
		pkttest.TCP{Sport: 4000, Dport: 80, Flags: pkttest.SYN},
		pkttest.TCP{Sport: 80, Dport: 4000, Flags: pkttest.ACK},
		pkttest.TCP{Sport: 4000, Dport: 81},
	},
	{
		"echo",
		pkttest.Echo{ID: 5000, Seq: 1},
		pkttest.Echo{ID: 5000, Seq: 1, Reply: true},
		pkttest.Echo{ID: 4000, Seq: 1},
		pkttest.Echo{ID: 4000, Seq: 1, Reply: true},
		pkttest.Echo{ID: 4001, Seq: 1},
	},
}

// TestErrorsFromIPv4: an error about a session reaches the host, from the router
// that sent it, with the packet that the host knows (RFC 6146 §3.6, RFC 5508
// REQ-4). One about no session is dropped.
func TestErrorsFromIPv4(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, options(onePort))
			w.send(out6(host6, far46, c.out))
			quote := in4(pool4, far4, c.out4)
			w.send(in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: quote}))
			want := pkttest.IPv6{Src: "2001:db8:64::198.51.100.1", Dst: host6, HopLimit: 63}.Packet(
				pkttest.ICMPError{Type: 3, Quote: pkttest.IPv6{Src: host6, Dst: far46, HopLimit: 64}.Packet(c.out)})
			w.wantSent(want)
			for name, bad := range map[string][]byte{
				"another session":     in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: in4(pool4, far4, c.elsewise)}),
				"another server":      in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: in4(pool4, near4, c.out4)}),
				"not of the receiver": in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: in4("192.0.2.9", far4, c.out4)}),
				"no ports":            in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: quote[:22]}),
				"a later fragment":    in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: pkttest.IPv4{Src: pool4, Dst: far4, Offset: 800}.Packet(pkttest.Proto{Number: 17, Data: quote[20:]})}),
			} {
				w.send(bad)
				if w.last == translate.Translated || len(w.sent) != 0 {
					t.Errorf("%s: %v", name, w.last)
				}
			}
		})
	}
}

// wantSent fails the test if the last step has not sent exactly the packet.
func (w *world) wantSent(want []byte) {
	w.t.Helper()
	if len(w.sent) != 1 || !bytes.Equal(withoutID(w.sent[0]), withoutID(want)) {
		got := ""
		for _, p := range w.sent {
			got += pkttest.Dump(p)
		}
		w.t.Errorf("%v: sent\n%swant\n%s", w.last, got, pkttest.Dump(want))
	}
}

// withoutID returns a copy of a packet without the Identification and the header
// checksum, if it is IPv4.
func withoutID(pkt []byte) []byte {
	pkt = bytes.Clone(pkt)
	if len(pkt) >= 20 && pkt[0]>>4 == 4 {
		clear(pkt[4:6])
		clear(pkt[10:12])
	}
	return pkt
}

// TestErrorsFromIPv6: an error about a session reaches the server from the host's
// pool address, whoever sent it (RFC 5508 REQ-5).
func TestErrorsFromIPv6(t *testing.T) {
	for _, c := range conversations {
		for _, from := range []string{host6, router6} {
			t.Run(c.name+" "+from, func(t *testing.T) {
				w := newWorld(t, options(onePort))
				w.send(out6(host6, far46, c.out))
				quote := out6(far46, host6, c.in)
				w.send(out6(from, far46, pkttest.ICMPError{Type: 1, Code: 4, Quote: quote}))
				want := pkttest.IPv4{Src: pool4, Dst: far4, TTL: 63}.Packet(
					pkttest.ICMPError{Type: 3, Code: 3, Quote: pkttest.IPv4{Src: far4, Dst: pool4, TTL: 64}.Packet(c.in4)})
				w.wantSent(want)
				for name, bad := range map[string][]byte{
					"another host":        out6(from, far46, pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(far46, other6, c.in)}),
					"another server":      out6(from, near46, pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(near46, host6, c.in)}),
					"not of the receiver": out6(from, near46, pkttest.ICMPError{Type: 1, Code: 4, Quote: quote}),
					"not of the prefix":   out6(from, far46, pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(router6, host6, c.in)}),
					"inside the prefix":   out6(near46, far46, pkttest.ICMPError{Type: 1, Code: 4, Quote: quote}),
				} {
					w.send(bad)
					if w.last == translate.Translated || len(w.sent) != 0 {
						t.Errorf("%s: %v", name, w.last)
					}
				}
			})
		}
	}
}

// TestErrorMustFitItsQuote: an error reaches nobody if it was not sent to the one
// whose packet it quotes, though both have sessions.
func TestErrorMustFitItsQuote(t *testing.T) {
	w := newWorld(t, options(func(o *nat64.Options) {
		o.Pools[0] = allOf("192.0.2.0/31")
		for i, v4 := range []string{"192.0.2.0:4000", "192.0.2.1:4000"} {
			o.Static = append(o.Static, static(17, fmt.Sprintf("[2001:db8:%d::10]:5000", i+1), v4, 1))
		}
	}))
	udp := pkttest.UDP{Sport: 5000, Dport: 53}
	for _, h := range []string{host6, other6} {
		for _, to := range []string{far46, near46} {
			w.send(out6(h, to, udp))
			wantVerdict(t, h+" to "+to, w.last, translate.Translated)
		}
	}
	quote4 := in4("192.0.2.0", far4, pkttest.UDP{Sport: 4000, Dport: 53})
	quote6 := out6(far46, host6, pkttest.UDP{Sport: 53, Dport: 5000})
	for name, tt := range map[string]struct {
		pkt  []byte
		want translate.Verdict
	}{
		"to the sender, from IPv4":       {in4(router4, "192.0.2.0", pkttest.ICMPError{Type: 11, Quote: quote4}), translate.Translated},
		"to another, from IPv4":          {in4(router4, "192.0.2.1", pkttest.ICMPError{Type: 11, Quote: quote4}), translate.QuoteUnmapped},
		"to the sender, from IPv6":       {out6(host6, far46, pkttest.ICMPError{Type: 3, Quote: quote6}), translate.Translated},
		"to another server, from IPv6":   {out6(host6, near46, pkttest.ICMPError{Type: 3, Quote: quote6}), translate.QuoteUnmapped},
		"of a source outside, from IPv6": {out6(host6, far46, pkttest.ICMPError{Type: 3, Quote: out6(router6, host6, pkttest.UDP{Sport: 53, Dport: 5000})}), translate.QuoteUnmapped},
	} {
		w.send(tt.pkt)
		wantVerdict(t, name, w.last, tt.want)
	}
}

// TestErrorAboutStaticBinding: an error about a packet of a static binding passes
// without a session, which it does not make, unless the filter lets nobody in.
func TestErrorAboutStaticBinding(t *testing.T) {
	for _, c := range conversations {
		for _, filtered := range []bool{false, true} {
			w := newWorld(t, options(statics, func(o *nat64.Options) {
				for i := range o.Static {
					o.Static[i].V6 = netip.MustParseAddrPort("[" + host6 + "]:5000")
				}
				o.AddressDependent = filtered
			}))
			for want, pkt := range map[string][]byte{
				string(withoutID(pkttest.IPv6{Src: "2001:db8:64::198.51.100.1", Dst: host6, HopLimit: 63}.Packet(
					pkttest.ICMPError{Type: 3, Quote: pkttest.IPv6{Src: host6, Dst: far46, HopLimit: 64}.Packet(c.out)}))): in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: in4(pool4, far4, c.out4)}),
				string(withoutID(pkttest.IPv4{Src: pool4, Dst: far4, TTL: 63}.Packet(
					pkttest.ICMPError{Type: 3, Code: 3, Quote: pkttest.IPv4{Src: far4, Dst: pool4, TTL: 64}.Packet(c.in4)}))): out6(host6, far46, pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(far46, host6, c.in)}),
			} {
				w.send(pkt)
				if filtered {
					wantVerdict(t, c.name+" with a filter", w.last, translate.QuoteUnmapped)
				} else {
					w.wantSent([]byte(want))
				}
			}
			if n := w.table.Status(w.now).Sessions; n != 0 {
				t.Errorf("%s: %d sessions", c.name, n)
			}
		}
	}
}

// TestErrorsChangeNothing: no ICMP message ends, makes or prolongs anything (RFC 6146
// §3.5, RFC 4787 REQ-12, RFC 5508 REQ-6), not even thousands that fit.
func TestErrorsChangeNothing(t *testing.T) {
	for _, c := range conversations {
		w := newWorld(t, options(onePort))
		w.send(out6(host6, far46, c.out))
		w.now = 30 * time.Second
		before := fmt.Sprint(bindingsOf(w.table, w.now))
		errors4 := [][]byte{}
		for kind := range uint8(20) {
			for code := range uint8(4) {
				errors4 = append(errors4,
					in4(router4, pool4, pkttest.ICMPError{Type: kind, Code: code, MTU: 68, Quote: in4(pool4, far4, c.out4)}),
					in4(router4, pool4, pkttest.ICMPError{Type: kind, Code: code, Quote: in4(pool4, far4, c.elsewise)}),
					out6(router6, far46, pkttest.ICMPError{Type: kind, Code: code, MTU: 1280, Quote: out6(far46, host6, c.in)}))
			}
		}
		for range 40 {
			for _, pkt := range errors4 {
				w.send(pkt)
			}
		}
		if behind := fmt.Sprint(bindingsOf(w.table, w.now)); behind != before {
			t.Errorf("%s: %s, was %s", c.name, behind, before)
		}
		check(t, w.table)
	}
}

// TestErrorOfRouterThatMayNotBeEmbedded: it comes from the translator rather than
// being lost (RFC 6052 §3.1).
func TestErrorOfRouterThatMayNotBeEmbedded(t *testing.T) {
	w := newWorld(t, options(onePort, func(o *nat64.Options) {
		o.Own6 = addr("2001:db8:1::1")
		o.Source = func(v4 uint32) translate.Verdict {
			if v4 == addr(router4).V4() {
				return translate.SourceNotGlobal
			}
			return translate.Translated
		}
	}))
	w.send(out6(host6, far46, conversations[0].out))
	w.send(in4(router4, pool4, pkttest.ICMPError{Type: 11, Quote: in4(pool4, far4, conversations[0].out4)}))
	if len(w.sent) != 1 || !bytes.Equal(w.sent[0][8:24], out6("2001:db8:1::1", host6)[8:24]) {
		t.Errorf("%v: %x", w.last, w.sent)
	}
}
