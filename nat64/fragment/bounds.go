package fragment

import "time"

// makeRoom discards kept datagrams until there is room for another fragment of d,
// that takes so many octets: the oldest of its source, and if that has none, the
// oldest of all. It reports false if only d itself is left to go.
func (s *Store) makeRoom(d *datagram, octets int) bool {
	o, src := &s.options, d.source
	for src.fragments >= o.SourceFragments || src.octets+octets > o.SourceOctets {
		if !s.evict(src.lists[kept].head, d) {
			return false
		}
	}
	for s.status.Fragments >= o.Fragments || s.status.Octets+octets > o.Octets {
		oldest := src.lists[kept].head
		if oldest == nil {
			oldest = s.lists[kept].head
		}
		if !s.evict(oldest, d) {
			return false
		}
	}
	return true
}

// evict removes a datagram to make room for d, and reports whether there was one
// other than d.
func (s *Store) evict(old, d *datagram) bool {
	if old == nil || old == d {
		return false
	}
	s.status.Evicted += uint64(len(old.pieces))
	s.remove(old)
	return true
}

// enlist puts a datagram behind the others of the class of its new state.
func (s *Store) enlist(d *datagram, to state) {
	s.unlist(d)
	d.state, d.listed = to, true
	class := to.class()
	s.lists[class].pushBack(d, ofStore)
	d.source.lists[class].pushBack(d, ofSource)
	if class == known {
		s.bound(&d.source.lists, s.options.SourceDatagrams)
		s.bound(&s.lists, s.options.Datagrams)
	}
}

// bound forgets a datagram if the lists hold more than n that are known or past:
// one whose last fragment has come if there is any, but never the newest.
func (s *Store) bound(lists *[numClasses]list, n int) {
	switch {
	case lists[known].n+lists[past].n <= max(n, 1):
	case lists[past].n > 0:
		s.remove(lists[past].head)
	default:
		s.remove(lists[known].head)
	}
}

func (s *Store) unlist(d *datagram) {
	if !d.listed {
		return
	}
	class := d.state.class()
	s.lists[class].remove(d, ofStore)
	d.source.lists[class].remove(d, ofSource)
	d.listed = false
}

// expire removes up to n datagrams whose time has come, and reports whether there
// are more. Those that are known stand in the order in which their ports became
// known, so that one may wait behind another, for no longer than the hold time.
func (s *Store) expire(now time.Duration, n int) bool {
	for class := range s.lists {
		for {
			d := s.lists[class].head
			if d == nil || d.deadline > now {
				break
			}
			if n == 0 {
				return true
			}
			n--
			s.status.Expired += uint64(len(d.pieces))
			s.remove(d)
		}
	}
	return false
}

// remove forgets a datagram and what is kept of it.
func (s *Store) remove(d *datagram) {
	s.release(d)
	s.unlist(d)
	delete(s.by, d.key)
	s.recycle(d)
}

// release gives back the memory of what is kept of a datagram.
func (s *Store) release(d *datagram) {
	for _, x := range d.pieces {
		s.free(d.source, x)
	}
	clear(d.pieces)
	d.pieces = d.pieces[:0]
}

func (s *Store) free(src *source, x piece) {
	s.memory.put(x.buf)
	s.count(src, -1, -x.capacity)
}

// count counts fragments and octets of a source.
func (s *Store) count(src *source, fragments, octets int) {
	src.fragments += fragments
	src.octets += octets
	s.status.Fragments += fragments
	s.status.Octets += octets
}

// recycle keeps the memory of a datagram that nothing refers to any more, and
// forgets its source if that was all of it.
func (s *Store) recycle(d *datagram) {
	d.source.datagrams--
	s.forget(d.source)
	d.source = nil
	d.cover.reset()
	if len(s.unused) < maxUnused && cap(d.cover.seen) <= 8 && cap(d.pieces) <= 64 {
		s.unused = append(s.unused, d)
	}
}

// forget forgets a source of which nothing is left.
func (s *Store) forget(src *source) {
	if src.fragments != 0 || src.datagrams != 0 {
		return
	}
	delete(s.sources, src.addr)
	if len(s.idle) < maxUnused {
		s.idle = append(s.idle, src)
	}
}

// maxUnused is how many records of datagrams, and of sources, are kept for the next.
const maxUnused = 1024
