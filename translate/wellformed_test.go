package translate_test

import (
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// data is n octets of UDP, which no layer fills in.
func data(n int) pkttest.Proto { return pkttest.Proto{Number: 17, Data: pkttest.Pattern(1, n)} }

// tcpData is n octets of TCP whose header claims to be of the given length.
func tcpData(n, header int) pkttest.Proto {
	d := pkttest.Proto{Number: 6, Data: make([]byte, n)}
	if n > 12 {
		d.Data[12] = byte(header/4) << 4
	}
	return d
}

func part4(at int, more bool, layer pkttest.Layer) []byte {
	return pkttest.IPv4{Src: far4, Dst: mapped4, Offset: at, MF: more}.Packet(layer)
}

func part6(at int, more bool, layer pkttest.Layer) []byte {
	return ip6.Packet(pkttest.Fragment{Offset: at, More: more}, layer)
}

// headers is a packet of n extension headers.
func headers(n int) []byte {
	var layers []pkttest.Layer
	for range n {
		layers = append(layers, pkttest.DestOptions{})
	}
	return ip6.Packet(append(layers, udp)...)
}

// optioned is a packet with IPv4 options.
func optioned(options ...byte) []byte {
	return pkttest.IPv4{Src: far4, Dst: mapped4, Options: options}.Packet(udp)
}

// TestMalformedPackets: what contradicts itself is dropped without a word
// (RFC 791, RFC 1812 §5.2.2, RFC 8200 §3, §4).
func TestMalformedPackets(t *testing.T) {
	jumbo := pkttest.IPv6{Src: mapped6, Dst: far6, Len: pkttest.Zero}.Packet(pkttest.HopByHop{Options: []byte{0xc2, 4, 0, 1, 0, 0}}, udp)
	var tests []ruleTest
	for rule, pkt := range map[string][]byte{
		"nothing at all":                        {},
		"an octet":                              {0x45},
		"19 octets":                             ip4.Packet()[:19],
		"39 octets":                             ip6.Packet()[:39],
		"version 5":                             pkttest.IPv4{Src: far4, Dst: mapped4, Version: 5}.Packet(udp),
		"version 7":                             pkttest.IPv6{Src: mapped6, Dst: far6, Version: 7}.Packet(udp),
		"IHL 4":                                 pkttest.IPv4{Src: far4, Dst: mapped4, IHL: 4}.Packet(udp),
		"IHL past the Total Length":             pkttest.IPv4{Src: far4, Dst: mapped4, IHL: 6, Len: 20}.Packet(),
		"IHL past the packet":                   pkttest.IPv4{Src: far4, Dst: mapped4, IHL: 15}.Packet(udp),
		"Total Length past the packet":          pkttest.IPv4{Src: far4, Dst: mapped4, Len: pkttest.Wrong}.Packet(udp),
		"Payload Length past the packet":        pkttest.IPv6{Src: mapped6, Dst: far6, Len: pkttest.Wrong}.Packet(udp),
		"a jumbogram":                           jumbo,
		"an extension header cut":               ip6.Packet(pkttest.HopByHop{}, udp)[:44],
		"an extension header past the end":      ip6.Packet(pkttest.HopByHop{Len: 200}, udp),
		"a Fragment Header cut":                 pkttest.IPv6{Src: mapped6, Dst: far6, Next: 44}.Packet(data(7)),
		"nine extension headers":                headers(9),
		"a fragment of 12 octets, more to come": part4(0, true, data(12)),
		"a fragment of 12 octets, more to come, IPv6": part6(0, true, data(12)),
		"a fragment past 65,535 octets":               part4(65528, false, data(8)),
		"a fragment past 65,535 octets, IPv6":         part6(65528, false, data(8)),
	} {
		tests = append(tests, ruleTest{rule, pkt, translate.Malformed, nil})
	}
	tests = append(
		tests,
		ruleTest{"a wrong header checksum", pkttest.IPv4{Src: far4, Dst: mapped4, Sum: pkttest.Wrong}.Packet(udp), translate.HeaderChecksum, nil},
		ruleTest{"no header checksum", pkttest.IPv4{Src: far4, Dst: mapped4, Sum: pkttest.Zero}.Packet(udp), translate.HeaderChecksum, nil})
	runRules(t, config(), tests)
}

// TestTinyFragments: a packet or first fragment that does not hold its transport
// header is dropped, and so is the second piece of a TCP header (RFC 1858 §3,
// RFC 3128, RFC 7112 §5).
func TestTinyFragments(t *testing.T) {
	var tests []ruleTest
	for rule, pkt := range map[string][]byte{
		"7 octets of UDP":                    ip4.Packet(data(7)),
		"7 octets of UDP, IPv6":              ip6.Packet(data(7)),
		"no octet of UDP":                    ip6.Packet(data(0)),
		"an atomic fragment of 7 UDP octets": part6(0, false, data(7)),
		"19 octets of TCP":                   ip4.Packet(tcpData(19, 20)),
		"19 octets of TCP, IPv6":             ip6.Packet(tcpData(19, 20)),
		"TCP options cut":                    ip4.Packet(tcpData(24, 28)),
		"TCP options cut by a fragment":      part6(0, true, tcpData(24, 28)),
		"16 octets of TCP in a fragment":     part4(0, true, tcpData(16, 20)),
		"8 octets of TCP in a fragment":      part6(0, true, tcpData(8, 20)),
		"7 octets of ICMP":                   ip4.Packet(pkttest.Proto{Number: 1, Data: []byte{8, 0, 0, 0, 0, 0, 0}}),
		"7 octets of ICMPv6":                 ip6.Packet(pkttest.Proto{Number: 58, Data: []byte{128, 0, 0, 0, 0, 0, 0}}),
		"a TCP fragment at offset 8":         part4(8, false, tcpData(16, 20)),
		"a TCP fragment at offset 8, IPv6":   part6(8, true, tcpData(16, 20)),
	} {
		tests = append(tests, ruleTest{rule, pkt, translate.TinyFragment, nil})
	}
	runRules(t, config(), tests)
}

// TestOddPacketsPass: what only looks strange is not the translator's business.
func TestOddPacketsPass(t *testing.T) {
	s := newSubject(t, config())
	for rule, pkt := range map[string][]byte{
		"eight extension headers":                     headers(8),
		"a fragment up to 65,535 octets":              part4(65528, false, data(7)),
		"a fragment up to 65,535 octets, IPv6":        part6(65528, false, data(7)),
		"a TCP fragment at offset 16":                 part4(16, false, tcpData(16, 20)),
		"8 octets of UDP in a fragment":               part4(0, true, pkttest.UDP{}),
		"the last octet of a datagram":                part6(1600, false, data(1)),
		"no payload, of a protocol that nobody reads": ip4.Packet(pkttest.Proto{Number: 99}),
		"a UDP length that does not fit":              ip4.Packet(pkttest.UDP{Len: 200, Data: make([]byte, 9)}),
		"options that end in the middle":              optioned(1, 1, 1, 131),
		"an option of length 0":                       optioned(68, 0, 131, 7, 4, 0, 0, 0),
		"an option of length 1":                       optioned(131, 1, 4, 0),
		"an option past the header":                   optioned(137, 39, 4, 0),
		"a source route behind End of Option List":    optioned(0, 131, 7, 4, 192, 0, 2, 9),
		"a source route at its end":                   optioned(131, 7, 8, 192, 0, 2, 9),
		"a source route without room for a pointer":   optioned(131, 2, 0, 0),
	} {
		if v, got := s.send(pkt); v != translate.Translated || len(got) != 1 {
			t.Errorf("%s: %v, %d packets", rule, v, len(got))
		}
	}
	few := newSubject(t, config(func(c *oracle.Config) { c.ExtensionHeaders = 2 }))
	for n, want := range map[int]translate.Verdict{0: translate.Translated, 2: translate.Translated, 3: translate.Malformed} {
		if v, _ := few.send(headers(n)); v != want {
			t.Errorf("%d extension headers, at most 2: %v", n, v)
		}
	}
}

// TestPacketsLeaveInOrder: what one packet becomes stands behind what the packet
// before it became (RFC 7915 §4, §5).
func TestPacketsLeaveInOrder(t *testing.T) {
	s := newSubject(t, config())
	inputs := [][]byte{
		ip4.Packet(udp), ip4.Packet(pkttest.UDP{Data: make([]byte, 1400)}), spent4(far4, udp), ip4.Packet(tcp),
		ip6.Packet(udp), hairpin(9, udp), big[1], ip6.Packet(tcp),
	}
	var want [][]byte
	for _, pkt := range inputs {
		_, got := s.send(pkt)
		for _, b := range got {
			want = append(want, append([]byte(nil), b...))
		}
	}
	s.out.Reset()
	for _, pkt := range inputs {
		s.Translate(wire.NewFrame(pkt), 0, s.out)
	}
	var got [][]byte
	for _, f := range s.out.Frames() {
		got = append(got, f.Bytes())
	}
	wantPackets(t, got, want)
}
