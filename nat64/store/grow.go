package store

import (
	"math/bits"
	"unsafe"
)

// tableClass returns the class of the block of a table.
func tableClass(mask uint8) int {
	return bits.Len8(mask) + bits.Len(uint(unsafe.Sizeof(line{})>>unitBits)) - 1
}

// grow makes room where the hash h belongs. Without memory, or when so many
// hashes agree in their first bits that it would be of no use, it does not.
func (x *index) grow(h uint64) {
	if x.mask < fullMask {
		x.double()
		return
	}
	depth := uint8(lineAt(x.table(h), 0)[slots] >> depthBits)
	if depth == maxDepth {
		return
	}
	ref, ok := x.alloc()
	if !ok {
		return
	}
	if depth == x.depth {
		x.widen()
	}
	x.split(h, depth, ref)
}

// double replaces the only table by one of twice the size.
func (x *index) double() {
	old, mask := x.dir[0], x.mask
	x.mask = mask<<1 | 1
	ref, ok := x.alloc()
	if ok && x.enterAll(x.slab.at(ref), x.slab.at(old), mask) {
		x.dir[0] = ref
		x.slab.put(old, tableClass(mask))
		return
	}
	if ok {
		x.slab.put(ref, tableClass(x.mask))
	}
	x.mask = mask
}

// enterAll enters all records of a table with another mask, until one finds no
// room.
func (x *index) enterAll(to, from unsafe.Pointer, mask uint8) bool {
	for i := range uintptr(mask) + 1 {
		l := lineAt(from, i)
		for _, slot := range l[:l.used()] {
			n := slot &^ tagMask
			if !x.enter(to, x.records.hash(x.side, n), n) {
				return false
			}
		}
	}
	return true
}

// widen doubles the directory.
func (x *index) widen() {
	dir := make([]uint32, 2*len(x.dir))
	for i, ref := range x.dir {
		dir[2*i], dir[2*i+1] = ref, ref
	}
	x.dir = dir
	x.depth++
}

// split moves the upper half of the range of the table of h, which has the given
// depth, to the new table ref. Each record stays in the line that it is in, where
// there must be room.
func (x *index) split(h uint64, depth uint8, ref uint32) {
	first := rank(h) >> (32 - depth) << (x.depth - depth) // place of the table in the directory
	half := uint32(1) << (x.depth - depth - 1)
	low, high := x.slab.at(x.dir[first]), x.slab.at(ref)
	for i := range half {
		x.dir[first+half+i] = ref
	}
	for i := range uintptr(fullMask + 1) {
		x.splitLine(low, high, i, 31-depth)
	}
	lineAt(low, 0)[slots] += 1 << depthBits
	lineAt(high, 0)[slots] += uint32(depth+1) << depthBits
}

// splitLine moves the records of line i of which a bit of the rank is set.
func (x *index) splitLine(low, high unsafe.Pointer, i uintptr, bit uint8) {
	from, to := lineAt(low, i), lineAt(high, i)
	used, moved := from.used(), 0
	var hashes [slots]uint64 // first all of them: the processor fetches many records at once
	for k, slot := range from[:used] {
		hashes[k] = x.records.hash(x.side, slot&^tagMask)
	}
	for k := used - 1; k >= 0; k-- {
		if rank(hashes[k])>>bit&1 == 0 {
			continue
		}
		to[moved] = from[k]
		moved++
		from.drop(k)
		if home := x.home(hashes[k]); home != i {
			lineAt(low, home)[slots]--
			lineAt(high, home)[slots]++
		}
	}
}
