package translate_test

import (
	"testing"

	"taygo/internal/pkttest"
	"taygo/translate"
)

// TestOrderOfChecks: of a packet that fails two checks the first decides, so that
// its sender is told the same by every version of the translator. The rows follow
// the order: header, own address, illegal addresses, hop limit, source route,
// protocol, mapping, ICMP content, size.
func TestOrderOfChecks(t *testing.T) {
	type h4 = pkttest.IPv4
	type h6 = pkttest.IPv6
	route := []byte{131, 7, 4, 192, 0, 2, 9, 0}
	steer := pkttest.Routing{SegmentsLeft: 1}
	igmp := pkttest.Proto{Number: 2, Data: make([]byte, 8)}
	old := pkttest.Proto{Number: 1, Data: make([]byte, 8)}
	timestamp := pkttest.ICMP{Type: 13, Data: make([]byte, 12)}
	bigTimestamp := pkttest.ICMP{Type: 13, Data: make([]byte, 1470)}
	listen := pkttest.ICMP{Type: 131, Data: make([]byte, 16)}
	silent := pkttest.UDP{Sum: pkttest.Zero, Data: make([]byte, 8)}
	large, larger := pkttest.UDP{Data: make([]byte, 1470)}, pkttest.UDP{Data: make([]byte, 1500)}
	piecePing := pkttest.Echo{Data: make([]byte, 8)}
	behind := pkttest.Proto{Number: 60, Data: []byte{17, 0, 1, 4, 0, 0, 0, 0}}

	tell := func(pkt []byte, e pkttest.ICMPError) [][]byte { return packets(refusal(pkt, e)) }
	var tests []ruleTest
	add := func(rule string, pkt []byte, want translate.Verdict, e ...pkttest.ICMPError) {
		var out [][]byte
		for _, x := range e {
			out = tell(pkt, x)
		}
		tests = append(tests, ruleTest{rule, pkt, want, out})
	}
	exceeded4, exceeded6 := pkttest.ICMPError{Type: 11}, pkttest.ICMPError{Type: 3}
	prohibited4, prohibited6 := pkttest.ICMPError{Type: 3, Code: 13}, pkttest.ICMPError{Type: 1, Code: 1}

	add("header before own address", h4{Src: far4, Dst: own4, Sum: pkttest.Wrong}.Packet(ping), translate.HeaderChecksum)
	add("length before checksum", h4{Src: far4, Dst: mapped4, Sum: pkttest.Wrong, Len: 2000}.Packet(udp), translate.Malformed)
	add("header before illegal source", h4{Src: "127.0.0.1", Dst: mapped4, Sum: pkttest.Wrong}.Packet(udp), translate.HeaderChecksum)
	add("tiny before own address", h4{Src: far4, Dst: own4}.Packet(pkttest.Proto{Number: 17}), translate.TinyFragment)
	add("tiny before hop limit", h6{Src: mapped6, Dst: far6, HopLimit: 1}.Packet(pkttest.Proto{Number: 6, Data: make([]byte, 19)}), translate.TinyFragment)
	add("header before hop limit", h6{Src: mapped6, Dst: far6, HopLimit: 1, Len: 200}.Packet(udp), translate.Malformed)
	add("own address before hop limit", h4{Src: far4, Dst: own4, TTL: 1}.Packet(udp), translate.OwnProtocol, pkttest.ICMPError{Type: 3, Code: 2})
	add("own address before source route", h4{Src: far4, Dst: own4, Options: route}.Packet(udp), translate.OwnProtocol, pkttest.ICMPError{Type: 3, Code: 2})
	add("own address before Segments Left", h6{Src: mapped6, Dst: own6}.Packet(steer, udp), translate.OwnProtocol, pkttest.ICMPError{Type: 4, Code: 1, Pointer: 6})
	add("own address before unmapped source", h6{Src: lost6, Dst: own6}.Packet(tcp), translate.OwnProtocol, pkttest.ICMPError{Type: 4, Code: 1, Pointer: 6})
	add("illegal source before hop limit", h4{Src: "127.0.0.1", Dst: mapped4, TTL: 1}.Packet(udp), translate.IllegalSource)
	add("illegal destination before hop limit", h6{Src: mapped6, Dst: "ff0e::1", HopLimit: 1}.Packet(udp), translate.IllegalDestination)
	add("illegal source before source route", h4{Src: "0.0.0.0", Dst: mapped4, Options: route}.Packet(udp), translate.IllegalSource)
	add("illegal source before unmapped destination", h6{Src: "::1", Dst: lost6}.Packet(udp), translate.IllegalSource)
	add("hop limit before source route", h4{Src: far4, Dst: mapped4, TTL: 1, Options: route}.Packet(udp), translate.HopLimit, exceeded4)
	add("hop limit before Segments Left", h6{Src: mapped6, Dst: far6, HopLimit: 1}.Packet(steer, udp), translate.HopLimit, exceeded6)
	add("hop limit before protocol", h4{Src: far4, Dst: mapped4, TTL: 1}.Packet(igmp), translate.HopLimit, exceeded4)
	add("hop limit before protocol, IPv6", h6{Src: mapped6, Dst: far6, HopLimit: 1}.Packet(old), translate.HopLimit, exceeded6)
	add("hop limit before fragmented ICMP", h4{Src: far4, Dst: mapped4, TTL: 1, MF: true}.Packet(piecePing), translate.HopLimit, exceeded4)
	add("hop limit before zero UDP checksum", h4{Src: far4, Dst: mapped4, TTL: 1}.Packet(silent), translate.HopLimit, exceeded4)
	add("hop limit before mapping", h6{Src: mapped6, Dst: lost6, HopLimit: 1}.Packet(udp), translate.HopLimit, exceeded6)
	add("hop limit before an embedded illegal destination", h6{Src: mapped6, Dst: "2001:db8:64::127.0.0.1", HopLimit: 1}.Packet(udp), translate.HopLimit, exceeded6)
	add("hop limit before ICMP type", h4{Src: far4, Dst: mapped4, TTL: 1}.Packet(timestamp), translate.HopLimit, exceeded4)
	add("hop limit before size", h6{Src: mapped6, Dst: far6, HopLimit: 1}.Packet(larger), translate.HopLimit, exceeded6)
	add("source route before protocol", h4{Src: far4, Dst: mapped4, Options: route}.Packet(igmp), translate.SourceRoute, pkttest.ICMPError{Type: 3, Code: 5})
	add("source route before fragmented ICMP", h4{Src: far4, Dst: mapped4, MF: true, Options: route}.Packet(piecePing), translate.SourceRoute, pkttest.ICMPError{Type: 3, Code: 5})
	add("Segments Left before zero UDP checksum", ip6.Packet(steer, silent), translate.SourceRoute, pkttest.ICMPError{Type: 4, Pointer: 43})
	add("Segments Left before mapping", h6{Src: lost6, Dst: far6}.Packet(steer, udp), translate.SourceRoute, pkttest.ICMPError{Type: 4, Pointer: 43})
	add("protocol before mapping", h6{Src: lost6, Dst: far6}.Packet(old), translate.ProtocolUntranslatable)
	add("fragmented ICMP before mapping", h6{Src: mapped6, Dst: lost6}.Packet(pkttest.Fragment{More: true}, piecePing), translate.FragmentedICMP)
	add("extension header behind a fragment before mapping", h6{Src: mapped6, Dst: lost6}.Packet(pkttest.Fragment{More: true}, behind), translate.ExtensionAfterFragment)
	add("zero UDP checksum before mapping", h6{Src: mapped6, Dst: lost6}.Packet(silent), translate.ZeroUDPChecksum)
	add("zero UDP checksum before size", ip6.Packet(pkttest.UDP{Sum: pkttest.Zero, Data: make([]byte, 1500)}), translate.ZeroUDPChecksum)
	add("destination before source", h6{Src: lost6, Dst: "2001:db8:ffff::2"}.Packet(udp), translate.DestinationUnmapped, prohibited6)
	add("embedded illegal destination before unmapped source", h6{Src: lost6, Dst: "2001:db8:64::224.0.0.1"}.Packet(udp), translate.IllegalDestination)
	add("mapping before ICMPv6 type", h6{Src: lost6, Dst: far6}.Packet(listen), translate.SourceUnmapped)
	add("mapping before size", h6{Src: lost6, Dst: far6}.Packet(larger), translate.SourceUnmapped, prohibited6)
	add("ICMP type before size", h4{Src: far4, Dst: mapped4, DF: true}.Packet(bigTimestamp), translate.ICMPType)
	runRules(t, config(), tests)

	tests = nil
	add("mapping before ICMP type", h4{Src: far4, Dst: mapped4}.Packet(timestamp), translate.SourceUnmapped, prohibited4)
	add("mapping before size, IPv4", h4{Src: far4, Dst: mapped4, DF: true}.Packet(large), translate.SourceUnmapped, prohibited4)
	runRules(t, testConfigs()["mapsonly"], tests)
}

