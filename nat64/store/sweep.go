package store

// An Action says what becomes of what a sweep looked at.
type Action uint8

// Actions.
const (
	Keep   Action = iota // it stays
	Close                // the session goes; said of a binding without any, the same as Unbind
	Unbind               // the binding goes, with all of its sessions
)

// A Cursor is a place in the round that sweeps make through a shard. The zero
// Cursor is the beginning. It belongs to one shard.
type Cursor struct {
	at  uint32 // number of a record
	key uint64 // of its sessions, how far they were visited: 0 none, else the key + 1 that comes next
}

// Sweep looks at the next n records or so and reports whether it came to the end;
// the next call begins anew then. It asks visit about each session and does as
// told. Of a binding without any session visit is asked once, with a nil session;
// so it is after a sweep closed the last one. visit may change what the caller
// may change of a binding and its sessions, and calls nothing of the shard.
//
// Bindings and sessions may come and go between calls: each that is there during
// a whole round is visited in it once at least.
//
// A round that keeps all and visits everything is also the way to list a shard.
func (sh *Shard) Sweep(c *Cursor, n int, visit func(Ref, *Binding, *Session) Action) bool {
	w := sweep{sh, c, visit}
	for ; c.at < sh.records.next; n -= w.step() {
		if n <= 0 {
			return false
		}
	}
	*c = Cursor{}
	return true
}

// A sweep is what one call of Sweep works with.
type sweep struct {
	*Shard
	*Cursor
	visit func(Ref, *Binding, *Session) Action
}

// step looks at a record, or at a leaf of its further sessions, and goes on. It
// returns at how many records it looked.
func (w *sweep) step() int {
	w.slab.reclaim()
	r := Ref(w.at)
	b := w.records.at(w.at)
	if b.Proto == 0 {
		w.at, w.key = w.at+1, 0
		return 1
	}
	looked, gone := 1, false
	switch {
	case w.key == 0:
		gone = w.first(r, b)
		w.key = 1
	case b.more != 0:
		looked, gone = w.leaf(r, b)
	}
	switch {
	case gone:
		w.Unbind(r)
	case b.more != 0 && w.key <= allKeys:
		return looked
	case b.more == 0 && b.stored&hasFirst == 0 && w.visit(r, &b.Binding, nil) != Keep:
		w.Unbind(r)
	}
	w.at, w.key = w.at+1, 0
	return looked
}

// first asks about the first session and reports whether the binding is to go.
func (w *sweep) first(r Ref, b *record) bool {
	if b.stored&hasFirst == 0 {
		return false
	}
	switch w.visit(r, &b.Binding, &b.first) {
	case Close:
		w.Close(r, &b.first)
	case Unbind:
		return true
	case Keep:
	}
	return false
}

// leaf asks about the sessions of the leaf that is next, and reports at how many
// it looked and whether the binding is to go.
func (w *sweep) leaf(r Ref, b *record) (int, bool) {
	leaf, past := w.slab.leaf(b.more, w.key-1)
	var over [nodeSize]Session
	closed, count := 0, leaf.count()
	for i := range leaf.sessions[:count] {
		s := &leaf.sessions[i]
		switch w.visit(r, &b.Binding, s) {
		case Close:
			over[closed] = *s
			closed++
		case Unbind:
			return count, true
		case Keep:
		}
	}
	for i := range over[:closed] {
		w.Close(r, w.Session(r, over[i].Peer, over[i].PeerPort))
	}
	w.key = past + 1
	return count, false
}
