package translate_test

import (
	"slices"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

// spent4 and spent6 are packets whose TTL or hop limit is used up, from src.
func spent4(src string, layer pkttest.Layer) []byte {
	return pkttest.IPv4{Src: src, Dst: mapped4, TTL: 1}.Packet(layer)
}

func spent6(src string, layers ...pkttest.Layer) []byte {
	return pkttest.IPv6{Src: src, Dst: far6, HopLimit: 1}.Packet(layers...)
}

// TestErrorsAreOwed holds the answers to RFC 7915 §4.1, §4.4, §5.1 and §5.4.
func TestErrorsAreOwed(t *testing.T) {
	route4 := pkttest.IPv4{Src: far4, Dst: mapped4, Options: []byte{131, 7, 4, 192, 0, 2, 9, 0}}.Packet(udp)
	route6 := ip6.Packet(pkttest.HopByHop{}, pkttest.DestOptions{}, pkttest.Routing{SegmentsLeft: 2}, udp)
	last4 := pkttest.IPv4{Src: far4, Dst: mapped4, Options: []byte{131, 7, 7, 192, 0, 2, 9, 0}}.Packet(udp)
	twice6 := ip6.Packet(pkttest.Routing{}, pkttest.Routing{SegmentsLeft: 1}, pkttest.Routing{SegmentsLeft: 3}, udp)
	big4 := pkttest.IPv4{Src: far4, Dst: mapped4, DF: true}.Packet(pkttest.UDP{Data: make([]byte, 1460)})
	big6 := ip6.Packet(pkttest.UDP{Data: make([]byte, 1460)})
	bigPing := ip6.Packet(pkttest.Echo{Data: make([]byte, 1460)})
	from4 := pkttest.IPv4{Src: far4, Dst: "192.0.2.77"}.Packet(udp) // 192.0.2.77 maps by the prefix
	to6, from6 := pkttest.IPv6{Src: mapped6, Dst: lost6}, pkttest.IPv6{Src: lost6, Dst: far6}
	zero4, zero6 := spent4(far4, udp), spent6(mapped6, udp)
	zero4[8], zero4[10], zero6[7] = 0, zero4[10]+1, 0
	exceeded4, exceeded6 := pkttest.ICMPError{Type: 11}, pkttest.ICMPError{Type: 3}

	runRules(t, config(func(c *oracle.Config) { c.MTU4 = 1400 }), []ruleTest{
		{"TTL 1: 11/0", spent4(far4, udp), translate.HopLimit, packets(refusal(spent4(far4, udp), exceeded4))},
		{"TTL 0: 11/0", zero4, translate.HopLimit, packets(refusal(zero4, exceeded4))},
		{"TTL 1 of a ping: 11/0", spent4(far4, ping), translate.HopLimit, packets(refusal(spent4(far4, ping), exceeded4))},
		{"TTL 1 of a pong: 11/0", spent4(far4, pong), translate.HopLimit, packets(refusal(spent4(far4, pong), exceeded4))},
		{"hop limit 1: 3/0", spent6(mapped6, udp), translate.HopLimit, packets(refusal(spent6(mapped6, udp), exceeded6))},
		{"hop limit 0: 3/0", zero6, translate.HopLimit, packets(refusal(zero6, exceeded6))},
		{"hop limit 1 of a ping: 3/0", spent6(mapped6, ping), translate.HopLimit, packets(refusal(spent6(mapped6, ping), exceeded6))},
		{"hop limit 1 of a pong: 3/0", spent6(mapped6, pong), translate.HopLimit, packets(refusal(spent6(mapped6, pong), exceeded6))},
		{"source route: 3/5", route4, translate.SourceRoute, packets(refusal(route4, pkttest.ICMPError{Type: 3, Code: 5}))},
		{"Segments Left: 4/0 there", route6, translate.SourceRoute, packets(refusal(route6, pkttest.ICMPError{Type: 4, Pointer: 59}))},
		{"source route at its last hop: 3/5", last4, translate.SourceRoute, packets(refusal(last4, pkttest.ICMPError{Type: 3, Code: 5}))},
		{"two source routes: 4/0 at the first", twice6, translate.SourceRoute, packets(refusal(twice6, pkttest.ICMPError{Type: 4, Pointer: 51}))},
		{"too big for IPv6: 3/4", big4, translate.TooBig, packets(refusal(big4, pkttest.ICMPError{Type: 3, Code: 4, MTU: 1480}))},
		{"too big for IPv4: 2/0", big6, translate.TooBig, packets(refusal(big6, pkttest.ICMPError{Type: 2, MTU: 1420}))},
		{"too big for IPv4, a ping: 2/0", bigPing, translate.TooBig, packets(refusal(bigPing, pkttest.ICMPError{Type: 2, MTU: 1420}))},
		{"no mapping of the destination: 1/1", to6.Packet(udp), translate.DestinationUnmapped, packets(prohibited(to6.Packet(udp)))},
		{"no mapping of the source: 1/1", from6.Packet(tcp), translate.SourceUnmapped, packets(prohibited(from6.Packet(tcp)))},
		{"no mapping of a ping: not owed", to6.Packet(ping), translate.DestinationUnmapped, nil},
		{"no mapping of a pinger: not owed", from6.Packet(ping), translate.SourceUnmapped, nil},
		{"the prefix maps all of IPv4", from4, translate.Translated, packets(pkttest.IPv6{Src: far6, Dst: "2001:db8:64::192.0.2.77", HopLimit: 63}.Packet(udp))},
	})
	prefixless := testConfigs()["mapsonly"]
	ping4 := pkttest.IPv4{Src: far4, Dst: mapped4}.Packet(ping)
	to4 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(tcp)
	runRules(t, prefixless, []ruleTest{
		{"no mapping of the IPv4 source: 3/13", ip4.Packet(udp), translate.SourceUnmapped, packets(prohibited(ip4.Packet(udp)))},
		{"no mapping of the IPv4 destination: 3/13", to4, translate.DestinationUnmapped, packets(prohibited(to4))},
		{"no mapping of an IPv4 pinger: 3/13", ping4, translate.SourceUnmapped, packets(prohibited(ping4))},
	})
}

// TestErrorsAreNotOwed: nobody is told about an ICMP error, a redirect, a later
// fragment, or anything from no single host (RFC 1122 §3.2.2, RFC 4443 §2.4e).
func TestErrorsAreNotOwed(t *testing.T) {
	quote4, quote6 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp), pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	data := pkttest.Proto{Number: 17, Data: make([]byte, 16)}
	later4 := pkttest.IPv4{Src: far4, Dst: mapped4, TTL: 1, Offset: 64}.Packet(data)
	later6 := spent6(mapped6, pkttest.Fragment{Offset: 64}, data)
	ping6 := pkttest.Proto{Number: 58, Data: make([]byte, 16)}
	behind := pkttest.Proto{Number: 60, Data: []byte{58, 0, 1, 4, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0}}

	tests := []ruleTest{
		{"an ICMPv6 redirect", spent6(mapped6, pkttest.ICMP{Type: 137, Data: make([]byte, 32)}), translate.HopLimit, nil},
		{"a later fragment of IPv4", later4, translate.HopLimit, nil},
		{"a later fragment of IPv6 may be an error no more", later6, translate.HopLimit, packets(refusal(later6, pkttest.ICMPError{Type: 3}))},
		{"a later fragment of ICMPv6 may", spent6(mapped6, pkttest.Fragment{Offset: 64}, ping6), translate.HopLimit, nil},
		{"an extension header behind the Fragment Header may hide one", spent6(mapped6, pkttest.Fragment{More: true}, behind), translate.HopLimit, nil},
		{"a multicast destination", pkttest.IPv4{Src: far4, Dst: "224.0.0.5", TTL: 1}.Packet(udp), translate.IllegalDestination, nil},
		{"a broadcast destination", pkttest.IPv4{Src: far4, Dst: "255.255.255.255", TTL: 1}.Packet(udp), translate.IllegalDestination, nil},
		{"an IPv6 multicast destination", pkttest.IPv6{Src: mapped6, Dst: "ff0e::1", HopLimit: 1}.Packet(udp), translate.IllegalDestination, nil},
		{"a malformed packet", pkttest.IPv4{Src: far4, Dst: mapped4, TTL: 1, Sum: pkttest.Wrong}.Packet(udp), translate.HeaderChecksum, nil},
		{"a tiny fragment", pkttest.IPv4{Src: far4, Dst: mapped4, TTL: 1, MF: true}.Packet(pkttest.Proto{Number: 6, Data: make([]byte, 8)}), translate.TinyFragment, nil},
	}
	for _, kind := range []uint8{3, 4, 5, 11, 12} {
		tests = append(tests, ruleTest{"an ICMPv4 error", spent4(far4, pkttest.ICMPError{Type: kind, Quote: quote4}), translate.HopLimit, nil})
	}
	for _, kind := range []uint8{1, 2, 3, 4, 100, 127} {
		tests = append(tests, ruleTest{"an ICMPv6 error", spent6(mapped6, pkttest.ICMPError{Type: kind, Quote: quote6}), translate.HopLimit, nil})
	}
	for _, src := range []string{"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.255", "255.255.255.255", "169.254.1.1"} {
		tests = append(tests, ruleTest{"source " + src, spent4(src, udp), translate.IllegalSource, nil})
	}
	for _, src := range []string{"::", "::1", "ff02::1", "fe80::1", "febf::1", "::ffff:203.0.113.5"} {
		tests = append(tests, ruleTest{"source " + src, spent6(src, udp), translate.IllegalSource, nil})
	}
	runRules(t, config(), tests)
}

