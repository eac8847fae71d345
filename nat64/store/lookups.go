package store

import (
	"unsafe"

	"taygo/translate/wire"
)

// Lookups are look-ups that are to come. In a large store each of them waits for
// memory, once for the index and once for the record, and in a very large one for the
// directory of the index; Fetch has the memory of all of them come at the same time.
// The zero Lookups is empty.
//
// Addresses are collected first and fetched in a short loop: a processor has only
// so many instructions under way, and those between two fetches are among them.
type Lookups struct {
	n, wanted int
	of        [MaxLookups]lookup
	at        [2 * MaxLookups]uintptr
}

// MaxLookups is how many Lookups hold: more than a processor fetches at a time.
const MaxLookups = 64

// deep is the depth from which directories take more memory than what a processor
// keeps close by.
const deep = 9

type lookup struct {
	shard *Shard
	index *index
	hash  uint64
	other bool // its home line has been looked at, in vain
}

// Full reports whether there is no room for another.
func (l *Lookups) Full() bool { return l.n == MaxLookups }

// AddOut adds an Out of sh. It needs no lock.
func (l *Lookups) AddOut(sh *Shard, proto uint8, v6 wire.Addr, port uint16) {
	l.add(sh, &sh.by6, hash6(sh.records.seed, proto, v6, port))
}

// AddIn adds an In of sh. It needs no lock.
func (l *Lookups) AddIn(sh *Shard, proto uint8, v4 uint32, port uint16) {
	l.add(sh, &sh.by4, hash4(sh.records.seed, proto, v4, port))
}

func (l *Lookups) add(sh *Shard, x *index, hash uint64) {
	of := &l.of[l.n]
	of.shard, of.index, of.hash, of.other = sh, x, hash, false
	l.n++
}

// Fetch begins to fetch what the look-ups need, in a small part of the time that
// they would wait for it, and forgets them. It takes no lock: what another changes
// meanwhile is fetched in vain.
func (l *Lookups) Fetch() {
	all := l.of[:l.n]
	l.n = 0
	if !fetches {
		return
	}
	for i := range all {
		l.directory(&all[i])
	}
	l.fetch()
	for i := range all {
		l.line(&all[i])
	}
	l.fetch()
	for i := range all {
		l.record(&all[i])
	}
	l.fetch()
	for i := range all { // of those in their other lines, which have come by now
		if all[i].other {
			l.record(&all[i])
		}
	}
	l.fetch()
}

// want adds an address to what is to be fetched.
func (l *Lookups) want(at uintptr) {
	l.at[l.wanted] = at
	l.wanted++
}

// fetch begins to fetch what is wanted.
func (l *Lookups) fetch() {
	prefetch(&l.at[0], l.wanted)
	l.wanted = 0
}

// directory wants the place of a directory.
func (l *Lookups) directory(x *lookup) {
	if d := x.index.dir.Load(); d != nil && d.depth >= deep {
		l.want(uintptr(unsafe.Pointer(d.place(x.hash))))
	}
}

// line wants the home line.
func (l *Lookups) line(x *lookup) {
	if d := x.index.dir.Load(); d != nil {
		l.want(d.address(x.hash))
	}
}

// record wants the record that the search will look at first. If it may be in the
// other line, it wants that, unless it had it already.
func (l *Lookups) record(x *lookup) {
	d := x.index.dir.Load()
	if d == nil {
		return
	}
	table, i, apart := d.table(x.hash), d.home(x.hash), apart(x.hash)
	if x.other {
		i = d.other(i, apart)
	}
	n, more := match(lineAt(table, i), rank(x.hash), apart)
	switch {
	case n != 0:
		l.wantRecord(x.shard.records.guess(d.base, n))
	case more && !x.other:
		x.other = true
		l.want(uintptr(unsafe.Pointer(lineAt(table, d.other(i, apart)))))
		return
	}
	x.other = false
}

// wantRecord adds the lines of a record.
func (l *Lookups) wantRecord(at uintptr) {
	l.want(at)
	if last := at + uintptr(recordSize) - 1; (at^last)&^63 != 0 {
		l.want(last)
	}
}
