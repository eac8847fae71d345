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
	at  Ref
	key uint64
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
	for ; c.at <= sh.last; c.at++ {
		if n <= 0 {
			return false
		}
		b := sh.bindings[c.at]
		n--
		if b != nil {
			n -= len(b.sessions)
			sh.sweep(c.at, b, visit)
		}
	}
	*c = Cursor{}
	return true
}

func (sh *Shard) sweep(r Ref, b *record, visit func(Ref, *Binding, *Session) Action) {
	for _, s := range append([]*Session(nil), b.sessions...) {
		switch visit(r, &b.Binding, s) {
		case Close:
			sh.Close(r, s)
		case Unbind:
			sh.Unbind(r)
			return
		}
	}
	if len(b.sessions) == 0 && visit(r, &b.Binding, nil) != Keep {
		sh.Unbind(r)
	}
}
