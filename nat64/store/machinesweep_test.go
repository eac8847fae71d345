package store

// sweep makes some steps of a round, and removes a part of what it sees.
func (m *machine) sweep(growth int) {
	i := m.pick(m.store.Shards())
	sh := m.store.Shard(i)
	sh.Lock()
	defer sh.Unlock()
	looked, most := 0, m.pick(64)
	sh.Sweep(&m.cursors[i], most, func(r Ref, b *Binding, s *Session) Action {
		if looked++; looked > most+2*nodeSize {
			m.Fatalf("a sweep of %d records visits %d", most, looked)
		}
		p := place{i, r}
		return m.visit(p, b, s, growth)
	})
}

// visit holds what a sweep shows to the oracle, and decides.
func (m *machine) visit(p place, b *Binding, s *Session, growth int) Action {
	want := m.oracle.bindings[p]
	switch {
	case want == nil || b.V6 != want.V6 || b.Port4 != want.Port4:
		m.Fatalf("visited binding %+v: %+v, want %+v", p, b, want)
	case s == nil && len(want.sessions) > 0:
		m.Fatalf("binding %+v visited as without sessions, it has %d", p, len(want.sessions))
	case s != nil && *s != want.sessions[peer{s.Peer, s.PeerPort}]:
		m.Fatalf("visited session %+v of %+v, want %+v", s, p, want.sessions[peer{s.Peer, s.PeerPort}])
	}
	if m.pick(16) < growth {
		return Keep
	}
	if s == nil || m.pick(32) == 0 {
		m.oracle.unbind(p)
		return Unbind
	}
	for i, key := range want.peers {
		if key == (peer{s.Peer, s.PeerPort}) {
			want.close(i)
			return Close
		}
	}
	m.Fatalf("session %+v of %+v is in no list", s, p)
	return Keep
}
