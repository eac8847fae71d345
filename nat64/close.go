package nat64

import "taygo/nat64/store"

// over counts off a session that ends; the store is to close it.
func (t *Table) over(sh *shard, b *store.Binding, s *store.Session, c clock) {
	index := indexOf(b.Proto)
	sh.states[index][s.State]--
	t.sessions.Add(-1)
	sh.rules.sources.refund(b.V6, index, 0, 1)
	t.tellSession(SessionGone, b, s, c)
}

// empty ends all sessions of a binding.
func (t *Table) empty(sh *shard, ref store.Ref, c clock) {
	b := sh.Binding(ref)
	for {
		var last *store.Session
		for s := range sh.Sessions(ref) {
			last = s
			break
		}
		if last == nil {
			return
		}
		t.over(sh, b, last, c)
		sh.Close(ref, last)
	}
}

// release counts off a binding without sessions (RFC 6146 §3.1) and says what
// becomes of its record: it stays while the port rests.
func (t *Table) release(sh *shard, b *store.Binding, c clock) store.Action {
	index := indexOf(b.Proto)
	sh.bindings[index]--
	sh.rules.sources.refund(b.V6, index, 1, 0)
	t.tellBinding(BindingGone, b, c)
	if hold := sh.rules.hold[index]; hold != 0 && b.Flags&store.Static == 0 {
		b.Flags |= store.Held
		b.Deadline = c.up + hold
		sh.held[index]++
		return store.Keep
	}
	t.free(sh, b, c)
	return store.Unbind
}

// free gives the port of a binding back, whose record goes.
func (t *Table) free(sh *shard, b *store.Binding, c clock) {
	if b.Flags&flagDisplaced != 0 {
		sh.orphans = append(sh.orphans, orphan{b.Proto, b.V6, b.Port6})
	}
	r := sh.rules
	if _, _, static := r.static.to6(indexOf(b.Proto), b.V4, b.Port4); static {
		return
	}
	r.ledger.Release(b.Proto, b.V4, b.Port4)
	if r.Block != 0 {
		t.freeBlock(sh, b, c)
	}
}

// remove ends a binding with all its sessions, at once and without a rest for its
// port.
func (t *Table) remove(sh *shard, ref store.Ref, c clock) {
	t.empty(sh, ref, c)
	b := sh.Binding(ref)
	t.finish(sh, b, c)
	sh.Unbind(ref)
}

// finish is release without a rest, of a binding that may be held already.
func (t *Table) finish(sh *shard, b *store.Binding, c clock) {
	index := indexOf(b.Proto)
	if b.Flags&store.Held != 0 {
		sh.held[index]--
	} else {
		sh.bindings[index]--
		sh.rules.sources.refund(b.V6, index, 1, 0)
		t.tellBinding(BindingGone, b, c)
	}
	t.free(sh, b, c)
}
