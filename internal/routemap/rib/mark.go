package rib

// marks remember which routes a resync has seen: one bit for each place of the
// arena. All methods do nothing for a nil *marks, which is the case outside of a
// resync.
type marks struct {
	bits []uint64
	root bool
	seen int
}

// Mark begins a resync: from now on each route that Set gives counts as seen, and
// Sweep takes away the others. Called again it begins anew.
func (t *RIB) Mark() {
	t.marks = &marks{bits: make([]uint64, (cap(t.arena.words)+63)/64)}
}

// Marking tells whether a resync is under way, between Mark and Sweep or Unmark.
func (t *RIB) Marking() bool { return t.marks != nil }

// Unmark ends a resync without taking anything away.
func (t *RIB) Unmark() { t.marks = nil }

// Unseen returns how many routes Sweep would take away.
func (t *RIB) Unseen() int {
	if t.marks == nil {
		return 0
	}
	return t.n - t.marks.seen
}

// Seen tells whether the route of p exists and, during a resync, was seen.
func (t *RIB) Seen(p Prefix) bool {
	if p.Bits == 0 {
		return t.hasRoot && (t.marks == nil || t.marks.root)
	}
	b, e := place(p, None)
	at, found := t.arena.find(b, e)
	return found && (t.marks == nil || t.marks.get(t.arena.slot(b, at)))
}

// Sweep ends a resync: it takes away the routes that were not seen since Mark,
// after it has called gone with each, in the order of Prefix.Compare. gone must
// not change the table. Without a Mark before, nothing happens.
func (t *RIB) Sweep(gone func(Prefix, NextHop)) {
	m := t.marks
	if m == nil {
		return
	}
	if t.hasRoot && !m.root {
		gone(Prefix{}, t.root)
		t.Delete(Prefix{})
	}
	var lost []Prefix
	for b := 0; b < len(t.arena.buckets) && m.seen < t.n; b++ {
		lost = lost[:0]
		for i, e := range t.arena.run(uint16(b)) {
			if !m.get(t.arena.slot(uint16(b), i)) {
				lost = append(lost, e.Prefix(uint16(b)))
				gone(e.Prefix(uint16(b)), e.NextHop())
			}
		}
		for _, p := range lost {
			t.Delete(p)
		}
	}
	t.marks = nil
}

func (m *marks) get(slot int) bool { return m.bits[slot/64]>>(slot%64)&1 != 0 }

func (m *marks) put(slot int, on bool) {
	m.bits[slot/64] &^= 1 << (slot % 64)
	if on {
		m.bits[slot/64] |= 1 << (slot % 64)
	}
}

// see marks the route in a slot.
func (m *marks) see(slot int) {
	if m != nil && !m.get(slot) {
		m.put(slot, true)
		m.seen++
	}
}

// forget takes the mark of a slot away, if it has one.
func (m *marks) forget(slot int) {
	if m != nil && m.get(slot) {
		m.put(slot, false)
		m.seen--
	}
}

func (m *marks) seeRoot() {
	if m != nil && !m.root {
		m.root = true
		m.seen++
	}
}

func (m *marks) forgetRoot() {
	if m != nil && m.root {
		m.root = false
		m.seen--
	}
}

// shiftUp moves the marks of the slots from first to end-1 one up; first has none
// then.
func (m *marks) shiftUp(first, end int) {
	if m == nil {
		return
	}
	for s := end; s > first; s-- {
		m.put(s, m.get(s-1))
	}
	m.put(first, false)
}

// shiftDown moves the marks of the slots from first+1 to last one down; last has
// none then.
func (m *marks) shiftDown(first, last int) {
	if m == nil {
		return
	}
	for s := first; s < last; s++ {
		m.put(s, m.get(s+1))
	}
	m.put(last, false)
}

// copy copies the marks of n slots to a room that does not overlap, and takes them
// from the first.
func (m *marks) copy(to, from, n int) {
	if m == nil {
		return
	}
	for i := range n {
		m.put(to+i, m.get(from+i))
		m.put(from+i, false)
	}
}

// sized returns marks like m for an arena of n words, none set.
func (m *marks) sized(n int) *marks {
	if m == nil {
		return nil
	}
	return &marks{bits: make([]uint64, (n+63)/64)}
}

// carry copies the marks of n slots from m to other marks.
func (m *marks) carry(into *marks, to, from, n int) {
	if m == nil {
		return
	}
	for i := range n {
		into.put(to+i, m.get(from+i))
	}
}

// replace takes over the bits of other marks.
func (m *marks) replace(with *marks) {
	if m != nil {
		m.bits = with.bits
	}
}
