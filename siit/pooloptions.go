package siit

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The lifetimes of Tayga's leases.
const (
	DefaultLifetime = 7440 * time.Second
	DefaultDormant  = 14 * 24 * time.Hour
)

// DynamicOptions are what a DynamicPool works by.
type DynamicOptions struct {
	// Pools are tried in their order. They do not overlap.
	Pools []PoolRange
	// Reserved are prefixes of other rules, of either family: explicit mappings,
	// the translator's own addresses, the translation prefix. An IPv4 prefix that
	// is longer than that of a pool takes its addresses out of the pool, and IPv6
	// addresses in a prefix get no lease.
	Reserved []netip.Prefix
	// Lifetime is how long a lease without packets is mapped.
	Lifetime time.Duration
	// Dormant is how long after its last packet it is kept for its host; if that
	// is less than Lifetime, no longer than mapped.
	Dormant time.Duration
}

// A PoolRange is IPv4 addresses for IPv6 hosts. The first address of V4 is never
// given; the last one is.
type PoolRange struct {
	V4 netip.Prefix   // of length 1 to 31, without host bits
	V6 []netip.Prefix // the hosts it is for; none: for all
}

// String returns r as the arguments of dynamic-pool in tayga.conf.
func (r PoolRange) String() string {
	words := []string{r.V4.String()}
	for _, p := range r.V6 {
		words = append(words, p.String())
	}
	return strings.Join(words, " ")
}

// unusable4 are addresses that no host may have, wherever they lie in a pool
// (RFC 1122 §3.2.1.3).
var unusable4 = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("255.255.255.255/32"),
}

// Check finds what is wrong with the options.
func (o DynamicOptions) Check() error {
	var all []error
	if o.Lifetime <= 0 {
		all = append(all, fmt.Errorf("siit: lifetime of leases %v: it must be more than zero", o.Lifetime))
	}
	for i, r := range o.Pools {
		if err := r.check(); err != nil {
			all = append(all, err)
			continue
		}
		for _, before := range o.Pools[:i] {
			if before.V4.Overlaps(r.V4) {
				all = append(all, fmt.Errorf("siit: pool %v: it overlaps the pool %v: give each address to one of them", r.V4, before.V4))
			}
		}
	}
	return errors.Join(all...)
}

func (r PoolRange) check() error {
	switch {
	case !r.V4.IsValid() || !r.V4.Addr().Is4():
		return fmt.Errorf("siit: pool %v: it is not an IPv4 prefix: write one like 192.0.2.0/24", r.V4)
	case r.V4.Masked() != r.V4:
		return fmt.Errorf("siit: pool %v: bits past its length are set: write %v", r.V4, r.V4.Masked())
	case r.V4.Bits() < 1 || r.V4.Bits() > 31:
		return fmt.Errorf("siit: pool %v: its length must be 1 to 31", r.V4)
	}
	for _, p := range unusable4 {
		if p.Contains(r.V4.Addr()) && p.Bits() <= r.V4.Bits() {
			return fmt.Errorf("siit: pool %v: no host may have addresses in %v: use other ones", r.V4, p)
		}
	}
	for _, p := range r.V6 {
		if !p.IsValid() || !p.Addr().Is6() || p.Masked() != p {
			return fmt.Errorf("siit: pool %v: %v is not an IPv6 prefix without bits past its length: write one like 2001:db8:1::/48", r.V4, p)
		}
	}
	return nil
}

// Ranges returns the addresses that the pools may give, the first ones of the
// pools too: none of them has another counterpart than the host that holds it.
func (o DynamicOptions) Ranges() Ranges {
	var pools []netip.Prefix
	var out []netip.Prefix
	for _, r := range o.Pools {
		pools = append(pools, r.V4)
		out = append(out, o.reservedIn(r.V4)...)
	}
	return NewRanges(pools).without(NewRanges(out))
}

// reservedIn returns the prefixes that take addresses out of a pool.
func (o DynamicOptions) reservedIn(pool netip.Prefix) []netip.Prefix {
	var in []netip.Prefix
	for _, list := range [...][]netip.Prefix{o.Reserved, unusable4} {
		for _, p := range list {
			if p.Addr().Is4() && p.Bits() > pool.Bits() && pool.Contains(p.Addr()) {
				in = append(in, p.Masked())
			}
		}
	}
	return in
}

// A prefixSet is prefixes of both families.
type prefixSet struct {
	lengths []int // those there are, the longest first
	all     map[netip.Prefix]bool
}

func newPrefixSet(prefixes []netip.Prefix) *prefixSet {
	s := &prefixSet{all: make(map[netip.Prefix]bool, len(prefixes))}
	for _, p := range prefixes {
		s.all[p.Masked()] = true
		if !slices.Contains(s.lengths, p.Bits()) {
			s.lengths = append(s.lengths, p.Bits())
		}
	}
	slices.SortFunc(s.lengths, func(a, b int) int { return b - a })
	return s
}

// find returns the longest prefix in the set that holds a.
func (s *prefixSet) find(a netip.Addr) (netip.Prefix, bool) {
	for _, n := range s.lengths {
		if p, err := a.Prefix(n); err == nil && s.all[p] { // no prefix of IPv4 is that long: an error
			return p, true
		}
	}
	return netip.Prefix{}, false
}
