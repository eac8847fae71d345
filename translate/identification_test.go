package translate_test

import (
	"encoding/binary"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
)

// identification is the Identification of an IPv4 packet, and whether it may be
// fragmented.
func identification(pkt []byte) (id uint16, mayFragment bool) {
	return binary.BigEndian.Uint16(pkt[4:]), pkt[6]&0x40 == 0
}

// TestIdentificationsThatCountAreUnique: as long as 65,536 datagrams that may be
// fragmented go between two hosts, no two have the same Identification, whatever
// else goes between them (RFC 6864 §4.3, RFC 7915 §5.1).
func TestIdentificationsThatCountAreUnique(t *testing.T) {
	s := newSubject(t, config())
	short, long := ip6.Packet(udp), ip6.Packet(pkttest.UDP{Data: make([]byte, 1300)})
	bare := pkttest.IPv6{Src: mapped6, Dst: far6}.Packet(pkttest.Fragment{ID: 1, Offset: 8}, udp)
	var seen [65536]bool
	for i := range 65536 {
		_, got := s.send(short)
		id, may := identification(got[0])
		if !may || seen[id] {
			t.Fatalf("packet %d: Identification %#x again, or DF", i, id)
		}
		seen[id] = true
		if i%16 == 0 { // packets with DF, and fragments with an Identification of their own, take none away
			for _, pkt := range [][]byte{long, bare} {
				s.send(pkt)
			}
		}
	}
}

// TestIdentificationsOfOwnFragments: a datagram that the translator cuts for a
// small IPv4 link has one Identification, the next datagram another.
func TestIdentificationsOfOwnFragments(t *testing.T) {
	s := newSubject(t, config(func(c *oracle.Config) { c.MTU4 = 300 }))
	pkt := ip6.Packet(pkttest.UDP{Data: make([]byte, 1000)})
	seen := map[uint16]bool{}
	for range 1000 {
		_, got := s.send(pkt)
		d, err := datagramOf(got, 300)
		if err != nil || len(got) != 4 {
			t.Fatalf("%d fragments: %v", len(got), err)
		}
		if seen[uint16(d.id)] {
			t.Fatalf("Identification %#x again", d.id)
		}
		seen[uint16(d.id)] = true
	}
}

// TestIdentificationsOfOwnMessages: echo replies, errors of the translator and
// errors that it translates may be fragmented on their way and are told apart.
func TestIdentificationsOfOwnMessages(t *testing.T) {
	quote := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	for rule, pkt := range map[string][]byte{
		"echo reply":           pkttest.IPv4{Src: far4, Dst: own4}.Packet(ping),
		"error":                spent4(far4, udp),
		"translated error":     ip6.Packet(pkttest.ICMPError{Type: 3, Quote: quote}),
		"translated long echo": ip6.Packet(pkttest.Echo{Data: make([]byte, 1200)}),
	} {
		s := newSubject(t, config())
		seen := map[uint16]bool{}
		for range 1000 {
			_, got := s.send(pkt)
			id, may := identification(got[0])
			if !may || seen[id] {
				t.Fatalf("%s: Identification %#x again, or DF", rule, id)
			}
			seen[id] = true
		}
	}
}

// TestIdentificationsOfFragmentsCross: the Identification of a fragment is that of
// its datagram, in the low 16 bits (RFC 7915 §4.1, §5.1.1).
func TestIdentificationsOfFragmentsCross(t *testing.T) {
	s := newSubject(t, config())
	for id := range 65536 {
		_, got := s.send(pkttest.IPv4{Src: far4, Dst: mapped4, ID: uint16(id), Offset: 8}.Packet(pkttest.Proto{Number: 17, Data: udp.Data}))
		if d := piece(got[0]); d.id != uint32(id) {
			t.Fatalf("%#x becomes %#x", id, d.id)
		}
		high := uint32(id) * 2654435761 &^ 0xffff
		_, got = s.send(ip6.Packet(pkttest.Fragment{Offset: 8, ID: high | uint32(id)}, pkttest.Proto{Number: 17, Data: udp.Data}))
		if d := piece(got[0]); d.id != uint32(id) {
			t.Fatalf("%#x becomes %#x", high|uint32(id), d.id)
		}
	}
}
