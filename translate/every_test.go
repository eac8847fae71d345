package translate_test

import (
	"bytes"
	"slices"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

// TestEveryProtocolFromIPv4: all protocol numbers that IPv6 does not use for its
// own headers cross, in whole packets and in fragments, with their octets as they
// are (RFC 7915 §4.1, §4.5). TCP, UDP and ICMP have tests of their own.
func TestEveryProtocolFromIPv4(t *testing.T) {
	s := newSubject(t, config())
	dropped := []uint8{0, 2, 43, 44, 58, 60}
	for n := range 256 {
		number := uint8(n)
		if slices.Contains([]uint8{1, 6, 17}, number) {
			continue
		}
		p := pkttest.Proto{Number: number, Data: pkttest.Pattern(number, 24)}
		for rule, tt := range map[string]struct {
			head     pkttest.IPv4
			fragment []pkttest.Layer
		}{
			"whole":          {ip4, nil},
			"first fragment": {pkttest.IPv4{Src: far4, Dst: mapped4, MF: true, ID: 7}, []pkttest.Layer{pkttest.Fragment{More: true, ID: 7, Next: next(number)}}},
			"later fragment": {pkttest.IPv4{Src: far4, Dst: mapped4, Offset: 800, ID: 7}, []pkttest.Layer{pkttest.Fragment{Offset: 800, ID: 7, Next: next(number)}}},
		} {
			v, got := s.send(tt.head.Packet(p))
			if slices.Contains(dropped, number) {
				if v != translate.ProtocolUntranslatable || got != nil {
					t.Errorf("protocol %d, %s: %v, %d packets", number, rule, v, len(got))
				}
				continue
			}
			out := pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 63}.Packet(append(tt.fragment, p)...)
			if len(got) != 1 || !bytes.Equal(got[0], out) {
				t.Errorf("protocol %d, %s: %v %x, want %x", number, rule, v, got, out)
			}
		}
	}
}

// next is a next header value as a builder's field.
func next(number uint8) pkttest.Field {
	if number == 0 {
		return pkttest.Zero
	}
	return pkttest.Field(number)
}

// TestEveryNextHeaderFromIPv6: hop-by-hop options, routing and destination options
// are skipped before a Fragment Header and fatal behind it, as is AH; the rest
// crosses with its octets (RFC 7915 §5.1, §5.1.1).
func TestEveryNextHeaderFromIPv6(t *testing.T) {
	s := newSubject(t, config())
	skipped := []uint8{0, 43, 60}
	fatal := []uint8{0, 43, 44, 51, 60, 135, 139, 140}
	data := append([]byte{59, 0, 0, 0, 0, 0, 0, 0}, pkttest.Pattern(1, 24)...) // an extension header that ends the chain
	for n := range 256 {
		number := uint8(n)
		if slices.Contains([]uint8{6, 17, 44, 58}, number) {
			continue
		}
		p := pkttest.Proto{Number: number, Data: data}
		out := pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 63, Proto: next(number)}
		want, wantData := translate.Translated, p
		switch {
		case number == 1 || number == 2:
			want = translate.ProtocolUntranslatable
		case slices.Contains(skipped, number):
			out.Proto, wantData.Data = 59, data[8:]
		}
		wantNext(t, s, ruleTest{in: ip6.Packet(p), want: want, out: packets(out.Packet(wantData))})

		out = pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 63, Proto: next(number), ID: 0x5678}
		if slices.Contains(fatal, number) {
			want = translate.ExtensionAfterFragment
		}
		wantNext(t, s, ruleTest{in: ip6.Packet(pkttest.Fragment{ID: 0x12345678, Next: next(number)}, p), want: want, out: packets(out.Packet(p))})
		out.Offset = 800
		wantNext(t, s, ruleTest{in: ip6.Packet(pkttest.Fragment{ID: 0x12345678, Offset: 800, Next: next(number)}, p), want: want, out: packets(out.Packet(p))})
		out.Offset, out.MF = 0, true
		wantNext(t, s, ruleTest{in: ip6.Packet(pkttest.Fragment{ID: 0x12345678, More: true, Next: next(number)}, p), want: want, out: packets(out.Packet(p))})
	}
}

