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
	depth := lineAt(x.table(h), 0).depth()
	if depth == maxDepth {
		return
	}
	ref, ok := x.alloc()
	if !ok {
		return
	}
	if depth == uint32(x.depth) {
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
			n := slot & (isAway - 1)
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
func (x *index) split(h uint64, depth, ref uint32) {
	wider := uint32(x.depth) - depth
	first := rank(h) >> (32 - depth) << wider // place of the table in the directory
	half := uint32(1) << (wider - 1)
	low, high := x.slab.at(x.dir[first]), x.slab.at(ref)
	for i := range half {
		x.dir[first+half+i] = ref
	}
	for i := range uintptr(fullMask + 1) {
		x.splitLine(low, high, i)
	}
}

// splitLine splits line i. It fetches the records whose home it must know, or all
// when the tags are used up.
func (x *index) splitLine(low, high unsafe.Pointer, i uintptr) {
	from, to := lineAt(low, i), lineAt(high, i)
	depth, used := from.depth(), from.used()
	newTags := (depth+1)%tagSplits == 0
	var hashes [slots]uint64 // first all of them: the processor fetches many records at once
	for k, slot := range from[:used] {
		if newTags || slot&isAway != 0 {
			hashes[k] = x.records.hash(x.side, slot&(isAway-1))
		}
	}
	kept, moved := 0, 0
	for k, slot := range from[:used] {
		upper := slot<<(depth%tagSplits)>>31 != 0
		if newTags {
			slot = slot<<(32-tagShift)>>(32-tagShift) | tag(hashes[k], depth+1)
		}
		if !upper {
			from[kept] = slot
			kept++
			continue
		}
		to[moved] = slot
		moved++
		if slot&isAway != 0 {
			home := x.home(hashes[k])
			lineAt(low, home)[slots]--
			lineAt(high, home)[slots]++
		}
	}
	clear(from[kept:used])
	from[slots] += 1 << depthBits
	to[slots] += (depth + 1) << depthBits
}
