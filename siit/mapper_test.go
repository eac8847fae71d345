package siit

import (
	"net/netip"
	"testing"

	"taygo/eam"
	"taygo/translate/pref64"
)

// appendixB is the table of RFC 7757 appendix B.
var appendixB = []string{
	"192.0.2.1/32 2001:db8:aaaa::/128",
	"192.0.2.2/32 2001:db8:bbbb::b/128",
	"192.0.2.16/28 2001:db8:cccc::/124",
	"192.0.2.128/26 2001:db8:dddd::/64",
	"192.0.2.192/29 2001:db8:eeee:8::/62",
	"192.0.2.224/31 64:ff9b::/127",
}

// mapperOf returns a mapper without leases: a prefix, or "", and pairs.
func mapperOf(t testing.TB, prefix string, pairs ...string) *Mapper {
	t.Helper()
	m := &Mapper{
		Sources4: NewPool(netip.MustParsePrefix("192.0.2.254/32")),
		Sources6: NewPool(netip.MustParsePrefix("2001:db8:1::fe/128")),
	}
	var err error
	if prefix != "" {
		if m.Prefix, err = pref64.New(netip.MustParsePrefix(prefix)); err != nil {
			t.Fatal(err)
		}
	}
	var list []eam.Pair
	for _, s := range pairs {
		list = append(list, pairOf(s))
	}
	if m.Explicit, err = eam.New(list); err != nil {
		t.Fatal(err)
	}
	return m
}

func pairOf(s string) eam.Pair {
	for i := range s {
		if s[i] == ' ' {
			return eam.Pair{V4: netip.MustParsePrefix(s[:i]), V6: netip.MustParsePrefix(s[i+1:])}
		}
	}
	return eam.Pair{}
}

// A mapTest is a data packet, and what its addresses become.
type mapTest struct{ rule, src, dst, want string }

func runMap(t *testing.T, m *Mapper, tests []mapTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			p := dataPacket(tt.src, tt.dst, 0)
			p.Hairpin = p.V6 // of the packet before
			if got := outcome(m.Map(p), p); got != tt.want {
				t.Errorf("%s > %s: %s, want %s", tt.src, tt.dst, got, tt.want)
			}
		})
	}
}

// TestMapExamples: the examples of RFC 7757 appendix B, in both directions and
// both roles. Their Well-Known Prefix may carry them only without RFC 6052 §3.1.
func TestMapExamples(t *testing.T) {
	const server4, server6 = "192.0.2.250", "64:ff9b::c000:2fa"
	m := mapperOf(t, "64:ff9b::/96", appendixB...)
	m.Hairpin = Off
	var tests []mapTest
	for _, x := range [][2]string{
		{"192.0.2.1", "2001:db8:aaaa::"},
		{"192.0.2.2", "2001:db8:bbbb::b"},
		{"192.0.2.16", "2001:db8:cccc::"},
		{"192.0.2.24", "2001:db8:cccc::8"},
		{"192.0.2.31", "2001:db8:cccc::f"},
		{"192.0.2.128", "2001:db8:dddd::"},
		{"192.0.2.152", "2001:db8:dddd:0:6000::"},
		{"192.0.2.183", "2001:db8:dddd:0:dc00::"},
		{"192.0.2.191", "2001:db8:dddd:0:fc00::"},
		{"192.0.2.195", "2001:db8:eeee:9:8000::"},
		{"192.0.2.225", "64:ff9b::1"},
		{"192.0.2.248", "64:ff9b::c000:2f8"}, // by the prefix: no entry holds it
	} {
		tests = append(tests,
			mapTest{x[0] + " as destination", server4, x[0], server6 + " > " + x[1]},
			mapTest{x[0] + " as source", x[0], server4, x[1] + " > " + server6},
			mapTest{x[1] + " as destination", server6, x[1], server4 + " > " + x[0]},
			mapTest{x[1] + " as source", x[1], server6, x[0] + " > " + server4})
	}
	tests = append(tests, mapTest{"bits past the suffix do not count", "2001:db8:dddd:0:6000:1234:5678:9abc", server6, "192.0.2.152 > " + server4})
	runMap(t, m, tests)
}

