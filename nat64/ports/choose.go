package ports

import (
	"math/bits"

	"taygo/translate/wire"
)

// A Request asks for a port.
type Request struct {
	Proto  uint8
	Host   wire.Addr // which addresses are paired with; with blocks, the subscriber
	Prefer uint32    // an address that the host has already, taken before the paired one; 0: none
	Port   uint16    // the host's own, whose class and parity are kept while possible
	Parity bool      // keep the parity (RFC 4787 REQ-4)
	Soft   bool      // when the paired address has no port left, take another (RFC 7857 §4)
	Home   int       // the shard to take a port of while it has one
	Random uint64    // unpredictable, a new one for each Request (RFC 6056)
}

// Find returns where the request can be met: an address, and the home shard or,
// if that has no port left there, another. It reports false if there is none:
// without Soft, because the host's address is exhausted. It needs no lock and takes
// nothing: another may be faster than the Choose that follows, and then Find is to
// be asked again.
func (l *Ledger) Find(r *Request) (v4 uint32, shard int, ok bool) {
	return l.find(r, kindOf(r.Proto))
}

// Choose takes a free port of an address and a shard, any of those that suit the
// request best with the same probability, and reports false if there is none. It
// suits best to have the class of the request's port, well-known or not (RFC 6146
// §3.5.1.1, §3.5.2.3), and then its parity; identifiers have neither.
func (l *Ledger) Choose(shard int, v4 uint32, r *Request) (port uint16, ok bool) {
	s, kind := l.pool.span(v4), kindOf(r.Proto)
	if s == nil || kind == noKind {
		return 0, false
	}
	return l.choose(choice{s, v4, kind, shard, 0, l.pool.words * 64}, r)
}

func (l *Ledger) find(r *Request, kind int) (v4 uint32, shard int, ok bool) {
	p := l.pool
	if kind == noKind || l.closed[kind].Load() == int64(p.n) {
		return 0, 0, false
	}
	v4 = r.Prefer
	s := p.span(v4)
	if s == nil || s.sum[kind] == 0 {
		v4 = p.Paired(r.Host)
		s = p.span(v4)
	}
	if s.sum[kind] == 0 {
		v4 = p.paired(r.Host, kind)
		s = p.span(v4)
	}
	for first := s.number(v4); ; {
		number := s.number(v4)
		if free := ^l.full[number*numKinds+kind].Load(); free != 0 {
			return v4, pick(free, r), true
		}
		v4 = p.Address((number + 1) % p.n)
		s = p.span(v4)
		if !r.Soft || s.number(v4) == first {
			return 0, 0, false
		}
	}
}

// pick returns the home shard if it is among the shards, otherwise any of them.
func pick(shards uint64, r *Request) int {
	if shards>>r.Home&1 != 0 {
		return r.Home
	}
	n := part(bits.RotateLeft64(r.Random, 32), uint64(bits.OnesCount64(shards)))
	return bit(shards, int(n))
}

// Which ports suit, as bits.
const (
	lowEven = 1 << iota
	lowOdd
	highEven
	highOdd

	low  = lowEven | lowOdd
	high = highEven | highOdd
	all  = low | high
)

// suits says what is tried one after another, by class and parity of a port.
var (
	suits = [2][2][4]uint8{
		{{lowEven, lowOdd, highEven, highOdd}, {lowOdd, lowEven, highOdd, highEven}},
		{{highEven, highOdd, lowEven, lowOdd}, {highOdd, highEven, lowOdd, lowEven}},
	}
	suitsAnyParity = [2][4]uint8{{low, high}, {high, low}}
	suitsAll       = [4]uint8{all}
)

func (r *Request) suits(kind int) *[4]uint8 {
	class := 0
	if r.Port >= wellKnown {
		class = 1
	}
	switch {
	case kind != kindTCP && kind != kindUDP:
		return &suitsAll
	case r.Parity:
		return &suits[class][r.Port&1]
	}
	return &suitsAnyParity[class]
}