// wantNext sends a packet, of which something comes out if it is translated.
func wantNext(t *testing.T, s *subject, tt ruleTest) {
	t.Helper()
	v, got := s.send(tt.in)
	switch {
	case v != tt.want:
		t.Errorf("next header %d: %v, want %v", tt.in[6], v, tt.want)
	case v != translate.Translated && got != nil:
		t.Errorf("next header %d: %d packets", tt.in[6], len(got))
	case v == translate.Translated:
		wantPackets(t, got, tt.out)
	}
}

// TestEveryHopLimit: one hop is taken, and a packet without a hop left goes
// nowhere (RFC 7915 §4.1, §5.1).
func TestEveryHopLimit(t *testing.T) {
	s := newSubject(t, config())
	for n := range 256 {
		limit := next(uint8(n))
		h4, h6 := pkttest.IPv4{Src: far4, Dst: mapped4, TTL: limit}, pkttest.IPv6{Src: mapped6, Dst: far6, HopLimit: limit}
		less := pkttest.Field(n - 1)
		for _, layer := range []pkttest.Layer{udp, ping} {
			v4, got4 := s.send(h4.Packet(layer))
			if n <= 1 {
				if v4 != translate.HopLimit {
					t.Errorf("TTL %d: %v", n, v4)
				}
			} else {
				wantPackets(t, got4, packets(pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: less}.Packet(layer)))
			}
			v6, got6 := s.send(h6.Packet(layer))
			if n <= 1 {
				if v6 != translate.HopLimit {
					t.Errorf("hop limit %d: %v", n, v6)
				}
			} else {
				wantPackets(t, got6, packets(pkttest.IPv4{Src: mapped4, Dst: far4, TTL: less}.Packet(layer)))
			}
		}
	}
}

// TestEveryTrafficClass: all eight bits are copied, ECN with them, or a constant
// stands in, zero among them (RFC 7915 §4.1, §5.1).
func TestEveryTrafficClass(t *testing.T) {
	for _, fixed := range []int{-1, 0, 1, 0xb8, 0xff} {
		s := newSubject(t, config(func(c *oracle.Config) { c.TrafficClass, c.TOS = fixed, fixed }))
		for class := range 256 {
			want := uint8(class)
			if fixed >= 0 {
				want = uint8(fixed)
			}
			_, got := s.send(pkttest.IPv4{Src: far4, Dst: mapped4, TOS: uint8(class)}.Packet(udp))
			wantPackets(t, got, packets(pkttest.IPv6{Src: far6, Dst: mapped6, TrafficClass: want, HopLimit: 63}.Packet(udp)))
			_, got = s.send(pkttest.IPv6{Src: mapped6, Dst: far6, TrafficClass: uint8(class), FlowLabel: 0xabcde}.Packet(udp))
			wantPackets(t, got, packets(pkttest.IPv4{Src: mapped4, Dst: far4, TOS: want, TTL: 63}.Packet(udp)))
		}
	}
}

// TestQuotedHopLimitStays: the packet inside an ICMP error keeps its TTL or hop
// limit, even a spent one; its class is copied (RFC 7915 §4.3, §5.3).
func TestQuotedHopLimitStays(t *testing.T) {
	s := newSubject(t, config())
	for n := range 256 {
		q4 := pkttest.IPv4{Src: mapped4, Dst: far4, TTL: next(uint8(n)), TOS: uint8(n)}.Packet(udp)
		q6 := pkttest.IPv6{Src: mapped6, Dst: far6, HopLimit: next(uint8(n)), TrafficClass: uint8(n)}.Packet(udp)
		_, got := s.send(ip4.Packet(pkttest.ICMPError{Type: 11, Quote: q4}))
		wantPackets(t, got, packets(pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 63}.Packet(pkttest.ICMPError{Type: 3, Quote: q6})))

		q4 = pkttest.IPv4{Src: far4, Dst: mapped4, TTL: next(uint8(n)), TOS: uint8(n)}.Packet(udp)
		q6 = pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: next(uint8(n)), TrafficClass: uint8(n)}.Packet(udp)
		_, got = s.send(ip6.Packet(pkttest.ICMPError{Type: 3, Quote: q6}))
		wantPackets(t, got, packets(pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 63}.Packet(pkttest.ICMPError{Type: 11, Quote: q4})))
	}
}
