package pref64

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestEmbedPrefixStepsOverTheUOctet(t *testing.T) {
	tests := []struct{ name, prefix, route, want string }{
		{"96 adds its length", "64:ff9b::/96", "198.51.100.0/24", "64:ff9b::c633:6400/120"},
		{"96 of a host", "64:ff9b::/96", "198.51.100.7/32", "64:ff9b::c633:6407/128"},
		{"96 of the default route", "64:ff9b::/96", "0.0.0.0/0", "64:ff9b::/96"},
		{"32 ends before the u octet", "2001:db8::/32", "198.51.100.7/32", "2001:db8:c633:6407::/64"},
		{"40 ends at the u octet", "2001:db8:100::/40", "198.51.100.0/24", "2001:db8:1c6:3364::/64"},
		{"40 reaches one bit past it", "2001:db8:100::/40", "198.51.100.128/25", "2001:db8:1c6:3364:80::/73"},
		{"48 of a host", "2001:db8:122::/48", "198.51.100.7/32", "2001:db8:122:c633:64:700::/88"},
		{"56 of a 24", "2001:db8:122:300::/56", "198.51.100.0/24", "2001:db8:122:3c6:33:6400::/88"},
		{"64 of the default route", "2001:db8:122:344::/64", "0.0.0.0/0", "2001:db8:122:344::/64"},
		{"64 of a half", "2001:db8:122:344::/64", "128.0.0.0/1", "2001:db8:122:344:80::/73"},
		{"64 of a host", "2001:db8:122:344::/64", "198.51.100.7/32", "2001:db8:122:344:c6:3364:700:0/104"},
		{"bits past the length do not count", "64:ff9b::/96", "198.51.100.7/24", "64:ff9b::c633:6400/120"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := prefix(t, tt.prefix).EmbedPrefix(netip.MustParsePrefix(tt.route))
			if want := netip.MustParsePrefix(tt.want); got != want {
				t.Errorf("EmbedPrefix(%s) = %v, want %v", tt.route, got, want)
			}
		})
	}
}

// TestEmbedPrefixLeadsToTheHostsOfTheRoute holds for every pair of lengths: the
// IPv6 form of a host lies inside the IPv6 route if the host lies inside the
// IPv4 route.
func TestEmbedPrefixLeadsToTheHostsOfTheRoute(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, s := range examples {
		p := prefix(t, s)
		for bits := range 33 {
			v4 := rng.Uint32()
			route := netip.PrefixFrom(addr4(v4), bits).Masked()
			got := p.EmbedPrefix(route)
			if got != got.Masked() {
				t.Errorf("EmbedPrefix(%v) = %v has bits set past its length", route, got)
			}
			for flip := range 32 { // a host that leaves the route at each bit, or stays
				host := v4 ^ 1<<flip ^ rng.Uint32N(1<<flip)
				if in4, in6 := route.Contains(addr4(host)), got.Contains(addr6(p.Embed(host))); in4 != in6 {
					t.Errorf("%v in %v: %v, but in %v: %v", addr4(host), route, in4, got, in6)
				}
			}
		}
	}
}

func TestExtractAddrTakesBothTextForms(t *testing.T) {
	p, want := prefix(t, "64:ff9b::/96"), netip.MustParseAddr("192.0.2.33")
	for _, s := range []string{"64:ff9b::192.0.2.33", "64:ff9b::c000:221", "64:ff9b::C000:0221"} {
		if got, ok := p.ExtractAddr(netip.MustParseAddr(s)); got != want || !ok {
			t.Errorf("ExtractAddr(%s) = %v, %v; want %v", s, got, ok, want)
		}
	}
}

func TestExtractAddrOfRFC6052SuffixBits(t *testing.T) {
	got, ok := prefix(t, "2001:db8:122:344::/64").ExtractAddr(netip.MustParseAddr("2001:db8:122:344:cb:71:5de:ad01"))
	if want := netip.MustParseAddr("203.0.113.5"); got != want || !ok {
		t.Errorf("ExtractAddr = %v, %v; want %v", got, ok, want)
	}
}

func TestOtherFamilyGivesTheZeroValue(t *testing.T) {
	p := prefix(t, "64:ff9b::/96")
	for _, s := range []string{"2001:db8::1", "::ffff:192.0.2.33"} {
		if got := p.EmbedAddr(netip.MustParseAddr(s)); got.IsValid() {
			t.Errorf("EmbedAddr(%s) = %v", s, got)
		}
	}
	for _, a := range []netip.Addr{netip.MustParseAddr("192.0.2.33"), netip.MustParseAddr("2001:db8::1"), {}} {
		if got, ok := p.ExtractAddr(a); ok || got.IsValid() {
			t.Errorf("ExtractAddr(%v) = %v, %v", a, got, ok)
		}
	}
	for _, route := range []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), {}} {
		if got := p.EmbedPrefix(route); got != (netip.Prefix{}) {
			t.Errorf("EmbedPrefix(%v) = %v", route, got)
		}
	}
	var none Prefix
	if got := none.EmbedAddr(netip.MustParseAddr("192.0.2.33")); got.IsValid() {
		t.Errorf("EmbedAddr under no prefix = %v", got)
	}
	if got := none.EmbedPrefix(netip.MustParsePrefix("192.0.2.0/24")); got != (netip.Prefix{}) {
		t.Errorf("EmbedPrefix under no prefix = %v", got)
	}
}

func TestStringIsWhatNewTakes(t *testing.T) {
	for _, s := range append(examples, "64:ff9b::/96", "64:ff9b:1::/48") {
		if got := prefix(t, s).String(); got != s {
			t.Errorf("String() = %s, want %s", got, s)
		}
	}
}

func addr4(v4 uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v4 >> 24), byte(v4 >> 16), byte(v4 >> 8), byte(v4)})
}
