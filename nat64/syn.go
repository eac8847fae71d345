package nat64

import (
	"sync"
	"sync/atomic"
	"time"
)

// A synKey is what a kept SYN is found by: the pool address and the IPv4 host, as
// the connection would have them.
type synKey struct {
	v4, peer        uint32
	port4, peerPort uint16
}

// A keptSYN is a TCP SYN from IPv4 that is kept in case the IPv6 host opens the
// same connection (RFC 6146 §3.5.2.2, RFC 5382 REQ-4).
type keptSYN struct {
	key      synKey
	deadline time.Duration
	at, n    int // where in the ring the packet lies, and its length in octets
	gone     bool
}

// A synStore keeps SYNs, within a number and within octets (RFC 6146 §5.3). All of
// them are kept for the same time, so that they are a queue. It takes memory when
// the first one comes.
type synStore struct {
	live atomic.Int32 // those that are not gone; lets packets pass without the lock

	mu     sync.Mutex
	limit  int // of SYNs
	octets int // of their packets
	index  map[synKey]int
	queue  []keptSYN // a ring
	first  int       // number of the oldest; SYN number i is queue[i%len(queue)]
	next   int       // number of the next one
	ring   []byte
	write  int // where in ring the next packet goes
}

// configure sets the limits, and forgets what is kept if they change.
func (s *synStore) configure(limit, octets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == limit && s.octets == octets {
		return
	}
	s.limit, s.octets = limit, octets
	s.index, s.queue, s.ring = nil, nil, nil
	s.first, s.next, s.write = 0, 0, 0
	s.live.Store(0)
}

// keep copies packet, unless one with the same key is there already, which stays
// as it is. It reports false if there is no room.
func (s *synStore) keep(key synKey, packet []byte, deadline time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.index[key]; there {
		return true
	}
	if s.queue == nil && s.limit > 0 {
		s.index = make(map[synKey]int, s.limit)
		s.queue = make([]keptSYN, s.limit)
		s.ring = make([]byte, s.octets)
	}
	at, ok := s.place(len(packet))
	if !ok {
		return false
	}
	copy(s.ring[at:], packet)
	s.queue[s.next%len(s.queue)] = keptSYN{key: key, deadline: deadline, at: at, n: len(packet)}
	s.index[key] = s.next
	s.next++
	s.write = at + len(packet)
	s.live.Add(1)
	return true
}

// place finds room for n octets behind the newest packet, or in front of the
// oldest one if the end of the ring is too near.
func (s *synStore) place(n int) (at int, ok bool) {
	s.trim()
	switch {
	case s.next-s.first == len(s.queue):
		return 0, false
	case s.first == s.next:
		return 0, n <= len(s.ring)
	}
	oldest := s.queue[s.first%len(s.queue)].at
	switch {
	case s.write <= oldest: // the packets go over the end
		return s.write, n <= oldest-s.write
	case n <= len(s.ring)-s.write:
		return s.write, true
	}
	return 0, n <= oldest
}

// trim takes those that are gone off the front of the queue.
func (s *synStore) trim() {
	for s.first != s.next && s.queue[s.first%len(s.queue)].gone {
		s.first++
	}
}

// take forgets the SYN with the key and reports whether there was one, as its
// connection is opened from IPv6 now.
func (s *synStore) take(key synKey) bool {
	if s.live.Load() == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i, there := s.index[key]
	if there {
		s.forget(i)
	}
	return there
}

func (s *synStore) forget(i int) {
	kept := &s.queue[i%len(s.queue)]
	kept.gone = true
	delete(s.index, kept.key)
	s.live.Add(-1)
}

// due appends to b the oldest SYN that nobody has answered by now and forgets it.
// It returns the packet, its key, and false if there is none; then wait is how
// long it is to the next, or zero if none is kept.
func (s *synStore) due(b []byte, now time.Duration) (packet []byte, key synKey, wait time.Duration, ok bool) {
	if s.live.Load() == 0 {
		return nil, synKey{}, 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim()
	if s.first == s.next {
		return nil, synKey{}, 0, false
	}
	kept := &s.queue[s.first%len(s.queue)]
	if kept.deadline > now {
		return nil, synKey{}, kept.deadline - now, false
	}
	packet = append(b, s.ring[kept.at:kept.at+kept.n]...)
	s.forget(s.first)
	return packet, kept.key, 0, true
}

// each calls f with the key and the deadline of each SYN that is kept, oldest
// first, until it returns false. Packets wait meanwhile; f is to be short.
func (s *synStore) each(f func(key synKey, deadline time.Duration) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := s.first; i != s.next; i++ {
		kept := &s.queue[i%len(s.queue)]
		if !kept.gone && !f(kept.key, kept.deadline) {
			return
		}
	}
}
