package store

import (
	"iter"
	"sync"

	"taygo/translate/wire"
)

// A Shard is a part of a Store. All of its methods, Number aside, need its lock.
// Pointers that they return point into the store: they are good until the lock is
// released, and those to sessions no longer than to the next Open, Close or
// Unbind in the shard.
type Shard struct {
	sync.Mutex
	number    int
	slab      slab
	records   records
	by6, by4  index
	late      late
	displaced map[key6]*Shard
	count     Count
	_         [64]byte // keeps the lock of the next shard off the lines of this one
}

// A key6 is the IPv6 side of a binding.
type key6 struct {
	v6    wire.Addr
	port  uint16
	proto uint8
}

func (sh *Shard) init(s *Store, number int) {
	sh.number = number
	sh.slab.arena = s.arena
	sh.records.arena = s.arena
	sh.records.seed = &s.options.Seed
	sh.by6.slab, sh.by6.records, sh.by6.side = &sh.slab, &sh.records, side6
	sh.by4.slab, sh.by4.records, sh.by4.side = &sh.slab, &sh.records, side4
}

// Number returns the shard's number in its Store. It needs no lock.
func (sh *Shard) Number() int { return sh.number }

// Out finds the binding of an IPv6 transport address in this shard, the zero Ref
// if there is none here.
func (sh *Shard) Out(proto uint8, v6 wire.Addr, port uint16) Ref {
	d := sh.by6.dir.Load()
	if d == nil {
		return 0
	}
	probe := d.probe(hash6(sh.records.seed, proto, v6, port))
	for n := probe.next(); n != 0; n = probe.next() {
		if b := sh.records.at(n); b.V6 == v6 && b.Port6 == port && b.Proto == proto {
			return Ref(n)
		}
	}
	return 0
}

// In finds the binding of an IPv4 transport address in this shard, the zero Ref
// if there is none here.
func (sh *Shard) In(proto uint8, v4 uint32, port uint16) Ref {
	sh.catchUp()
	if n := sh.late.record; n != 0 && sh.records.at(n).is4(proto, v4, port) {
		return Ref(n)
	}
	d := sh.by4.dir.Load()
	if d == nil {
		return 0
	}
	probe := d.probe(hash4(sh.records.seed, proto, v4, port))
	for n := probe.next(); n != 0; n = probe.next() {
		if sh.records.at(n).is4(proto, v4, port) {
			return Ref(n)
		}
	}
	return 0
}

// Binding returns the binding that r names, which must be one.
func (sh *Shard) Binding(r Ref) *Binding { return &sh.records.at(uint32(r)).Binding }

// Bind stores what b says, which has no session yet. Neither of its sides may be bound
// already, and Port4 must be one of this shard's. It returns false if there is no
// memory, or if the shard holds 4,194,303 bindings already.
func (sh *Shard) Bind(b *Binding) (Ref, bool) {
	sh.slab.reclaim()
	if !sh.catchUp() {
		return 0, false
	}
	n, ok := sh.records.alloc()
	if !ok {
		return 0, false
	}
	sh.records.at(n).bind(b)
	if !sh.by6.insert(hash6(sh.records.seed, b.Proto, b.V6, b.Port6), n) {
		sh.records.put(n)
		return 0, false
	}
	sh.insertLate(n, hash4(sh.records.seed, b.Proto, b.V4, b.Port4))
	sh.count.Bindings++
	return Ref(n), true
}

// Unbind removes the binding that r names, with all of its sessions.
func (sh *Shard) Unbind(r Ref) {
	n := uint32(r)
	b := sh.records.at(n)
	sh.count.Bindings--
	sh.count.Sessions -= uint64(sh.Len(r))
	sh.by6.remove(sh.records.hash(side6, n), n)
	if sh.late.record == n {
		sh.late = late{}
	} else {
		sh.by4.remove(sh.records.hash(side4, n), n)
	}
	if b.more != 0 {
		sh.slab.freeTree(b.more, int(b.stored&rootClass))
	}
	sh.records.put(n)
}

// Session returns the session of a binding with a peer, nil if there is none.
func (sh *Shard) Session(r Ref, peer uint32, port uint16) *Session {
	b := sh.records.at(uint32(r))
	if b.first.Peer == peer && b.first.PeerPort == port && b.stored&hasFirst != 0 {
		return &b.first
	}
	if b.more == 0 {
		return nil
	}
	leaf, _ := sh.slab.leaf(b.more, keyOf(peer, port))
	return leaf.session(peer, port)
}

// PeerSeen reports whether live says yes to any session of the binding with this
// peer address, whatever its port is (address-dependent filtering, RFC 6146
// §3.5.1.2). live may be asked about each of them, and may change nothing.
func (sh *Shard) PeerSeen(r Ref, peer uint32, live func(*Session) bool) bool {
	b := sh.records.at(uint32(r))
	if b.stored&hasFirst != 0 && b.first.Peer == peer && live(&b.first) {
		return true
	}
	if b.more == 0 {
		return false
	}
	key := peerKey(peer)
	for past := key + 1<<16; key < past; {
		leaf, next := sh.slab.leaf(b.more, key)
		for i := range leaf.sessions[:leaf.count()] {
			if s := &leaf.sessions[i]; s.Peer == peer && live(s) {
				return true
			}
		}
		key = next
	}
	return false
}

// Open stores a session of the binding, which must have none with the same peer
// and port, and returns it. It returns false if there is no memory, or if the
// binding has 16,777,215 sessions already.
func (sh *Shard) Open(r Ref, s Session) (*Session, bool) {
	sh.slab.reclaim()
	b := sh.records.at(uint32(r))
	at, ok := &b.first, true
	if b.stored&hasFirst == 0 {
		b.first.set(&s)
		b.stored |= hasFirst
	} else {
		at, ok = tree{&sh.slab, b}.open(s)
	}
	if ok {
		sh.count.Sessions++
	}
	return at, ok
}

// Close removes s, a session of the binding. The binding stays, even without any
// session.
func (sh *Shard) Close(r Ref, s *Session) {
	b := sh.records.at(uint32(r))
	if s == &b.first {
		b.stored &^= hasFirst
	} else {
		tree{&sh.slab, b}.close(s.Peer, s.PeerPort)
	}
	sh.count.Sessions--
}

// Sessions returns the sessions of the binding, in no order. None may be opened
// or closed until the loop ends.
func (sh *Shard) Sessions(r Ref) iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		b := sh.records.at(uint32(r))
		if b.stored&hasFirst != 0 && !yield(&b.first) {
			return
		}
		key := allKeys
		if b.more != 0 {
			key = 0
		}
		for key < allKeys {
			leaf, next := sh.slab.leaf(b.more, key)
			for i := range leaf.sessions[:leaf.count()] {
				if !yield(&leaf.sessions[i]) {
					return
				}
			}
			key = next
		}
	}
}

// Len returns the number of sessions of the binding.
func (sh *Shard) Len(r Ref) int {
	b := sh.records.at(uint32(r))
	total := int(b.stored / hasFirst)
	if b.more != 0 {
		total += sh.slab.node(b.more).total()
	}
	return total
}