// TestMapOrder: an explicit mapping goes before the prefix, in both directions,
// the longest first, and is not bound by what the prefix may carry (RFC 7757
// §3.3); but no mapping makes a martian of a host (RFC 1812 §5.3.7).
func TestMapOrder(t *testing.T) {
	m := mapperOf(t, "64:ff9b::/96",
		"10.0.0.0/8 2001:db8:a::/104", "10.1.0.0/16 2001:db8:b::/112", "10.1.2.3/32 2001:db8:c::3/128",
		"8.8.4.4/32 64:ff9b::8.8.8.8/128", "0.0.0.0/0 2001:db8:ff00::/40")
	m.Strict = true
	m.Denied = NewRanges([]netip.Prefix{netip.MustParsePrefix("8.8.0.0/16")})
	m.Hairpin = Off
	runMap(t, m, []mapTest{
		{"the longest IPv4 prefix", "10.1.2.3", "10.1.2.4", "2001:db8:c::3 > 2001:db8:b::204"},
		{"the shorter one outside it", "10.1.2.3", "10.2.2.3", "2001:db8:c::3 > 2001:db8:a::2:203"},
		{"a private address that the prefix may not carry", "10.1.2.3", "10.1.2.3", "2001:db8:c::3 > 2001:db8:c::3"},
		{"a denied address", "8.8.4.4", "10.1.2.3", "64:ff9b::808:808 > 2001:db8:c::3"},
		{"an IPv6 address inside the prefix, denied there", "64:ff9b::8.8.8.8", "2001:db8:c::3", "8.8.4.4 > 10.1.2.3"},
		{"its neighbour, denied", "64:ff9b::8.8.8.9", "2001:db8:c::3", "source_denied"},
		{"the longest IPv6 prefix", "2001:db8:c::3", "2001:db8:b::1", "10.1.2.3 > 10.1.0.1"},
		{"loopback by a map of everything, as destination", "2001:db8:c::3", "2001:db8:ff7f:1::", "illegal_destination"},
		{"loopback by a map of everything, as source", "2001:db8:ff7f:1::", "2001:db8:c::3", "illegal_source"},
		{"link-local by a map of everything", "2001:db8:c::3", "2001:db8:ffa9:fe01::", "illegal_destination"},
		{"multicast by a map of everything", "2001:db8:c::3", "2001:db8:ffe0::", "illegal_destination"},
		{"an ordinary address by a map of everything", "2001:db8:c::3", "2001:db8:ffc0:9::", "10.1.2.3 > 192.0.9.0"},
	})
}

// TestMapStrict: under the Well-Known Prefix no address crosses that is not
// global, in either role and direction; any other prefix may carry it, and so may
// this one without wkpf-strict (RFC 6052 §3.1, RFC 8215).
func TestMapStrict(t *testing.T) {
	const host4, host6 = "100.0.0.1", "2001:db8:c::3"
	private := []string{
		"10.0.0.1", "100.64.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.255.255",
		"198.18.0.1", "198.51.100.1", "203.0.113.1", "240.0.0.1", "255.255.255.254",
	}
	global := []string{"8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.0", "192.0.0.9", "192.0.0.10", "192.88.99.1", "198.20.0.0", "223.255.255.255"}
	for _, tt := range []struct {
		prefix string
		strict bool
	}{{"64:ff9b::/96", true}, {"64:ff9b::/96", false}, {"64:ff9b:1::/96", false}, {"64:ff9b:1::/48", false}, {"2001:db8:64::/96", false}} {
		m := mapperOf(t, tt.prefix, host4+"/32 "+host6+"/128")
		m.Strict = tt.strict
		var tests []mapTest
		add := func(list []string, refused bool) {
			for _, a := range list {
				in6 := m.Prefix.EmbedAddr(netip.MustParseAddr(a)).String()
				want := []string{host4 + " > " + a, a + " > " + host4, host6 + " > " + in6, in6 + " > " + host6}
				if refused {
					want = []string{"destination_not_global", "source_not_global", "destination_not_global", "source_not_global"}
				}
				rule := tt.prefix + " " + a
				tests = append(tests, mapTest{rule, host6, in6, want[0]}, mapTest{rule, in6, host6, want[1]},
					mapTest{rule, host4, a, want[2]}, mapTest{rule, a, host4, want[3]})
			}
		}
		add(private, tt.strict)
		add(global, false)
		runMap(t, m, tests)
	}
}

