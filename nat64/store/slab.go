package store

import "unsafe"

// A slab hands out blocks of 16 to 4096 octets, of sizes that are powers of two
// and aligned to them. Free blocks wait in lists by size; a larger one is halved
// when there is none.
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
	chunkSize = 64 << 10
)

// word returns the first word of the block ref.
func (s *slab) word(ref uint32) *uint32 { return (*uint32)(s.at(ref)) }

func (s *slab) at(ref uint32) unsafe.Pointer {
	return unsafe.Add(s.base, uintptr(ref)<<unitBits)
}

// alloc returns a block, whose contents are what they were, and false if there is
// no memory.
func (s *slab) alloc(class int) (uint32, bool) {
	if ref := s.free[class]; ref != 0 {
		s.free[class] = *s.word(ref)
		return ref, true
	}
	if class == pageClass {
		return s.page()
	}
	ref, ok := s.alloc(class + 1)
	if !ok {
		return 0, false
	}
	s.put(ref+1<<class, class)
	return ref, true
}

// put takes back a block.
func (s *slab) put(ref uint32, class int) {
	*s.word(ref) = s.free[class]
	s.free[class] = ref
}

func (s *slab) page() (uint32, bool) {
	if s.next == s.end {
		base, ref, ok := s.arena.take(chunkSize)
		if !ok {
			return 0, false
		}
		s.base, s.next, s.end = base, ref, ref+chunkSize>>unitBits
	}
	ref := s.next
	s.next += pageSize >> unitBits
	return ref, true
}
