package siit

import (
	"net/netip"
	"testing"

	"taygo/translate"
	"taygo/translate/wire"
)

// An errorTest is an ICMP error from src to dst about a packet, and what becomes
// of the four addresses: those of the error, then those of the quoted packet.
type errorTest struct {
	rule, src, dst       string
	quotedSrc, quotedDst string
	want                 string
}

func runMapError(t *testing.T, m *Mapper, again bool, tests []errorTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			p := dataPacket(tt.src, tt.dst, 0)
			p.Error, p.Again, p.Hairpin = true, again, p.V6
			p.Quoted.Src, p.Quoted.Dst = wire.AddrFrom(netip.MustParseAddr(tt.quotedSrc)), wire.AddrFrom(netip.MustParseAddr(tt.quotedDst))
			p.Quoted.V6 = p.V6
			v := m.MapError(p)
			got := outcome(v, p)
			if v == translate.Translated {
				got += " : " + p.QuotedTo.Src.String() + " > " + p.QuotedTo.Dst.String()
			}
			if p.Replaced {
				got += " borrowed"
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

var twoHosts = []string{"100.0.0.1/32 2001:db8:c::1/128", "100.0.0.2/32 2001:db8:c::2/128"}

// TestMapErrorFromIPv4: the source of an ICMPv4 error may be anything; its
// destination and the quoted addresses must have counterparts (RFC 7915 §4.1,
// §4.3, RFC 6791 §4).
func TestMapErrorFromIPv4(t *testing.T) {
	const host4, far4, farOther = "100.0.0.1", "9.9.9.9", "9.9.9.10"
	const crossed = " > 2001:db8:c::1 : 2001:db8:c::1 > 64:ff9b::909:909"
	m := mapperOf(t, "64:ff9b::/96", twoHosts...)
	m.Strict = true
	m.Denied = NewRanges([]netip.Prefix{netip.MustParsePrefix("8.0.0.0/8")})
	runMapError(t, m, false, []errorTest{
		{"from the host itself", far4, host4, host4, far4, "64:ff9b::909:909" + crossed},
		{"from a router", farOther, host4, host4, far4, "64:ff9b::909:90a" + crossed},
		{"from a mapped router", "100.0.0.2", host4, host4, far4, "2001:db8:c::2" + crossed},
		{"from a private router", "10.0.0.1", host4, host4, far4, "2001:db8:1::fe" + crossed + " borrowed"},
		{"from a denied router", "8.1.2.3", host4, host4, far4, "2001:db8:1::fe" + crossed + " borrowed"},
		{"from loopback, which the prefix may not carry", "127.0.0.1", host4, host4, far4, "2001:db8:1::fe" + crossed + " borrowed"},
		{"to nobody", far4, "8.1.2.3", host4, far4, "destination_denied"},
		{"about a packet from nobody", far4, host4, "8.1.2.3", far4, "quote_unmapped"},
		{"about a packet to nobody", far4, host4, host4, "10.0.0.1", "quote_unmapped"},
		{"about a packet from loopback", far4, host4, "127.0.0.1", far4, "quote_unmapped"},
		{"about a packet to multicast", far4, host4, host4, "224.0.0.1", "quote_unmapped"},
	})
	runMapError(t, mapperOf(t, "2001:db8:64::/96", twoHosts...), false, []errorTest{
		{"from loopback, which this prefix carries", "127.0.0.1", host4, host4, far4, "2001:db8:64::7f00:1 > 2001:db8:c::1 : 2001:db8:c::1 > 2001:db8:64::909:909"},
		{"about a packet to loopback", far4, host4, host4, "127.0.0.1", "quote_unmapped"},
	})
}

// TestMapErrorFromIPv6: so it is the other way, but no error comes from an illegal
// source (RFC 7915 §5.1, RFC 6791 §3).
func TestMapErrorFromIPv6(t *testing.T) {
	const host6, far6 = "2001:db8:c::1", "2001:db8:64::9.9.9.9"
	const crossed = " > 9.9.9.9 : 9.9.9.9 > 100.0.0.1"
	m := mapperOf(t, "2001:db8:64::/96", twoHosts...)
	m.Denied = NewRanges([]netip.Prefix{netip.MustParsePrefix("8.0.0.0/8")})
	runMapError(t, m, false, []errorTest{
		{"from the host itself", host6, far6, far6, host6, "100.0.0.1" + crossed},
		{"from a mapped router", "2001:db8:c::2", far6, far6, host6, "100.0.0.2" + crossed},
		{"from a router in the prefix", "2001:db8:64::9.9.9.10", far6, far6, host6, "9.9.9.10" + crossed},
		{"from a router without a counterpart", "2001:db8:ffff::1", far6, far6, host6, "192.0.2.254" + crossed + " borrowed"},
		{"from a denied router", "2001:db8:64::8.1.2.3", far6, far6, host6, "192.0.2.254" + crossed + " borrowed"},
		{"from an embedded loopback", "2001:db8:64::127.0.0.1", far6, far6, host6, "illegal_source"},
		{"to nobody", host6, "2001:db8:ffff::1", far6, host6, "destination_unmapped"},
		{"to an embedded multicast group", host6, "2001:db8:64::224.0.0.1", far6, host6, "illegal_destination"},
		{"about a packet from nobody", host6, far6, "2001:db8:ffff::1", host6, "quote_unmapped"},
		{"about a packet to nobody", host6, far6, far6, "2001:db8:ffff::1", "quote_unmapped"},
		{"about a packet from an embedded loopback", host6, far6, "2001:db8:64::127.0.0.1", host6, "quote_unmapped"},
		{"about a packet to a denied host", host6, far6, far6, "2001:db8:64::8.1.2.3", "quote_unmapped"},
	})
}

// TestMapErrorHairpin: an error about a hairpinned packet is hairpinned too: what
// decides is the quoted source (RFC 7757 §4.2.1, rule 3). In the second pass, and
// always with simple hairpinning, the quoted destination maps by the prefix, and
// so does the source of the error if it is that destination (rule 4).
func TestMapErrorHairpin(t *testing.T) {
	const one6, two6, oneIn6 = "2001:db8:c::1", "2001:db8:c::2", "2001:db8:64::6400:1"
	errors := func(mark string) []errorTest {
		return []errorTest{
			{"from the host", two6, oneIn6, oneIn6, two6, "100.0.0.2 > 100.0.0.1" + mark + " : 100.0.0.1 > 100.0.0.2"},
			{"from a router", "2001:db8:ffff::1", oneIn6, oneIn6, two6, "192.0.2.254 > 100.0.0.1" + mark + " : 100.0.0.1 > 100.0.0.2 borrowed"},
			{"about a packet not hairpinned", two6, "2001:db8:64::9.9.9.9", "2001:db8:64::9.9.9.9", two6, "100.0.0.2 > 9.9.9.9 : 9.9.9.9 > 100.0.0.2"},
			{"about a packet from the mapping itself", two6, one6, one6, two6, "100.0.0.2 > 100.0.0.1 : 100.0.0.1 > 100.0.0.2"},
		}
	}
	for mode, mark := range map[Hairpin]string{Intrinsic: " hairpin", Simple: "", Off: ""} {
		m := mapperOf(t, "2001:db8:64::/96", twoHosts...)
		m.Hairpin = mode
		runMapError(t, m, false, errors(mark))
	}
	plain := []errorTest{
		{"from the quoted destination", "100.0.0.2", "100.0.0.1", "100.0.0.1", "100.0.0.2", "2001:db8:64::6400:2 > 2001:db8:c::1 : 2001:db8:c::1 > 2001:db8:64::6400:2"},
		{"from another mapped host", "100.0.0.2", "100.0.0.1", "100.0.0.1", "9.9.9.9", "2001:db8:c::2 > 2001:db8:c::1 : 2001:db8:c::1 > 2001:db8:64::909:909"},
	}
	m := mapperOf(t, "2001:db8:64::/96", twoHosts...)
	runMapError(t, m, true, plain)
	m.Hairpin = Simple
	runMapError(t, m, false, plain)
	m.Hairpin = Off
	runMapError(t, m, false, []errorTest{
		{"without hairpinning all map alike", "100.0.0.2", "100.0.0.1", "100.0.0.1", "100.0.0.2", "2001:db8:c::2 > 2001:db8:c::1 : 2001:db8:c::1 > 2001:db8:c::2"},
	})
}
