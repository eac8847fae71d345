package eam

import (
	"errors"
	"fmt"
	"net/netip"
)

// Reasons for which New refuses a pair.
var (
	ErrFamily   = errors.New("not an IPv4 prefix and an IPv6 prefix")
	ErrSuffix   = errors.New("the IPv6 prefix has fewer bits past its length than the IPv4 prefix (RFC 7757 §3.2)")
	ErrHostBits = errors.New("bits are set past the length")
	ErrTwice    = errors.New("mapped twice")
)

// A Refusal is one reason for which New refused one pair.
type Refusal struct {
	Index int   // of the pair among those given to New
	Pair  Pair  // as it was given
	Err   error // wraps one of the reasons above
}

// Error names the pair, the reason, and what to write instead.
func (r *Refusal) Error() string { return fmt.Sprintf("eam: %v: %v", r.Pair, r.Err) }

// Unwrap returns r.Err.
func (r *Refusal) Unwrap() error { return r.Err }

// refuse returns a Refusal for each thing that is wrong with pairs, joined.
func refuse(pairs []Pair) error {
	var errs []error
	first := make(map[netip.Prefix]int, 2*len(pairs)) // the pair that has a prefix first
	for i, p := range pairs {
		why := p.check()
		for _, side := range []netip.Prefix{p.V4.Masked(), p.V6.Masked()} {
			if j, twice := first[side]; twice && side.IsValid() {
				why = append(why, fmt.Errorf("%v: %w: remove this pair or %v", side, ErrTwice, pairs[j]))
				continue
			}
			first[side] = i
		}
		for _, err := range why {
			errs = append(errs, &Refusal{i, p, err})
		}
	}
	return errors.Join(errs...)
}

// check returns what is wrong with p alone.
func (p Pair) check() (why []error) {
	if !p.V4.IsValid() || !p.V4.Addr().Is4() || !p.V6.IsValid() || !p.V6.Addr().Is6() {
		return []error{fmt.Errorf("%w: write the IPv4 prefix first, then the IPv6 prefix", ErrFamily)}
	}
	for _, side := range []netip.Prefix{p.V4, p.V6} {
		if side != side.Masked() {
			why = append(why, fmt.Errorf("%v: %w: write %v", side, ErrHostBits, side.Masked()))
		}
	}
	if most := 96 + p.V4.Bits(); p.V6.Bits() > most {
		why = append(why, fmt.Errorf("%w: write /%d or shorter", ErrSuffix, most))
	}
	return why
}
