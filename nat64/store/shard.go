package store

import (
	"iter"
	"sync"
	"sync/atomic"

	"taygo/translate/wire"
)

// A Shard is a part of a Store. All of its methods, Number aside, need its lock.
// Pointers that they return point into the store: they are good until the lock is
// released, and those to sessions no longer than to the next Open, Close or
// Unbind in the shard.
type Shard struct {
	sync.Mutex
	number int
	counts [kinds]counters

	last      Ref
	bindings  map[Ref]*record
	by6       map[key6]Ref
	by4       map[key4]Ref
	displaced map[key6]*Shard
}

type record struct {
	Binding
	sessions []*Session
}

type key6 struct {
	v6    wire.Addr
	port  uint16
	proto uint8
}

type key4 struct {
	v4    uint32
	port  uint16
	proto uint8
}

// counters are written under the lock, and read without it.
type counters struct{ bindings, sessions atomic.Uint64 }

const kinds = 3

// kind returns where proto is counted.
func kind(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return 0
	case wire.ProtoUDP:
		return 1
	}
	return 2
}

func (sh *Shard) init(number int) {
	sh.number = number
	sh.bindings = map[Ref]*record{}
	sh.by6 = map[key6]Ref{}
	sh.by4 = map[key4]Ref{}
	sh.displaced = map[key6]*Shard{}
}

// Number returns the shard's number in its Store. It needs no lock.
func (sh *Shard) Number() int { return sh.number }

// Out finds the binding of an IPv6 transport address in this shard, the zero Ref
// if there is none here.
func (sh *Shard) Out(proto uint8, v6 wire.Addr, port uint16) Ref {
	return sh.by6[key6{v6, port, proto}]
}

// In finds the binding of an IPv4 transport address in this shard, the zero Ref
// if there is none here.
func (sh *Shard) In(proto uint8, v4 uint32, port uint16) Ref {
	return sh.by4[key4{v4, port, proto}]
}

// Binding returns the binding that r names, which must be one.
func (sh *Shard) Binding(r Ref) *Binding { return &sh.bindings[r].Binding }

// Bind stores b, which has no session yet. Neither of its sides may be bound
// already, and Port4 must be one of this shard's. It returns false if there is no
// memory.
func (sh *Shard) Bind(b Binding) (Ref, bool) {
	sh.last++
	sh.bindings[sh.last] = &record{Binding: b}
	sh.by6[key6{b.V6, b.Port6, b.Proto}] = sh.last
	sh.by4[key4{b.V4, b.Port4, b.Proto}] = sh.last
	sh.counts[kind(b.Proto)].bindings.Add(1)
	return sh.last, true
}

// Unbind removes the binding that r names, with all of its sessions.
func (sh *Shard) Unbind(r Ref) {
	b := sh.bindings[r]
	delete(sh.by6, key6{b.V6, b.Port6, b.Proto})
	delete(sh.by4, key4{b.V4, b.Port4, b.Proto})
	delete(sh.bindings, r)
	sh.counts[kind(b.Proto)].bindings.Add(^uint64(0))
	sh.counts[kind(b.Proto)].sessions.Add(-uint64(len(b.sessions)))
}

// Displace notes in a home shard that the binding of an IPv6 transport address
// lives in another shard, to.
func (sh *Shard) Displace(proto uint8, v6 wire.Addr, port uint16, to *Shard) {
	sh.displaced[key6{v6, port, proto}] = to
}

// Displaced returns the shard where the binding of an IPv6 transport address
// lives by Displace, nil if there is none. It is to be asked when Out finds none
// in the home shard, and costs next to nothing while nothing is displaced.
func (sh *Shard) Displaced(proto uint8, v6 wire.Addr, port uint16) *Shard {
	if len(sh.displaced) == 0 {
		return nil
	}
	return sh.displaced[key6{v6, port, proto}]
}

// Undisplace takes back what Displace noted, if it did.
func (sh *Shard) Undisplace(proto uint8, v6 wire.Addr, port uint16) {
	delete(sh.displaced, key6{v6, port, proto})
}

// Session returns the session of a binding with a peer, nil if there is none.
func (sh *Shard) Session(r Ref, peer uint32, port uint16) *Session {
	for _, s := range sh.bindings[r].sessions {
		if s.Peer == peer && s.PeerPort == port {
			return s
		}
	}
	return nil
}

// PeerSeen reports whether live says yes to any session of the binding with this
// peer address, whatever its port is (address-dependent filtering, RFC 6146
// §3.5.1.2). live may be asked about each of them, and may change nothing.
func (sh *Shard) PeerSeen(r Ref, peer uint32, live func(*Session) bool) bool {
	for _, s := range sh.bindings[r].sessions {
		if s.Peer == peer && live(s) {
			return true
		}
	}
	return false
}

// Open stores a session of the binding, which must have none with the same peer
// and port, and returns it. It returns false if there is no memory, or if the
// binding has 16,777,215 sessions already.
func (sh *Shard) Open(r Ref, s Session) (*Session, bool) {
	b := sh.bindings[r]
	b.sessions = append(b.sessions, &s)
	sh.counts[kind(b.Proto)].sessions.Add(1)
	return &s, true
}

// Close removes s, a session of the binding. The binding stays, even without any
// session.
func (sh *Shard) Close(r Ref, s *Session) {
	b := sh.bindings[r]
	for i, t := range b.sessions {
		if t == s {
			b.sessions = append(b.sessions[:i], b.sessions[i+1:]...)
			sh.counts[kind(b.Proto)].sessions.Add(^uint64(0))
			return
		}
	}
}

// Sessions returns the sessions of the binding, in no order. None may be opened
// or closed until the loop ends.
func (sh *Shard) Sessions(r Ref) iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		for _, s := range sh.bindings[r].sessions {
			if !yield(s) {
				return
			}
		}
	}
}

// Len returns the number of sessions of the binding.
func (sh *Shard) Len(r Ref) int { return len(sh.bindings[r].sessions) }

// Count returns how much the shard holds of proto, which is as in Store.Count.
func (sh *Shard) Count(proto uint8) Count {
	c := &sh.counts[kind(proto)]
	return Count{c.bindings.Load(), c.sessions.Load()}
}
