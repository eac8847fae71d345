package store

import "taygo/translate/wire"

// Lookups are look-ups that are to come. In a large store each of them waits for
// memory, once for the index and once for the record; Fetch has the memory of all
// of them come at the same time. The zero Lookups is empty.
//
// Addresses are collected first and fetched in a short loop: a processor has only
// so many instructions under way, and those between two fetches are among them.
type Lookups struct {
	n  int
	of [MaxLookups]lookup
	at [2 * MaxLookups]uintptr
}

// MaxLookups is how many Lookups hold: more than a processor fetches at a time.
const MaxLookups = 64

type lookup struct {
	shard *Shard
	index *index
	hash  uint64
}

// Full reports whether there is no room for another.
func (l *Lookups) Full() bool { return l.n == MaxLookups }

// AddOut adds an Out of sh. It needs no lock.
func (l *Lookups) AddOut(sh *Shard, proto uint8, v6 wire.Addr, port uint16) {
	l.add(lookup{sh, &sh.by6, hash6(sh.records.seed, proto, v6, port)})
}

// AddIn adds an In of sh. It needs no lock.
func (l *Lookups) AddIn(sh *Shard, proto uint8, v4 uint32, port uint16) {
	l.add(lookup{sh, &sh.by4, hash4(sh.records.seed, proto, v4, port)})
}

func (l *Lookups) add(of lookup) {
	l.of[l.n] = of
	l.n++
}

// Fetch begins to fetch what the look-ups need, in a small part of the time that
// they would wait for it, and forgets them. It takes the lock of one shard at a
// time, for a moment, and leaves out what another has locked.
func (l *Lookups) Fetch() {
	n := 0
	for i := range l.of[:l.n] {
		x := &l.of[i]
		if d := x.index.dir.Load(); d != nil {
			l.at[n] = d.address(x.hash)
			n++
		}
	}
	prefetch(&l.at[0], n)
	n = 0
	for i := range l.of[:l.n] {
		if at := l.of[i].record(); at != 0 {
			l.at[n] = at
			n++
			if last := at + uintptr(recordSize) - 1; (at^last)&^63 != 0 {
				l.at[n] = last
				n++
			}
		}
	}
	prefetch(&l.at[0], n)
	l.n = 0
}

// record returns the address of the record that the search will look at first, 0 if
// there is none.
func (x *lookup) record() uintptr {
	if !x.shard.TryLock() {
		return 0
	}
	defer x.shard.Unlock()
	d := x.index.dir.Load()
	if d == nil {
		return 0
	}
	probe := d.probe(x.hash)
	n := probe.next()
	if n == 0 {
		return 0
	}
	return x.shard.records.at(n).address()
}
