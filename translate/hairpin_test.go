package translate_test

import (
	"net/netip"
	"slices"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

// hairpin is a packet from one mapped host to the other's IPv4 address.
func hairpin(limit int, layers ...pkttest.Layer) []byte {
	return pkttest.IPv6{Src: mapped6, Dst: otherIn6, HopLimit: pkttest.Field(limit), TrafficClass: 0xb8}.Packet(layers...)
}

// hairpinned is what the other host gets of it.
func hairpinned(limit int, layers ...pkttest.Layer) []byte {
	return pkttest.IPv6{Src: mappedIn6, Dst: other6, HopLimit: pkttest.Field(limit), TrafficClass: 0xb8}.Packet(layers...)
}

// TestHairpinIntrinsic: hosts with explicit mappings reach each other by their
// IPv4 addresses, one hop apart (RFC 7757 §4.2.2).
func TestHairpinIntrinsic(t *testing.T) {
	spent := hairpin(1, udp)
	long := pkttest.UDP{Data: pkttest.Pattern(1, 1352)} // 1400 octets
	longer := pkttest.UDP{Data: pkttest.Pattern(1, 1353)}
	first := pkttest.Proto{Number: 17, Data: hairpin(9, long)[40 : 40+1344]}
	shortened := pkttest.Proto{Number: 17, Data: append([]byte(nil), first.Data...)}
	copy(shortened.Data[6:8], hairpinned(9, long)[46:48])
	rest := pkttest.Proto{Number: 17, Data: long.Data[1336:]}
	silent := pkttest.UDP{Data: pkttest.Pattern(1, 9), Sum: pkttest.Zero}
	summed := pkttest.UDP{Data: pkttest.Pattern(1, 9)}

	small := func(c *oracle.Config) { c.MTU6, c.UDPZero = 1400, "compute" }
	runRules(t, config(small), []ruleTest{
		{"UDP", hairpin(9, udp), translate.Hairpinned, packets(hairpinned(8, udp))},
		{"TCP", hairpin(9, tcp), translate.Hairpinned, packets(hairpinned(8, tcp))},
		{"a ping", hairpin(9, ping), translate.Hairpinned, packets(hairpinned(8, ping))},
		{"another protocol", hairpin(9, pkttest.Proto{Number: 132, Data: udp.Data}), translate.Hairpinned, packets(hairpinned(8, pkttest.Proto{Number: 132, Data: udp.Data}))},
		{"extension headers go", hairpin(9, pkttest.HopByHop{}, udp), translate.Hairpinned, packets(hairpinned(8, udp))},
		{"a checksum is computed once", hairpin(9, silent), translate.Hairpinned, packets(hairpinned(8, summed))},
		{"hop limit 2 is enough", hairpin(2, udp), translate.Hairpinned, packets(hairpinned(1, udp))},
		{"hop limit 1 is not", spent, translate.HopLimit, packets(refusal(spent, pkttest.ICMPError{Type: 3}))},
		{"as long as the IPv6 link takes", hairpin(9, long), translate.Hairpinned, packets(hairpinned(8, long))},
		{"longer is too big, for the sender", hairpin(9, longer), translate.TooBig, packets(refusal(hairpin(9, longer), pkttest.ICMPError{Type: 2, MTU: 1400}))},
		{
			"a fragment keeps the low half of its Identification", hairpin(9, pkttest.Fragment{Offset: 1344, ID: 0x12345678}, rest), translate.Hairpinned,
			packets(hairpinned(8, pkttest.Fragment{Offset: 1344, ID: 0x5678}, rest)),
		},
		{
			"a fragment is cut again, as any from IPv4", hairpin(9, pkttest.Fragment{More: true, ID: 5}, first), translate.Hairpinned,
			packets(
				hairpinned(8, pkttest.Fragment{More: true, ID: 5}, pkttest.Proto{Number: 17, Data: shortened.Data[:1232]}),
				hairpinned(8, pkttest.Fragment{More: true, ID: 5, Offset: 1232}, pkttest.Proto{Number: 17, Data: shortened.Data[1232:]}),
			),
		},
		{"a fragment of a ping goes nowhere", hairpin(9, pkttest.Fragment{More: true}, pkttest.Echo{Data: make([]byte, 8)}), translate.FragmentedICMP, nil},
		{"a host reaches itself", pkttest.IPv6{Src: mapped6, Dst: mappedIn6}.Packet(udp), translate.Hairpinned, packets(pkttest.IPv6{Src: mappedIn6, Dst: mapped6, HopLimit: 63}.Packet(udp))},
	})
}

// TestHairpinErrors: an error about a hairpinned packet comes back as one about
// the packet that was sent (RFC 7757 §4.2.1, rules 3 and 4).
func TestHairpinErrors(t *testing.T) {
	received := hairpinned(8, udp)
	crossed := hairpin(8, udp) // what the sender is told that it sent
	const router6 = "2001:db8:2:0:d000::"
	error6 := func(src, dst string, limit int, quote []byte) []byte {
		return pkttest.IPv6{Src: src, Dst: dst, HopLimit: pkttest.Field(limit)}.Packet(pkttest.ICMPError{Type: 1, Code: 4, Quote: quote})
	}
	runRules(t, config(), []ruleTest{
		{"from the host itself, it comes from the address written to", error6(other6, mappedIn6, 64, received), translate.Hairpinned, packets(error6(otherIn6, mapped6, 63, crossed))},
		{"from a mapped router, it comes from that router", error6(router6, mappedIn6, 64, received), translate.Hairpinned, packets(error6(router6, mapped6, 63, crossed))},
		{"from a router without a counterpart, it comes from a borrowed address", error6(lost6, mappedIn6, 64, received), translate.Hairpinned, packets(error6(ownIn6, mapped6, 63, crossed))},
		{"hop limit 1 ends it in silence", error6(other6, mappedIn6, 1, received), translate.HopLimit, nil},
	})
}

// TestHairpinModes: with simple hairpinning, an IPv4 source is never told by its
// mapping; without hairpinning, packets leave as IPv4 (RFC 7757 §4.2).
func TestHairpinModes(t *testing.T) {
	between4 := pkttest.IPv4{Src: mapped4, Dst: other4, TOS: 0xb8, TTL: 9, DF: false}
	direct := pkttest.IPv6{Src: mapped6, Dst: other6, HopLimit: 8, TrafficClass: 0xb8}
	left := between4
	left.TTL = 8
	about := func(src, dst string) pkttest.ICMPError {
		return pkttest.ICMPError{Type: 11, Quote: pkttest.IPv4{Src: src, Dst: dst}.Packet(udp)}
	}
	saw := func(src, dst string) pkttest.ICMPError {
		return pkttest.ICMPError{Type: 3, Quote: pkttest.IPv6{Src: src, Dst: dst}.Packet(udp)}
	}
	error4 := func(src string, e pkttest.ICMPError) []byte {
		return pkttest.IPv4{Src: src, Dst: mapped4}.Packet(e)
	}
	error6 := func(src string, e pkttest.ICMPError) [][]byte {
		return packets(pkttest.IPv6{Src: src, Dst: mapped6, HopLimit: 63}.Packet(e))
	}
	mode := func(word string) *oracle.Config { return config(func(c *oracle.Config) { c.Hairpin = word }) }
	runRules(t, mode("off"), []ruleTest{
		{"off: it leaves as IPv4", hairpin(9, udp), translate.Translated, packets(left.Packet(udp))},
		{"off: a mapped IPv4 source is told by its mapping", between4.Packet(udp), translate.Translated, packets(direct.Packet(udp))},
	})
	runRules(t, mode("intrinsic"), []ruleTest{
		{"intrinsic: a mapped IPv4 source is told by its mapping", between4.Packet(udp), translate.Translated, packets(direct.Packet(udp))},
	})
	runRules(t, mode("simple"), []ruleTest{
		{"simple: it leaves as IPv4, for a router to send back", hairpin(9, udp), translate.Translated, packets(left.Packet(udp))},
		{"simple: a mapped IPv4 source is told by the prefix", between4.Packet(udp), translate.Translated, packets(hairpinned(8, udp))},
		{"simple: the quoted destination is told by the prefix", error4(far4, about(mapped4, other4)), translate.Translated, error6(far6, saw(mapped6, otherIn6))},
		{"simple: so is a source that is that destination", error4(other4, about(mapped4, other4)), translate.Translated, error6(otherIn6, saw(mapped6, otherIn6))},
		{"simple: any other source is told by its mapping", error4(other4, about(mapped4, far4)), translate.Translated, error6(other6, saw(mapped6, far6))},
	})
}

// TestHairpinOnce: what comes of a hairpinned packet is sent as it is, even if its
// destination would be hairpinned again: there is no loop (RFC 7757 §4.2.2).
func TestHairpinOnce(t *testing.T) {
	c := config(func(c *oracle.Config) {
		c.EAM = append(slices.Clip(c.EAM), oracle.Pair{V4: netip.MustParsePrefix("198.51.100.12/32"), V6: netip.MustParsePrefix(otherIn6 + "/128")})
	})
	in := pkttest.IPv6{Src: mapped6, Dst: "2001:db8:64::198.51.100.12"}.Packet(udp)
	out := pkttest.IPv6{Src: mappedIn6, Dst: otherIn6, HopLimit: 63}.Packet(udp)
	runRules(t, c, []ruleTest{{"into the prefix", in, translate.Hairpinned, packets(out)}})
}

// TestHairpinOwnAddress: own4 in the prefix is the translator, not a host behind
// a mapping, unless a mapped host has it.
func TestHairpinOwnAddress(t *testing.T) {
	c := config(func(c *oracle.Config) {
		c.EAM = append(slices.Clip(c.EAM), oracle.Pair{V4: netip.MustParsePrefix("192.0.2.0/24"), V6: netip.MustParsePrefix("2001:db8:3::/120")})
	})
	runRules(t, c, []ruleTest{
		{"own4 in the prefix answers", pkttest.IPv6{Src: mapped6, Dst: ownIn6}.Packet(ping), translate.Answered, packets(pkttest.IPv6{Src: ownIn6, Dst: mapped6}.Packet(pong))},
		{"its neighbour is hairpinned to", pkttest.IPv6{Src: mapped6, Dst: "2001:db8:64::192.0.2.2"}.Packet(ping), translate.Hairpinned, packets(pkttest.IPv6{Src: mappedIn6, Dst: "2001:db8:3::2", HopLimit: 63}.Packet(ping))},
	})
}
