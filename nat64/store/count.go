package store

import (
	"sync/atomic"

	"taygo/translate/wire"
)

// A Count says how much is stored of one protocol.
type Count struct{ Bindings, Sessions uint64 }

// counters are written under the lock of their shard, and read without it.
type counters struct{ bindings, sessions atomic.Uint64 }

const kinds = 3

// kind returns where proto is counted.
func kind(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return 0
	case wire.ProtoUDP:
		return 1
	}
	return 2
}

// Count returns how much is stored of proto; TCP and UDP count by themselves, all
// others together. It is the sum of what each shard held at one moment during the
// call.
func (s *Store) Count(proto uint8) Count {
	var sum Count
	for i := range s.shards {
		c := s.shards[i].Count(proto)
		sum.Bindings += c.Bindings
		sum.Sessions += c.Sessions
	}
	return sum
}

// Count returns how much the shard holds of proto, as in Store.Count. It needs no
// lock.
func (sh *Shard) Count(proto uint8) Count {
	c := &sh.counts[kind(proto)]
	return Count{c.bindings.Load(), c.sessions.Load()}
}
