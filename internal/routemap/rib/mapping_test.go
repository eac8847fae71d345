package rib

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"taygo/translate/pref64"
)

// lengths has a prefix of each length of RFC 6052 §2.2.
var lengths = []string{
	"2001:db8::/32", "2001:db8:100::/40", "2001:db8:122::/48", "2001:db8:122:300::/56", "2001:db8:122:344::/64", "64:ff9b::/96",
}

func mapping(tb testing.TB, s string) Mapping {
	tb.Helper()
	p, err := pref64.New(netip.MustParsePrefix(s))
	if err != nil {
		tb.Fatal(err)
	}
	return NewMapping(p)
}

func prefix4(s string) Prefix {
	p, ok := PrefixOf(netip.MustParsePrefix(s))
	if !ok {
		panic(s + " is no IPv4 prefix")
	}
	return p
}

// TestMapping holds a route of every length under every prefix to the slower
// pref64.EmbedPrefix, there and back.
func TestMapping(t *testing.T) {
	rng := rand.New(rand.NewPCG(6052, 4))
	for _, s := range lengths {
		m := mapping(t, s)
		if m.Prefix().String() != s {
			t.Errorf("Prefix() = %v, want %s", m.Prefix(), s)
		}
		for bits := range uint8(33) {
			for range 20 {
				p := Prefix{rng.Uint32(), bits}.Masked()
				got := m.Map(p)
				if want := m.Prefix().EmbedPrefix(p.Netip()); got != want {
					t.Fatalf("%s: Map(%v) = %v, want %v", s, p, got, want)
				}
				if back, ok := m.Unmap(got); back != p || !ok {
					t.Fatalf("%s: Unmap(%v) = %v, %v, want %v", s, got, back, ok, p)
				}
			}
		}
	}
}

func TestMapStepsOverTheUOctet(t *testing.T) {
	tests := []struct{ name, prefix, route, want string }{
		{"96 adds its length", "64:ff9b::/96", "198.51.100.0/24", "64:ff9b::c633:6400/120"},
		{"the default route is the prefix", "64:ff9b::/96", "0.0.0.0/0", "64:ff9b::/96"},
		{"32 ends before it", "2001:db8::/32", "198.51.100.7/32", "2001:db8:c633:6407::/64"},
		{"40 ends at it", "2001:db8:100::/40", "198.51.100.0/24", "2001:db8:1c6:3364::/64"},
		{"40 reaches one bit past it", "2001:db8:100::/40", "198.51.100.128/25", "2001:db8:1c6:3364:80::/73"},
		{"64 of the default route", "2001:db8:122:344::/64", "0.0.0.0/0", "2001:db8:122:344::/64"},
		{"64 of one bit", "2001:db8:122:344::/64", "128.0.0.0/1", "2001:db8:122:344:80::/73"},
		{"64 of a host", "2001:db8:122:344::/64", "198.51.100.7/32", "2001:db8:122:344:c6:3364:700:0/104"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mapping(t, tt.prefix).Map(prefix4(tt.route)); got != netip.MustParsePrefix(tt.want) {
				t.Errorf("Map(%s) = %v, want %s", tt.route, got, tt.want)
			}
		})
	}
}

func TestUnmapRefusesWhatMapDoesNotGive(t *testing.T) {
	tests := []struct{ name, prefix, route string }{
		{"outside", "64:ff9b::/96", "64:ff9b:1::/120"},
		{"shorter than the prefix", "64:ff9b::/96", "64:ff9b::/95"},
		{"longer than a host", "2001:db8::/32", "2001:db8:c633:6407::/65"},
		{"longer than a host past the u octet", "2001:db8:122::/48", "2001:db8:122:c633:64:700::/89"},
		{"a length inside the u octet", "2001:db8:122::/48", "2001:db8:122:c633::/68"},
		{"a length at the end of the u octet", "2001:db8:122::/48", "2001:db8:122:c633::/72"},
		{"bits in the u octet", "2001:db8:122::/48", "2001:db8:122:c633:164:700::/88"},
		{"bits past the length", "64:ff9b::/96", "64:ff9b::c633:6407/120"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := netip.MustParsePrefix(tt.route)
			if got, ok := mapping(t, tt.prefix).Unmap(p); ok {
				t.Errorf("Unmap(%v) = %v", p, got)
			}
		})
	}
	if got, ok := mapping(t, "64:ff9b::/96").Unmap(netip.Prefix{}); ok {
		t.Errorf("Unmap of no prefix = %v", got)
	}
	if got, ok := mapping(t, "64:ff9b::/96").Unmap(netip.MustParsePrefix("198.51.100.0/24")); ok {
		t.Errorf("Unmap of an IPv4 prefix = %v", got)
	}
}

func TestPrefixOf(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"192.0.2.0/24", "192.0.2.0/24", true},
		{"192.0.2.7/24", "192.0.2.0/24", true},
		{"0.0.0.0/0", "0.0.0.0/0", true},
		{"255.255.255.255/32", "255.255.255.255/32", true},
		{"2001:db8::/32", "0.0.0.0/0", false},
		{"::ffff:192.0.2.0/120", "0.0.0.0/0", false},
	}
	for _, tt := range tests {
		got, ok := PrefixOf(netip.MustParsePrefix(tt.in))
		if got.String() != tt.want || ok != tt.ok {
			t.Errorf("PrefixOf(%s) = %v, %v, want %s, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
	if got, ok := PrefixOf(netip.Prefix{}); ok {
		t.Errorf("PrefixOf(no prefix) = %v", got)
	}
}

func TestPrefixCovers(t *testing.T) {
	tests := []struct {
		p, q string
		want bool
	}{
		{"192.0.2.0/24", "192.0.2.0/24", true},
		{"192.0.2.0/24", "192.0.2.128/25", true},
		{"192.0.2.0/24", "192.0.0.0/16", false},
		{"192.0.2.0/24", "192.0.3.0/25", false},
		{"0.0.0.0/0", "255.0.0.0/8", true},
		{"192.0.2.1/32", "192.0.2.1/32", true},
	}
	for _, tt := range tests {
		p, q := prefix4(tt.p), prefix4(tt.q)
		if got := p.Covers(q); got != tt.want {
			t.Errorf("%v.Covers(%v) = %v", p, q, got)
		}
		if got := p.Contains(q.Addr) && p.Contains(q.Last()); got != tt.want {
			t.Errorf("%v contains both ends of %v: %v", p, q, got)
		}
	}
}
