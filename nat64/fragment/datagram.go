package fragment

import (
	"encoding/binary"
	"time"

	"taygo/translate"
	"taygo/translate/wire"
)

// A key is what the fragments of a datagram have in common (RFC 791 §3.2, RFC 8200
// §4.5). The two families have different addresses.
type key struct {
	translate.Pair
	id    uint32
	proto uint8
}

func keyOf(p *translate.Packet) key { return key{p.Pair, p.ID, p.Proto} }

// A state is what is done with the fragments of a datagram.
type state uint8

const (
	waiting   state = iota // kept: the first has not come
	whole                  // kept: all must have come
	passing                // let pass: the ports are known
	discarded              // dropped: something was wrong with an earlier one
	done                   // all have been let pass
)

// class returns the list of the store on which a datagram is.
func (s state) class() int {
	switch s {
	case waiting, whole:
		return kept
	case done:
		return past
	case passing, discarded:
	}
	return known
}

// A datagram is one of which some fragments have come.
type datagram struct {
	key
	state    state
	ports    translate.Ports
	why      translate.Verdict // of one that is discarded
	deadline time.Duration
	cover    cover
	pieces   []piece // that are kept
	marks    uint8   // ECN fields that its fragments had, a bit for each
	source   *source
	listed   bool // in lists
	links    [2]link
}

// A piece is a kept fragment: a whole packet.
type piece struct {
	buf      []byte
	len, at  int // of the headers; of the payload in the datagram
	capacity int // of buf, as it was counted
}

// A source is whoever sends fragments: their limits are for each by itself.
type source struct {
	addr      wire.Addr
	fragments int // kept or ready
	octets    int
	datagrams int              // that refer to it
	lists     [numClasses]list // oldest first
}

// sourceOf returns the address that stands for the source of a packet.
func sourceOf(p *translate.Packet, bits int) wire.Addr {
	a := p.Src
	switch {
	case !p.V6 || bits >= 128:
	case bits > 64:
		a.Lo &^= 1<<(128-bits) - 1
	default:
		a.Hi, a.Lo = a.Hi&^(1<<(64-bits)-1), 0
	}
	return a
}

// portsOf reads the ports from a first fragment, whose transport header is whole.
func portsOf(p *translate.Packet) translate.Ports {
	b := p.Transport()
	if isICMP(p) {
		id := binary.BigEndian.Uint16(b[4:])
		return translate.Ports{Src: id, Dst: id}
	}
	return translate.Ports{Src: binary.BigEndian.Uint16(b), Dst: binary.BigEndian.Uint16(b[2:])}
}

func isICMP(p *translate.Packet) bool {
	return p.V6 && p.Proto == wire.ProtoICMPv6 || !p.V6 && p.Proto == wire.ProtoICMP
}

// hasNoChecksum reports whether a first fragment is of a UDP datagram over IPv4
// that needs one.
func hasNoChecksum(p *translate.Packet) bool {
	if p.V6 || p.Proto != wire.ProtoUDP {
		return false
	}
	b := p.Transport()
	return b[6] == 0 && b[7] == 0
}
