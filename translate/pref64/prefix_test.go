package pref64

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// examples has one prefix of each length, those of RFC 6052 §2.4.
var examples = []string{
	"2001:db8::/32", "2001:db8:100::/40", "2001:db8:122::/48",
	"2001:db8:122:300::/56", "2001:db8:122:344::/64", "2001:db8:122:344::/96",
}

// octets tells for each length which octets of the IPv6 address hold the IPv4
// address: Figure 1 of RFC 6052 §2.2, read by octets and not by shifts.
var octets = map[int][4]int{
	32: {4, 5, 6, 7},
	40: {5, 6, 7, 9},
	48: {6, 7, 9, 10},
	56: {7, 9, 10, 11},
	64: {9, 10, 11, 12},
	96: {12, 13, 14, 15},
}

func prefix(t testing.TB, s string) Prefix {
	t.Helper()
	p, err := New(netip.MustParsePrefix(s))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// embedByOctets is the oracle of Embed.
func embedByOctets(p netip.Prefix, v4 uint32) netip.Addr {
	b := p.Addr().As16()
	for i, at := range octets[p.Bits()] {
		b[at] = byte(v4 >> (24 - 8*i))
	}
	return netip.AddrFrom16(b)
}

func TestEmbedFollowsFigure1OfRFC6052(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range examples {
		t.Run(s, func(t *testing.T) {
			p := prefix(t, s)
			for range 10_000 {
				v4 := rng.Uint32()
				if got, want := addr6(p.Embed(v4)), embedByOctets(p.Netip(), v4); got != want {
					t.Fatalf("Embed(%#x) = %v, want %v", v4, got, want)
				}
			}
		})
	}
}

func TestExtractIgnoresUOctetAndSuffix(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range examples[:5] { // a /96 has a u octet of its own and no suffix
		t.Run(s, func(t *testing.T) {
			p := prefix(t, s)
			for u := range 256 {
				v4 := rng.Uint32()
				b := embedByOctets(p.Netip(), v4).As16()
				b[8] = byte(u)
				for i := octets[p.Netip().Bits()][3] + 1; i < 16; i++ {
					if i != 8 {
						b[i] = byte(rng.Uint32())
					}
				}
				if got, ok := p.Extract(halves(netip.AddrFrom16(b))); got != v4 || !ok {
					t.Fatalf("Extract(%v) = %#x, %v; want %#x", netip.AddrFrom16(b), got, ok, v4)
				}
			}
		})
	}
}

func TestContainsHoldsEveryBitOfThePrefix(t *testing.T) {
	for _, s := range examples {
		t.Run(s, func(t *testing.T) {
			p := prefix(t, s)
			for bit := range 128 {
				hi, lo := p.Embed(0xc0000221)
				if bit < 64 {
					hi ^= 1 << (63 - bit)
				} else {
					lo ^= 1 << (127 - bit)
				}
				inside := p.Netip().Contains(addr6(hi, lo))
				if got := p.Contains(hi, lo); got != inside {
					t.Errorf("bit %d turned: Contains = %v, want %v", bit, got, inside)
				}
				if v4, ok := p.Extract(hi, lo); ok != inside || !ok && v4 != 0 {
					t.Errorf("bit %d turned: Extract = %#x, %v; want %v", bit, v4, ok, inside)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		rule, prefix string
		want         error
	}{
		{"A-2.2-09/bad-prefix-length", "2001:db8::/33", ErrLength},
		{"A-2.2-09/bad-wkp-length", "64:ff9b::/64", ErrWellKnown},
		{"A-2.2-07/bad-u-octet", "2001:db8:0:0:0100::/96", ErrUBits},
		{"A-2.2-09/bad-host-bits", "2001:db8:122:344::1/96", ErrHostBits},
		{"A-2.2-09/an IPv4 prefix", "192.0.2.0/32", ErrLength},
		{"A-2.2-09/the whole of IPv6", "::/0", ErrLength},
		{"A-2.2-09/a single host", "2001:db8::1/128", ErrLength},
		{"A-2.2-07/the first bit of the u octet", "2001:db8:0:0:8000::/96", ErrUBits},
		{"A-2.2-09/u octet past the length", "2001:db8:0:0:100::/64", ErrHostBits},
		{"A-2.1-01/well-known as 32", "64:ff9b::/32", ErrWellKnown},
		{"A-2.1-01/well-known as 40", "64:ff9b::/40", ErrWellKnown},
		{"A-2.1-01/well-known as 48", "64:ff9b::/48", ErrWellKnown},
		{"A-2.1-01/well-known as 56", "64:ff9b::/56", ErrWellKnown},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			p, err := New(netip.MustParsePrefix(tt.prefix))
			if !errors.Is(err, tt.want) || p != (Prefix{}) {
				t.Fatalf("New(%s) = %v, %v; want %v", tt.prefix, p, err, tt.want)
			}
			if refused := netip.MustParsePrefix(tt.prefix).String(); !strings.Contains(err.Error(), refused) {
				t.Errorf("error %q does not name %s", err, refused)
			}
		})
	}
	if _, err := New(netip.Prefix{}); !errors.Is(err, ErrLength) {
		t.Errorf("New of the zero netip.Prefix: %v, want %v", err, ErrLength)
	}
}

func TestWellKnownIs64ff9b96Only(t *testing.T) {
	tests := []struct {
		rule, prefix string
		want         bool
	}{
		{"A-2.1-01/the Well-Known Prefix", "64:ff9b::/96", true},
		{"A-2.1-01/dotted", "64:ff9b::0.0.0.0/96", true},
		{"A-8215-01/all of the local-use prefix", "64:ff9b:1::/48", false},
		{"A-8215-01/a 56 of it", "64:ff9b:1:ff00::/56", false},
		{"A-8215-01/its first 64", "64:ff9b:1::/64", false},
		{"A-8215-01/its first 96", "64:ff9b:1::/96", false},
		{"A-8215-01/its last 96", "64:ff9b:1:ffff:ff:ffff::/96", false},
		{"A-2.1-01/a 96 right behind it", "64:ff9b::1:0:0/96", false},
		{"a network-specific prefix", "2001:db8::/96", false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if p := prefix(t, tt.prefix); p.WellKnown() != tt.want {
				t.Errorf("%v: WellKnown() = %v, want %v", p, !tt.want, tt.want)
			}
		})
	}
}

// TestWellKnownPrefixIsChecksumNeutral shows RFC 6052 §4.1: an address under
// 64:ff9b::/96 has the ones' complement sum of the IPv4 address in it.
func TestWellKnownPrefixIsChecksumNeutral(t *testing.T) {
	fold := func(words ...uint64) (sum uint64) {
		for _, w := range words {
			sum += w>>48 + w>>32&0xffff + w>>16&0xffff + w&0xffff
		}
		for sum > 0xffff {
			sum = sum>>16 + sum&0xffff
		}
		return sum
	}
	rng := rand.New(rand.NewPCG(5, 6))
	known, local := prefix(t, "64:ff9b::/96"), prefix(t, "64:ff9b:1::/96")
	for range 10_000 {
		v4 := 1 + rng.Uint32N(1<<32-1) // 0.0.0.0 sums to the other zero
		hi, lo := known.Embed(v4)
		if got, want := fold(hi, lo), fold(uint64(v4)); got != want {
			t.Fatalf("sum of %v = %#x, want %#x", addr6(hi, lo), got, want)
		}
		if hi, lo = local.Embed(v4); fold(hi, lo) == fold(uint64(v4)) {
			t.Fatalf("sum of %v is neutral: RFC 8215 prefixes are not", addr6(hi, lo))
		}
	}
}

func TestZeroPrefixHoldsNothing(t *testing.T) {
	var p Prefix
	if p.Valid() || p.WellKnown() || p.Contains(0, 0) || p.Netip().IsValid() || p.String() != "no prefix" {
		t.Errorf("zero Prefix: Valid %v, WellKnown %v, Contains(::) %v, Netip %v, String %q",
			p.Valid(), p.WellKnown(), p.Contains(0, 0), p.Netip(), p)
	}
	if v4, ok := p.Extract(0, 0); ok {
		t.Errorf("Extract(::) = %#x", v4)
	}
}