// TestOrderInsideErrors: an ICMP error that fails goes without an answer,
// whichever check comes first.
func TestOrderInsideErrors(t *testing.T) {
	quote := pkttest.IPv4{Src: mapped4, Dst: far4}
	nested := quote.Packet(pkttest.ICMPError{Type: 3, Quote: quote.Packet(udp)})
	error4 := func(e pkttest.ICMPError) []byte { return ip4.Packet(e) }
	runRules(t, config(), []ruleTest{
		{"checksum before type", error4(pkttest.ICMPError{Type: 5, Quote: quote.Packet(udp), Sum: pkttest.Wrong}), translate.ICMPChecksum, nil},
		{"length before type", error4(pkttest.ICMPError{Type: 3, Code: 14, Quote: quote.Packet(udp), Length: 200}), translate.QuoteMalformed, nil},
		{"type before quote", error4(pkttest.ICMPError{Type: 3, Code: 14, Quote: []byte{1}}), translate.ICMPType, nil},
		{"quote before nesting", error4(pkttest.ICMPError{Type: 3, Quote: nested[:19]}), translate.QuoteMalformed, nil},
		{"nesting before mapping", error4(pkttest.ICMPError{Type: 3, Quote: pkttest.IPv4{Src: mapped4, Dst: "127.0.0.1"}.Packet(pkttest.ICMPError{Type: 3})}), translate.ICMPNested, nil},
		{"mapping before pointer", error4(pkttest.ICMPError{Type: 12, Pointer: 5, Quote: pkttest.IPv4{Src: mapped4, Dst: "127.0.0.1"}.Packet(udp)}), translate.QuoteUnmapped, nil},
		{"pointer", error4(pkttest.ICMPError{Type: 12, Pointer: 5, Quote: quote.Packet(udp)}), translate.ICMPPointer, nil},
	})
}
