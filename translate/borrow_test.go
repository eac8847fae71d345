package translate_test

import (
	"encoding/hex"
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/siit"
	"taygo/translate"
)

// Errors from routers without a counterpart.
var (
	fromLost6 = pkttest.IPv6{Src: lost6, Dst: far6}.Packet(pkttest.ICMPError{Type: 3, Quote: pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)})
	fromFar4  = pkttest.IPv4{Src: "203.0.113.99", Dst: mapped4}.Packet(pkttest.ICMPError{Type: 11, Quote: pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)})
)

// sourceOf is the source of a packet.
func sourceOf(pkt []byte) netip.Addr {
	if pkt[0]>>4 == 4 {
		a, _ := netip.AddrFromSlice(pkt[12:16])
		return a
	}
	a, _ := netip.AddrFromSlice(pkt[8:24])
	return a
}

// TestBorrowedSourceIsRandomPerPacket: errors of one and the same router without a
// counterpart come from all addresses of the pool by turns (RFC 6791 §3).
func TestBorrowedSourceIsRandomPerPacket(t *testing.T) {
	refuse := func(c *oracle.Config) { c.DenyIPv4 = []netip.Prefix{netip.MustParsePrefix("203.0.113.96/27")} }
	for _, tt := range []struct {
		rule  string
		in    []byte
		pool  []string
		least int // different sources among 4,000
		most  int
	}{
		{"IPv4, one address", fromLost6, []string{"192.0.2.9/32"}, 1, 1},
		{"IPv4, two addresses", fromLost6, []string{"192.0.2.9/32", "198.51.100.200/32"}, 2, 2},
		{"IPv4, a prefix", fromLost6, []string{"192.0.2.16/28"}, 16, 16},
		{"IPv4, a prefix and an address", fromLost6, []string{"192.0.2.128/25", "198.51.100.200/32"}, 129, 129},
		{"IPv6, one address", fromFar4, []string{"2001:db8:9::1/128"}, 1, 1},
		{"IPv6, two addresses", fromFar4, []string{"2001:db8:9::1/128", "2001:db8:8::1/128"}, 2, 2},
		{"IPv6, a /64", fromFar4, []string{"2001:db8:9::/64"}, 3990, 4000},
		{"IPv6, a /48", fromFar4, []string{"2001:db8:9::/48"}, 3990, 4000},
		{"IPv6, a /64 and an address", fromFar4, []string{"2001:db8:9::/64", "2001:db8:8::1/128"}, 1800, 2200},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			var pool []netip.Prefix
			for _, p := range tt.pool {
				pool = append(pool, netip.MustParsePrefix(p))
			}
			s := newSubject(t, config(refuse))
			m := *s.Mapper.(*siit.Mapper)
			m.Sources4, m.Sources6 = siit.NewPool(pool...), siit.NewPool(pool...)
			s.Mapper = &m
			seen := map[netip.Addr]int{}
			for range 4000 {
				v, got := s.send(tt.in)
				if v != translate.Translated || len(got) != 1 {
					t.Fatalf("%v, %d packets", v, len(got))
				}
				a := sourceOf(got[0])
				seen[a]++
				if !inAny(a, pool) {
					t.Fatalf("source %v, not of %v", a, pool)
				}
			}
			if n := len(seen); n < tt.least || n > tt.most {
				t.Errorf("%d sources, want %d to %d", n, tt.least, tt.most)
			}
			for _, p := range pool { // each prefix has the same chance
				if n := countIn(seen, p); n < 4000/len(pool)*9/10 {
					t.Errorf("%v: %d of 4000", p, n)
				}
			}
		})
	}
}

