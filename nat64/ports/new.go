package ports

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"taygo/translate/wire"
)

// The reasons why New refuses Options, for errors.Is.
var (
	ErrPrefix        = errors.New("not an IPv4 prefix, or bits are set past its length")
	ErrOrder         = errors.New("the first port lies behind the last")
	ErrProtocol      = errors.New("the range is for no protocol")
	ErrTooMany       = errors.New("more than 1,048,576 addresses")
	ErrEmpty         = errors.New("the pool has no port of any protocol")
	ErrShards        = errors.New("not a power of two from 1 to 64")
	ErrBlock         = errors.New("not a power of two from 2 to 32,768")
	ErrNoBlocks      = errors.New("no block of that size lies whole in the pool")
	ErrDeterministic = errors.New("deterministic assignment is impossible")
)

// maxAddresses bounds the memory of a pool.
const maxAddresses = 1 << 20

// New makes a Pool. The error names what was refused, wraps an Err… of this
// package, and says what would do.
func New(o Options) (*Pool, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p := &Pool{layout: newLayout(o.Shards, o.Block), seed: o.Seed}
	from := 0
	if !o.Deterministic.isZero() {
		from = (wellKnown + o.Block - 1) / o.Block * o.Block
	}
	p.addSpans(o.Ranges, from)
	if err := p.finish(); err != nil {
		return nil, err
	}
	if o.Block != 0 && p.Blocks() == 0 {
		return nil, fmt.Errorf("ports: blocks of %d ports: %w: widen the ranges, or choose a smaller size", o.Block, ErrNoBlocks)
	}
	if !o.Deterministic.isZero() {
		if err := p.share(o.Deterministic); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (o *Options) check() error {
	if o.Shards < 1 || o.Shards > maxShards || o.Shards&(o.Shards-1) != 0 {
		return fmt.Errorf("ports: %d shards: %w", o.Shards, ErrShards)
	}
	if o.Block != 0 && (o.Block < 2 || o.Block > allPorts/2 || o.Block&(o.Block-1) != 0) {
		return fmt.Errorf("ports: blocks of %d ports: %w", o.Block, ErrBlock)
	}
	for _, r := range o.Ranges {
		switch {
		case !r.Prefix.IsValid() || !r.Prefix.Addr().Is4() || r.Prefix != r.Prefix.Masked():
			return fmt.Errorf("ports: range %v: %w: write the first address of the prefix", r, ErrPrefix)
		case r.First > r.Last:
			return fmt.Errorf("ports: range %v: %w: exchange them", r, ErrOrder)
		case !r.TCP && !r.UDP && !r.ICMP:
			return fmt.Errorf("ports: range %v: %w: name at least one", r, ErrProtocol)
		}
	}
	return o.Deterministic.check(o.Block)
}

// String returns the range as prefix, ports and protocols.
func (r Range) String() string {
	words := []string{fmt.Sprintf("%v %d-%d", r.Prefix, r.First, r.Last)}
	for _, p := range []struct {
		has  bool
		name string
	}{{r.TCP, "tcp"}, {r.UDP, "udp"}, {r.ICMP, "icmp"}} {
		if p.has {
			words = append(words, p.name)
		}
	}
	return strings.Join(words, " ")
}

// interval returns the addresses of a prefix.
func interval(prefix netip.Prefix) (first, last uint64) {
	first = uint64(wire.AddrFrom(prefix.Addr()).V4())
	return first, first + 1<<(32-prefix.Bits()) - 1
}

// addSpans cuts the address space where a range begins or ends, and gives what
// lies between two cuts the ports of all ranges that cover it.
func (p *Pool) addSpans(ranges []Range, from int) {
	var cuts []uint64
	for _, r := range ranges {
		first, last := interval(r.Prefix)
		cuts = append(cuts, first, last+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	sets := map[[numProto]bitmap]*set{}
	for i := range max(0, len(cuts)-1) {
		ports := portsOf(ranges, cuts[i])
		if ports == ([numProto]bitmap{}) {
			continue
		}
		if sets[ports] == nil {
			sets[ports] = newSet(&ports, &p.layout, from)
		}
		p.addSpan(span{first: uint32(cuts[i]), last: uint32(cuts[i+1] - 1), set: sets[ports]})
	}
}

// portsOf returns what the ranges give to an address.
func portsOf(ranges []Range, v4 uint64) [numProto]bitmap {
	var b [numProto]bitmap
	for _, r := range ranges {
		if first, last := interval(r.Prefix); v4 < first || v4 > last {
			continue
		}
		for kind, has := range [numProto]bool{kindTCP: r.TCP, kindUDP: r.UDP, kindICMP: r.ICMP} {
			if has {
				b[kind].add(r.First, r.Last)
			}
		}
	}
	b[kindTCP][0] &^= 1
	b[kindUDP][0] &^= 1
	return b
}

// addSpan appends a span, or lengthens the last if it goes on with the same ports.
func (p *Pool) addSpan(s span) {
	if n := len(p.spans); n > 0 && p.spans[n-1].last+1 == s.first && p.spans[n-1].set == s.set {
		p.spans[n-1].last = s.last
		return
	}
	p.spans = append(p.spans, s)
}

// finish counts what lies below each span.
func (p *Pool) finish() error {
	slices.SortFunc(p.spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var below [numKinds + 1]uint64
	lists, n := uint64(0), 0
	for i := range p.spans {
		s := &p.spans[i]
		s.index, s.below, s.lists = n, below, lists
		if s.size() > maxAddresses-n {
			return fmt.Errorf("ports: pool: %w: use shorter ranges", ErrTooMany)
		}
		n += s.size()
		lists += uint64(s.size()) * uint64(len(s.list))
		for k := range below {
			below[k] += uint64(s.size()) * s.sum[k]
		}
	}
	p.n, p.all = n, below
	if n == 0 {
		return fmt.Errorf("ports: pool: %w: add a range", ErrEmpty)
	}
	return nil
}
