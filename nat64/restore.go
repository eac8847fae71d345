package nat64

import (
	"slices"
	"time"

	"taygo/nat64/ports"
	"taygo/nat64/store"
	"taygo/translate/wire"
)

// Export calls yield with each binding, its sessions, and each transport address
// that is held, until it returns false. The Sessions of an Entry are good until
// yield returns. Packets do not wait for yield; what changes meanwhile is as it was
// or as it became. SYNs that are kept are not exported.
func (t *Table) Export(yield func(Entry) bool, now time.Duration) {
	t.entries(clockOf(now), func(e *Entry) bool { return yield(*e) })
}

// Restore brings back what Export gave, in a Table with the same Key: lifetimes go
// on from what was left. It returns how many entries it took, and how many it
// refused, because they do not fit the Options, are of no protocol or state that
// there is, or because another has one of their transport addresses. Limits of
// sources do not apply; that of sessions does.
func (t *Table) Restore(entries []Entry, now time.Duration) (restored, refused int) {
	c := clockOf(now)
	for i := range entries {
		if i%prepareStep == 0 {
			t.store.Prepare()
		}
		if t.restore(&entries[i], c) {
			restored++
		} else {
			refused++
		}
	}
	return restored, refused
}

// prepareStep is how many entries are restored until memory is made ready for more.
const prepareStep = 4096

// restore brings back one entry, or nothing of it. A binding outside its home shard
// is made like any other such: one at a time.
func (t *Table) restore(e *Entry, c clock) bool {
	q := tuple{proto: e.Proto, index: indexOf(e.Proto)}
	if q.index < 0 || e.Proto == wire.ProtoICMPv6 || !isV6(e.V6.Addr()) || !e.V4.Addr().Is4() || !validSessions(e, q.index) {
		return false
	}
	q.host, q.hostPort = wire.AddrFrom(e.V6.Addr()), e.V6.Port()
	q.v4, q.port4 = wire.AddrFrom(e.V4.Addr()).V4(), e.V4.Port()
	sh := t.ofPort(q.port4)
	home, _ := t.lockHome(&q)
	known := home.Out(q.proto, q.host, q.hostPort) != 0 || home.Displaced(q.proto, q.host, q.hostPort) != nil
	ok := !known && home == sh && t.restoreIn(sh, &q, e, c)
	home.Unlock()
	if known || home == sh {
		return ok
	}
	return t.restoreAway(sh, &q, e, c)
}

// restoreAway is restore outside the home shard.
func (t *Table) restoreAway(sh *shard, q *tuple, e *Entry, c clock) bool {
	t.displacing.Lock()
	defer t.displacing.Unlock()
	home, _ := t.lockHome(q)
	known := home.Out(q.proto, q.host, q.hostPort) != 0 || home.Displaced(q.proto, q.host, q.hostPort) != nil
	if !known {
		t.note(home, q, sh)
	}
	home.Unlock()
	if known {
		return false
	}
	t.lock(sh)
	ok := t.restoreIn(sh, q, e, c)
	sh.Unlock()
	if !ok {
		t.undisplace(q)
	}
	return ok
}

// validSessions reports whether the sessions of an entry are some of the protocol,
// and whether it has any if it needs some.
func validSessions(e *Entry, index int) bool {
	for i := range e.Sessions {
		s := &e.Sessions[i]
		ofTCP, ofOthers := s.State >= V4Init && s.State <= Trans, s.State >= FromV6 && s.State < NumStates
		if ofTCP != (index == TCP) || ofOthers == (index == TCP) || !s.Peer.Addr().Is4() || s.Left <= 0 || s.Left > maxLife {
			return false
		}
	}
	return e.Held != (len(e.Sessions) != 0) && (!e.Held || e.Left > 0)
}

// restoreIn stores an entry in the shard of its port.
func (t *Table) restoreIn(sh *shard, q *tuple, e *Entry, c clock) bool {
	r := sh.rules
	b := store.Binding{V6: q.host, V4: q.v4, Port6: q.hostPort, Port4: q.port4, Proto: q.proto}
	if _, _, static := r.static.to4(q.index, q.host, q.hostPort); static {
		b.Flags |= store.Static
	}
	if !r.fits(&b) || b.Flags&store.Static != 0 && e.Held || sh.In(q.proto, q.v4, q.port4) != 0 || !t.claim(sh, &b, c) {
		return false
	}
	if sh != t.home(r, q) {
		b.Flags |= flagDisplaced
	}
	if e.Held {
		b.Flags |= store.Held
		b.Deadline = c.up + ticksUp(min(e.Left, maxLife))
	}
	ref, ok := sh.Bind(&b)
	if !ok {
		b.Flags &^= flagDisplaced // restore itself takes the note back
		t.free(sh, &b, c)
		return false
	}
	if e.Held {
		sh.held[q.index]++
		return true
	}
	sh.bindings[q.index]++
	r.sources.add(q.host, q.index, 1, 0)
	t.tellBinding(BindingMade, &b, c)
	for i := range e.Sessions {
		t.restoreSession(sh, ref, &e.Sessions[i], c)
	}
	if sh.Len(ref) != 0 {
		return true
	}
	sh.Binding(ref).Flags &^= flagDisplaced
	t.remove(sh, ref, c)
	return false
}

// restoreSession stores one session of the binding ref, if there is room for it.
func (t *Table) restoreSession(sh *shard, ref store.Ref, s *SessionEntry, c clock) {
	b, r := sh.Binding(ref), sh.rules
	index := indexOf(b.Proto)
	peer, port := wire.AddrFrom(s.Peer.Addr()).V4(), s.Peer.Port()
	if sh.Session(ref, peer, port) != nil {
		return
	}
	if n := t.sessions.Add(1); r.Limits.Sessions != 0 && n > int64(r.Limits.Sessions) {
		t.sessions.Add(-1)
		return
	}
	got, ok := sh.Open(ref, store.Session{Peer: peer, PeerPort: port, State: uint8(s.State), Deadline: c.up + ticksUp(s.Left)})
	if !ok {
		t.sessions.Add(-1)
		return
	}
	sh.states[index][s.State]++
	r.sources.add(b.V6, index, 0, 1)
	t.tellSession(SessionMade, b, got, c)
}

// claim takes the port of a restored binding, and the block that it is in.
func (t *Table) claim(sh *shard, b *store.Binding, c clock) bool {
	r := sh.rules
	if b.Flags&store.Static != 0 {
		return true
	}
	if r.Block != 0 && !t.claimBlock(r, b, c) {
		return false
	}
	return r.ledger.Take(b.Proto, b.V4, b.Port4)
}

// claimBlock takes the block of a restored binding for its subscriber, unless that
// has it already or by its address.
func (t *Table) claimBlock(r *rules, b *store.Binding, c clock) bool {
	block := r.pool.Block(b.V4, b.Port4)
	if own, is := r.pool.Forward(b.V6); is && own == block {
		return true
	}
	sub := r.sources.prefixOf(b.V6)
	if slices.Contains(t.owners.Blocks(sub, make([]ports.Block, 0, blockRoom)), block) {
		return true
	}
	if !r.ledger.ClaimBlock(block) {
		return false
	}
	t.owners.Add(sub, block, 0)
	t.tellBlock(BlockTaken, sub, block, c)
	return true
}
