package translate_test

import (
	"bytes"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

var (
	ping = pkttest.Echo{ID: 7, Seq: 1, Data: pkttest.Pattern(3, 33)}
	pong = pkttest.Echo{Reply: true, ID: 7, Seq: 1, Data: pkttest.Pattern(3, 33)}
)

// TestOwnAddress: the translator answers pings, ignores ICMP errors, and refuses
// what else is sent to it.
func TestOwnAddress(t *testing.T) {
	to4 := pkttest.IPv4{Src: far4, Dst: own4, TOS: 0xb9, TTL: 1, DF: true, ID: 3}
	to6 := pkttest.IPv6{Src: mapped6, Dst: own6, TrafficClass: 0xb9, FlowLabel: 5, HopLimit: 1}
	toAlt6 := pkttest.IPv6{Src: mapped6, Dst: ownIn6}
	from4 := pkttest.IPv4{Src: own4, Dst: far4, TOS: 0xb9}
	from6 := pkttest.IPv6{Src: own6, Dst: mapped6, TrafficClass: 0xb9}
	quote4 := pkttest.IPv4{Src: own4, Dst: far4}.Packet(udp)
	quote6 := pkttest.IPv6{Src: own6, Dst: mapped6}.Packet(udp)
	odd := ping
	odd.Sum = pkttest.Wrong
	code := pkttest.ICMP{Type: 8, Code: 3, Word: 7<<16 | 1, Data: ping.Data}
	first := pkttest.IPv4{Src: far4, Dst: own4, MF: true}.Packet(pkttest.Proto{Number: 17, Data: pkttest.Pattern(1, 16)})
	later := pkttest.IPv4{Src: far4, Dst: own4, Offset: 16}.Packet(pkttest.Proto{Number: 17, Data: pkttest.Pattern(1, 16)})

	runRules(t, config(), []ruleTest{
		{"a ping with TTL 1 is answered, TOS copied", to4.Packet(ping), translate.Answered, packets(from4.Packet(pong))},
		{"a ping with hop limit 1 is answered, traffic class copied", to6.Packet(ping), translate.Answered, packets(from6.Packet(pong))},
		{
			"a ping to own4 in the prefix is answered from there", toAlt6.Packet(ping), translate.Answered,
			packets(pkttest.IPv6{Src: ownIn6, Dst: mapped6}.Packet(pong)),
		},
		{
			"extension headers and options do not hide a ping", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(pkttest.HopByHop{}, ping), translate.Answered,
			packets(pkttest.IPv6{Src: own6, Dst: mapped6}.Packet(pong)),
		},
		{"octets behind a ping are not answered", append(to4.Packet(ping), 1, 2, 3), translate.Answered, packets(from4.Packet(pong))},
		{"a ping with a code gets a reply of code 0", to4.Packet(code), translate.Answered, packets(from4.Packet(pong))},
		{"a pong is dropped", to4.Packet(pong), translate.OwnDropped, nil},
		{"an ICMPv4 error is dropped", to4.Packet(pkttest.ICMPError{Type: 3, Code: 1, Quote: quote4}), translate.OwnDropped, nil},
		{"an ICMPv6 error is dropped", to6.Packet(pkttest.ICMPError{Type: 1, Code: 4, Quote: quote6}), translate.OwnDropped, nil},
		{"a timestamp request is dropped", to4.Packet(pkttest.ICMP{Type: 13, Data: make([]byte, 12)}), translate.OwnDropped, nil},
		{"a broken ping is dropped", to4.Packet(odd), translate.OwnDropped, nil},
		{"a broken ping is dropped, IPv6", to6.Packet(odd), translate.OwnDropped, nil},
		{"a fragment of a ping is dropped", pkttest.IPv4{Src: far4, Dst: own4, MF: true}.Packet(pkttest.Echo{Data: make([]byte, 8)}), translate.OwnDropped, nil},
		{"a fragment of a ping is dropped, IPv6", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(pkttest.Fragment{More: true}, pkttest.Echo{Data: make([]byte, 8)}), translate.OwnDropped, nil},
		{"a ping in an atomic fragment is answered", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(pkttest.Fragment{ID: 9}, ping), translate.Answered, packets(pkttest.IPv6{Src: own6, Dst: mapped6}.Packet(pong))},
		{"a ping from nowhere is dropped", pkttest.IPv4{Src: "0.0.0.0", Dst: own4}.Packet(ping), translate.IllegalSource, nil},
		{"a ping from nowhere is dropped, IPv6", pkttest.IPv6{Src: "::", Dst: own6}.Packet(ping), translate.IllegalSource, nil},
		{"UDP gets 3/2", to4.Packet(udp), translate.OwnProtocol, packets(pkttest.IPv4{Src: own4, Dst: far4}.Packet(pkttest.ICMPError{Type: 3, Code: 2, Quote: to4.Packet(udp)}))},
		{"TCP gets 4/1 at Next Header", to6.Packet(tcp), translate.OwnProtocol, packets(pkttest.IPv6{Src: own6, Dst: mapped6}.Packet(pkttest.ICMPError{Type: 4, Code: 1, Pointer: 6, Quote: to6.Packet(tcp)}))},
		{
			"the error about own4 in the prefix comes from own6", toAlt6.Packet(udp), translate.OwnProtocol,
			packets(pkttest.IPv6{Src: own6, Dst: mapped6}.Packet(pkttest.ICMPError{Type: 4, Code: 1, Pointer: 6, Quote: toAlt6.Packet(udp)})),
		},
		{"the first fragment of UDP gets 3/2", first, translate.OwnProtocol, packets(pkttest.IPv4{Src: own4, Dst: far4}.Packet(pkttest.ICMPError{Type: 3, Code: 2, Quote: first}))},
		{"a later fragment of UDP is dropped", later, translate.OwnDropped, nil},
		{"UDP from nowhere is dropped", pkttest.IPv4{Src: "224.0.0.1", Dst: own4}.Packet(udp), translate.IllegalSource, nil},
	})
}

// TestOwnAddressUnderStrictPrefix: where the Well-Known Prefix may not carry own4,
// its form in the prefix is nobody's address (RFC 6052 §3.1).
func TestOwnAddressUnderStrictPrefix(t *testing.T) {
	runRules(t, testConfigs()["wkp"], []ruleTest{
		{"own4 in the prefix does not answer", pkttest.IPv6{Src: mapped6, Dst: "64:ff9b::192.0.2.1"}.Packet(ping), translate.DestinationNotGlobal, nil},
		{"own6 does", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(ping), translate.Answered, packets(pkttest.IPv6{Src: own6, Dst: mapped6}.Packet(pong))},
	})
}

// TestOwnAddressMissing: without own6 and a prefix the zero address is nobody's.
func TestOwnAddressMissing(t *testing.T) {
	s := newSubject(t, config(func(c *oracle.Config) { c.Prefix = testConfigs()["mapsonly"].Prefix }))
	p := *s.Policy
	p.Own6, p.Alt6 = translate.Policy{}.Own6, translate.Policy{}.Alt6
	s.Policy = &p
	if v, got := s.send(pkttest.IPv6{Src: mapped6, Dst: "::"}.Packet(ping)); v != translate.IllegalDestination || got != nil {
		t.Errorf("to the unspecified address: %v, %d packets", v, len(got))
	}
	if v, got := s.send(pkttest.IPv6{Src: mapped6, Dst: lost6, HopLimit: 1}.Packet(udp)); v != translate.HopLimit || got != nil || s.Errors.Off[1] != 1 {
		t.Errorf("without an address to send from: %v, %d packets, %+v", v, len(got), s.Errors)
	}
}

// TestChatterOfTheKernelIsDropped: what a host sends of its own on a new link
// reaches the translator, and ends there (RFC 4861, RFC 3810).
func TestChatterOfTheKernelIsDropped(t *testing.T) {
	alert := pkttest.HopByHop{Options: []byte{5, 2, 0, 0}}
	report := pkttest.ICMP{Type: 143, Word: 1, Data: bytes.Repeat([]byte{4}, 20)}
	linkLocal := func(src, dst string) pkttest.IPv6 { return pkttest.IPv6{Src: src, Dst: dst, HopLimit: 255} }
	runRules(t, config(), []ruleTest{
		{"MLD report from the unspecified address", pkttest.IPv6{Src: "::", Dst: "ff02::16", HopLimit: 1}.Packet(alert, report), translate.IllegalSource, nil},
		{"MLD report", pkttest.IPv6{Src: "fe80::1", Dst: "ff02::16", HopLimit: 1}.Packet(alert, report), translate.IllegalSource, nil},
		{"router solicitation", linkLocal("fe80::1", "ff02::2").Packet(pkttest.ICMP{Type: 133, Data: make([]byte, 8)}), translate.IllegalSource, nil},
		{"neighbor solicitation from a global address", linkLocal(mapped6, "ff02::1:ff00:1").Packet(pkttest.ICMP{Type: 135, Data: make([]byte, 16)}), translate.IllegalDestination, nil},
		{"IGMP report", pkttest.IPv4{Src: far4, Dst: "224.0.0.22", TTL: 1, Options: []byte{148, 4, 0, 0}}.Packet(pkttest.Proto{Number: 2, Data: make([]byte, 8)}), translate.IllegalDestination, nil},
		{"multicast DNS", pkttest.IPv4{Src: far4, Dst: "224.0.0.251"}.Packet(udp), translate.IllegalDestination, nil},
	})
}
