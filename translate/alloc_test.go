package translate_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// TestTranslateAllocatesNothing: no packet costs memory that the collector must
// find, whatever becomes of it.
func TestTranslateAllocatesNothing(t *testing.T) {
	quote4 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
	quote6 := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	mpls := pkttest.Extension(pkttest.Object{Class: 1, Type: 1, Data: []byte{0, 1, 1, 64}})
	long := pkttest.UDP{Data: make([]byte, 1440)}
	silent := pkttest.UDP{Sum: pkttest.Zero, Data: make([]byte, 99)}
	super := wire.Offload{Partial: true, Segment: 1400}
	many := pkttest.TCP{Flags: pkttest.ACK, Data: make([]byte, 3000)}
	cases := []allocation{
		{"4 to 6", ip4.Packet(tcp), translate.Translated, wire.Offload{}},
		{"6 to 4", ip6.Packet(tcp), translate.Translated, wire.Offload{}},
		{"ping, 4 to 6", ip4.Packet(ping), translate.Translated, wire.Offload{}},
		{"ping, 6 to 4", ip6.Packet(ping), translate.Translated, wire.Offload{}},
		{"checksum computed", ip4.Packet(silent), translate.Translated, wire.Offload{}},
		{"tiny fragment", pkttest.IPv4{Src: far4, Dst: mapped4, Offset: 8}.Packet(tcp), translate.TinyFragment, wire.Offload{}},
		{"later fragment, 4 to 6", pkttest.IPv4{Src: far4, Dst: mapped4, Offset: 64}.Packet(tcp), translate.Translated, wire.Offload{}},
		{"later fragment, 6 to 4", ip6.Packet(pkttest.Fragment{Offset: 64}, tcp), translate.Translated, wire.Offload{}},
		{"options", pkttest.IPv4{Src: far4, Dst: mapped4, Options: []byte{7, 7, 4, 0, 0, 0, 0}}.Packet(udp), translate.Translated, wire.Offload{}},
		{"extension headers", ip6.Packet(pkttest.HopByHop{}, pkttest.Routing{}, pkttest.DestOptions{}, udp), translate.Translated, wire.Offload{}},
		{"cut, 4 to 6", ip4.Packet(long), translate.Fragmented, wire.Offload{}},
		{"cut, 6 to 4", ip6.Packet(pkttest.UDP{Data: make([]byte, 1200)}), translate.Fragmented, wire.Offload{}},
		{"ICMP error, 4 to 6", ip4.Packet(pkttest.ICMPError{Type: 11, Quote: quote4}), translate.Translated, wire.Offload{}},
		{"ICMP error, 6 to 4", ip6.Packet(pkttest.ICMPError{Type: 2, MTU: 1400, Quote: quote6}), translate.Translated, wire.Offload{}},
		{"extension structure", ip4.Packet(pkttest.ICMPError{Type: 11, Quote: quote4, Ext: mpls}), translate.Translated, wire.Offload{}},
		{"borrowed source", fromLost6, translate.Translated, wire.Offload{}},
		{"hairpin", hairpin(9, tcp), translate.Hairpinned, wire.Offload{}},
		{"hairpin, ICMP error", pkttest.IPv6{Src: other6, Dst: mappedIn6}.Packet(pkttest.ICMPError{Type: 1, Quote: hairpinned(9, udp)}), translate.Hairpinned, wire.Offload{}},
		{"pinged, IPv4", pkttest.IPv4{Src: far4, Dst: own4}.Packet(ping), translate.Answered, wire.Offload{}},
		{"pinged, IPv6", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(ping), translate.Answered, wire.Offload{}},
		{"own error, IPv4", spent4(far4, udp), translate.HopLimit, wire.Offload{}},
		{"own error, IPv6", spent6(mapped6, udp), translate.HopLimit, wire.Offload{}},
		{"too big, IPv4", big[0], translate.TooBig, wire.Offload{}},
		{"too big, IPv6", big[1], translate.TooBig, wire.Offload{}},
		{"unmapped", pkttest.IPv6{Src: lost6, Dst: far6}.Packet(udp), translate.SourceUnmapped, wire.Offload{}},
		{"denied", pkttest.IPv4{Src: "203.0.113.77", Dst: mapped4}.Packet(udp), translate.SourceDenied, wire.Offload{}},
		{"dropped without a reply", pkttest.IPv4{Src: "127.0.0.1", Dst: mapped4}.Packet(udp), translate.IllegalSource, wire.Offload{}},
		{"malformed", []byte{0x45}, translate.Malformed, wire.Offload{}},
		{"super-packet", pkttest.IPv4{Src: far4, Dst: mapped4, DF: true}.Packet(many), translate.Translated, super},
		{"super-packet, cut", ip4.Packet(many), translate.Fragmented, super},
		{"super-packet, too big", ip6.Packet(many), translate.TooBig, super},
	}
	for _, limit := range []translate.Errors{translate.ErrorsSend, translate.ErrorsLimit} {
		s := newSubject(t, config(func(c *oracle.Config) {
			c.MTU4, c.UDPZero, c.InterfaceInfo = 1000, "compute", true
			c.DenyIPv4 = []netip.Prefix{netip.MustParsePrefix("203.0.113.77/32")}
		}))
		p := *s.Policy
		p.Errors, p.ErrorRate = [2]translate.Errors{limit, limit}, translate.Rate{PerSecond: 100, Burst: 50}
		s.Policy = &p
		for _, a := range cases {
			a.measure(t, s)
		}
	}
}

// An allocation is a packet that is to cost none.
type allocation struct {
	name    string
	in      []byte
	want    translate.Verdict
	offload wire.Offload
}

// measure reports what translating the packet costs, which is read into a batch.
func (a allocation) measure(t *testing.T, s *subject) {
	t.Helper()
	in := wire.NewBatch(4096, 1)
	var got translate.Verdict
	now := time.Duration(0)
	n := testing.AllocsPerRun(100, func() {
		in.Reset()
		s.out.Reset()
		f := in.New(len(a.in))
		copy(f.Bytes(), a.in)
		f.Offload = a.offload
		now += time.Millisecond
		got = s.Translate(f, now, s.out)
	})
	if n != 0 || got != a.want {
		t.Errorf("%s: %v allocations, %v; want none, %v", a.name, n, got, a.want)
	}
}
