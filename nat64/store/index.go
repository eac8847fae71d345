package store

import (
	"sync/atomic"
	"unsafe"
)

// An index finds the records of bindings by one of their sides: an extendible
// hash table. Its tables of 4 KiB each hold a range of the hashes; one that is
// full is split in two, so that no insert moves more than a table. The first table
// starts with less and doubles.
type index struct {
	slab    *slab
	records *records
	side    side
	dir     atomic.Pointer[directory] // nil before the first insert
}

// A directory leads to the tables of an index. It has 2^depth places, each with the
// table that holds the hashes beginning with its number. It changes under the lock
// of the shard; who has no lock may read it too, and gets what is there or was (see
// Lookup).
type directory struct {
	base   unsafe.Pointer // of the arena
	depth  uint8
	mask   uint8           // lines of a table, less 1
	tables []atomic.Uint32 // their refs; a table that holds a larger range is there many times
}

// A side of a binding.
type side uint8

const (
	side6 side = iota
	side4
)

// A line is what a processor fetches at once. A record is entered in the home
// line of its hash or, where that is well filled, in its other line: no search
// looks at more than two. Slots are filled from the front. The last word says how
// many are in use, how many records at home in this line are in their other one, and
// the depth of the table: how many bits all ranks in it have in common.
type line [slots + 1]uint32

// A slot is 0, or the number of a record, whether the record is away from its
// home line, how far apart its lines are, and 4 bits of its rank, from the depth of
// the table on or up to 3 bits before. The latter two are its tag: most splits find
// in the slot all that they need to know of a record, and need not fetch it.
const (
	slots      = 15
	numberBits = 22
	isAway     = 1 << numberBits
	tagShift   = numberBits + 1
	apartBits  = 5
	rankShift  = tagShift + apartBits
	tagSplits  = 32 - rankShift

	leastMask = 7
	fullMask  = pageSize/(4*(slots+1)) - 1
	wellFull  = 12 // slots in use from which the other line may be better
	maxDepth  = 18

	oneUsed   = 1
	usedMask  = oneAway - 1
	oneAway   = 1 << 4
	awayMask  = oneDepth - oneAway
	depthBits = 16
	oneDepth  = 1 << depthBits
)

// Bits of a hash: 8-13 are the home line, 14-18 lead to the other one, 20-31
// choose the home shard, and 32-63 the rank.

// tag returns the tag of a hash, at its place in a slot, in a table of a depth.
func tag(h uint64, depth uint32) uint32 { return rankTag(rank(h), depth) | apart(h) }

// rankTag returns the part of the tag that is of the rank.
func rankTag(rank, depth uint32) uint32 {
	return rank << (depth / tagSplits * tagSplits) >> rankShift << rankShift
}

// apart returns the part of the tag that says how far apart the lines are.
func apart(h uint64) uint32 {
	return uint32(h>>14) << (32 - apartBits) >> (32 - rankShift)
}

func (l *line) depth() uint32 { return l[slots] >> depthBits }

// home returns the number of the home line.
func (d *directory) home(h uint64) uintptr { return uintptr(h>>8) & uintptr(d.mask) }

// other returns, of the number of one of the lines of a record, that of its other
// one. They are an odd number of bits apart, so that they are two in a table of any
// size.
func (d *directory) other(i uintptr, slot uint32) uintptr {
	return i ^ (uintptr(slot<<(32-rankShift)>>(32-apartBits))<<1|1)&uintptr(d.mask)
}

// rank is where a hash stands among all. It is not linear: tables at the front
// are half as full as those at the end, so that they split one after another, and
// the memory of an index does not jump whenever it doubles.
func rank(h uint64) uint32 {
	u := uint32(h >> 32)
	return u + uint32(uint64(u)*uint64(^u)>>32)/3
}

// place returns the place of a hash.
func (d *directory) place(h uint64) *atomic.Uint32 { return &d.tables[rank(h)>>(32-d.depth)] }

// table returns the table of a hash.
func (d *directory) table(h uint64) unsafe.Pointer {
	return unsafe.Add(d.base, uintptr(d.place(h).Load())<<unitBits)
}

// address returns where the home line of a hash lies.
func (d *directory) address(h uint64) uintptr {
	return uintptr(unsafe.Pointer(lineAt(d.table(h), d.home(h))))
}

func lineAt(table unsafe.Pointer, i uintptr) *line {
	return (*line)(unsafe.Add(table, i*unsafe.Sizeof(line{})))
}

// insert enters a record under its hash, and returns false if there is no memory,
// or if too many hashes agree in too many bits.
func (x *index) insert(h uint64, n uint32) bool {
	if x.dir.Load() == nil && !x.begin() {
		return false
	}
	if x.dir.Load().enter(h, n) {
		return true
	}
	x.grow(h)
	return x.dir.Load().enter(h, n)
}

// enter puts a record into its table, and returns false if both lines are full.
func (d *directory) enter(h uint64, n uint32) bool {
	table := d.table(h)
	i := d.home(h)
	home := lineAt(table, i)
	slot, used := tag(h, home.depth())|n, home.used()
	if used < wellFull {
		home.add(slot)
		return true
	}
	other := lineAt(table, d.other(i, slot))
	switch {
	case other.used() < used:
		other.add(slot | isAway)
		home[slots] += oneAway
	case used < slots:
		home.add(slot)
	default:
		return false
	}
	return true
}

// used returns how many slots are in use.
func (l *line) used() int { return int(l[slots] & usedMask) }

// add fills a slot more. One must be free.
func (l *line) add(slot uint32) {
	l[l[slots]&usedMask] = slot
	l[slots] += oneUsed
}

// remove takes out a record that insert entered.
func (x *index) remove(h uint64, n uint32) {
	d := x.dir.Load()
	table := d.table(h)
	i := d.home(h)
	home := lineAt(table, i)
	slot := tag(h, home.depth()) | n
	if k := home.find(slot); k < slots {
		home.drop(k)
		return
	}
	other := lineAt(table, d.other(i, slot))
	k := other.find(slot | isAway)
	if k == slots {
		panic("store: a Ref that names no binding")
	}
	other.drop(k)
	home[slots] -= oneAway
}

// find returns the place of a slot, slots if it is not in the line.
func (l *line) find(slot uint32) int {
	for i, other := range l[:l.used()] {
		if other == slot {
			return i
		}
	}
	return slots
}

// drop empties a slot, and moves the last one to its place.
func (l *line) drop(i int) {
	last := l.used() - 1
	l[i] = l[last]
	l[last] = 0
	l[slots] -= oneUsed
}

// begin makes the first table.
func (x *index) begin() bool {
	ref, ok := x.alloc(leastMask)
	if ok {
		x.dir.Store(x.single(ref, leastMask))
	}
	return ok
}

// single returns the directory of one table.
func (x *index) single(ref uint32, mask uint8) *directory {
	d := &directory{base: x.slab.base, mask: mask, tables: make([]atomic.Uint32, 1)}
	d.tables[0].Store(ref)
	return d
}

// alloc returns a new table, empty.
func (x *index) alloc(mask uint8) (uint32, bool) {
	ref, ok := x.slab.alloc(tableClass(mask))
	if ok {
		t := x.slab.at(ref)
		for i := range uintptr(mask) + 1 {
			*lineAt(t, i) = line{}
		}
	}
	return ref, ok
}
