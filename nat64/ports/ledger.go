package ports

import (
	"sync/atomic"
)

// A Ledger records which ports and blocks of a Pool are taken. Each shard of it
// has the ports for which Pool.Shard returns its number; methods that name a
// shard, or a port, need the caller's lock of that shard, which they do not take.
// Find and FindBlock need none.
//
// A port takes a bit, allotted for 16 addresses and a protocol at a time when the
// first of them is used.
type Ledger struct {
	pool   *Pool
	shards []ledgerShard
	full   []atomic.Uint64        // by address and kind: a bit for each shard that has no free port
	closed [numKinds]atomic.Int64 // addresses without free ports in any shard
}

// A ledgerShard is what one lock guards; the space behind it keeps two of them
// from sharing a cache line.
type ledgerShard struct {
	pages []page // by number of the first address, and kind
	taken [numKinds]int
	_     [16]byte
}

// A page is what is taken of one kind on some addresses in a row, in one shard: for
// each address how many of those that the pool has, and then a bit for each place.
// It is nil before the first of them is taken.
type page []uint64

const pageSize = 16

// everyShard is the bits of all shards that there may be: those beyond the last
// have no ports, and are always full.
const everyShard = 1<<maxShards - 1

// NewLedger returns a Ledger in which nothing is taken.
func NewLedger(p *Pool) *Ledger {
	l := &Ledger{pool: p, shards: make([]ledgerShard, p.shards()), full: make([]atomic.Uint64, p.n*numKinds)}
	for i := range p.spans {
		s := &p.spans[i]
		for kind := range numKinds {
			full := uint64(0)
			for shard := range maxShards {
				if s.count[kind][shard] == 0 {
					full |= 1 << shard
				}
			}
			for n := range s.size() {
				l.full[(s.index+n)*numKinds+kind].Store(full)
			}
			if full == everyShard {
				l.closed[kind].Add(int64(s.size()))
			}
		}
	}
	return l
}

// Pool returns the pool that the ledger is about.
func (l *Ledger) Pool() *Pool { return l.pool }

// Take takes a certain port, of a static binding or of one restored, and reports
// whether nobody had it. The port may lie outside the ranges of the pool, but not
// the address: on another, Take reports false.
func (l *Ledger) Take(proto uint8, v4 uint32, port uint16) bool {
	s, kind := l.pool.span(v4), kindOf(proto)
	return s != nil && kind != noKind && l.take(s, kind, v4, port)
}

// Release gives a port back. One that is not taken stays as it is.
func (l *Ledger) Release(proto uint8, v4 uint32, port uint16) {
	if s, kind := l.pool.span(v4), kindOf(proto); s != nil && kind != noKind {
		l.release(s, kind, v4, port)
	}
}

// Taken is how many ports of a protocol are taken in a shard, of those that the
// ranges of the pool have.
func (l *Ledger) Taken(shard int, proto uint8) int {
	kind := kindOf(proto)
	if kind == noKind {
		return 0
	}
	return l.shards[shard].taken[kind]
}

// Adopt takes in a shard all that is taken in the same shard of old, as far as the
// addresses are in the pool of l. Nothing of l may be taken in the shard. It
// reports false, and does nothing, if the two pools divide ports in different
// ways: their Shards or Options.Block differ.
func (l *Ledger) Adopt(shard int, old *Ledger) bool {
	p, o := l.pool, old.pool
	if p.shift != o.shift || p.log != o.log {
		return false
	}
	for i := range o.spans {
		for n := range o.spans[i].size() {
			from := o.spans[i].index + n
			l.adopt(shard, o.spans[i].first+uint32(n), old.shards[shard].of(from), from)
		}
	}
	return true
}

// adopt records what is taken on an address, if the pool has it. In another ledger
// it has a number and pages.
func (l *Ledger) adopt(shard int, v4 uint32, pages []page, oldNumber int) {
	p := l.pool
	s := p.span(v4)
	if s == nil {
		return
	}
	number := s.number(v4)
	for kind, from := range pages {
		if from == nil {
			continue
		}
		pg := l.shards[shard].page(p, number, kind)
		used := 0
		for i, w := range from.sheet(p, oldNumber) {
			pg.sheet(p, number)[i] = w
			used += ones(w & s.words[kind][shard*p.words+i])
		}
		l.shards[shard].taken[kind] += used
		*pg.used(p, number) = uint64(used)
		if used > 0 && used == int(s.count[kind][shard]) {
			l.close(shard, number, kind)
		}
	}
}

func (l *Ledger) take(s *span, kind int, v4 uint32, port uint16) bool {
	shard, place, number := l.pool.shard(port), l.pool.place(port), s.number(v4)
	sh := &l.shards[shard]
	pg := sh.page(l.pool, number, kind)
	w, bit := &pg.sheet(l.pool, number)[place/64], uint64(1)<<(place%64)
	if *w&bit != 0 {
		return false
	}
	*w |= bit
	if s.has[kind].has(port) {
		l.count(s, kind, shard, number, pg)
	}
	return true
}

// count counts a port that was taken, of those that the pool has.
func (l *Ledger) count(s *span, kind, shard, number int, pg page) {
	l.shards[shard].taken[kind]++
	used := pg.used(l.pool, number)
	*used++
	if *used == uint64(s.count[kind][shard]) {
		l.close(shard, number, kind)
	}
}

func (l *Ledger) release(s *span, kind int, v4 uint32, port uint16) {
	shard, place, number := l.pool.shard(port), l.pool.place(port), s.number(v4)
	sh := &l.shards[shard]
	pg := sh.page(l.pool, number, kind)
	w, bit := &pg.sheet(l.pool, number)[place/64], uint64(1)<<(place%64)
	if *w&bit == 0 {
		return
	}
	*w &^= bit
	if s.has[kind].has(port) {
		sh.taken[kind]--
		used := pg.used(l.pool, number)
		if *used == uint64(s.count[kind][shard]) {
			l.open(shard, number, kind)
		}
		*used--
	}
}

// close notes that a shard has no free port left on an address.
func (l *Ledger) close(shard, number, kind int) {
	if old := l.full[number*numKinds+kind].Or(1 << shard); old|1<<shard == everyShard {
		l.closed[kind].Add(1)
	}
}

// open notes that a shard has a free port again.
func (l *Ledger) open(shard, number, kind int) {
	if l.full[number*numKinds+kind].And(^uint64(1<<shard)) == everyShard {
		l.closed[kind].Add(-1)
	}
}

// of returns the pages of an address by kind, as far as there are any.
func (sh *ledgerShard) of(number int) []page {
	if sh.pages == nil {
		return nil
	}
	at := number / pageSize * numKinds
	return sh.pages[at : at+numKinds]
}

// page returns the page of an address and a kind, made if need be.
func (sh *ledgerShard) page(p *Pool, number, kind int) page {
	if sh.pages == nil {
		sh.pages = make([]page, (p.n+pageSize-1)/pageSize*numKinds)
	}
	pg := &sh.pages[number/pageSize*numKinds+kind]
	if *pg == nil {
		n := min(pageSize, p.n-number/pageSize*pageSize)
		*pg = make(page, n*(1+p.words))
	}
	return *pg
}

// used returns the count of an address.
func (pg page) used(p *Pool, number int) *uint64 { return &pg[number%pageSize*(1+p.words)] }

// sheet returns the words of an address.
func (pg page) sheet(p *Pool, number int) []uint64 {
	at := number%pageSize*(1+p.words) + 1
	return pg[at : at+p.words : at+p.words]
}
