package siit

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"taygo/translate/wire"
)

// Ranges is a set of IPv4 addresses. It never changes. The zero Ranges is empty.
type Ranges struct{ spans []span }

// A span is the addresses from first to last.
type span struct{ first, last uint32 }

// NewRanges returns the set of the addresses in the IPv4 prefixes.
func NewRanges(prefixes []netip.Prefix) Ranges {
	var all []span
	for _, p := range prefixes {
		b := p.Masked().Addr().As4()
		first := binary.BigEndian.Uint32(b[:])
		all = append(all, span{first, first | uint32(uint64(1)<<(32-p.Bits())-1)})
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var r Ranges
	for _, s := range all {
		if n := len(r.spans); n > 0 && s.first <= r.spans[n-1].last {
			r.spans[n-1].last = max(r.spans[n-1].last, s.last)
			continue
		}
		r.spans = append(r.spans, s)
	}
	return r
}

// without returns the addresses of r that are not in s.
func (r Ranges) without(s Ranges) Ranges {
	var left Ranges
	for _, x := range r.spans {
		first := uint64(x.first)
		for _, y := range s.spans {
			if y.last < x.first || y.first > x.last {
				continue
			}
			if uint64(y.first) > first {
				left.spans = append(left.spans, span{uint32(first), y.first - 1})
			}
			first = uint64(y.last) + 1
		}
		if first <= uint64(x.last) {
			left.spans = append(left.spans, span{uint32(first), x.last})
		}
	}
	return left
}

// Contain reports whether v4 is in the set.
func (r Ranges) Contain(v4 uint32) bool {
	lo, hi := 0, len(r.spans)
	for lo < hi {
		mid := (lo + hi) / 2
		if r.spans[mid].first <= v4 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo > 0 && v4 <= r.spans[lo-1].last
}

// A Pool is source addresses for ICMP errors (RFC 6791 §3). It never changes. It
// must hold an address before it is used.
type Pool struct{ members []member }

// A member of a pool is the addresses that differ from first in the bits of host.
type member struct {
	first wire.Addr
	host  uint64
}

// NewPool returns the pool of the addresses in the prefixes. Of an IPv6 prefix
// shorter than 64 it takes the first 2^64 addresses.
func NewPool(prefixes ...netip.Prefix) Pool {
	var p Pool
	for _, x := range prefixes {
		host := ^uint64(0)
		if n := x.Addr().BitLen() - x.Bits(); n < 64 {
			host = 1<<n - 1
		}
		p.members = append(p.members, member{wire.AddrFrom(x.Masked().Addr()), host})
	}
	return p
}

// pick returns an address of the pool, chosen by a random number: each prefix
// with the same chance, so that a long one is not drowned.
func (p Pool) pick(random uint64) wire.Addr {
	m := p.members[(random>>32)%uint64(len(p.members))]
	m.first.Lo |= (random ^ random<<17) & m.host
	return m.first
}
