package demo

import "encoding/binary"

// What an ICMP message says, as far as a host that sends echo requests wants to
// know.
type icmpKind string

const (
	echoReply    icmpKind = "an echo reply"
	timeExceeded icmpKind = "Time Exceeded"
	tooBig       icmpKind = "Packet Too Big"
	unreachable  icmpKind = "Destination Unreachable"
)

// A dialect is ICMP in one family. Only numbers differ.
type dialect struct {
	echo   uint8
	kinds  map[uint8]icmpKind
	header func(quoted []byte) int // length of the quoted IP header, in octets
}

var (
	icmpv4 = &dialect{ // RFC 792
		8,
		map[uint8]icmpKind{0: echoReply, 3: unreachable, 11: timeExceeded},
		func(quoted []byte) int { return int(quoted[0]&0xf) * 4 },
	}
	icmpv6 = &dialect{ // RFC 4443
		128,
		map[uint8]icmpKind{129: echoReply, 1: unreachable, 2: tooBig, 3: timeExceeded},
		func([]byte) int { return 40 },
	}
)

// icmpHeader is the length of the header of an ICMP message, in octets.
const icmpHeader = 8

// request returns an echo request that carries so many octets of data. Its
// checksum is that of ICMPv4; the kernel sums ICMPv6 itself (RFC 3542 §3.1).
func (d *dialect) request(id, seq uint16, octets int) []byte {
	b := make([]byte, icmpHeader+octets)
	b[0] = d.echo
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], seq)
	for i := range b[icmpHeader:] {
		b[icmpHeader+i] = byte(i)
	}
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	return b
}

// checksum returns the Internet checksum (RFC 1071) of b.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// A message is what came back.
type message struct {
	kind    icmpKind
	mtu     int // of Packet Too Big, in octets
	id, seq uint16
}

// read reads an ICMP message; of an error, id and seq are those of the quoted
// packet, where an echo request has them. It reports whether it is of a kind
// that matters here.
func (d *dialect) read(b []byte) (message, bool) {
	if len(b) < icmpHeader {
		return message{}, false
	}
	m := message{kind: d.kinds[b[0]]}
	if m.kind == "" {
		return message{}, false
	}
	if m.kind == tooBig {
		m.mtu = int(binary.BigEndian.Uint32(b[4:]))
	}
	if m.kind != echoReply {
		quoted := b[icmpHeader:]
		if len(quoted) == 0 || len(quoted) < d.header(quoted)+icmpHeader {
			return message{}, false
		}
		b = quoted[d.header(quoted):]
	}
	m.id, m.seq = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	return m, true
}
