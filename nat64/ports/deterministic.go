package ports

import (
	"fmt"
	"net/netip"
	"sort"

	"taygo/translate/wire"
)

// Deterministic gives each subscriber a block by computation alone (RFC 7422), so
// that a log of it needs no more than the configuration and its time. Subscribers
// are the prefixes of Bits bits inside Prefix, in order; blocks are those of the
// pool with no port below 1024, by address and then by port.
type Deterministic struct {
	Prefix   netip.Prefix // of all subscribers
	Bits     int          // of the prefix of one, at most 128
	Overflow bool         // a subscriber whose block is used up gets others, among those that no subscriber has
}

func (d Deterministic) isZero() bool { return d == Deterministic{} }

// check refuses what no pool can do, with blocks of the given size.
func (d Deterministic) check(block int) error {
	if d.isZero() {
		return nil
	}
	if !d.Prefix.IsValid() || !d.Prefix.Addr().Is6() || d.Prefix != d.Prefix.Masked() {
		return fmt.Errorf("ports: subscribers in %v: %w: not an IPv6 prefix, or bits are set past its length", d.Prefix, ErrDeterministic)
	}
	if block == 0 || d.Bits < d.Prefix.Bits() || d.Bits > 128 {
		return fmt.Errorf("ports: subscribers of %d bits in %v, blocks of %d ports: %w: set a block, and bits from %d to 128",
			d.Bits, d.Prefix, block, ErrDeterministic, d.Prefix.Bits())
	}
	return nil
}

// share divides the blocks of the pool among the subscribers.
func (p *Pool) share(d Deterministic) error {
	last := &p.spans[len(p.spans)-1]
	blocks := last.lists + uint64(last.size())*uint64(len(last.list))
	wide := d.Bits - d.Prefix.Bits()
	if wide > 63 || uint64(1)<<wide > blocks {
		return fmt.Errorf("ports: %v has 2^%d prefixes of %d bits, the pool has %d blocks of %d ports: %w: add addresses, or make blocks smaller",
			d.Prefix, wide, d.Bits, blocks, p.block, ErrDeterministic)
	}
	p.shares = d
	given := uint64(1) << wide
	if !d.Overflow {
		given = blocks
	}
	p.giveAway(given)
	return p.finish()
}

// giveAway leaves the first n blocks to subscribers: they can no longer be taken.
func (p *Pool) giveAway(n uint64) {
	old := p.spans
	p.spans = nil
	none := map[*set]*set{}
	for _, s := range old {
		each := uint64(len(s.list))
		if each == 0 || n == 0 {
			p.spans = append(p.spans, s)
			continue
		}
		if none[s.set] == nil {
			none[s.set] = s.with(len(s.list), &p.layout)
		}
		whole := min(n/each, uint64(s.size()))
		if whole > 0 {
			p.spans = append(p.spans, span{first: s.first, last: s.first + uint32(whole-1), set: none[s.set]})
		}
		n -= whole * each
		if whole == uint64(s.size()) {
			continue
		}
		at := s.first + uint32(whole)
		if n > 0 {
			p.spans = append(p.spans, span{first: at, last: at, set: s.with(int(n), &p.layout)})
			n = 0
			if at == s.last {
				continue
			}
			at++
		}
		p.spans = append(p.spans, span{first: at, last: s.last, set: s.set})
	}
}

// Forward returns the block of the subscriber that an IPv6 address belongs to, and
// whether it is one.
func (p *Pool) Forward(host wire.Addr) (Block, bool) {
	d := p.shares
	if d.isZero() || !d.Prefix.Contains(host.Netip()) {
		return Block{}, false
	}
	i := shiftRight(host, 128-d.Bits).Lo & (1<<(d.Bits-d.Prefix.Bits()) - 1)
	k := sort.Search(len(p.spans), func(k int) bool { return p.spans[k].lists > i }) - 1
	s := &p.spans[k]
	i -= s.lists
	each := uint64(len(s.list))
	return p.Block(s.first+uint32(i/each), s.list[i%each]), true
}

// Reverse returns the prefix of the subscriber who has a transport address, and
// whether it has been given to one.
func (p *Pool) Reverse(v4 uint32, port uint16) (netip.Prefix, bool) {
	d, s := p.shares, p.span(v4)
	if d.isZero() || s == nil {
		return netip.Prefix{}, false
	}
	first := p.Block(v4, port).First
	at := sort.Search(len(s.list), func(k int) bool { return s.list[k] >= first })
	if at == len(s.list) || s.list[at] != first {
		return netip.Prefix{}, false
	}
	i := s.lists + uint64(v4-s.first)*uint64(len(s.list)) + uint64(at)
	if i>>(d.Bits-d.Prefix.Bits()) != 0 {
		return netip.Prefix{}, false
	}
	a := wire.AddrFrom(d.Prefix.Addr())
	b := shiftLeft(wire.Addr{Lo: i}, 128-d.Bits)
	return netip.PrefixFrom(wire.Addr{Hi: a.Hi | b.Hi, Lo: a.Lo | b.Lo}.Netip(), d.Bits), true
}

// shiftRight and shiftLeft shift an address by 0 to 128 bits.
func shiftRight(a wire.Addr, n int) wire.Addr {
	if n >= 64 {
		return wire.Addr{Lo: a.Hi >> (n - 64)}
	}
	return wire.Addr{Hi: a.Hi >> n, Lo: a.Lo>>n | a.Hi<<(64-n)}
}

func shiftLeft(a wire.Addr, n int) wire.Addr {
	if n >= 64 {
		return wire.Addr{Hi: a.Lo << (n - 64)}
	}
	return wire.Addr{Hi: a.Hi<<n | a.Lo>>(64-n), Lo: a.Lo << n}
}
