package nat64

import (
	"net/netip"
	"time"
)

// A ChangeKind says what became of a binding, a session, a block or a source.
type ChangeKind uint8

// The kinds of changes. The names are those of RFC 8158 §4.
const (
	BindingMade    ChangeKind = iota // V6 and V4 are bound from now on
	BindingGone                      // they are no longer, or V4 is only held
	SessionMade                      // of the binding of V6 and V4, with Peer
	SessionGone                      //
	BlockTaken                       // the subscriber V6 has the ports of V4 to Last
	BlockFreed                       // it no longer has
	SourceLimited                    // the prefix of V6 has reached a limit; at most once a second for all
	PortsExhausted                   // the pool has no port for V6; at most once a second for all

	NumChangeKinds = iota
)

var changeNames = [NumChangeKinds]string{
	"binding_made", "binding_gone", "session_made", "session_gone",
	"block_taken", "block_freed", "source_limited", "ports_exhausted",
}

// String returns the name of the kind in log lines.
func (k ChangeKind) String() string {
	if k < NumChangeKinds {
		return changeNames[k]
	}
	return "unknown"
}

// A Change is one event in the life of a binding, a session, a block of ports or
// a source. What does not apply to its Kind is zero.
type Change struct {
	Kind  ChangeKind
	Proto uint8         // wire.ProtoTCP, ProtoUDP, ProtoICMP; 0 of a block, which is of all three
	At    time.Duration // by the clock of the packets
	V6    netip.AddrPort
	V4    netip.AddrPort // of a block: its first port
	Peer  netip.AddrPort // the IPv4 host of a session; port 0 of an ICMP query
	Last  uint16         // last port of a block
}
