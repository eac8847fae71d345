package routemap

import (
	"cmp"
	"net/netip"
	"slices"
)

// AutoRoutes returns the routes that bring a translator its packets: to the
// translation prefix, unless that is the zero Prefix; to the IPv4 prefixes that
// stand for IPv6 hosts, which are the IPv4 sides of the maps and the pools; and to
// the translator's own addresses. The IPv6 side of a map is none of them: its
// hosts live there. The routes cover exactly these addresses with the fewest
// prefixes, IPv4 before IPv6, in the order of the addresses.
func AutoRoutes(prefix netip.Prefix, v4 []netip.Prefix, own ...netip.Addr) []netip.Prefix {
	all := slices.Clone(v4)
	if prefix.IsValid() {
		all = append(all, prefix)
	}
	for _, a := range own {
		if a.IsValid() {
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	for i, x := range all {
		all[i] = x.Masked()
	}
	return aggregate(all)
}

// aggregate returns the fewest prefixes that cover the same addresses, in order.
func aggregate(all []netip.Prefix) []netip.Prefix {
	slices.SortFunc(all, func(a, b netip.Prefix) int { // what holds others before them
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	var few []netip.Prefix
	for _, x := range all {
		if n := len(few); n > 0 && few[n-1].Overlaps(x) {
			continue
		}
		few = append(few, x)
		for n := len(few); n > 1; n-- {
			both, halves := union(few[n-2], few[n-1])
			if !halves {
				break
			}
			few = append(few[:n-2], both)
		}
	}
	return few
}

// union returns the prefix whose two halves a and b are, if they are.
func union(a, b netip.Prefix) (netip.Prefix, bool) {
	if a.Bits() != b.Bits() || a.Bits() == 0 || a == b {
		return netip.Prefix{}, false
	}
	both := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
	return both, both.Contains(b.Addr())
}
