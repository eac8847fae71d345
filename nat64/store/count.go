package store

// A Count says how much is stored.
type Count struct{ Bindings, Sessions uint64 }

// Count returns how much is stored. It is the sum of what each shard held at one
// moment during the call, which locks one after another.
func (s *Store) Count() Count {
	var sum Count
	for i := range s.shards {
		sh := &s.shards[i]
		sh.Lock()
		sum.Bindings += sh.count.Bindings
		sum.Sessions += sh.count.Sessions
		sh.Unlock()
	}
	return sum
}
