package routemap

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func prefixes(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func TestAutoRoutes(t *testing.T) {
	const pref64 = "2001:db8:64::/96"
	own4, own6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	within := netip.MustParseAddr("2001:db8:64::c000:201")
	for _, tt := range []struct {
		name   string
		prefix netip.Prefix
		v4     []netip.Prefix
		own    []netip.Addr
		want   []netip.Prefix
	}{
		{"nothing", netip.Prefix{}, nil, nil, nil},
		{"prefix and own addresses", prefixes(pref64)[0], nil, []netip.Addr{own4, own6}, prefixes("192.0.2.1/32", "2001:db8::1/128", pref64)},
		{"the own IPv6 address in the prefix needs no route", prefixes(pref64)[0], nil, []netip.Addr{own4, within}, prefixes("192.0.2.1/32", pref64)},
		{"the own IPv4 address in a pool needs no route", prefixes(pref64)[0], prefixes("192.0.2.0/24"), []netip.Addr{own4, within}, prefixes("192.0.2.0/24", pref64)},
		{"no prefix", netip.Prefix{}, prefixes("198.51.100.7/32"), []netip.Addr{own4, own6}, prefixes("192.0.2.1/32", "198.51.100.7/32", "2001:db8::1/128")},
		{"an own address that is not set", netip.Prefix{}, nil, []netip.Addr{own4, {}}, prefixes("192.0.2.1/32")},
		{"nested", netip.Prefix{}, prefixes("198.51.100.7/32", "198.51.100.0/24", "198.51.100.128/25"), nil, prefixes("198.51.100.0/24")},
		{"twice", netip.Prefix{}, prefixes("198.51.100.0/24", "198.51.100.0/24"), nil, prefixes("198.51.100.0/24")},
		{"halves become a whole, again and again", netip.Prefix{}, prefixes("198.51.100.192/26", "198.51.100.0/25", "198.51.101.0/24", "198.51.100.128/26"), nil, prefixes("198.51.100.0/23")},
		{"neighbours that are no halves of one", netip.Prefix{}, prefixes("198.51.101.0/24", "198.51.102.0/24"), nil, prefixes("198.51.101.0/24", "198.51.102.0/24")},
		{"all of IPv4", prefixes(pref64)[0], prefixes("0.0.0.0/0", "198.51.100.0/24"), []netip.Addr{own4}, prefixes("0.0.0.0/0", pref64)},
		{"the two halves of IPv4", netip.Prefix{}, prefixes("128.0.0.0/1", "0.0.0.0/1"), nil, prefixes("0.0.0.0/0")},
		{"host bits", netip.Prefix{}, prefixes("198.51.100.7/24"), nil, prefixes("198.51.100.0/24")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given := slices.Clone(tt.v4)
			if got := AutoRoutes(tt.prefix, tt.v4, tt.own...); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !slices.Equal(tt.v4, given) {
				t.Errorf("the argument was changed to %v", tt.v4)
			}
		})
	}
}

// TestAggregate holds the routes to the set of their addresses, and to the fewest
// prefixes that make it.
func TestAggregate(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 6))
	for range 2000 {
		var list []netip.Prefix
		for range rng.IntN(12) {
			a := netip.AddrFrom4([4]byte{198, 51, 100, byte(rng.UintN(64))})
			list = append(list, netip.PrefixFrom(a, 26+rng.IntN(7)).Masked())
		}
		got := AutoRoutes(netip.Prefix{}, list)
		var in, out [64]bool
		for i := range 64 {
			a := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
			holds := func(x netip.Prefix) bool { return x.Contains(a) }
			in[i], out[i] = slices.ContainsFunc(list, holds), slices.ContainsFunc(got, holds)
		}
		if want := fewest(in[:]); in != out || len(got) != want {
			t.Fatalf("%v become %v; %d suffice", list, got, want)
		}
		if !slices.IsSortedFunc(got, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) }) {
			t.Fatalf("%v are not in order", got)
		}
	}
}

// fewest counts the prefixes that a set of addresses takes: one if it is whole,
// else those of its halves.
func fewest(set []bool) int {
	switch {
	case !slices.Contains(set, true):
		return 0
	case !slices.Contains(set, false):
		return 1
	}
	half := len(set) / 2
	return fewest(set[:half]) + fewest(set[half:])
}
