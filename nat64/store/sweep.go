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
	for ; c.at < sh.records.next; n -= sh.sweepStep(c, visit) {
		if n <= 0 {
			return false
		}
	}
	*c = Cursor{}
	return true
}

// A visitor is asked during a sweep.
type visitor = func(Ref, *Binding, *Session) Action

// sweepStep looks at a record, or at a leaf of its further sessions, and goes on. It
// returns at how many records it looked.
func (sh *Shard) sweepStep(c *Cursor, visit visitor) int {
	sh.slab.reclaim()
	r := Ref(c.at)
	b := sh.records.at(c.at)
	if b.Proto == 0 {
		c.at, c.key = c.at+1, 0
		return 1
	}
	looked, gone := 1, false
	switch {
	case c.key == 0:
		gone = sh.sweepFirst(r, b, visit)
		c.key = 1
	case b.more != 0:
		looked, c.key, gone = sh.sweepLeaf(r, b, c.key, visit)
	}
	switch {
	case gone:
		sh.Unbind(r)
	case b.more != 0 && c.key <= allKeys:
		return looked
	case b.more == 0 && b.stored&hasFirst == 0 && visit(r, &b.Binding, nil) != Keep:
		sh.Unbind(r)
	}
	c.at, c.key = c.at+1, 0
	return looked
}

// sweepFirst asks about the first session and reports whether the binding is to go.
func (sh *Shard) sweepFirst(r Ref, b *record, visit visitor) bool {
	if b.stored&hasFirst == 0 {
		return false
	}
	switch visit(r, &b.Binding, &b.first) {
	case Close:
		sh.Close(r, &b.first)
	case Unbind:
		return true
	case Keep:
	}
	return false
}

// sweepLeaf asks about the sessions of the leaf that is next, and returns at how many
// it looked, the key of the cursor behind them, and whether the binding is to go.
func (sh *Shard) sweepLeaf(r Ref, b *record, key uint64, visit visitor) (int, uint64, bool) {
	leaf, past := sh.slab.leaf(b.more, key-1)
	var over [nodeSize]Session
	closed, count := 0, leaf.count()
	for i := range leaf.sessions[:count] {
		s := &leaf.sessions[i]
		switch visit(r, &b.Binding, s) {
		case Close:
			over[closed] = *s
			closed++
		case Unbind:
			return count, key, true
		case Keep:
		}
	}
	for i := range over[:closed] {
		sh.Close(r, sh.Session(r, over[i].Peer, over[i].PeerPort))
	}
	return count, past + 1, false
}
