package store

import "testing"

// A machine does the same to a Store and to its oracle, and compares.
type machine struct {
	testing.TB
	universe
	pick    func(int) int // a choice of 0 to n-1
	store   *Store
	oracle  *oracle
	cursors []Cursor
	refused int
}

func newMachine(t testing.TB, u universe, memory system, pick func(int) int) *machine {
	return machineOn(newStore(Options{Shards: u.shards, PortShift: 1, Seed: seed}, memory), t, u, pick)
}

func machineOn(s *Store, t testing.TB, u universe, pick func(int) int) *machine {
	return &machine{TB: t, universe: u, pick: pick, store: s, oracle: newOracle(), cursors: make([]Cursor, s.Shards())}
}

// step does one operation. growth, of 16, says how many of the changes add.
func (m *machine) step(growth int) {
	switch op := m.pick(16); {
	case op < 4:
		m.ask()
	case op == 4:
		m.compare()
	case op == 5:
		m.sweep(growth)
	case op == 6:
		m.displace()
	case m.pick(16) < growth:
		m.add()
	default:
		m.take()
	}
}

// add opens a session, most of the time of a binding that is there.
func (m *machine) add() {
	if m.pick(3) == 0 || len(m.oracle.order) == 0 {
		m.bind()
		return
	}
	p := m.choose()
	sh, b := m.lock(p), m.oracle.bindings[p]
	defer sh.Unlock()
	s := m.session(m.pick)
	if _, open := b.sessions[peer{s.Peer, s.PeerPort}]; open {
		return
	}
	at, ok := sh.Open(p.ref, s)
	switch {
	case !ok:
		m.refused++
	case *at != s:
		m.Fatalf("opened %+v, want %+v", *at, s)
	default:
		b.open(s)
	}
}

func (m *machine) bind() {
	b := m.binding(m.pick)
	k6, k4 := sides(b)
	_, bound6 := m.oracle.by6[k6]
	_, bound4 := m.oracle.by4[k4]
	if bound6 || bound4 {
		return
	}
	sh := m.store.OfPort(b.Port4)
	sh.Lock()
	defer sh.Unlock()
	r, ok := sh.Bind(&b)
	if !ok {
		m.refused++
		return
	}
	p := place{sh.Number(), r}
	if r == 0 || m.oracle.bindings[p] != nil {
		m.Fatalf("Bind returned %+v, which is bound", p)
	}
	m.oracle.bind(p, b)
}

// take closes a session, changes it, or removes a binding.
func (m *machine) take() {
	if len(m.oracle.order) == 0 {
		return
	}
	p := m.choose()
	sh, b := m.lock(p), m.oracle.bindings[p]
	defer sh.Unlock()
	if len(b.peers) == 0 || m.pick(8) == 0 {
		sh.Unbind(p.ref)
		m.oracle.unbind(p)
		return
	}
	i := m.pick(len(b.peers))
	key := b.peers[i]
	s := sh.Session(p.ref, key.addr, key.port)
	if s == nil || *s != b.sessions[key] {
		m.Fatalf("session %+v of %+v: %+v, want %+v", key, p, s, b.sessions[key])
	}
	if m.pick(4) == 0 {
		s.Deadline++
		b.sessions[key] = *s
		return
	}
	sh.Close(p.ref, s)
	b.close(i)
}

// ask looks for what may be there or not.
func (m *machine) ask() {
	b := m.binding(m.pick)
	k6, k4 := sides(b)
	p4, bound4 := m.oracle.by4[k4]
	sh := m.store.OfPort(b.Port4)
	sh.Lock()
	if got := sh.In(b.Proto, b.V4, b.Port4); got != p4.ref || bound4 && p4.shard != sh.Number() {
		m.Fatalf("In(%+v): %d, want %+v", k4, got, p4)
	}
	sh.Unlock()
	p6, bound6 := m.oracle.by6[k6]
	if !bound6 {
		sh = m.store.OfHash(m.store.Hash(b.Proto, b.V6, b.Port6))
		p6.shard = sh.Number()
	}
	sh = m.lock(p6)
	defer sh.Unlock()
	if got := sh.Out(b.Proto, b.V6, b.Port6); got != p6.ref {
		m.Fatalf("Out(%+v): %d, want %+v", k6, got, p6)
	}
	if bound6 {
		m.askSession(sh, p6)
	}
}

