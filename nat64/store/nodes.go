package store

// Blocks of up to 256 octets lie in pages of their own. At the front of such a
// page a bit for each unit says whether a free block begins there, so that a
// block that becomes free joins its other half if that is free: what many trees
// of one size leave behind when they grow or end serves trees of any other size.
type nodePage struct {
	free [pageSize / unit / 64]uint64
	_    [4]uint64
}

// A freeBlock is how a free block begins. All but those of pages are in a list
// with both neighbours.
type freeBlock struct {
	next, prev uint32
	class      uint32
}

const (
	unitMask  = pageSize/unit - 1
	lineUnits = 1 << nodeClass
	headClass = 2 // the class of the page's own part, and of the block behind it
)

func (s *slab) freeBlock(ref uint32) *freeBlock { return (*freeBlock)(s.at(ref)) }

// mark returns the word with the bit of a unit, and the bit.
func (s *slab) mark(ref uint32) (*uint64, uint64) {
	p := (*nodePage)(s.at(ref &^ unitMask))
	return &p.free[ref&unitMask/64], 1 << (ref % 64)
}

// isFree reports whether a block of nodes is free, and of a class.
func (s *slab) isFree(ref uint32, class int) bool {
	word, bit := s.mark(ref)
	return *word&bit != 0 && s.freeBlock(ref).class == uint32(class)
}

// putIn puts a block at the front of its list.
func (s *slab) putIn(ref uint32, class int) {
	first := s.free[class]
	*s.freeBlock(ref) = freeBlock{next: first, class: uint32(class)}
	s.free[class] = ref
	if first != 0 {
		s.freeBlock(first).prev = ref
	}
	if class <= nodeClass {
		word, bit := s.mark(ref)
		*word |= bit
	}
}

// takeOut takes a block out of its list.
func (s *slab) takeOut(ref uint32, class int) {
	b := *s.freeBlock(ref)
	if b.prev != 0 {
		s.freeBlock(b.prev).next = b.next
	} else {
		s.free[class] = b.next
	}
	if b.next != 0 {
		s.freeBlock(b.next).prev = b.prev
	}
	if class <= nodeClass {
		word, bit := s.mark(ref)
		*word &^= bit
	}
}

// line returns a block of 256 octets of a new page, and frees the others.
func (s *slab) line() (uint32, bool) {
	page, ok := s.alloc(pageClass)
	if !ok {
		return 0, false
	}
	*(*nodePage)(s.at(page)) = nodePage{}
	for class := headClass; class < nodeClass; class++ {
		s.putIn(page+1<<class, class)
	}
	for ref := page + 2*lineUnits; ref <= page|unitMask; ref += lineUnits {
		s.putIn(ref, nodeClass)
	}
	return page + lineUnits, true
}
