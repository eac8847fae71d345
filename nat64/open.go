package nat64

import (
	"taygo/nat64/store"
	"taygo/translate"
)

// openOut opens a session for the first packet of one from an IPv6 host, in the
// binding ref if it is there already. It returns the transport address of the
// binding. again says that it has to be made in another shard.
func (t *Table) openOut(sh *shard, r *rules, ref store.Ref, x request) (at transport, v translate.Verdict, again bool) {
	q := x.q
	ref = t.tidy(sh, r, ref, x)
	bound := sh.inUse(ref)
	if q.later || q.index == TCP && !q.event.isSYN() {
		at, ok := r.boundTo(sh, ref, q)
		if !ok {
			return at, translate.NoSession, false
		}
		return at, translate.Translated, false // it passes, and makes no session
	}
	cost := charge{q.host, q.index, !bound, false}
	if v := t.reserve(sh, r, ref, cost, x); v != translate.Translated {
		return at, v, false
	}
	if !bound {
		ref, v, again = t.bind(sh, r, ref, x)
		if v != translate.Translated || again {
			t.unreserve(r, cost)
			return at, v, again
		}
	}
	b := sh.Binding(ref)
	at = transport{b.V4, b.Port4}
	return at, t.add(sh, r, ref, x), false
}

// boundTo returns the transport address that the host of q has: that of ref, if it is
// a binding in use, or the one that is configured.
func (r *rules) boundTo(sh *shard, ref store.Ref, q *tuple) (at transport, ok bool) {
	if sh.inUse(ref) {
		b := sh.Binding(ref)
		return transport{b.V4, b.Port4}, true
	}
	at.v4, at.port, ok = r.static.to4(q.index, q.host, q.hostPort)
	return at, ok
}

// inUse reports whether ref is a binding that is not held.
func (sh *shard) inUse(ref store.Ref) bool {
	return ref != 0 && sh.Binding(ref).Flags&store.Held == 0
}

// tidyLook is how many sessions of a binding are looked at to find a live one. A
// binding with so many that are over, not swept yet, counts as used.
const tidyLook = 64

// tidy lets go of what is over of the binding ref, and of the binding if that is
// all of it or if the rules do not know it any more. It returns the binding, which
// may be held, or 0.
func (t *Table) tidy(sh *shard, r *rules, ref store.Ref, x request) store.Ref {
	if ref == 0 {
		return 0
	}
	b := sh.Binding(ref)
	switch {
	case b.Flags&store.Held != 0 && x.c.passed(b.Deadline), !r.fits(b):
		t.remove(sh, ref, x.c)
		return 0
	case b.Flags&store.Held != 0:
		return ref
	}
	looked := 0
	for s := range sh.Sessions(ref) {
		if looked++; looked > tidyLook || r.alive(s, x.c) {
			if old := sh.Session(ref, x.q.peer, x.q.peerPort); old != nil {
				t.over(sh, b, old, x.c)
				sh.Close(ref, old)
			}
			return ref
		}
	}
	if t.empty(sh, ref, x.c); t.release(sh, b, x.c) == store.Unbind {
		sh.Unbind(ref)
		return 0
	}
	return ref
}

// reserve counts a new session, and its binding, towards all limits. Of the
// binding ref nothing gives way to it.
func (t *Table) reserve(sh *shard, r *rules, ref store.Ref, cost charge, x request) translate.Verdict {
	if r.closed {
		return translate.SessionsFull
	}
	if v := r.sources.spend(&r.limits, cost, x.c.now); v != translate.Translated {
		t.tellRarely(SourceLimited, x.q, x.c)
		return v
	}
	if n := t.sessions.Add(1); r.Limits.Sessions == 0 || n <= int64(r.Limits.Sessions) || t.evict(sh, ref, x.c) {
		return translate.Translated
	}
	t.unreserve(r, cost)
	return translate.SessionsFull
}

// unreserve takes back what reserve counted.
func (t *Table) unreserve(r *rules, cost charge) {
	t.sessions.Add(-1)
	bindings := 0
	if cost.binding {
		bindings = 1
	}
	r.sources.refund(cost.v6, cost.index, bindings, 1)
}

// evictLook is how many records are looked at in one go to find a session that may
// give way, and evictTries how often.
const (
	evictLook  = 64
	evictTries = 4
)

