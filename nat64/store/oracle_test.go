package store

import "taygo/translate/wire"

// An oracle is a Store made of plain maps: it knows what must be found.
type oracle struct {
	bindings map[place]*bound
	by6      map[key6]place
	by4      map[key4]place
	away     map[key6]int // displaced: the shard
	order    []place      // of bindings, to choose one
}

// A place is where the Store under test says that a binding is.
type place struct {
	shard int
	ref   Ref
}

type key4 struct {
	v4    uint32
	port  uint16
	proto uint8
}

type bound struct {
	Binding
	sessions map[peer]Session
	peers    []peer // to choose one
	index    int    // in order
}

type peer struct {
	addr uint32
	port uint16
}

func newOracle() *oracle {
	return &oracle{bindings: map[place]*bound{}, by6: map[key6]place{}, by4: map[key4]place{}, away: map[key6]int{}}
}

func sides(b Binding) (key6, key4) {
	return key6{b.V6, b.Port6, b.Proto}, key4{b.V4, b.Port4, b.Proto}
}

func (o *oracle) bind(p place, b Binding) {
	k6, k4 := sides(b)
	o.by6[k6], o.by4[k4] = p, p
	o.bindings[p] = &bound{Binding: b, sessions: map[peer]Session{}, index: len(o.order)}
	o.order = append(o.order, p)
}

func (o *oracle) unbind(p place) {
	b := o.bindings[p]
	k6, k4 := sides(b.Binding)
	delete(o.by6, k6)
	delete(o.by4, k4)
	delete(o.bindings, p)
	last := o.order[len(o.order)-1]
	o.order[b.index] = last
	o.bindings[last] = o.bindings[last].moved(b.index)
	o.order = o.order[:len(o.order)-1]
	delete(o.bindings, p)
}

// moved notes a new index in the order; of none, it does nothing.
func (b *bound) moved(index int) *bound {
	if b != nil {
		b.index = index
	}
	return b
}

func (b *bound) open(s Session) {
	p := peer{s.Peer, s.PeerPort}
	b.sessions[p] = s
	b.peers = append(b.peers, p)
}

// close removes the i-th of the peers.
func (b *bound) close(i int) {
	delete(b.sessions, b.peers[i])
	b.peers[i] = b.peers[len(b.peers)-1]
	b.peers = b.peers[:len(b.peers)-1]
}

// count counts as Store.Count does.
func (o *oracle) count() Count {
	var c Count
	for _, b := range o.bindings {
		c.Bindings++
		c.Sessions += uint64(len(b.sessions))
	}
	return c
}

// A universe is what a test chooses from: the smaller, the more of it meets.
type universe struct {
	shards, hosts, ports6, addrs, ports4, peers, peerPorts int

	region int // of hosts and addresses that no other region has
}

func (u universe) binding(pick func(int) int) Binding {
	protos := [...]uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}
	return Binding{
		V6:    wire.Addr{Hi: 0x20010db8<<32 | uint64(pick(u.hosts)+u.region<<20), Lo: 1},
		V4:    0xcb007100 + uint32(pick(u.addrs)+u.region<<8),
		Port6: uint16(1024 + pick(u.ports6)),
		Port4: uint16(1024 + pick(u.ports4)),
		Proto: protos[pick(len(protos))],
		Flags: uint8(pick(4)),
	}
}

func (u universe) session(pick func(int) int) Session {
	return Session{
		Peer:     0xc6336400 + uint32(pick(u.peers)),
		PeerPort: uint16(pick(u.peerPorts)),
		State:    uint8(pick(8)),
		Deadline: uint32(pick(1 << 16)),
	}
}
