package store

import "unsafe"

// A slab hands out blocks of 16 to 4096 octets, of sizes that are powers of two
// and aligned to them. Free blocks wait in lists by size; a larger one is halved
// when there is none. Blocks of up to 256 octets, which nodes of trees come and go
// in, are put together again (see nodes).
type slab struct {
	arena *arena
	base  unsafe.Pointer
	free  [classes]uint32 // first of each list; the next is the first word of the block
	next  uint32          // of the part of the arena that is not cut up yet
	end   uint32
	dead  []uint32 // nodes to free, with all below
}

// A class is a size of blocks: 16 << class octets.
const (
	classes   = 9
	pageClass = classes - 1
	pageSize  = unit << pageClass
	chunkSize = 32 << 10
)

func (s *slab) at(ref uint32) unsafe.Pointer {
	return unsafe.Add(s.base, uintptr(ref)<<unitBits)
}

// alloc returns a block, whose contents are what they were, and false if there is
// no memory.
func (s *slab) alloc(class int) (uint32, bool) {
	ref := s.free[class]
	switch {
	case ref != 0:
		s.takeOut(ref, class)
		return ref, true
	case class == pageClass:
		return s.page()
	case class == nodeClass:
		return s.line()
	}
	ref, ok := s.alloc(class + 1)
	if ok {
		s.putIn(ref+1<<class, class)
	}
	return ref, ok
}

// put takes back a block.
func (s *slab) put(ref uint32, class int) {
	for class < nodeClass && s.isFree(ref^1<<class, class) {
		s.takeOut(ref^1<<class, class)
		ref &^= 1 << class
		class++
	}
	s.putIn(ref, class)
}

// page returns a page that was never used. Those of the first chunk become real one
// by one, as a small shard may never use them all.
func (s *slab) page() (uint32, bool) {
	if s.next == s.end {
		base, ref, ok := s.arena.take(chunkSize)
		if !ok {
			return 0, false
		}
		if s.base != nil {
			s.arena.touch(ref, 0, chunkSize)
		}
		s.base, s.next, s.end = base, ref, ref+chunkSize>>unitBits
	}
	ref := s.next
	s.next += pageSize >> unitBits
	return ref, true
}