func inAny(a netip.Addr, pool []netip.Prefix) bool {
	for _, p := range pool {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func countIn(seen map[netip.Addr]int, p netip.Prefix) (n int) {
	for a, times := range seen {
		if p.Contains(a) {
			n += times
		}
	}
	return n
}

// TestBorrowedSourceIsForErrorsOnly: data from an address without a counterpart is
// refused, an error from a link-local router dropped (RFC 6791 §3, RFC 7915 §5.1).
func TestBorrowedSourceIsForErrorsOnly(t *testing.T) {
	data := pkttest.IPv6{Src: lost6, Dst: far6}.Packet(udp)
	quote := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	error6 := func(src string) []byte {
		return pkttest.IPv6{Src: src, Dst: far6}.Packet(pkttest.ICMPError{Type: 3, Quote: quote})
	}
	crossed := pkttest.IPv4{Src: own4, Dst: far4, TTL: 63}.Packet(pkttest.ICMPError{Type: 11, Quote: pkttest.IPv4{Src: far4, Dst: mapped4}.Packet(udp)})
	runRules(t, config(), []ruleTest{
		{"an error from nowhere known", fromLost6, translate.Translated, packets(crossed)},
		{"data from nowhere known", data, translate.SourceUnmapped, packets(prohibited(data))},
		{"an error from a link-local router", error6("fe80::1"), translate.IllegalSource, nil},
		{"an error that embeds a loopback source", error6("2001:db8:64::127.0.0.1"), translate.IllegalSource, nil},
	})
}

// TestInterfaceInfo: what the replaced source was is told octet by octet as
// RFC 5837 §4 and RFC 6791 §4 lay down.
func TestInterfaceInfo(t *testing.T) {
	const structure = "2000b027" + // version 2, checksum
		"00180204" + // 24 octets, class 2, role 0 and the address
		"00020000" + // address family 2
		"20010db8ffff00000000000000000001"
	object := pkttest.Extension(pkttest.Object{Class: 2, Type: 4, Data: append([]byte{0, 2, 0, 0}, fromLost6[8:24]...)})
	if hex.EncodeToString(object) != structure {
		t.Errorf("extension structure %x, by hand %s", object, structure)
	}
	quote6, quote4 := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp), pkttest.IPv4{Src: far4, Dst: mapped4}.Packet(udp)
	mpls := pkttest.Extension(pkttest.Object{Class: 1, Type: 1, Data: []byte{0, 1, 1, 64}})
	from := func(src string, e pkttest.ICMPError) []byte {
		e.Quote = quote6
		return pkttest.IPv6{Src: src, Dst: far6}.Packet(e)
	}
	to := func(src string, e pkttest.ICMPError) [][]byte {
		e.Quote = quote4
		return packets(pkttest.IPv4{Src: src, Dst: far4, TTL: 63}.Packet(e))
	}
	told := config(func(c *oracle.Config) { c.InterfaceInfo = true })
	runRules(t, told, []ruleTest{
		{"Time Exceeded", from(lost6, pkttest.ICMPError{Type: 3}), translate.Translated, to(own4, pkttest.ICMPError{Type: 11, Ext: object})},
		{"Destination Unreachable", from(lost6, pkttest.ICMPError{Type: 1, Code: 1}), translate.Translated, to(own4, pkttest.ICMPError{Type: 3, Code: 10, Ext: object})},
		{"an extension that is there stays", from(lost6, pkttest.ICMPError{Type: 3, Ext: mpls}), translate.Translated, to(own4, pkttest.ICMPError{Type: 11, Ext: mpls})},
		{"a Parameter Problem has no room for it", from(lost6, pkttest.ICMPError{Type: 4}), translate.Translated, to(own4, pkttest.ICMPError{Type: 12})},
		{"a source with a counterpart needs none", from(mapped6, pkttest.ICMPError{Type: 3}), translate.Translated, to(mapped4, pkttest.ICMPError{Type: 11})},
	})
	runRules(t, config(), []ruleTest{
		{"off by default", from(lost6, pkttest.ICMPError{Type: 3}), translate.Translated, to(own4, pkttest.ICMPError{Type: 11})},
	})
}
