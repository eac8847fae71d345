package pkttest

import (
	"encoding/binary"
	"net/netip"
)

// A Layer is what can stand behind an IP header: an extension header, a
// transport header with its data, an ICMP message, or octets of any protocol.
// Values of this package's types and pointers to them are Layers.
type Layer interface {
	// number is the protocol number (IPv4) or next header value (IPv6).
	number(v6 bool) uint8
	// appendTo appends the layer to b.
	appendTo(b []byte, e envelope) []byte
}

// An envelope is what a layer has to know of the packet around it.
type envelope struct {
	v6   bool
	next uint8  // the number of the layer behind this one
	sum  uint64 // of the two addresses, folded, for the pseudo-header
}

// pseudo returns the checksum of a transport message with its pseudo-header
// (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1).
func (e envelope) pseudo(number uint8, message []byte) uint16 {
	return checksum(add(e.sum+uint64(number)+uint64(len(message)), message))
}

// appendLayers appends the layers one behind another.
func appendLayers(b []byte, e envelope, layers []Layer) []byte {
	for i, l := range layers {
		e.next = noNextHeader
		if i+1 < len(layers) {
			e.next = layers[i+1].number(e.v6)
		}
		b = l.appendTo(b, e)
	}
	return b
}

// noNextHeader says in an IPv6 header that nothing follows (RFC 8200 §4.7).
const noNextHeader = 59

// IPv4 is an IPv4 header (RFC 791 §3.1). Addresses are text; one that does not
// parse is a mistake in the test and panics.
type IPv4 struct {
	Src, Dst string
	TOS      uint8
	ID       uint16
	TTL      Field // 64
	DF, MF   bool
	Offset   int    // of a fragment, in octets
	Options  []byte // padded with End of Option List

	Version, IHL, Len, Proto, Sum Field // computed
}

// Packet returns the header and the layers behind it, in a slice of its own.
func (h IPv4) Packet(layers ...Layer) []byte { return h.appendTo(nil, layers) }

func (h *IPv4) appendTo(b []byte, layers []Layer) []byte {
	start := len(b)
	src, dst := netip.MustParseAddr(h.Src).As4(), netip.MustParseAddr(h.Dst).As4()
	e := envelope{sum: fold(add(add(0, src[:]), dst[:]))}
	proto := Field(noNextHeader)
	if len(layers) > 0 {
		proto = Field(layers[0].number(false))
	}
	b = append(b, 0, h.TOS, 0, 0, byte(h.ID>>8), byte(h.ID), 0, 0,
		byte(h.TTL.or(64)), byte(h.Proto.or(int(proto))), 0, 0)
	b = append(append(b, src[:]...), dst[:]...)
	b = append(b, h.Options...)
	for (len(b)-start)%4 != 0 {
		b = append(b, 0)
	}
	size := len(b) - start
	b = appendLayers(b, e, layers)

	p := b[start:]
	p[0] = byte(h.Version.or(4)<<4 | h.IHL.or(size/4)&15)
	put16(p, 2, h.Len.or(len(p)))
	put16(p, 6, bitIf(h.DF, 0x4000)|bitIf(h.MF, 0x2000)|h.Offset/8)
	put16(p, 10, h.Sum.sum(checksum(add(0, p[:size]))))
	return b
}

// IPv6 is an IPv6 header (RFC 8200 §3). Extension headers are layers.
type IPv6 struct {
	Src, Dst     string
	TrafficClass uint8
	FlowLabel    uint32
	HopLimit     Field // 64

	Version, Len, Next Field // computed
}

// Packet returns the header and the layers behind it, in a slice of its own.
func (h IPv6) Packet(layers ...Layer) []byte { return h.appendTo(nil, layers) }

func (h *IPv6) appendTo(b []byte, layers []Layer) []byte {
	start := len(b)
	src, dst := netip.MustParseAddr(h.Src).As16(), netip.MustParseAddr(h.Dst).As16()
	e := envelope{v6: true, sum: fold(add(add(0, src[:]), dst[:]))}
	next := Field(noNextHeader)
	if len(layers) > 0 {
		next = Field(layers[0].number(true))
	}
	first := uint32(h.Version.or(6))<<28 | uint32(h.TrafficClass)<<20 | h.FlowLabel&0xfffff
	b = binary.BigEndian.AppendUint32(b, first)
	b = append(b, 0, 0, byte(h.Next.or(int(next))), byte(h.HopLimit.or(64)))
	b = append(append(b, src[:]...), dst[:]...)
	b = appendLayers(b, e, layers)
	put16(b, start+4, h.Len.or(len(b)-start-40))
	return b
}

// bitIf returns bit if on is true.
func bitIf(on bool, bit int) int {
	if on {
		return bit
	}
	return 0
}
