package store

const (
	small = nodeSize / 4     // a node with no more entries looks for one to join
	joint = nodeSize * 3 / 4 // the most entries that two nodes may have to be joined
)

// A step is a way down from a branch: to its i-th child.
type step struct {
	*branch
	i int
}

// close removes a session. It needs no memory.
func (t tree) close(peer uint32, port uint16) {
	key := keyOf(peer, port)
	var path [levelMask]step
	root := t.node(t.record.more)
	n, depth := root, 0
	for ; n.level() > 0; depth++ {
		b := n.branch()
		path[depth] = step{b, b.find(key)}
		n = t.node(b.children[path[depth].i].ref)
	}
	s := n.session(peer, port)
	n.head--
	*s = n.sessions[n.count()]
	root.head -= inTotal
	for ; depth > 0 && n.count() <= small; depth-- {
		up := path[depth-1]
		t.mend(up.branch, up.i)
		n = up.node()
	}
	t.shrinkRoot()
}

// mend frees the i-th child of b, which has few entries, if it has none or may
// join one beside it.
func (t tree) mend(b *branch, i int) {
	n := t.node(b.children[i].ref)
	switch {
	case n.count() == 0:
		t.put(b.children[i].ref, nodeClass)
		b.drop(i)
	case i+1 < int(b.head&countMask) && n.count()+t.node(b.children[i+1].ref).count() <= joint:
		t.join(b, i)
	case i > 0 && n.count()+t.node(b.children[i-1].ref).count() <= joint:
		t.join(b, i-1)
	}
}

// join moves the entries of the child past the i-th of b to the i-th.
func (t tree) join(b *branch, i int) {
	from := b.children[i+1]
	n, m := t.node(b.children[i].ref), t.node(from.ref)
	if m.level() > 0 {
		first := &m.branch().children[0]
		*first = childOf(from.key(), first.ref)
	}
	n.copyFrom(m, 0, m.count())
	t.put(from.ref, nodeClass)
	b.drop(i + 1)
}

// shrinkRoot frees what the root has no use for.
func (t tree) shrinkRoot() {
	n := t.node(t.record.more)
	for n.level() > 0 && n.count() == 1 {
		old, class, total := t.record.more, t.class(), n.total()
		t.setRoot(n.branch().children[0].ref, nodeClass, total)
		t.put(old, class)
		n = t.node(t.record.more)
	}
	class := t.class()
	switch {
	case n.count() == 0:
		t.put(t.record.more, class)
		t.record.more = 0
	case class > 0 && n.count() <= room[class-1]*3/4:
		t.moveRoot(class - 1) // without memory it stays as it is
	}
}

// freeTree frees the nodes of the tree root, a block of a class. Of a large tree it
// frees a part and leaves the rest to reclaim.
func (s *slab) freeTree(root uint32, class int) {
	n := s.node(root)
	for i := range n.count() {
		if n.level() == 0 {
			break
		}
		if ref := n.branch().children[i].ref; n.level() == 1 {
			s.put(ref, nodeClass)
		} else {
			s.dead = append(s.dead, ref)
		}
	}
	s.put(root, class)
}

// reclaim frees a part of the trees of bindings that were removed.
func (s *slab) reclaim() {
	if last := len(s.dead) - 1; last >= 0 {
		ref := s.dead[last]
		s.dead = s.dead[:last]
		s.freeTree(ref, nodeClass)
	}
}
