package store

import (
	"math/rand/v2"
	"testing"
)

// A stay is a session, or a binding without any, during a round.
type stay struct {
	place
	peer
	bare bool
}

// staying lists what is there.
func (o *oracle) staying() map[stay]bool {
	all := map[stay]bool{}
	for p, b := range o.bindings {
		if len(b.sessions) == 0 {
			all[stay{place: p, bare: true}] = true
		}
		for key := range b.sessions {
			all[stay{place: p, peer: key}] = true
		}
	}
	return all
}

func TestSweepVisitsAllThatStaysForARound(t *testing.T) {
	u := universe{shards: 1, hosts: 30, ports6: 3, addrs: 2, ports4: 200, peers: 100, peerPorts: 10}
	rng := rand.New(rand.NewPCG(3, 3))
	m := newMachine(t, u, kernel, rng.IntN)
	for _, growth := range []int{16, 14, 9, 6, 10, 0} {
		for range rounds(10) {
			m.round(growth)
		}
		m.finish()
	}
}

// round changes much between the steps of a round that keeps everything.
func (m *machine) round(growth int) {
	stayed, c, sh := m.oracle.staying(), Cursor{}, m.store.Shard(0)
	for done := false; !done; {
		sh.Lock()
		done = sh.Sweep(&c, 200+m.pick(400), func(r Ref, b *Binding, s *Session) Action {
			seen := stay{place: place{0, r}, bare: s == nil}
			if s != nil {
				seen.peer = peer{s.Peer, s.PeerPort}
			}
			delete(stayed, seen)
			return m.visit(seen.place, b, s, 16)
		})
		sh.Unlock()
		for range m.pick(300) {
			if m.pick(16) < growth {
				m.add()
			} else {
				m.take()
			}
		}
		now := m.oracle.staying()
		for missing := range stayed {
			if !now[missing] {
				delete(stayed, missing)
			}
		}
	}
	for missing := range stayed {
		m.Fatalf("a round did not visit %+v, which was there from its beginning to its end", missing)
	}
}

func TestSweepDoesAsTold(t *testing.T) {
	s := New(Options{Shards: 1, Seed: seed})
	sh := s.Shard(0)
	sh.Lock()
	defer sh.Unlock()
	var refs [3]Ref
	for i := range refs {
		refs[i], _ = sh.Bind(&Binding{V4: 0xcb007101, Port4: uint16(i), Port6: uint16(i), Proto: 6})
		for port := range uint16(3 * nodeSize) {
			sh.Open(refs[i], Session{Peer: 0xc6336401, PeerPort: port})
		}
	}
	nils := 0
	sh.Sweep(new(Cursor), 1<<20, func(r Ref, b *Binding, s *Session) Action {
		switch {
		case s == nil:
			nils++
			b.Flags |= Held
			return Keep
		case r == refs[0]:
			return Close
		case r == refs[1] && s.PeerPort == 40:
			return Unbind
		}
		s.State = 7
		return Keep
	})
	if nils != 1 || sh.Len(refs[0]) != 0 || sh.Binding(refs[0]).Flags != Held {
		t.Errorf("all sessions closed: visited %d times without any, %d are left", nils, sh.Len(refs[0]))
	}
	if sh.In(6, 0xcb007101, 1) != 0 {
		t.Error("a binding that was to go is there")
	}
	if sh.Len(refs[2]) != 3*nodeSize || sh.Session(refs[2], 0xc6336401, 50).State != 7 {
		t.Error("what was to stay did not, or not as changed")
	}
	if got := sh.count; got != (Count{2, 3 * nodeSize}) {
		t.Errorf("Count: %+v", got)
	}
}