// evict ends a session of the shard in which nobody has answered, if one is found
// soon, so that a flood of new ones wears out itself and not the others. Of the
// binding not it takes none. The port of one that goes does not rest, or a flood
// would use up the pool.
func (t *Table) evict(sh *shard, not store.Ref, c clock) bool {
	sh.evicted = false
	for range evictTries {
		sh.Sweep(&sh.evictAt, evictLook, func(ref store.Ref, b *store.Binding, s *store.Session) store.Action {
			switch {
			case ref == not, s == nil && b.Flags&store.Held != 0 && !c.passed(b.Deadline):
				return store.Keep
			case s == nil:
				t.finish(sh, b, c)
				return store.Unbind
			case sh.evicted, !State(s.State).embryonic() && sh.rules.alive(s, c):
				return store.Keep
			}
			sh.evicted = true
			t.over(sh, b, s, c)
			return store.Close
		})
		if sh.evicted {
			t.evicted.Add(1)
			return true
		}
	}
	return false
}

// bind gives the host of x a transport address of this shard: that of ref if it is
// its own and held, its static one, or one that the pool chooses.
func (t *Table) bind(sh *shard, r *rules, ref store.Ref, x request) (_ store.Ref, v translate.Verdict, again bool) {
	q := x.q
	if ref != 0 {
		b := sh.Binding(ref)
		b.Flags &^= store.Held
		sh.held[q.index]--
		sh.bindings[q.index]++
		t.tellBinding(BindingMade, b, x.c)
		return ref, translate.Translated, false
	}
	if v4, port, ok := r.static.to4(q.index, q.host, q.hostPort); ok {
		if ref, ok = t.bindStatic(sh, x, v4, port); !ok {
			return 0, translate.SessionsFull, false
		}
		return ref, translate.Translated, false
	}
	at, v, again := t.place(sh, r, x)
	if v != translate.Translated || again {
		return 0, v, again
	}
	var b store.Binding // part by part: see record.bind
	b.V6, b.V4, b.Port6, b.Port4, b.Proto = q.host, at.v4, q.hostPort, at.port, q.proto
	if sh.n != t.home(r, q).n {
		b.Flags |= flagDisplaced
	}
	ref, ok := sh.Bind(&b)
	if !ok {
		t.free(sh, &b, x.c)
		return 0, translate.SessionsFull, false
	}
	sh.bindings[q.index]++
	t.tellBinding(BindingMade, &b, x.c)
	return ref, translate.Translated, false
}

// bindStatic stores the binding that the host of x has by configuration, for the
// sake of its sessions. One that is in its way is older than the configuration.
func (t *Table) bindStatic(sh *shard, x request, v4 uint32, port uint16) (store.Ref, bool) {
	q := x.q
	for _, old := range [...]store.Ref{sh.In(q.proto, v4, port), sh.Out(q.proto, q.host, q.hostPort)} {
		if old != 0 && (sh.In(q.proto, v4, port) == old || sh.Out(q.proto, q.host, q.hostPort) == old) {
			t.remove(sh, old, x.c)
		}
	}
	b := store.Binding{V6: q.host, V4: v4, Port6: q.hostPort, Port4: port, Proto: q.proto, Flags: store.Static}
	ref, ok := sh.Bind(&b)
	if ok {
		sh.bindings[q.index]++
		t.tellBinding(BindingMade, &b, x.c)
	}
	return ref, ok
}

// add stores the session of x, which is counted already, in the binding ref.
func (t *Table) add(sh *shard, r *rules, ref store.Ref, x request) translate.Verdict {
	q, b := x.q, sh.Binding(ref)
	state, timer := FromV6, lifeOf[q.index]
	switch {
	case q.index == TCP:
		q.v4, q.port4 = b.V4, b.Port4
		kept := t.syns.take(q.synKey())
		state = V4Init
		if !q.event.inbound() {
			state = V6Init
			if kept { // both sides open the connection at once
				state, timer = Established, est
			}
		}
	case q.event.inbound():
		state = FromV4
	}
	s, ok := sh.Open(ref, store.Session{
		Peer: q.peer, PeerPort: q.peerPort, State: uint8(state), Deadline: x.c.up + r.life[timer],
	})
	if !ok {
		t.unreserve(r, charge{q.host, q.index, false, false})
		if sh.Len(ref) == 0 && t.release(sh, b, x.c) == store.Unbind {
			sh.Unbind(ref)
		}
		return translate.SessionsFull
	}
	sh.states[q.index][state]++
	t.tellSession(SessionMade, b, s, x.c)
	return translate.Translated
}
