package translate

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// checksumAt tells where the checksum of a transport header stands, or -1 if
// translation does not touch the protocol.
func checksumAt(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return 16
	case wire.ProtoUDP:
		return 6
	case wire.ProtoICMP, wire.ProtoICMPv6:
		return 2
	}
	return -1
}

// minimum is the length of the transport header that the first fragment must
// hold (RFC 1858 §3, RFC 7112 §5), of which the front is in payload.
func (h *Header) minimum(payload []byte) int {
	switch {
	case h.Proto == wire.ProtoTCP && len(payload) < wire.TCPLen:
		return wire.TCPLen
	case h.Proto == wire.ProtoTCP:
		return max(wire.TCPLen, int(payload[12]>>4)*4)
	case h.Proto == wire.ProtoUDP:
		return wire.UDPLen
	case h.isICMP():
		return wire.ICMPLen
	}
	return 0
}

// ICMP types of echo messages.
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

// crossTransport rewrites the transport header in payload, of which the headers
// were from and become to, by differences alone (RFC 7915 §4.5, §5.5): what was
// wrong stays wrong. payload may be cut short, as in a quoted packet. partial
// says that the checksum field holds the plain sum of the pseudo-header.
func crossTransport(payload []byte, from, to *Header, partial bool) {
	at := checksumAt(from.Proto)
	if at < 0 || from.Offset != 0 || len(payload) == 0 {
		return
	}
	delta := wire.Difference(to.Src, to.Dst, from.Src, from.Dst)
	if from.isICMP() {
		delta = crossEcho(payload, from, to)
	}
	if len(payload) < at+2 {
		return
	}
	field := payload[at : at+2]
	old := binary.BigEndian.Uint16(field)
	switch {
	case partial:
		binary.BigEndian.PutUint16(field, wire.UpdatePartial(old, delta))
	case from.Proto != wire.ProtoUDP:
		binary.BigEndian.PutUint16(field, wire.Update(old, delta))
	case old != 0: // a zero says that there is no checksum
		binary.BigEndian.PutUint16(field, notZero(wire.Update(old, delta)))
	}
}

// putPorts writes the ports, or the identifier, to the transport header in payload,
// whose IP header is h (RFC 6146 §3.6). payload may be cut short, as in a quoted
// packet. partial says that the checksum field holds the plain sum of the
// pseudo-header, to which they do not belong.
func putPorts(payload []byte, h *Header, to Ports, partial bool) {
	sumAt := checksumAt(h.Proto)
	if sumAt < 0 || h.Offset != 0 {
		return
	}
	delta, ok := exchangePorts(payload, h, to)
	if !ok || partial || len(payload) < sumAt+2 {
		return
	}
	sum := payload[sumAt : sumAt+2]
	was := binary.BigEndian.Uint16(sum)
	if h.Proto == wire.ProtoUDP && was == 0 {
		return // there is no checksum
	}
	now := wire.Update(was, delta)
	if h.Proto == wire.ProtoUDP {
		now = notZero(now)
	}
	binary.BigEndian.PutUint16(sum, now)
}

// exchangePorts writes the ports, or the identifier, if payload has room for them,
// and returns by how much that changes a checksum.
func exchangePorts(payload []byte, h *Header, to Ports) (delta wire.Sum, ok bool) {
	if h.isICMP() {
		if len(payload) < 6 {
			return 0, false
		}
		old := binary.BigEndian.Uint16(payload[4:])
		binary.BigEndian.PutUint16(payload[4:], to.Src)
		return wire.Sum(0).Add(uint64(to.Src)).Sub(uint64(old)), true
	}
	if len(payload) < 4 {
		return 0, false
	}
	ports := uint32(to.Src)<<16 | uint32(to.Dst)
	old := binary.BigEndian.Uint32(payload)
	binary.BigEndian.PutUint32(payload, ports)
	return wire.Sum(0).Add(uint64(ports)).Sub(uint64(old)), true
}

// crossEcho rewrites type and code of an ICMP echo message and returns by how much
// that, and the pseudo-header that only ICMPv6 sums up, change its checksum.
func crossEcho(payload []byte, from, to *Header) wire.Sum {
	old := uint64(payload[0]) << 8
	if len(payload) > 1 {
		old |= uint64(payload[1])
		payload[1] = 0
	}
	switch payload[0] {
	case echoRequest4:
		payload[0] = echoRequest6
	case echoReply4:
		payload[0] = echoReply6
	case echoRequest6:
		payload[0] = echoRequest4
	case echoReply6:
		payload[0] = echoReply4
	}
	delta := wire.Sum(0).Add(uint64(payload[0]) << 8).Sub(old)
	if to.V6 {
		return delta.Add(uint64(pseudo(to, from.payload())))
	}
	return delta.Sub(uint64(pseudo(from, from.payload())))
}

// pseudo sums up the pseudo-header of a datagram of n octets without its IP
// headers (RFC 8200 §8.1, RFC 768).
func pseudo(h *Header, n int) wire.Sum {
	return wire.Sum(0).AddAddr(h.Src).AddAddr(h.Dst).Add(uint64(n)).Add(uint64(h.Proto))
}

// notZero returns a UDP checksum as it is sent: zero is written as ffff, because
// zero says that there is none (RFC 768, RFC 8200 §8.1).
func notZero(sum uint16) uint16 {
	if sum == 0 {
		return 0xffff
	}
	return sum
}

// computeUDP writes the checksum of the UDP datagram in payload, whose headers
// are h. Octets behind its length field do not belong to it.
func computeUDP(payload []byte, h *Header) {
	n := int(binary.BigEndian.Uint16(payload[4:]))
	sum := pseudo(h, n).AddBytes(payload[:n]).Checksum()
	binary.BigEndian.PutUint16(payload[6:], notZero(sum))
}
