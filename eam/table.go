// Package eam implements the Explicit Address Mapping Table of RFC 7757: pairs
// of an IPv4 and an IPv6 prefix whose suffixes stand for each other.
//
// On the packet path an address is an integer in host order: an IPv4 address
// is the uint32 of its four octets read big-endian (192.0.2.33 is 0xc0000221),
// an IPv6 address is hi and lo, its first and its last eight octets read the
// same way. Configuration and people use net/netip.
package eam

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
)

// A Pair maps every IPv4 address in V4 to an IPv6 address in V6 and back. V6
// must have at least as many bits past its length as V4 (RFC 7757 §3.2).
type Pair struct{ V4, V6 netip.Prefix }

// String returns p as the arguments of map in tayga.conf.
func (p Pair) String() string { return p.V4.String() + " " + p.V6.String() }

// A Table answers with the pair of the longest prefix that holds an address.
// It never changes, so any number of goroutines may ask it without a lock: a
// new configuration makes a new Table. A nil Table and the zero Table are empty.
// It takes up to about 150 octets a pair, none of them pointers.
type Table struct {
	rules    []rule // ascending by IPv4 prefix, an outer prefix before those inside it
	by4, by6 index  // of rules
}

// New returns the table of pairs, which may be empty, in any order, nested and
// overlapping on both sides. It refuses a pair that RFC 7757 §3.2 does not
// allow (ErrFamily, ErrSuffix), one with bits set past a length (ErrHostBits)
// and a prefix that another pair maps already (ErrTwice). The error joins a
// *Refusal for each reason, in the order of pairs, and then there is no table.
func New(pairs []Pair) (*Table, error) {
	if err := refuse(pairs); err != nil {
		return nil, err
	}
	t := &Table{rules: make([]rule, len(pairs))}
	for i, p := range pairs {
		t.rules[i] = newRule(p)
	}
	slices.SortFunc(t.rules, func(r, s rule) int {
		return cmp.Or(cmp.Compare(r.v4, s.v4), cmp.Compare(s.suffix, r.suffix))
	})
	t.by4 = newIndex(t.rules, (*rule).span4, func(a key) uint64 { return site4(uint32(a.lo)) })
	t.by6 = newIndex(t.rules, (*rule).span6, func(a key) uint64 { return site6(a.hi) })
	return t, nil
}

// To6 maps v4 by the longest IPv4 prefix that holds it; the bits past its
// suffix are zero (RFC 7757 §3.3.1). It returns false if no pair holds v4.
func (t *Table) To6(v4 uint32) (hi, lo uint64, ok bool) {
	if r := t.rule4(v4); r != nil {
		hi, lo = r.to6(v4)
		return hi, lo, true
	}
	return 0, 0, false
}

// To4 maps hi, lo by the longest IPv6 prefix that holds it; the bits past the
// suffix do not count (RFC 7757 §3.3.2). It returns false if no pair holds it.
func (t *Table) To4(hi, lo uint64) (v4 uint32, ok bool) {
	if r := t.rule6(hi, lo); r != nil {
		return r.to4(hi, lo), true
	}
	return 0, false
}

// Has4 tells whether a pair holds v4, which is what hairpinning asks
// (RFC 7757 §4.2).
func (t *Table) Has4(v4 uint32) bool { return t.rule4(v4) != nil }

// Far4 is true for most IPv4 addresses that no pair holds, and false for any that
// one holds. To ask it first makes a packet to a distant host cheaper, because
// unlike To6 and Has4 it is inlined.
func (t *Table) Far4(v4 uint32) bool { return t == nil || !t.by4.sites.has(site4(v4)) }

// Far6 is Far4 for the IPv6 addresses that begin with hi.
func (t *Table) Far6(hi uint64) bool { return t == nil || !t.by6.sites.has(site6(hi)) }

// Has6 tells whether a pair holds the IPv6 address hi, lo.
func (t *Table) Has6(hi, lo uint64) bool { return t.rule6(hi, lo) != nil }

// Len returns the number of pairs.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.rules)
}

// Find4 returns the pair by which To6 maps a, or false if there is none or a
// is not an IPv4 address.
func (t *Table) Find4(a netip.Addr) (Pair, bool) {
	if !a.Is4() {
		return Pair{}, false
	}
	r := t.rule4(number4(a))
	if r == nil {
		return Pair{}, false
	}
	return r.pair(), true
}

// Find6 returns the pair by which To4 maps a, or false if there is none or a
// is not an IPv6 address.
func (t *Table) Find6(a netip.Addr) (Pair, bool) {
	if !a.Is6() {
		return Pair{}, false
	}
	r := t.rule6(halves(a))
	if r == nil {
		return Pair{}, false
	}
	return r.pair(), true
}

// Pairs yields the pairs, ascending by IPv4 prefix, an outer prefix before
// those inside it.
func (t *Table) Pairs() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for i := range t.Len() {
			if !yield(t.rules[i].pair()) {
				return
			}
		}
	}
}

// rule4 returns the rule of the longest IPv4 prefix that holds v4, or nil.
func (t *Table) rule4(v4 uint32) *rule {
	if t.Far4(v4) {
		return nil
	}
	return t.by4.find(key{0, uint64(v4)})
}

// rule6 returns the rule of the longest IPv6 prefix that holds hi, lo, or nil.
func (t *Table) rule6(hi, lo uint64) *rule {
	if t.Far6(hi) {
		return nil
	}
	return t.by6.find(key{hi, lo})
}
