package nat64

import (
	"net/netip"
	"time"

	"taygo/nat64/store"
)

// A row is a session, or a binding without any, as a walk finds it.
type row struct {
	store.Binding
	ref     store.Ref
	session store.Session
	has     bool // there is a session
}

// walkStep is how many records a walk copies under one lock.
const walkStep = 512

// walk calls f with all that is stored, sessions of one binding one behind another,
// until it returns false. Bindings and sessions that come or go meanwhile may be
// left out. f may take its time.
func (t *Table) walk(f func(shard int, rows []row) bool) {
	var rows []row
	for i := range t.shards {
		sh := &t.shards[i]
		var at store.Cursor
		for done := false; !done; {
			rows = rows[:0]
			t.lock(sh)
			done = sh.Sweep(&at, walkStep, func(ref store.Ref, b *store.Binding, s *store.Session) store.Action {
				x := row{Binding: *b, ref: ref}
				if s != nil {
					x.session, x.has = *s, true
				}
				rows = append(rows, x)
				return store.Keep
			})
			sh.Unlock()
			if !f(i, rows) {
				return
			}
		}
	}
}

// entries calls f with each binding until it returns false; of held bindings and of
// sessions, with those whose time is not over. The Entry is used again.
func (t *Table) entries(c clock, f func(e *Entry) bool) {
	r := t.rules.Load()
	var e Entry
	var of row
	shard := -1
	flush := func() bool {
		ok := shard < 0 || !e.Held && !e.Static && len(e.Sessions) == 0 || f(&e)
		shard = -1
		return ok
	}
	more := true
	t.walk(func(i int, rows []row) bool {
		for k := range rows {
			x := &rows[k]
			if i != shard || x.ref != of.ref || x.V6 != of.V6 || x.Port6 != of.Port6 {
				if more = flush(); !more {
					return false
				}
				if x.Flags&store.Held != 0 && c.passed(x.Deadline) {
					continue
				}
				shard, of = i, *x
				e = x.entry(e.Sessions[:0], c)
			}
			if s, ok := r.sessionEntry(&x.session, c); x.has && ok {
				e.Sessions = append(e.Sessions, s)
			}
		}
		return true
	})
	if more {
		flush()
	}
}

// entry returns the binding of x as an Entry without sessions, for which there is
// room in sessions.
func (x *row) entry(sessions []SessionEntry, c clock) Entry {
	e := Entry{
		Proto: x.Proto, V6: addrPort6(x.V6, x.Port6), V4: addrPort4(x.V4, x.Port4),
		Static: x.Flags&store.Static != 0, Held: x.Flags&store.Held != 0, Sessions: sessions,
	}
	if e.Held {
		e.Left = left(x.Deadline, c.now)
	}
	return e
}

// sessionEntry returns how a session stands, and false if it is over.
func (r *rules) sessionEntry(s *store.Session, c clock) (SessionEntry, bool) {
	e := SessionEntry{Peer: addrPort4(s.Peer, s.PeerPort), State: State(s.State), Left: left(s.Deadline, c.now)}
	if e.Left <= 0 && e.State == Established {
		e.State, e.Left = Trans, e.Left+time.Duration(r.life[closing])*tick
	}
	return e, e.Left > 0
}

// Bindings calls yield with each binding that q chooses until it returns false. Of
// static ones it lists those that have sessions; Statics has all. The Sessions of
// an Entry are good until yield returns. Packets do not wait for yield.
func (t *Table) Bindings(q Query, now time.Duration, yield func(Entry) bool) {
	n := 0
	t.entries(clockOf(now), func(e *Entry) bool {
		if !q.chooses(e.Proto, e.V6, e.V4) || e.Held && !q.Held || !q.choosesAny(e.Sessions) {
			return true
		}
		n++
		return yield(*e) && n != q.Limit
	})
}

// Statics returns the static bindings, dedicated hosts apart. The caller may not
// change them.
func (t *Table) Statics() []Static { return t.rules.Load().static.list }

// Sessions calls yield with each session that q chooses until it returns false,
// and with each SYN that is kept. Packets do not wait for yield.
func (t *Table) Sessions(q Query, now time.Duration, yield func(Session) bool) {
	n := 0
	give := func(s Session) bool {
		if !q.chooses(s.Proto, s.V6, s.V4) || !q.choosesPeer(s.Peer) {
			return true
		}
		n++
		return yield(s) && n != q.Limit
	}
	for _, s := range t.keptSYNs(now) {
		if !give(s) {
			return
		}
	}
	t.entries(clockOf(now), func(e *Entry) bool {
		for _, s := range e.Sessions {
			if !give(Session{Proto: e.Proto, V6: e.V6, V4: e.V4, SessionEntry: s}) {
				return false
			}
		}
		return true
	})
}

// keptSYNs returns the SYNs that are kept as sessions, with the host that uses
// their transport address, if one does.
func (t *Table) keptSYNs(now time.Duration) []Session {
	var all []Session
	t.syns.each(func(key synKey, deadline time.Duration) bool {
		if deadline > now {
			all = append(all, Session{
				Proto: protoNumbers[TCP], V4: addrPort4(key.v4, key.port4), Stored: true,
				SessionEntry: SessionEntry{Peer: addrPort4(key.peer, key.peerPort), State: V4Init, Left: deadline - now},
			})
		}
		return true
	})
	for i := range all {
		s := &all[i]
		if e := t.ExplainIn(protoNumbers[TCP], s.Peer, s.V4, now); e.V6.IsValid() {
			s.V6 = e.V6
		}
	}
	return all
}

func (q *Query) chooses(proto uint8, v6, v4 netip.AddrPort) bool {
	return (q.Proto == 0 || q.Proto == proto) && (!q.Client.IsValid() || q.Client.Contains(v6.Addr())) &&
		(!q.V4.IsValid() || q.V4 == v4.Addr()) && (q.Port == 0 || q.Port == v4.Port())
}

func (q *Query) choosesPeer(peer netip.AddrPort) bool {
	return !q.Peer.IsValid() || q.Peer.Contains(peer.Addr())
}

func (q *Query) choosesAny(sessions []SessionEntry) bool {
	for i := range sessions {
		if q.choosesPeer(sessions[i].Peer) {
			return true
		}
	}
	return !q.Peer.IsValid()
}