func (m *machine) askSession(sh *Shard, p place) {
	b, s := m.oracle.bindings[p], m.session(m.pick)
	key := peer{s.Peer, s.PeerPort}
	want, open := b.sessions[key]
	if got := sh.Session(p.ref, key.addr, key.port); (got != nil) != open || open && *got != want {
		m.Fatalf("session %+v of %+v: %+v, want %+v, %v", key, p, got, want, open)
	}
	least, seen := uint32(m.pick(1<<16)), false
	for _, t := range b.sessions {
		seen = seen || t.Peer == s.Peer && t.Deadline >= least
	}
	live := func(t *Session) bool {
		if t.Peer != s.Peer {
			m.Fatalf("asked about %+v for peer %#x", t, s.Peer)
		}
		return t.Deadline >= least
	}
	if got := sh.PeerSeen(p.ref, s.Peer, live); got != seen {
		m.Fatalf("PeerSeen(%+v, %#x) from %d: %v", p, s.Peer, least, got)
	}
}

// compare compares a binding with all of its sessions.
func (m *machine) compare() {
	if len(m.oracle.order) == 0 {
		return
	}
	p := m.choose()
	sh := m.lock(p)
	defer sh.Unlock()
	m.same(sh, p)
}

func (m *machine) same(sh *Shard, p place) {
	want, got := m.oracle.bindings[p], *sh.Binding(p.ref)
	if got.stored = 0; got != want.Binding {
		m.Fatalf("binding %+v: %+v, want %+v", p, got, want.Binding)
	}
	found := 0
	for s := range sh.Sessions(p.ref) {
		if found++; *s != want.sessions[peer{s.Peer, s.PeerPort}] {
			m.Fatalf("binding %+v lists %+v, want %+v", p, s, want.sessions[peer{s.Peer, s.PeerPort}])
		}
	}
	if found != len(want.sessions) || sh.Len(p.ref) != found {
		m.Fatalf("binding %+v lists %d sessions and counts %d, want %d", p, found, sh.Len(p.ref), len(want.sessions))
	}
}

// displace notes, asks and forgets.
func (m *machine) displace() {
	b := m.binding(m.pick)
	k6, _ := sides(b)
	sh := m.store.Shard(m.pick(m.store.Shards()))
	sh.Lock()
	defer sh.Unlock()
	if sh.Number() != 0 { // the oracle knows of those of one shard
		return
	}
	want, away := m.oracle.away[k6]
	if got := sh.Displaced(b.Proto, b.V6, b.Port6); (got != nil) != away || away && got.Number() != want {
		m.Fatalf("Displaced(%+v): %v, want %d, %v", k6, got, want, away)
	}
	if away {
		sh.Undisplace(b.Proto, b.V6, b.Port6)
		delete(m.oracle.away, k6)
		return
	}
	to := m.store.Shard(m.pick(m.store.Shards()))
	sh.Displace(b.Proto, b.V6, b.Port6, to)
	m.oracle.away[k6] = to.Number()
}

func (m *machine) choose() place { return m.oracle.order[m.pick(len(m.oracle.order))] }

func (m *machine) lock(p place) *Shard {
	sh := m.store.Shard(p.shard)
	sh.Lock()
	return sh
}

// finish compares everything.
func (m *machine) finish() {
	m.store.check(m)
	for p, b := range m.oracle.bindings {
		sh := m.lock(p)
		m.same(sh, p)
		if sh.Out(b.Proto, b.V6, b.Port6) != p.ref || sh.In(b.Proto, b.V4, b.Port4) != p.ref {
			m.Fatalf("binding %+v is not found by both sides", p)
		}
		sh.Unlock()
	}
	if got, want := m.store.Count(), m.oracle.count(); got != want {
		m.Fatalf("counted %+v, want %+v", got, want)
	}
}
