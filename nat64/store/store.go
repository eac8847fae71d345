package store

import (
	"math/bits"

	"taygo/translate/wire"
)

// Options of a Store.
type Options struct {
	// Shards is their number, rounded up to a power of two; 0 means 64, and 4096
	// are the most.
	Shards int

	// PortShift says which ports share a shard: those that agree in the bits above
	// the lowest PortShift. 1 keeps the ports of a pair together, log2 of the size
	// of a block those of a block.
	PortShift uint

	// Seed makes the hashes unpredictable. It must come from a strong random
	// number, and differ from process to process.
	Seed [4]uint64
}

// A Store holds bindings and sessions. Its methods may be called from any
// goroutine, and need no lock.
type Store struct {
	options Options
	arena   *arena
	shards  []Shard
}

// New returns an empty Store. It takes no memory for records yet.
func New(o Options) *Store { return newStore(o, kernel) }

func newStore(o Options, memory system) *Store {
	if o.Shards <= 0 {
		o.Shards = 64
	}
	o.Shards = 1 << bits.Len(uint(min(o.Shards, 4096)-1))
	front := skipped + o.Shards*(chunkSize+recordSize<<chunkBits) // the first records of each shard
	s := &Store{options: o, arena: &arena{system: memory, front: front, wanted: make(chan struct{}, 1)}, shards: make([]Shard, o.Shards)}
	for i := range s.shards {
		s.shards[i].init(s, i)
	}
	return s
}

// Shards returns the number of shards, a power of two.
func (s *Store) Shards() int { return len(s.shards) }

// Shard returns the shard of the given number, from 0 to Shards()-1.
func (s *Store) Shard(i int) *Shard { return &s.shards[i] }

// OfPort returns the shard where the bindings of an IPv4 port live, whatever
// their address and protocol are: number (port >> PortShift) mod Shards().
func (s *Store) OfPort(port uint16) *Shard {
	return &s.shards[int(port>>s.options.PortShift)&(len(s.shards)-1)]
}

// Hash returns a number that depends on the seed, proto and the IPv6 transport
// address alone.
func (s *Store) Hash(proto uint8, v6 wire.Addr, port uint16) uint64 {
	return hash6(&s.options.Seed, proto, v6, port)
}

// OfHash returns the home shard of what hashes to h: by Hash, or by a hash of the
// caller's own that is as hard to predict, and spreads over all bits.
func (s *Store) OfHash(h uint64) *Shard { return &s.shards[int(h>>20)&(len(s.shards)-1)] }

// Prepare makes memory ready before it is needed. The system needs up to some
// milliseconds for a huge page, which would else be those of a packet, or has no
// huge pages left, and look-ups are slower. It is to be called when Wanted says so,
// by a goroutine that has time and holds no shard's lock. A store that is small
// needs nothing, and gets nothing.
func (s *Store) Prepare() { s.arena.prepare() }

// Wanted has something in it when it is time for Prepare.
func (s *Store) Wanted() <-chan struct{} { return s.arena.wanted }

// Memory returns the octets that records and indexes have taken from the system.
func (s *Store) Memory() uint64 { return uint64(s.arena.used.Load()) }
