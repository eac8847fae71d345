package nat64

import (
	"net/netip"
	"time"
)

// An Entry is a binding with its sessions, as it is listed, exported and
// restored. Ports of ICMP queries are identifiers.
type Entry struct {
	Proto    uint8          // wire.ProtoTCP, ProtoUDP or ProtoICMP
	V6, V4   netip.AddrPort // the two transport addresses that are bound
	Static   bool           // by configuration: it stays without sessions
	Held     bool           // released: V4 is not given to another host for the time Left
	Left     time.Duration  // of a Held entry
	Sessions []SessionEntry // of a Held entry, none
}

// A SessionEntry is a session of an Entry.
type SessionEntry struct {
	Peer  netip.AddrPort // the IPv4 host; port 0 of an ICMP query
	State State
	Left  time.Duration // until it ends, or of an ESTABLISHED one until it is probed
}

// A Session is a session with its binding, as it is listed.
type Session struct {
	Proto  uint8
	V6, V4 netip.AddrPort // of the binding; V6 is the zero AddrPort for a kept SYN that no binding awaits
	SessionEntry
	Stored bool // a TCP SYN from Peer that is kept (RFC 6146 §3.5.2.2)
}

// A Query chooses bindings and sessions to list. The zero Query chooses all.
type Query struct {
	Proto  uint8        // 0: all protocols
	Client netip.Prefix // that the IPv6 address lies in; the zero Prefix: any
	V4     netip.Addr   // the pool address; the zero Addr: any
	Port   uint16       // the port of the pool address; 0: any
	Peer   netip.Prefix // that an IPv4 host of a session lies in; the zero Prefix: any
	Held   bool         // list bindings that are only held as well
	Limit  int          // at most so many; 0: no limit
}
