package translate_test

import (
	"encoding/binary"
	"net/netip"
	"os"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// Ranges of IPv4 addresses, first and last: those that no router forwards from or
// to, and those that the Well-Known Prefix may not carry (RFC 6052 §3.1).
var (
	martians  = [][2]string{{"0.0.0.0", "0.255.255.255"}, {"127.0.0.0", "127.255.255.255"}, {"169.254.0.0", "169.254.255.255"}, {"224.0.0.0", "239.255.255.255"}, {"255.255.255.255", "255.255.255.255"}}
	nonGlobal = append([][2]string{
		{"10.0.0.0", "10.255.255.255"},
		{"100.64.0.0", "100.127.255.255"},
		{"172.16.0.0", "172.31.255.255"},
		{"192.0.0.0", "192.0.0.8"},
		{"192.0.0.11", "192.0.0.255"},
		{"192.0.2.0", "192.0.2.255"},
		{"192.168.0.0", "192.168.255.255"},
		{"198.18.0.0", "198.19.255.255"},
		{"198.51.100.0", "198.51.100.255"},
		{"203.0.113.0", "203.0.113.255"},
		{"240.0.0.0", "255.255.255.255"},
	}, martians...)
)

func number4(s string) uint32 {
	b := netip.MustParseAddr(s).As4()
	return binary.BigEndian.Uint32(b[:])
}

func inRanges(ranges [][2]uint32, a uint32) bool {
	for _, r := range ranges {
		if r[0] <= a && a <= r[1] {
			return true
		}
	}
	return false
}

func numbers(ranges [][2]string) (all [][2]uint32) {
	for _, r := range ranges {
		all = append(all, [2]uint32{number4(r[0]), number4(r[1])})
	}
	return all
}

// A probe is a packet in which one address varies: an IPv4 address, or one inside
// the prefix. It stands 4 octets before the end of the field at.
type probe struct {
	name    string
	pkt     []byte
	at      int // of the address in pkt
	out     int // of the address in what comes out
	illegal translate.Verdict
	refused translate.Verdict // for what the Well-Known Prefix may not carry
}

// TestMartiansNeverLeak: no packet that comes from or goes to an address that no
// router may forward is sent on, whether the address stands in an IPv4 header or
// inside the prefix; every other one is, also what lies next to them, and under
// the Well-Known Prefix none that is not global (RFC 6052 §3.1, §5).
func TestMartiansNeverLeak(t *testing.T) {
	for name, tt := range map[string]struct {
		prefix  string
		refused [][2]string
		hosts   [2]string // an IPv4 host and an IPv6 host that have counterparts
	}{
		"a prefix of one's own": {"2001:db8:64::/96", martians, [2]string{far4, far6}},
		"the Well-Known Prefix": {"64:ff9b::/96", nonGlobal, [2]string{"8.8.8.8", "64:ff9b::808:808"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSubject(t, config(func(c *oracle.Config) {
				c.Prefix, c.WKPFStrict, c.Own4 = netip.MustParsePrefix(tt.prefix), tt.prefix == "64:ff9b::/96", netip.MustParseAddr("192.88.99.1")
				c.EAM = []oracle.Pair{{V4: netip.MustParsePrefix("100.0.0.1/32"), V6: netip.MustParsePrefix(mapped6 + "/128")}}
			}))
			data := pkttest.Proto{Number: 132, Data: pkttest.Pattern(1, 8)}
			prefix := netip.MustParsePrefix(tt.prefix).Addr().String()
			probes := []probe{
				{"IPv4 source", pkttest.IPv4{Src: "1.1.1.1", Dst: "100.0.0.1"}.Packet(data), 12, 20, translate.IllegalSource, translate.SourceNotGlobal},
				{"IPv4 destination", pkttest.IPv4{Src: tt.hosts[0], Dst: "1.1.1.1"}.Packet(data), 16, 36, translate.IllegalDestination, translate.DestinationNotGlobal},
				{"IPv6 source", pkttest.IPv6{Src: prefix, Dst: tt.hosts[1]}.Packet(data), 20, 12, translate.IllegalSource, translate.SourceNotGlobal},
				{"IPv6 destination", pkttest.IPv6{Src: mapped6, Dst: prefix}.Packet(data), 36, 16, translate.IllegalDestination, translate.DestinationNotGlobal},
			}
			illegal, refused := numbers(martians), numbers(tt.refused)
			for _, a := range probedAddresses(refused) {
				for i := range probes {
					probes[i].try(t, s, a, [2]bool{inRanges(illegal, a), inRanges(refused, a)})
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

// probedAddresses are addresses of every /24, or in a short test of every 61st,
// and those around the ends of the ranges. The own and the mapped one are left
// out.
func probedAddresses(ranges [][2]uint32) (all []uint32) {
	step := uint32(61)
	if os.Getenv("TAYGO_LONG") != "" {
		step = 1
	}
	for net := uint32(0); net < 1<<24; net += step {
		all = append(all, net<<8|net*167&0xff)
	}
	for _, r := range ranges {
		all = append(all, r[0]-1, r[0], r[0]+1, r[1]-1, r[1], r[1]+1)
	}
	for i, a := range all {
		if a == number4("192.88.99.1") || a == number4("100.0.0.1") {
			all[i]++
		}
	}
	return all
}

// try sends the probe with the address a, which is illegal, or may not be carried.
func (p *probe) try(t *testing.T, s *subject, a uint32, is [2]bool) {
	t.Helper()
	binary.BigEndian.PutUint32(p.pkt[p.at:], a)
	if p.pkt[0]>>4 == 4 {
		clear(p.pkt[10:12])
		binary.BigEndian.PutUint16(p.pkt[10:], wire.Sum(0).AddBytes(p.pkt[:20]).Checksum())
	}
	want := translate.Translated
	switch {
	case is[0]:
		want = p.illegal
	case is[1]:
		want = p.refused
	}
	v, got := s.send(p.pkt)
	switch {
	case v != want:
		t.Errorf("%s %v: %v, want %v", p.name, wire.Addr4(a), v, want)
	case want != translate.Translated && got != nil:
		t.Errorf("%s %v: %v, %d packets", p.name, wire.Addr4(a), v, len(got))
	case want == translate.Translated && (len(got) != 1 || binary.BigEndian.Uint32(got[0][p.out:]) != a):
		t.Errorf("%s %v: %x", p.name, wire.Addr4(a), got)
	}
}
