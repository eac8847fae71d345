package ports

import (
	"math/bits"
	"net/netip"
	"sort"

	"taygo/translate/wire"
)

// A Range is ports of IPv4 addresses, for some protocols.
type Range struct {
	Prefix         netip.Prefix // the addresses, all of them; bits past the length are zero
	First, Last    uint16       // ports, both included
	TCP, UDP, ICMP bool
}

// Options describe a Pool.
type Options struct {
	Ranges []Range // may overlap; port 0 of TCP and UDP is left out (RFC 6335 §6)
	Shards int     // a power of two, at most 64
	Block  int     // ports in a block, a power of two from 2 to 32768; 0: no blocks
	Seed   uint64  // of the choice of addresses; the same seed pairs the same
	// Deterministic, unless it is zero, gives each subscriber a block of its own.
	Deterministic Deterministic
}

// A Pool is the transport addresses that there are. It never changes, and any
// number of goroutines may use it.
type Pool struct {
	layout
	spans  []span               // ascending
	n      int                  // addresses
	all    [numKinds + 1]uint64 // ports
	seed   uint64
	shares Deterministic
}

// A span is addresses in a row that have the same ports.
type span struct {
	first, last uint32
	index       int // of the first among the pool's addresses
	*set
	below [numKinds + 1]uint64 // ports of lower addresses
	lists uint64               // blocks of lower addresses that a subscriber may own
}

// Owns reports whether v4 is an address of the pool, whatever ports it has.
func (p *Pool) Owns(v4 uint32) bool { return p.span(v4) != nil }

// Has reports whether the pool has the transport address: after a reload, the
// bindings of others fall.
func (p *Pool) Has(proto uint8, v4 uint32, port uint16) bool {
	s, kind := p.span(v4), kindOf(proto)
	return s != nil && kind != noKind && s.has[kind].has(port)
}

// Addresses is how many addresses the pool has.
func (p *Pool) Addresses() int { return p.n }

// Address returns address number i of the pool, in ascending order.
func (p *Pool) Address(i int) uint32 {
	k := sort.Search(len(p.spans), func(k int) bool { return p.spans[k].index > i }) - 1
	return p.spans[k].first + uint32(i-p.spans[k].index)
}

// Size is how many ports the pool has for a protocol, on all addresses together.
func (p *Pool) Size(proto uint8) uint64 {
	kind := kindOf(proto)
	if kind == noKind {
		return 0
	}
	return p.all[kind]
}

// Blocks is how many blocks the pool has that can be taken. Those that
// deterministic assignment gives away are not among them.
func (p *Pool) Blocks() uint64 { return p.all[kindBlock] }

// Shift is by how many bits a port is shifted to give, modulo the number of
// shards, its shard: 1, or the logarithm of the size of a block.
func (p *Pool) Shift() uint { return uint(p.shift) }

// Shards is the number of shards.
func (p *Pool) Shards() int { return p.shards() }

// Shard returns the shard that a port lies in, on every address.
func (p *Pool) Shard(port uint16) int { return p.shard(port) }

// span returns the span of an address, or nil.
func (p *Pool) span(v4 uint32) *span {
	lo, hi := 0, len(p.spans)
	for lo < hi {
		mid := (lo + hi) / 2
		if p.spans[mid].last < v4 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(p.spans) || p.spans[lo].first > v4 {
		return nil
	}
	return &p.spans[lo]
}

// number returns the place of an address among those of the pool.
func (s *span) number(v4 uint32) int { return s.index + int(v4-s.first) }

// size is how many addresses a span has.
func (s *span) size() int { return int(s.last-s.first) + 1 }

// Paired returns the address that a host's bindings are on, whatever the
// protocol (RFC 4787 REQ-2, RFC 6888 REQ-2). Addresses get hosts in proportion to
// their ports. Most hosts keep their address when the pool becomes another.
func (p *Pool) Paired(host wire.Addr) uint32 { return p.paired(host, kindAny) }

// paired is Paired among the addresses that have ports of a kind. It halves the
// address space again and again, and goes to either side with a probability that
// is its part of the ports: so few go another way when a side grows, and none
// within the other side. Each time is decided by a random number of its own, which
// begins with a bit of the hash of the host: where both sides always have as many
// ports, what is left of the hash says it all.
func (p *Pool) paired(host wire.Addr, kind int) uint32 {
	lowest, highest := p.spans[0].first, p.spans[len(p.spans)-1].last
	size := uint64(1) << bits.Len32(lowest^highest)
	base := uint64(lowest) &^ (size - 1)
	h := mix(p.seed, host)
	below, all := uint64(0), p.all[kind]
	for size > 1 {
		size /= 2
		left := p.weight(kind, base+size) - below
		switch {
		case left == all:
		case 2*left == all && p.even(base, 2*size):
			return uint32(base + h&(2*size-1))
		case left == 0, part(h>>bits.TrailingZeros64(size)<<63|mixIn(h, size)>>1, all) >= left:
			base, below, all = base+size, below+left, all-left
		default:
			all = left
		}
	}
	return uint32(base)
}

// even reports whether size addresses from base on are of one span.
func (p *Pool) even(base, size uint64) bool {
	s := p.span(uint32(base))
	return s != nil && base+size-1 <= uint64(s.last)
}

// weight is how many ports of a kind lie on addresses below the given one.
func (p *Pool) weight(kind int, below uint64) uint64 {
	lo, hi := 0, len(p.spans)
	for lo < hi {
		mid := (lo + hi) / 2
		if uint64(p.spans[mid].first) < below {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0
	}
	s := &p.spans[lo-1]
	return s.below[kind] + min(below-uint64(s.first), uint64(s.size()))*s.sum[kind]
}
