package translate_test

import (
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// TestDenied: what deny-ipv4 excludes is refused in both directions, in either
// role, but not where an explicit mapping decides (RFC 6052 §5, RFC 7757 §3.3).
func TestDenied(t *testing.T) {
	const denied4, denied6 = "203.0.113.64", "2001:db8:64::203.0.113.64"
	to4, to6 := pkttest.IPv4{Src: denied4, Dst: mapped4}, pkttest.IPv6{Src: mapped6, Dst: denied6}
	both := pkttest.IPv4{Src: mapped4, Dst: denied4}
	sender6 := pkttest.IPv6{Src: denied6, Dst: far6}
	error4 := func(quote []byte) []byte {
		return pkttest.IPv4{Src: denied4, Dst: mapped4}.Packet(pkttest.ICMPError{Type: 11, Quote: quote})
	}
	about4 := func(dst string) []byte { return pkttest.IPv4{Src: mapped4, Dst: dst}.Packet(udp) }
	crossed := pkttest.IPv6{Src: mapped6, Dst: far6}.Packet(udp)

	c := config(func(c *oracle.Config) {
		c.DenyIPv4 = []netip.Prefix{netip.MustParsePrefix("203.0.113.64/26"), netip.MustParsePrefix("198.51.100.0/24")}
	})
	runRules(t, c, []ruleTest{
		{"an IPv4 source gets 3/13", to4.Packet(udp), translate.SourceDenied, packets(prohibited(to4.Packet(udp)))},
		{"an IPv4 destination gets 3/13", both.Packet(udp), translate.DestinationDenied, packets(prohibited(both.Packet(udp)))},
		{"an IPv6 destination gets 1/1", to6.Packet(udp), translate.DestinationDenied, packets(prohibited(to6.Packet(udp)))},
		{"an IPv6 source gets 1/1", sender6.Packet(udp), translate.SourceDenied, packets(prohibited(sender6.Packet(udp)))},
		{"a ping of IPv6 gets nothing", to6.Packet(ping), translate.DestinationDenied, nil},
		{"an explicit mapping inside still counts", ip4.Packet(udp), translate.Translated, packets(pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 63}.Packet(udp))},
		{
			"an error keeps going, from another source", error4(about4(far4)), translate.Translated,
			packets(pkttest.IPv6{Src: own6, Dst: mapped6, HopLimit: 63}.Packet(pkttest.ICMPError{Type: 3, Quote: crossed})),
		},
		{"an error about it is dropped", error4(about4("203.0.113.127")), translate.QuoteUnmapped, nil},
	})
}

