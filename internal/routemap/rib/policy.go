package rib

import (
	"errors"
	"fmt"
	"net/netip"

	"taygo/translate/pref64"
)

// Reasons for which NewFilter refuses a rule.
var (
	ErrRulePrefix = errors.New("not an IPv4 prefix without host bits")
	ErrRuleRange  = errors.New("the lengths must rise: prefix, ge, le, 32")
)

// A Rule permits or denies routes. Without Ge and Le it is about the route of
// exactly Prefix; Ge and Le make it about the routes in Prefix that have at least,
// at most that length. Ge alone goes up to 32; Le alone begins at the length of
// Prefix.
type Rule struct {
	Permit   bool
	Prefix   netip.Prefix
	Ge, Le   int   // 0: not given
	Protocol uint8 // of the route in the kernel (RTPROT_…); 0: any
}

// A Filter is a list of rules. The first that is about a route decides; a route
// that none is about is permitted. The zero value and nil permit everything. A
// Filter never changes, so any number of goroutines may use it.
type Filter struct{ rules []rule }

// A rule is a Rule in the form it is asked in.
type rule struct {
	prefix   Prefix
	min, max uint8
	protocol uint8
	permit   bool
}

// NewFilter returns the filter of these rules.
func NewFilter(rules []Rule) (*Filter, error) {
	f := &Filter{make([]rule, 0, len(rules))}
	for _, r := range rules {
		p, ok := PrefixOf(r.Prefix)
		if !ok || p.Netip() != r.Prefix {
			return nil, fmt.Errorf("rib: filter %v: %w: write one such as 192.0.2.0/24", r.Prefix, ErrRulePrefix)
		}
		low, high := r.Ge, r.Le
		if low == 0 {
			low = int(p.Bits)
		}
		if high == 0 {
			high = low
			if r.Ge != 0 {
				high = 32
			}
		}
		if low < int(p.Bits) || high < low || high > 32 {
			return nil, fmt.Errorf("rib: filter %v ge %d le %d: %w", r.Prefix, r.Ge, r.Le, ErrRuleRange)
		}
		f.rules = append(f.rules, rule{p, uint8(low), uint8(high), r.Protocol, r.Permit})
	}
	return f, nil
}

// Permits tells whether the filter lets the route of p pass, of that protocol in
// the kernel.
func (f *Filter) Permits(p Prefix, protocol uint8) bool {
	if f == nil {
		return true
	}
	for _, r := range f.rules {
		if r.min <= p.Bits && p.Bits <= r.max && r.prefix.Contains(p.Addr) && (r.protocol == 0 || r.protocol == protocol) {
			return r.permit
		}
	}
	return true
}

// A DefaultRoute tells what becomes of 0.0.0.0/0.
type DefaultRoute uint8

// The choices.
const (
	DefaultPermit DefaultRoute = iota // a route like any other
	DefaultDeny                       // not mapped
	DefaultOnly                       // the only one that is mapped
)

// A Policy tells which routes are mapped, by their prefixes. The zero value maps
// all.
type Policy struct {
	Filter    *Filter
	Default   DefaultRoute
	NonGlobal bool // refuse what must not be under the Well-Known Prefix
}

// Admit returns Accepted, or why a route of that protocol in the kernel is not
// mapped.
func (y Policy) Admit(p Prefix, protocol uint8) Reason {
	switch {
	case p.Bits == 0 && y.Default == DefaultDeny:
		return DefaultRefused
	case p.Bits != 0 && y.Default == DefaultOnly:
		return NotDefault
	case y.NonGlobal && PrefixNonGlobal(p):
		return NonGlobal
	case !y.Filter.Permits(p, protocol):
		return Filtered
	}
	return Accepted
}

// PrefixNonGlobal tells whether p lies wholly in blocks of addresses that are not
// globally reachable, so that it must not be represented under the Well-Known
// Prefix (RFC 6052 §3.1). A route that covers such a block and more is none.
func PrefixNonGlobal(p Prefix) bool {
	switch {
	case p.Bits == 32:
		return pref64.NonGlobal(p.Addr)
	case p.Bits >= 8:
		// Such a block is a /24 or shorter, but for single addresses in it that
		// are global. No route of 8 bits or more begins in one block and ends in
		// another without being all theirs, so its ends tell.
		first, last := p.Addr&mask(24), p.Last()|^mask(24)
		return pref64.NonGlobal(first) && pref64.NonGlobal(last)
	}
	for octet := p.Addr >> 24; octet <= p.Last()>>24; octet++ {
		if !PrefixNonGlobal(Prefix{octet << 24, 8}) {
			return false
		}
	}
	return true
}
