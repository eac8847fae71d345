package translate

import "taygo/translate/wire"

// A Policy is what an operator chooses about translation, addresses apart. It
// never changes: a new configuration makes a new Policy. Of the zero Policy only
// the MTUs must be set.
type Policy struct {
	Own4 wire.Addr // the translator's IPv4 address: answers echo, sends ICMP errors
	Own6 wire.Addr // its IPv6 address; zero if it has none
	Alt6 wire.Addr // a second IPv6 address that answers: Own4 inside the prefix; zero if there is none

	MTU4       int // of the next IPv4 link, in octets, at least 68
	MTU6       int // of the next IPv6 link, at least 1280
	LowestMTU6 int // longest IPv6 packet made of an IPv4 packet without DF (RFC 7915 §4.1), at least 1280

	Class         Octet     // Traffic Class of translated IPv4 packets (RFC 7915 §4.1)
	TOS           Octet     // TOS of translated IPv6 packets (RFC 7915 §5.1)
	Own4Shared    bool      // Own4 is an address of the pool of stateful translation as well
	ZeroUDP       ZeroUDP   // what happens to UDP datagrams without checksum (RFC 7915 §4.5)
	DropClassE    bool      // 240/4 is an illegal source
	MaxExtensions int       // extension headers that a packet may have
	Plateaus      []int     // path MTUs to guess from, descending (RFC 1191 §7.1)
	InterfaceInfo bool      // say the IPv6 source that an ICMP error lost (RFC 6791 §4, RFC 5837)
	Errors        [2]Errors // whether ICMP errors are sent to IPv4 [0] and IPv6 [1] senders
	ErrorRate     Rate      // of ICMP errors, by each Translator
	TooBigRate    Rate      // of those that carry an MTU
}

// An Octet overrides a header field, or copies it. The zero Octet copies.
type Octet struct {
	Fixed bool
	Value uint8
}

func (o Octet) or(copied uint8) uint8 {
	if o.Fixed {
		return o.Value
	}
	return copied
}

// ZeroUDP is what happens to a UDP datagram whose checksum is zero. The zero
// ZeroUDP drops it.
type ZeroUDP uint8

// The ways to handle a zero UDP checksum. None of them lets the first fragment
// of a datagram pass.
const (
	ZeroUDPDrop    ZeroUDP = iota
	ZeroUDPCompute         // compute it over the datagram
	ZeroUDPForward         // leave it zero, for tunnels (RFC 6935)
)

// Errors is the choice whether ICMP errors are sent. The zero Errors limits them.
type Errors uint8

// The choices about ICMP errors.
const (
	ErrorsLimit Errors = iota // at most at the rate of the Policy
	ErrorsSend                // all of them
	ErrorsNever
)