// TestErrorsQuoteThePacketAsReceived: TTL, options and checksum unchanged, without
// what follows the packet, and no more than 576 or 1,280 octets in all
// (RFC 1812 §4.3.2.3, RFC 4443 §2.4c).
func TestErrorsQuoteThePacketAsReceived(t *testing.T) {
	s := newSubject(t, config())
	for n := 0; n < 1500; n += 7 {
		data := pkttest.UDP{Data: pkttest.Pattern(4, n)}
		h4 := pkttest.IPv4{Src: far4, Dst: mapped4, TTL: 1, TOS: 0xff, ID: 77, Options: []byte{7, 7, 4, 0, 0, 0, 0}}
		h6 := pkttest.IPv6{Src: mapped6, Dst: far6, HopLimit: 1, TrafficClass: 0xff, FlowLabel: 77}
		for _, pkt := range [][]byte{h4.Packet(data), h6.Packet(pkttest.HopByHop{}, data)} {
			v, got := s.send(append(slices.Clip(pkt), "trailer"...))
			want := refusal(pkt, pkttest.ICMPError{Type: 11})
			if pkt[0]>>4 == 6 {
				want = refusal(pkt, pkttest.ICMPError{Type: 3})
			}
			if v != translate.HopLimit {
				t.Fatalf("%d octets: %v", len(pkt), v)
			}
			wantPackets(t, got, packets(want))
			if err := pkttest.Check(got[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
}
