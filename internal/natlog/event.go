package natlog

import "taygo/nat64"

// A kind is what RFC 8158 makes of a kind of change.
type kind struct {
	of    Events
	event uint8  // natEvent, of the registry that RFC 8158 §8 begins
	name  string // in that registry
}

// The events of RFC 8158 that no kind of change stands for alone.
const (
	addressesExhausted = 3
	portsExhausted     = 12

	addressesExhaustedName = "NAT Addresses Exhausted"
)

var kinds = [nat64.NumChangeKinds]kind{
	nat64.BindingMade:    {Bindings, 10, "NAT64 BIB Create"},
	nat64.BindingGone:    {Bindings, 11, "NAT64 BIB Delete"},
	nat64.SessionMade:    {Sessions, 6, "NAT64 Session Create"},
	nat64.SessionGone:    {Sessions, 7, "NAT64 Session Delete"},
	nat64.BlockTaken:     {Blocks, 16, "NAT Port Block Allocation"},
	nat64.BlockFreed:     {Blocks, 17, "NAT Port Block De-allocation"},
	nat64.SourceLimited:  {Limits, 13, "Quota Exceeded"},
	nat64.PortsExhausted: {Limits, portsExhausted, "NAT Ports Exhausted"},
}

// Lost is the name of the event that says how many events are missing.
const Lost = "Events Lost"

// EventName returns the name of the event that c is, as RFC 8158 has it. A pool
// that has no port left at any address is out of addresses.
func EventName(c nat64.Change) string {
	switch {
	case c.Kind >= nat64.NumChangeKinds:
		return "Unknown"
	case c.Kind == nat64.PortsExhausted && !c.V4.Addr().IsValid():
		return addressesExhaustedName
	}
	return kinds[c.Kind].name
}

// The protocols that have ports or identifiers, as IPv4 numbers them.
const (
	icmp   = 1
	tcp    = 6
	udp    = 17
	icmpv6 = 58
)

// protocolName returns the name of a protocol in a line; empty if c is of all.
func protocolName(number uint8) string {
	switch number {
	case tcp:
		return "tcp"
	case udp:
		return "udp"
	case icmp, icmpv6:
		return "icmp"
	}
	return ""
}
