package fragment

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"taygo/translate"
	"taygo/translate/wire"
)

// A Store is the fragments that are kept and the ports that are remembered. All
// its methods may be called from any goroutine; each holds one lock for a moment.
type Store struct {
	mu      sync.Mutex
	options Options
	by      map[key]*datagram
	sources map[wire.Addr]*source
	lists   [numClasses]list // oldest first
	memory  memory
	unused  []*datagram
	idle    []*source
	status  Status
}

// A Status says how full a Store is, and what it lost.
type Status struct {
	Fragments int // kept, or ready for a worker
	Octets    int // of memory for them
	Datagrams int // whose ports are remembered

	Expired uint64 // fragments that were kept in vain
	Evicted uint64 // fragments that had to make room for others
}

// NewStore returns an empty Store.
func NewStore(o Options) *Store {
	return &Store{options: o.withDefaults(), by: map[key]*datagram{}, sources: map[wire.Addr]*source{}}
}

// Configure changes the bounds. They hold for what comes from now on.
func (s *Store) Configure(o Options) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options = o.withDefaults()
}

// Status returns how full the store is.
func (s *Store) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Datagrams = s.lists[known].n + s.lists[past].n
	return st
}

// Ports returns the ports of a fragment that a Keeper let pass, those that its
// first fragment has, and whether they are known.
func (s *Store) Ports(p *translate.Packet) (translate.Ports, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.by[keyOf(p)]
	if d == nil || d.state != passing && d.state != done || d.deadline <= p.Now {
		return translate.Ports{}, false
	}
	return d.ports, true
}

// Sweep discards what has expired at the time now, so much of it as keeps the
// store busy for less than a millisecond, and reports whether there is more. What
// has expired counts as gone before it is swept.
func (s *Store) Sweep(now time.Duration) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expire(now, 512)
}

// keep decides about a fragment. What becomes ready through it is given to k.
func (s *Store) keep(k *Keeper, p *translate.Packet) translate.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(p.Now, 4)
	x := interval{int(p.Offset), int(p.Offset) + p.Total - p.Len}
	if x.from == x.end {
		return translate.Malformed
	}
	d := s.find(p)
	switch {
	case d.state == discarded:
		return d.why
	case !d.cover.add(x, p.More):
		return s.discard(d, translate.FragmentOverlap)
	case len(d.cover.seen) > maxHoles:
		return s.discard(d, translate.FragmentsFull)
	}
	d.marks |= 1 << (p.Class & 3)
	if p.Offset == 0 {
		d.ports = portsOf(p)
		switch {
		case d.state == whole:
		case hasNoChecksum(p):
			d.state = whole
		default:
			s.pass(d, k)
		}
	}
	if d.state == passing {
		if d.cover.whole() {
			s.finish(d, p.Now)
		}
		return translate.Translated
	}
	return s.hold(d, p, k)
}

// find returns the datagram of a fragment, a new one if need be.
func (s *Store) find(p *translate.Packet) *datagram {
	id := keyOf(p)
	if d := s.by[id]; d != nil {
		if d.state != done && d.deadline > p.Now {
			return d
		}
		s.status.Expired += uint64(len(d.pieces))
		s.remove(d)
	}
	var d *datagram
	if n := len(s.unused); n > 0 {
		d, s.unused = s.unused[n-1], s.unused[:n-1]
	} else {
		d = &datagram{}
	}
	d.key, d.state, d.deadline, d.marks = id, waiting, p.Now+s.options.Hold, 0
	if isICMP(p) {
		d.state = whole
	}
	d.source = s.source(sourceOf(p, s.options.SourceBits))
	d.source.datagrams++
	s.by[id] = d
	return d
}

// source returns the source with an address, a new one if need be.
func (s *Store) source(a wire.Addr) *source {
	if src := s.sources[a]; src != nil {
		return src
	}
	var src *source
	if n := len(s.idle); n > 0 {
		src, s.idle = s.idle[n-1], s.idle[:n-1]
	} else {
		src = &source{}
	}
	src.addr = a
	s.sources[a] = src
	return src
}

// pass lets the fragments of a datagram pass; those that were kept are ready.
func (s *Store) pass(d *datagram, k *Keeper) {
	slices.SortFunc(d.pieces, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	for _, x := range d.pieces {
		k.ready = append(k.ready, ready{source: d.source, pieces: [1]piece{x}})
	}
	clear(d.pieces)
	d.pieces = d.pieces[:0]
	s.enlist(d, passing)
}

// finish notes that all fragments have been let pass.
func (s *Store) finish(d *datagram, now time.Duration) {
	s.enlist(d, done)
	d.deadline = now + linger
}

// discard drops what is kept of a datagram, lets the rest be dropped, and returns
// the reason.
func (s *Store) discard(d *datagram, why translate.Verdict) translate.Verdict {
	s.release(d)
	s.enlist(d, discarded)
	d.why = why
	return why
}

// hold keeps a fragment, and makes its datagram ready if it is the last missing.
func (s *Store) hold(d *datagram, p *translate.Packet, k *Keeper) translate.Verdict {
	b := p.Bytes()
	if !s.makeRoom(d, room(len(b))) {
		s.status.Evicted += uint64(len(d.pieces))
		return s.discard(d, translate.FragmentsFull)
	}
	x := piece{buf: s.memory.get(len(b), s.options.Octets-s.status.Octets), len: p.Len, at: int(p.Offset), capacity: room(len(b))}
	copy(x.buf, b)
	d.pieces = append(d.pieces, x)
	s.count(d.source, 1, x.capacity)
	if !d.listed {
		s.enlist(d, d.state)
	}
	if d.state != whole || !d.cover.whole() {
		return translate.Held
	}
	slices.SortFunc(d.pieces, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	if !d.fits() {
		return s.discard(d, translate.Malformed)
	}
	s.unlist(d)
	delete(s.by, d.key)
	k.ready = append(k.ready, ready{source: d.source, datagram: d})
	return translate.Held
}
