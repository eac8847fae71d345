package nat64

import (
	"net/netip"

	"taygo/translate/wire"
)

// The protocols that have ports, as indexes of what Status counts.
const (
	TCP = iota
	UDP
	ICMP // queries, whose ports are identifiers

	NumProtos = iota
)

// protoNumbers are the protocol numbers of the indexes, as IPv4 writes them.
var protoNumbers = [NumProtos]uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}

// indexOf returns the index of a protocol number, as either family writes it, or
// -1 of a protocol without ports.
func indexOf(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return TCP
	case wire.ProtoUDP:
		return UDP
	case wire.ProtoICMP, wire.ProtoICMPv6:
		return ICMP
	}
	return -1
}

// A Status is how a Table stands at one moment.
type Status struct {
	Bindings [NumProtos]int  // that are not held
	Held     [NumProtos]int  // released, while their ports rest
	States   [NumStates]int  // sessions by state; V4Init counts the kept SYNs too
	Sessions int             // of all states, kept SYNs apart
	Limit    int             // of Sessions; 0: as many as memory holds
	Ports    [NumProtos]Fill // transport addresses of the pool
	Blocks   int             // blocks of ports that subscribers have
	SYNs     Fill            // kept SYNs
	Octets   uint64          // memory of bindings and sessions
	Sources  int             // source prefixes that have bindings
	Top      []Source        // those with the most sessions, most first
	Evicted  uint64          // sessions that had to give way, since the start
	Probes   uint64          // segments sent to hosts of idle connections, since the start
}

// A Fill says how full something is.
type Fill struct{ Used, Of int }

// A Source is what the hosts of one source prefix have.
type Source struct {
	Prefix   netip.Prefix
	Bindings int
	Sessions int
}

// TopSources is how many sources a Status names at most.
const TopSources = 10