// A choice is where to choose: from a place of a shard to another.
type choice struct {
	*span
	v4        uint32
	kind      int
	shard     int
	from, end int
}

func (l *Ledger) choose(c choice, r *Request) (uint16, bool) {
	p := l.pool
	number := c.number(c.v4)
	pg := l.shards[c.shard].page(p, number, c.kind)
	taken := pg.sheet(p, number)
	has := c.words[c.kind][c.shard*p.words : (c.shard+1)*p.words]
	for i, which := range r.suits(c.kind) {
		if which == 0 {
			break
		}
		var f filter
		f.set(which, p.low[c.shard], &c)
		place, ok := 0, false
		if i == 0 {
			place, ok = f.guess(has, taken, r.Random)
		}
		if !ok {
			place, ok = f.count(has, taken, mixIn(r.Random, 1))
		}
		if ok {
			taken[place/64] |= 1 << (place % 64)
			l.count(c.span, c.kind, c.shard, number, pg)
			return p.port(c.shard, place), true
		}
	}
	return 0, false
}

// guess looks at a few places, by independent bits of a random number. Of those that
// suit and are free, each is found with the same probability, and at once unless
// they are few. It looks at some of them whether the first is free or not, which no
// processor could foresee.
func (f *filter) guess(has, taken []uint64, random uint64) (place int, ok bool) {
	const together = 3
	size := f.end - f.from
	log := bits.Len(uint(size - 1))
	for range 64 / log / together {
		free := uint64(0)
		for k := range together {
			place := f.from + int(random>>(k*log))&(size-1)
			i := place / 64
			free |= has[i] &^ taken[i] & f.mask(i) >> (place % 64) & 1 << k
		}
		if free != 0 {
			first := bits.TrailingZeros64(free)
			return f.from + int(random>>(first*log))&(size-1), true
		}
		random >>= together * log
	}
	return 0, false
}

// count finds one of all places that suit and are free, each with the same
// probability, and reports whether there is any.
func (f *filter) count(has, taken []uint64, random uint64) (place int, ok bool) {
	n := 0
	for i := f.from / 64; i*64 < f.end; i++ {
		n += ones(has[i] &^ taken[i] & f.mask(i))
	}
	if n == 0 {
		return 0, false
	}
	n = int(part(random, uint64(n)))
	for i := f.from / 64; ; i++ {
		free := has[i] &^ taken[i] & f.mask(i)
		if n < ones(free) {
			return i*64 + bit(free, n), true
		}
		n -= ones(free)
	}
}

// A filter is the places that suit.
type filter struct {
	lower, higher uint64 // of those below border, and of the others
	border        int    // well-known ports lie below
	from, end     int
}

// set makes the filter, which is zero, that of the places of c that suit.
func (f *filter) set(which uint8, border int, c *choice) {
	const even = 0x5555555555555555
	f.border, f.from, f.end = border, c.from, c.end
	if which&lowEven != 0 {
		f.lower |= even
	}
	if which&lowOdd != 0 {
		f.lower |= even << 1
	}
	if which&highEven != 0 {
		f.higher |= even
	}
	if which&highOdd != 0 {
		f.higher |= even << 1
	}
}

// mask returns the places of word i that suit.
func (f *filter) mask(i int) uint64 {
	at := i * 64
	m := f.higher
	if at < f.border {
		lower := below(f.border - at)
		m = f.lower&lower | f.higher&^lower
	}
	if at < f.from || at+64 > f.end {
		m &= below(f.end-at) &^ below(f.from-at)
	}
	return m
}

// below returns the lowest n bits, of n that may be out of range.
func below(n int) uint64 {
	switch {
	case n <= 0:
		return 0
	case n >= 64:
		return 1<<64 - 1
	}
	return 1<<n - 1
}

func ones(w uint64) int { return bits.OnesCount64(w) }

// bit returns where the set bit number n of w stands, counted from the lowest.
func bit(w uint64, n int) int {
	for range n {
		w &= w - 1
	}
	return bits.TrailingZeros64(w)
}
