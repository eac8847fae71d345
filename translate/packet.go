package translate

import (
	"time"

	"taygo/translate/wire"
)

// A Packet is a parsed frame. The Translator owns it; a Mapper may keep nothing
// of it.
type Packet struct {
	Header               // as received
	Now    time.Duration // time of arrival, by any clock that only grows
	Error  bool          // an ICMP error: Quoted is what it quotes
	Quoted Header        // the packet quoted in an ICMP error, addresses as seen by its sender
	Random uint64        // of an ICMP error: a fresh random number, to choose a source with
	Again  bool          // the second pass of a hairpinned packet (RFC 7757 §4.2.2)

	To       Pair // set by the Mapper: the addresses on the other side
	QuotedTo Pair // set by the Mapper for an ICMP error: those of the quoted packet
	Hairpin  bool // set by the Mapper, 6→4 only: translate the result back to IPv6 at once
	Replaced bool // set by the Mapper for an ICMP error: To.Src stands in for an address without counterpart

	// Stateful is set by a Mapper of RFC 6146 for any packet that it judges, and
	// ToPorts for one that it lets pass: the ports on the other side, those of the
	// quoted packet for an ICMP error.
	Stateful bool
	ToPorts  Ports

	frame   *wire.Frame
	quote   []byte // of an ICMP error: what it quotes, headers included
	zeroUDP bool   // a UDP datagram without a checksum
	sumUDP  bool   // it is to get one
	word    uint32 // second word of the ICMP error owed: MTU or pointer
}

// A Pair is the addresses of a packet.
type Pair struct{ Src, Dst wire.Addr }

// Ports are the ports of a TCP segment or UDP datagram, in host byte order. Those
// of an ICMP query are both its identifier.
type Ports struct{ Src, Dst uint16 }

// Transport returns what follows the IP headers in a packet, good until the
// Mapper returns. In a packet that is no later fragment, it holds the whole
// transport header of TCP, UDP and ICMP.
func (p *Packet) Transport() []byte { return p.frame.Bytes()[p.Len:p.Total] }

// QuotedTransport returns what follows the IP headers in the packet that an ICMP
// error quotes, as far as it is quoted, good until the Mapper returns.
func (p *Packet) QuotedTransport() []byte {
	return p.quote[p.Quoted.Len:max(p.Quoted.Len, min(len(p.quote), p.Quoted.Total))]
}

// Bytes returns the whole packet, good until the Mapper returns.
func (p *Packet) Bytes() []byte { return p.frame.Bytes()[:p.Total] }

// IsPart reports whether the packet is less than its datagram. An atomic
// fragment is whole (RFC 6946).
func (p *Packet) IsPart() bool { return p.isPart() }

// A Header is what an IPv4 header and an IPv6 header, with its extension headers,
// both say. Lengths and offsets are in octets.
type Header struct {
	Pair
	HopLimit uint8 // TTL or Hop Limit; not beside Proto, with which the compiler would read it at once just after it was written
	V6       bool
	Class    uint8  // TOS or Traffic Class
	Proto    uint8  // protocol number of the payload, as this family writes it
	DontFrag bool   // DF; always set in IPv6 without a Fragment Header
	Fragment bool   // a fragment; in IPv6, a Fragment Header is there, even on an atomic fragment
	More     bool   // M
	Offset   uint16 // of the payload in the datagram
	ID       uint32 // Identification
	Len      int    // of the headers: where the payload begins
	Total    int    // of the packet, as its header says
	Route    uint16 // where in the packet an unfinished source route stands; 0 if there is none
}

// payload is the length of what follows the headers.
func (h *Header) payload() int { return h.Total - h.Len }

// isPart reports whether the packet is less than its datagram. An atomic
// fragment is whole (RFC 6946).
func (h *Header) isPart() bool { return h.More || h.Offset != 0 }

// isICMP reports whether the packet is ICMP of its own family.
func (h *Header) isICMP() bool {
	if h.V6 {
		return h.Proto == wire.ProtoICMPv6
	}
	return h.Proto == wire.ProtoICMP
}
