package ports

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"taygo/translate/wire"
)

// TestForwardAndReverse: over all subscribers, the block of each is its own and
// leads back to it, by every port; blocks follow one another by address and port,
// none below 1024; other ports lead to nobody (RFC 7422 §2.1).
func TestForwardAndReverse(t *testing.T) {
	for _, tt := range []struct {
		name   string
		prefix string
		bits   int
		size   int
		ranges []Range
	}{
		{"one subscriber", "2001:db8::/48", 48, 1024, []Range{every("192.0.2.1/32")}},
		{"across addresses", "2001:db8::/56", 64, 1024, []Range{every("192.0.2.0/28")}},
		{"addresses apart", "2001:db8:8000::/36", 44, 2048, []Range{ports("192.0.2.7/32", 1024, 30000), every("198.51.100.0/29"), ports("203.0.113.1/32", 0, 65535)}},
		{"single hosts", "2001:db8::/118", 128, 64, []Range{every("192.0.2.1/32"), every("192.0.2.9/32")}},
		{"across the halves", "2001:db8::/60", 70, 32, []Range{every("192.0.2.1/32")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Deterministic{Prefix: netip.MustParsePrefix(tt.prefix), Bits: tt.bits}
			p := newPool(t, Options{Ranges: tt.ranges, Shards: 64, Block: tt.size, Deterministic: d})
			seen := map[Block]bool{}
			last := Block{}
			for i := range uint64(1) << (tt.bits - d.Prefix.Bits()) {
				sub := nth(d, i)
				b, ok := p.Forward(within(sub, rand.Uint64(), rand.Uint64()))
				if !ok || seen[b] || b.First < 1024 || int(b.Last)-int(b.First) != tt.size-1 || b.V4 < last.V4 || b.V4 == last.V4 && b.First <= last.First {
					t.Fatalf("subscriber %v: %+v, %v, behind %+v", sub, b, ok, last)
				}
				for port := int(b.First); port <= int(b.Last); port++ {
					if back, ok := p.Reverse(b.V4, uint16(port)); back != sub || !ok || !p.Has(wire.ProtoTCP, b.V4, uint16(port)) {
						t.Fatalf("port %d of %v leads to %v, %v", port, sub, back, ok)
					}
				}
				seen[b], last = true, b
			}
			wantNobody(t, p, seen)
		})
	}
}

// nth returns prefix number i of the subscribers.
func nth(d Deterministic, i uint64) netip.Prefix {
	a := d.Prefix.Addr().As16()
	for bit := range 64 {
		if i>>bit&1 != 0 {
			at := d.Bits - 1 - bit
			a[at/8] |= 0x80 >> (at % 8)
		}
	}
	return netip.PrefixFrom(netip.AddrFrom16(a), d.Bits)
}

// within returns an address of a prefix, of the given bits past its length.
func within(p netip.Prefix, hi, lo uint64) wire.Addr {
	mask := shiftLeft(wire.Addr{Hi: 1<<64 - 1, Lo: 1<<64 - 1}, 128-p.Bits())
	a := wire.AddrFrom(p.Addr())
	return wire.Addr{Hi: a.Hi | hi&^mask.Hi, Lo: a.Lo | lo&^mask.Lo}
}

// wantNobody fails the test if a transport address outside the blocks leads to a
// subscriber.
func wantNobody(t *testing.T, p *Pool, blocks map[Block]bool) {
	t.Helper()
	for i := range p.Addresses() {
		for port := range 65536 {
			if blocks[p.Block(p.Address(i), uint16(port))] {
				continue
			}
			if back, ok := p.Reverse(p.Address(i), uint16(port)); ok {
				t.Fatalf("port %d of address %d leads to %v", port, i, back)
			}
		}
	}
	for _, a := range []string{"2001:db7::1", "2001:db9::1", "::"} {
		if b, ok := p.Forward(addr6(a)); ok {
			t.Errorf("%v is no subscriber, and has %+v", a, b)
		}
	}
	if _, ok := p.Reverse(addr4("203.0.113.200"), 5000); ok {
		t.Error("an address of no pool leads to a subscriber")
	}
}

// TestDeterministicByHand works one assignment out on paper: 63 blocks of 1024
// ports on an address, so subscriber 0x64 has block 37 of the second address.
func TestDeterministicByHand(t *testing.T) {
	d := Deterministic{Prefix: netip.MustParsePrefix("2001:db8:4000::/40"), Bits: 48}
	p := newPool(t, Options{Ranges: []Range{every("192.0.2.0/29")}, Shards: 64, Block: 1024, Deterministic: d})
	b, ok := p.Forward(addr6("2001:db8:4064:abcd::1"))
	if want := (Block{addr4("192.0.2.1"), 38 * 1024, 39*1024 - 1}); b != want || !ok {
		t.Errorf("%+v, %v; want %+v", b, ok, want)
	}
	sub, ok := p.Reverse(addr4("192.0.2.1"), 39000)
	if want := netip.MustParsePrefix("2001:db8:4064::/48"); sub != want || !ok {
		t.Errorf("%v, %v; want %v", sub, ok, want)
	}
}

// TestDeterministicRefused: what cannot give every subscriber a block is refused,
// with numbers.
func TestDeterministicRefused(t *testing.T) {
	for _, tt := range []struct {
		name, prefix string
		bits, block  int
		want         string
	}{
		{"too many subscribers", "2001:db8::/48", 56, 1024, "2^8 prefixes of 56 bits, the pool has 126 blocks of 1024 ports"},
		{"beyond counting", "2001:db8::/32", 128, 1024, "2^96 prefixes"},
		{"no block", "2001:db8::/48", 50, 0, "set a block"},
		{"shorter than all of them", "2001:db8::/48", 40, 1024, "bits from 48 to 128"},
		{"more bits than there are", "2001:db8::/48", 129, 1024, "bits from 48 to 128"},
		{"IPv4", "192.0.2.0/24", 24, 1024, "not an IPv6 prefix"},
		{"bits past the length", "2001:db8::1/48", 50, 1024, "bits are set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Options{
				Ranges: []Range{every("192.0.2.0/31")}, Shards: 64, Block: tt.block,
				Deterministic: Deterministic{Prefix: netip.MustParsePrefix(tt.prefix), Bits: tt.bits},
			})
			if !errors.Is(err, ErrDeterministic) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	p := newPool(t, Options{Ranges: []Range{every("192.0.2.0/31")}, Shards: 64, Block: 1024})
	if _, ok := p.Forward(addr6("2001:db8::1")); ok {
		t.Error("without deterministic assignment, a host is a subscriber")
	}
	if _, ok := p.Reverse(addr4("192.0.2.0"), 5000); ok {
		t.Error("without deterministic assignment, a port leads to a subscriber")
	}
}
