package store

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// tableClass returns the class of the block of a table.
func tableClass(mask uint8) int {
	return bits.Len8(mask) + bits.Len(uint(unsafe.Sizeof(line{})>>unitBits)) - 1
}

// grow makes room where the hash h belongs. Without memory, or when so many
// hashes agree in their first bits that it would be of no use, it does not.
func (x *index) grow(h uint64) {
	d := x.dir.Load()
	if d.mask < fullMask {
		x.double(d)
		return
	}
	depth := lineAt(d.table(h), 0).depth()
	if depth == maxDepth {
		return
	}
	ref, ok := x.alloc(fullMask)
	if !ok {
		return
	}
	if depth == uint32(d.depth) {
		d = d.wider()
		x.dir.Store(d)
	}
	x.split(d, h, ref)
}

// double replaces the only table by one of twice the size.
func (x *index) double(d *directory) {
	mask := d.mask<<1 | 1
	ref, ok := x.alloc(mask)
	if !ok {
		return
	}
	larger, old := x.single(ref, mask), d.tables[0].Load()
	if !x.enterAll(larger, x.slab.at(old), d.mask) {
		x.slab.put(ref, tableClass(mask))
		return
	}
	x.dir.Store(larger)
	x.slab.put(old, tableClass(d.mask))
}

// enterAll enters all records of a table with another mask, until one finds no
// room.
func (x *index) enterAll(to *directory, from unsafe.Pointer, mask uint8) bool {
	for i := range uintptr(mask) + 1 {
		l := lineAt(from, i)
		for _, slot := range l[:l.used()] {
			n := slot & (isAway - 1)
			if !to.enter(x.records.hash(x.side, n), n) {
				return false
			}
		}
	}
	return true
}

// wider returns a directory of twice the places.
func (d *directory) wider() *directory {
	w := &directory{base: d.base, depth: d.depth + 1, mask: d.mask, tables: make([]atomic.Uint32, 2*len(d.tables))}
	for i := range w.tables {
		w.tables[i].Store(d.tables[i/2].Load())
	}
	return w
}

// split moves the upper half of the range of the table of h to the new table ref.
// Each record stays in the line that it is in, where there must be room.
func (x *index) split(d *directory, h uint64, ref uint32) {
	low, high := d.table(h), x.slab.at(ref)
	depth := lineAt(low, 0).depth()
	wider := uint32(d.depth) - depth
	first := rank(h) >> (32 - depth) << wider // place of the table in the directory
	half := uint32(1) << (wider - 1)
	for i := range half {
		d.tables[first+half+i].Store(ref)
	}
	for i := uintptr(0); i <= fullMask; i += splitLines {
		if newTags(depth) {
			x.fetch(low, i)
		}
		for k := range uintptr(splitLines) {
			x.splitLine(d, low, high, i+k)
		}
	}
}

// splitLines is how many lines are split at a time.
const splitLines = 4

// fetch begins to fetch the records of the lines that are split next.
func (x *index) fetch(table unsafe.Pointer, first uintptr) {
	var at [splitLines * slots]uintptr
	n := 0
	for i := range uintptr(splitLines) {
		l := lineAt(table, first+i)
		for _, slot := range l[:l.used()] {
			at[n] = x.records.at(slot & (isAway - 1)).address()
			n++
		}
	}
	prefetch(&at[0], n)
}

// newTags reports whether the tags are used up when a table of a depth is split.
func newTags(depth uint32) bool { return (depth+1)%tagSplits == 0 }

// splitLine splits line i. It reads the records when the tags are used up. Where a
// record goes is as good as random: it is written to both lines, and counted in one.
func (x *index) splitLine(d *directory, low, high unsafe.Pointer, i uintptr) {
	from, to := lineAt(low, i), lineAt(high, i)
	var kept, moved uint32
	old := *from
	depth := old.depth()
	for _, slot := range old[:old.used()] {
		upper := slot << (depth % tagSplits) >> 31
		if newTags(depth) {
			h := x.records.hash(x.side, slot&(isAway-1))
			slot = slot<<(32-rankShift)>>(32-rankShift) | rankTag(rank(h), depth+1)
		}
		if slot&isAway != 0 {
			home := d.other(i, slot)
			lineAt(low, home)[slots] -= oneAway * upper
			lineAt(high, home)[slots] += oneAway * upper
		}
		from[kept&usedMask], to[moved&usedMask] = slot, slot
		kept += 1 - upper
		moved += upper
	}
	clear(from[kept:slots])
	clear(to[moved:slots])
	from[slots] += oneDepth - moved*oneUsed
	to[slots] += (depth+1)*oneDepth + moved*oneUsed
}
