package translate_test

import (
	"fmt"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

// TestZeroUDPChecksum: a datagram without a checksum is dropped, given one, or
// forwarded without, as configured; a first fragment of one is always dropped,
// because a checksum cannot be computed over a part (RFC 7915 §4.5, RFC 6935).
func TestZeroUDPChecksum(t *testing.T) {
	none := pkttest.UDP{Sport: 5, Dport: 6, Data: pkttest.Pattern(1, 24), Sum: pkttest.Zero}
	summed := none
	summed.Sum = 0
	short := none
	short.Len = 20 // options behind the datagram (RFC 9868)
	first := pkttest.Proto{Number: 17, Data: ip4.Packet(none)[20:44]}
	later := pkttest.Proto{Number: 17, Data: make([]byte, 8)}

	for _, mode := range []string{"drop", "compute", "forward"} {
		var tests []ruleTest
		for _, h := range bothWays() {
			add := func(rule string, in []byte, out ...[]byte) {
				want := translate.ZeroUDPChecksum
				if out != nil {
					want = translate.Translated
				}
				tests = append(tests, ruleTest{fmt.Sprintf("%s, %s, %s", mode, h.name, rule), in, want, out})
			}
			switch mode {
			case "drop":
				add("a whole datagram is dropped", h.in(none))
			case "compute":
				add("a whole datagram gets one", h.in(none), h.out(summed))
				add("one that claims octets of another packet is dropped", h.in(lying(none, 33)))
				add("one that claims less than its header is dropped", h.in(lying(none, 7)))
			case "forward":
				add("a whole datagram stays without", h.in(none), h.out(none))
				add("whatever its length says", h.in(lying(none, 33)), h.out(lying(none, 33)))
			}
			add("a first fragment is dropped", h.fragment(0, true, first))
			add("a later fragment passes", h.fragment(24, false, later), h.crossed(24, false, later))
			add("a checksum that is there passes", h.in(summed), h.out(summed))
		}
		runRules(t, config(func(c *oracle.Config) { c.UDPZero = mode }), tests)
	}
	s := newSubject(t, config(func(c *oracle.Config) { c.UDPZero = "compute" }))
	if _, got := s.send(ip4.Packet(short)); len(got) != 1 || pkttest.TransportSum(got[0]) != pkttest.SumGood {
		t.Errorf("a datagram shorter than its packet: %x", got)
	}
}

func lying(u pkttest.UDP, length int) pkttest.UDP {
	u.Len = pkttest.Field(length)
	return u
}

// TestZeroUDPChecksumComesOut: where the updated checksum is zero it is written as
// ffff, because zero says that there is none (RFC 768, RFC 8200 §8.1).
func TestZeroUDPChecksumComesOut(t *testing.T) {
	for _, h := range bothWays() {
		s := newSubject(t, config())
		met := 0
		for n := range 65536 {
			u := pkttest.UDP{Sport: uint16(n), Dport: 9, Data: []byte{1, 2}}
			_, got := s.send(h.in(u))
			at := len(got[0]) - 4 // the checksum is in front of two octets of data
			if got[0][at] == 0 && got[0][at+1] == 0 {
				t.Fatalf("%s: port %d gives a checksum of zero", h.name, n)
			}
			if got[0][at] == 0xff && got[0][at+1] == 0xff {
				met++
			}
		}
		if met == 0 {
			t.Errorf("%s: no checksum came out zero", h.name)
		}
	}
}

// A way is one direction, in which a packet becomes another.
type way struct {
	name              string
	in, out           func(...pkttest.Layer) []byte
	fragment, crossed func(at int, more bool, data pkttest.Layer) []byte
}

// bothWays are the directions, between hosts that have counterparts.
func bothWays() []way {
	h6 := pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 63}
	h4 := pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 63}
	part4 := func(h pkttest.IPv4) func(int, bool, pkttest.Layer) []byte {
		return func(at int, more bool, data pkttest.Layer) []byte {
			h.Offset, h.MF, h.ID = at, more, 7
			return h.Packet(data)
		}
	}
	part6 := func(h pkttest.IPv6) func(int, bool, pkttest.Layer) []byte {
		return func(at int, more bool, data pkttest.Layer) []byte {
			return h.Packet(pkttest.Fragment{Offset: at, More: more, ID: 7}, data)
		}
	}
	return []way{
		{"4 to 6", ip4.Packet, h6.Packet, part4(ip4), part6(h6)},
		{"6 to 4", ip6.Packet, h4.Packet, part6(ip6), part4(h4)},
	}
}
