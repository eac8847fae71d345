package store

import "taygo/translate/wire"

// A Ref names a binding in its shard. It is good until the binding is removed.
// The zero Ref names none.
type Ref uint32

// Flags of a Binding. The other bits belong to the caller.
const (
	Static uint8 = 1 << iota // made by the operator: stays without sessions
	Held                     // has no host any more; its port is not given to another before Deadline
)

// A Binding joins the IPv6 transport address of a host with an IPv4 transport
// address of the pool (RFC 6146 §3.1). For ICMP the ports are identifiers. V4 is
// an integer, its first octet the most significant; ports are integers, too.
//
// The caller may change Flags and Deadline of a stored binding; the other fields
// are its keys.
type Binding struct {
	V6           wire.Addr
	V4           uint32
	Deadline     uint32 // of Held, in ticks of the caller
	Port6, Port4 uint16
	Proto        uint8 // not 0
	Flags        uint8

	stored uint8 // the store's: see record
}

// A Session joins a binding with the IPv4 transport address of a peer. State,
// Flags and Deadline are the caller's, who may change them in a stored session;
// Peer and PeerPort are its key.
type Session struct {
	Peer     uint32
	PeerPort uint16
	State    uint8
	Flags    uint8
	Deadline uint32 // in ticks of the caller
}