// TestClassEIsOneChoice: with class-e no, 240/4 is an illegal source, in an IPv4
// header, inside the prefix and in a quoted packet; ICMPv4 errors come from
// anywhere (RFC 7915 §4.1, RFC 6052 §5). It is a destination either way.
func TestClassEIsOneChoice(t *testing.T) {
	const e4, e6 = "240.0.0.5", "2001:db8:64::f000:5"
	about := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
	from4, from6 := pkttest.IPv4{Src: e4, Dst: mapped4}, pkttest.IPv6{Src: e6, Dst: far6}
	error4, error6 := pkttest.ICMPError{Type: 11, Quote: about}, pkttest.ICMPError{Type: 3, Quote: pkttest.IPv6{Src: far6, Dst: e6}.Packet(udp)}
	quoting4 := pkttest.IPv4{Src: far4, Dst: e4}.Packet(pkttest.ICMPError{Type: 11, Quote: pkttest.IPv4{Src: e4, Dst: far4}.Packet(udp)})
	quoting6 := ip6.Packet(pkttest.ICMPError{Type: 3, Quote: pkttest.IPv6{Src: e6, Dst: mapped6}.Packet(udp)})
	hidden := pkttest.IPv6{Src: e6, Dst: otherIn6}.Packet(udp)
	for _, tt := range []struct {
		rule    string
		in      []byte
		yes, no translate.Verdict
	}{
		{"an IPv4 source", from4.Packet(udp), translate.Translated, translate.IllegalSource},
		{"an IPv4 destination", pkttest.IPv4{Src: far4, Dst: e4}.Packet(udp), translate.Translated, translate.Translated},
		{"a ping to the translator", pkttest.IPv4{Src: e4, Dst: own4}.Packet(ping), translate.Answered, translate.IllegalSource},
		{"an embedded source", from6.Packet(udp), translate.Translated, translate.IllegalSource},
		{"an embedded source of a hairpinned packet", hidden, translate.Hairpinned, translate.IllegalSource},
		{"an embedded destination", pkttest.IPv6{Src: mapped6, Dst: e6}.Packet(udp), translate.Translated, translate.Translated},
		{"an ICMPv4 error", from4.Packet(error4), translate.Translated, translate.Translated},
		{"an ICMPv6 error", from6.Packet(error6), translate.Translated, translate.IllegalSource},
		{"a quoted IPv4 source", quoting4, translate.Translated, translate.QuoteUnmapped},
		{"a quoted embedded source", quoting6, translate.Translated, translate.QuoteUnmapped},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			for legal, want := range map[bool]translate.Verdict{true: tt.yes, false: tt.no} {
				s := newSubject(t, config(func(c *oracle.Config) { c.ClassE = legal }))
				if v, got := s.send(tt.in); v != want || v.Sent() != (got != nil) {
					t.Errorf("class-e %v: %v, %d packets; want %v", legal, v, len(got), want)
				}
			}
		})
	}
}

// prohibited is the ICMP error that the sender of pkt is owed for want of a
// mapping: 3/13 or 1/1 from the translator itself.
func prohibited(pkt []byte) []byte {
	if pkt[0]>>4 == 4 {
		return refusal(pkt, pkttest.ICMPError{Type: 3, Code: 13})
	}
	return refusal(pkt, pkttest.ICMPError{Type: 1, Code: 1})
}

// refusal is an ICMP error of the translator's own about pkt: as much of it as
// 576 or 1,280 octets hold.
func refusal(pkt []byte, e pkttest.ICMPError) []byte {
	if pkt[0]>>4 == 4 {
		e.Quote = pkt[:min(len(pkt), 576-28)]
		src, _ := netip.AddrFromSlice(pkt[12:16])
		return pkttest.IPv4{Src: own4, Dst: src.String()}.Packet(e)
	}
	e.Quote = pkt[:min(len(pkt), 1280-48)]
	src, _ := netip.AddrFromSlice(pkt[8:24])
	return pkttest.IPv6{Src: own6, Dst: src.String()}.Packet(e)
}

// TestNoRoom: a batch without room loses the packet, and says so.
func TestNoRoom(t *testing.T) {
	quote4 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
	tests := []struct {
		rule   string
		room   int // frames in the batch
		in     []byte
		want   translate.Verdict
		leaves int
	}{
		{"a packet needs none", 0, ip4.Packet(udp), translate.Translated, 1},
		{"a fragment", 1, ip4.Packet(pkttest.UDP{Data: make([]byte, 1400)}), translate.NoRoom, 1},
		{"an ICMP error that crosses", 0, ip4.Packet(pkttest.ICMPError{Type: 11, Quote: quote4}), translate.NoRoom, 0},
		{"an ICMP error of its own", 0, pkttest.IPv4{Src: far4, Dst: mapped4, TTL: 1}.Packet(udp), translate.HopLimit, 0},
		{"enough", 2, ip4.Packet(pkttest.UDP{Data: make([]byte, 1400)}), translate.Fragmented, 2},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			s := newSubject(t, config())
			s.out = wire.NewBatch(tt.room*(1280+wire.LeastFrame), tt.room)
			v, got := s.send(tt.in)
			if v != tt.want || len(got) != tt.leaves {
				t.Errorf("%v, %d packets; want %v, %d", v, len(got), tt.want, tt.leaves)
			}
			if s.Errors.Sent != [2]uint64{} {
				t.Errorf("an error that was not sent is counted: %+v", s.Errors)
			}
		})
	}
}
