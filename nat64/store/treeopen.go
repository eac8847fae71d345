package store

import "slices"

// A tree is the further sessions of the binding that a record holds.
type tree struct {
	*slab
	record *record
}

// class returns the class of the root's block.
func (t tree) class() int { return int(t.record.stored & rootClass) }

// setRoot makes n, in a block of a class, the root of a tree with total sessions.
func (t tree) setRoot(ref uint32, class, total int) {
	t.record.more = ref
	t.record.stored = t.record.stored&^rootClass | uint8(class)
	n := t.node(ref)
	n.head = n.head&(inTotal-1) | uint32(total)<<totalShift
}

// open stores a session. Full nodes are split on the way down, so that there is
// always room above; without memory the tree stays as it is, or has been split
// for nothing.
func (t tree) open(s Session) (*Session, bool) {
	if !t.prepareRoot() {
		return nil, false
	}
	key, n := s.key(), t.node(t.record.more)
	for n.level() > 0 {
		b := n.branch()
		i := b.find(key)
		if t.node(b.children[i].ref).count() == nodeSize {
			if !t.split(b, i) {
				return nil, false
			}
			i = b.find(key)
		}
		n = t.node(b.children[i].ref)
	}
	at := &n.sessions[n.count()]
	at.set(&s)
	n.head++
	t.node(t.record.more).head += inTotal
	return at, true
}

// prepareRoot makes a root, or makes room in it.
func (t tree) prepareRoot() bool {
	if t.record.more == 0 {
		ref, ok := t.alloc(0)
		if ok {
			t.node(ref).head = 0
			t.setRoot(ref, 0, 0)
		}
		return ok
	}
	n, class := t.node(t.record.more), t.class()
	switch {
	case n.total() == maxTotal:
		return false
	case n.count() < room[class]:
		return true
	case class < nodeClass:
		return t.moveRoot(class + 1)
	}
	return t.raise()
}

// moveRoot moves the root to a block of another class.
func (t tree) moveRoot(class int) bool {
	ref, ok := t.alloc(class)
	if !ok {
		return false
	}
	old := t.record.more
	n, m := t.node(old), t.node(ref)
	m.head = n.head &^ countMask
	m.copyFrom(n, 0, n.count())
	was := t.class()
	t.setRoot(ref, class, n.total())
	t.put(old, was)
	return true
}

// raise puts a new root above the old one, which is full, and splits that.
func (t tree) raise() bool {
	old := t.record.more
	n := t.node(old)
	if n.level() == levelMask {
		return false
	}
	ref, ok := t.alloc(1)
	if !ok {
		return false
	}
	b := t.node(ref).branch()
	b.head = (n.level() + 1) << levelShift
	b.put(0, childOf(0, old))
	if !t.split(b, 0) {
		t.put(ref, 1)
		return false
	}
	total := n.total()
	n.head &= inTotal - 1
	t.setRoot(ref, 1, total)
	return true
}

// split moves the upper half of the i-th child of b, which is full, to a new
// node. b has room for it.
func (t tree) split(b *branch, i int) bool {
	ref, ok := t.alloc(nodeClass)
	if !ok {
		return false
	}
	n, m := t.node(b.children[i].ref), t.node(ref)
	m.head = n.level() << levelShift
	const half = nodeSize / 2
	if n.level() == 0 {
		slices.SortFunc(n.sessions[:], func(r, s Session) int { return int(int64(r.key()) - int64(s.key())) })
	}
	m.copyFrom(n, half, nodeSize)
	n.head -= nodeSize - half
	key := m.sessions[0].key()
	if n.level() > 0 {
		key = m.branch().children[0].key()
	}
	b.put(i+1, childOf(key, ref))
	return true
}
