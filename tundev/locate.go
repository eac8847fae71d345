package tundev

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// A transport is where the TCP or UDP header of a packet lies. The compiler keeps
// a struct of four fields in registers, but none of five.
type transport struct {
	start, end int   // the header, from the start of the packet, in octets
	kind       uint8 // gso_type of a super-packet of this protocol in this IP version
	opaque     bool  // before it is a header behind which the kernel does not segment, nor translation look
}

// checksum is where the checksum field lies, from the start of the header.
func (t transport) checksum() int {
	const ofTCP, ofUDP = 16, 6
	if t.kind == unix.VIRTIO_NET_HDR_GSO_UDP_L4 {
		return ofUDP
	}
	return ofTCP
}

// locate finds the TCP or UDP header of a packet that is no fragment. It returns
// false if there is none, or only a part of one.
func locate(packet []byte) (transport, bool) {
	if len(packet) < wire.IPv4Len {
		return transport{}, false
	}
	switch packet[0] >> 4 {
	case 4:
		start := int(packet[0]&0xf) * 4
		fragment := binary.BigEndian.Uint16(packet[6:]) & 0x3fff // more fragments, and the offset
		if start < wire.IPv4Len || fragment != 0 {
			return transport{}, false
		}
		t := transport{start: start, kind: unix.VIRTIO_NET_HDR_GSO_TCPV4}
		return t.finish(packet, packet[9])
	case 6:
		return locate6(packet)
	}
	return transport{}, false
}

// locate6 follows the extension headers of RFC 8200 §4, RFC 4302, RFC 6275,
// RFC 7401 and RFC 5533.
func locate6(packet []byte) (transport, bool) {
	if len(packet) < wire.IPv6Len {
		return transport{}, false
	}
	t := transport{start: wire.IPv6Len, kind: unix.VIRTIO_NET_HDR_GSO_TCPV6}
	for next := packet[6]; t.start+8 <= len(packet); {
		h := packet[t.start:]
		switch next {
		case wire.ProtoHopByHop, wire.ProtoRouting, wire.ProtoDestOpts:
			t.start += 8 + int(h[1])*8
		case wire.ProtoMobility, wire.ProtoHIP, wire.ProtoShim6:
			t.start += 8 + int(h[1])*8
			t.opaque = true
		case wire.ProtoAH:
			t.start += 8 + int(h[1])*4
			t.opaque = true
		case wire.ProtoFragment:
			if binary.BigEndian.Uint16(h[2:])&0xfff9 != 0 {
				return transport{}, false
			}
			t.start += wire.FragmentLen
			t.opaque = true
		default:
			return t.finish(packet, next)
		}
		next = h[0]
	}
	return transport{}, false
}

// finish fills in the rest for the protocol whose header starts at t.start.
func (t transport) finish(packet []byte, proto uint8) (transport, bool) {
	const dataOffset = 12 // of the octet that says how long a TCP header is
	switch {
	case proto == wire.ProtoTCP && t.start+wire.TCPLen <= len(packet):
		header := int(packet[t.start+dataOffset]>>4) * 4
		t.end = t.start + header
		return t, header >= wire.TCPLen && t.end <= len(packet)
	case proto == wire.ProtoUDP && t.start+wire.UDPLen <= len(packet):
		t.end = t.start + wire.UDPLen
		t.kind = unix.VIRTIO_NET_HDR_GSO_UDP_L4
		return t, true
	}
	return transport{}, false
}
