package translate_test

import (
	"encoding/binary"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
)

// links are pairs of next-hop MTUs under which the reported ones are tried: all
// of them under the first, each eleventh under the others.
var links = [][2]int{{65535, 65535}, {1480, 1500}, {1500, 1280}, {1500, 1500}, {68, 1280}}

func step(link int) int { return 1 + 10*min(1, link) }

func withLinks(mtu [2]int) *oracle.Config {
	return config(func(c *oracle.Config) { c.MTU4, c.MTU6 = mtu[0], mtu[1] })
}

// TestEveryMTUFromIPv4: each MTU that a router can tell becomes the one of
// RFC 7915 §4.2, and zero the next lower plateau of RFC 1191 §7.1.
func TestEveryMTUFromIPv4(t *testing.T) {
	for i, mtu := range links {
		s := newSubject(t, withLinks(mtu))
		quote := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
		for told := 0; told < 65536; told += step(i) {
			want := max(1280, min(told+20, mtu[1], mtu[0]+20))
			if told == 0 {
				want = 1280 // the plateaus below 48 octets do not help
			}
			wantWord(t, s, ip4.Packet(pkttest.ICMPError{Type: 3, Code: 4, MTU: uint32(told), Quote: quote}), want)
			if t.Failed() {
				t.Fatalf("MTU %d, links %v", told, mtu)
			}
		}
	}
}

// TestEveryGuessedMTU: without an MTU the guess follows from the quoted length.
func TestEveryGuessedMTU(t *testing.T) {
	plateaus := []int{65535, 32000, 17914, 8166, 4352, 2002, 1492} // no other fits IPv6
	for i, mtu := range links {
		s := newSubject(t, withLinks(mtu))
		for length := 20; length < 65536; length += step(i) {
			guess := 0
			for _, plateau := range plateaus {
				if guess == 0 && plateau < length {
					guess = plateau
				}
			}
			quote := pkttest.IPv4{Src: mapped4, Dst: far4, Len: pkttest.Field(length)}.Packet(udp)
			want := max(1280, min(guess+20, mtu[1], mtu[0]+20))
			wantWord(t, s, ip4.Packet(pkttest.ICMPError{Type: 3, Code: 4, Quote: quote}), want)
			if t.Failed() {
				t.Fatalf("quoted length %d, links %v", length, mtu)
			}
		}
	}
}

// TestPlateausAreTheOperators: other plateaus than those of RFC 1191 can be given.
func TestPlateausAreTheOperators(t *testing.T) {
	s := newSubject(t, config(func(c *oracle.Config) { c.Plateaus = []int{1460, 1400, 1300, 900} }))
	for length, want := range map[int]int{1461: 1480, 1460: 1420, 1401: 1420, 1400: 1320, 1301: 1320, 1300: 1280, 100: 1280} {
		quote := pkttest.IPv4{Src: mapped4, Dst: far4, Len: pkttest.Field(length)}.Packet(udp)
		wantWord(t, s, ip4.Packet(pkttest.ICMPError{Type: 3, Code: 4, Quote: quote}), want)
	}
}

// TestEveryMTUFromIPv6: each MTU of a Packet Too Big becomes the one of RFC 7915
// §5.2, 8 less about a fragment; one that no IPv4 link can have is dropped.
func TestEveryMTUFromIPv6(t *testing.T) {
	whole := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	part := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(pkttest.Fragment{Offset: 8}, udp)
	for i, mtu := range links {
		s := newSubject(t, withLinks(mtu))
		tried := []int{65536, 65555, 65556, 1 << 20, 1 << 31, 1<<32 - 1}
		for told := 0; told < 65536; told += step(i) {
			tried = append(tried, told)
		}
		for _, told := range tried {
			for less, quote := range map[int][]byte{20: whole, 28: part} {
				want := max(68, min(told-less, mtu[0], mtu[1]-20, 65535))
				if told < 88 {
					want = -1
				}
				wantWord(t, s, ip6.Packet(pkttest.ICMPError{Type: 2, MTU: uint32(told), Quote: quote}), want)
				if t.Failed() {
					t.Fatalf("MTU %d, %d less, links %v", told, less, mtu)
				}
			}
		}
	}
}

// wantWord sends an ICMP error and looks at the second word of what comes out;
// -1 stands for nothing.
func wantWord(t *testing.T, s *subject, pkt []byte, want int) {
	t.Helper()
	v, got := s.send(pkt)
	if len(got) == 0 {
		if want != -1 {
			t.Errorf("%v", v)
		}
		return
	}
	at := 44
	if got[0][0]>>4 == 4 {
		at = 24
	}
	if word := int(binary.BigEndian.Uint32(got[0][at:])); word != want {
		t.Errorf("%v: MTU %d, want %d", v, word, want)
	}
}