// TestMapUnmapped: what neither a mapping nor the prefix knows has no counterpart,
// and the destination is judged first.
func TestMapUnmapped(t *testing.T) {
	const pair = "100.0.0.1/32 2001:db8:c::3/128"
	runMap(t, &Mapper{}, []mapTest{
		{"nothing at all, IPv4", "8.8.8.8", "100.0.0.1", "destination_unmapped"},
		{"nothing at all, IPv6", "2001:db8:c::3", "2001:db8::1", "destination_unmapped"},
	})
	runMap(t, mapperOf(t, "", pair), []mapTest{
		{"no prefix, IPv4 source", "8.8.8.8", "100.0.0.1", "source_unmapped"},
		{"no prefix, IPv4 destination", "100.0.0.1", "8.8.8.8", "destination_unmapped"},
		{"no prefix, IPv6 source", "2001:db8::1", "2001:db8:c::3", "source_unmapped"},
		{"no prefix, both mapped", "100.0.0.1", "100.0.0.1", "2001:db8:c::3 > 2001:db8:c::3"},
	})
	m := mapperOf(t, "2001:db8:64::/96", pair)
	m.Denied = NewRanges([]netip.Prefix{netip.MustParsePrefix("8.0.0.0/8")})
	runMap(t, m, []mapTest{
		{"an IPv6 source outside the prefix", "2001:db8::1", "2001:db8:64::9.9.9.9", "source_unmapped"},
		{"an IPv6 destination outside the prefix", "2001:db8:c::3", "2001:db8:65::9.9.9.9", "destination_unmapped"},
		{"destination before source", "2001:db8::1", "2001:db8:64::8.8.8.8", "destination_denied"},
		{"an illegal embedded source", "2001:db8:64::127.0.0.1", "2001:db8:64::9.9.9.9", "illegal_source"},
		{"an illegal embedded destination", "2001:db8:c::3", "2001:db8:64::224.0.0.1", "illegal_destination"},
		{"illegal before denied", "2001:db8:c::3", "2001:db8:64::0.1.2.3", "illegal_destination"},
	})
}

// TestMapHairpin: a packet from IPv6 is hairpinned if its destination maps by the
// prefix to an address that has an explicit mapping (RFC 7757 §4.2.2).
func TestMapHairpin(t *testing.T) {
	const in6 = "2001:db8:64::100.0.0.2"
	pairs := []string{"100.0.0.1/32 2001:db8:c::1/128", "100.0.0.2/32 2001:db8:c::2/128"}
	for mode, want := range map[Hairpin]string{Intrinsic: " hairpin", Simple: "", Off: ""} {
		m := mapperOf(t, "2001:db8:64::/96", pairs...)
		m.Hairpin = mode
		runMap(t, m, []mapTest{
			{"to a mapped host by the prefix", "2001:db8:c::1", in6, "100.0.0.1 > 100.0.0.2" + want},
			{"to a mapped host by its mapping", "2001:db8:c::1", "2001:db8:c::2", "100.0.0.1 > 100.0.0.2"},
			{"to a host without a mapping", "2001:db8:c::1", "2001:db8:64::100.0.0.3", "100.0.0.1 > 100.0.0.3"},
		})
		source := "2001:db8:c::1"
		if mode == Simple {
			source = "2001:db8:64::6400:1"
		}
		runMap(t, m, []mapTest{{"the source of an IPv4 packet", "100.0.0.1", "100.0.0.2", source + " > 2001:db8:c::2"}})
	}
	m := mapperOf(t, "2001:db8:64::/96", pairs...)
	p := dataPacket("100.0.0.1", "100.0.0.2", 0)
	p.Again = true
	if got := outcome(m.Map(p), p); got != "2001:db8:64::6400:1 > 2001:db8:c::2" {
		t.Errorf("the second pass of a hairpinned packet: %s", got)
	}
}
