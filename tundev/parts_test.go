package tundev

import (
	"bytes"
	"fmt"
	"slices"

	"taygo/internal/pkttest"
	"taygo/translate/wire"
)

// parts is what a packet of a flow is made of.
type parts struct {
	version byte
	isTCP   bool
	four    pkttest.IPv4
	six     pkttest.IPv6
	between []pkttest.Layer // before the transport header
	udp     pkttest.UDP
	tcp     pkttest.TCP
	data    []byte
	instead pkttest.Layer // of the transport header and data

	partial bool                // leave the checksum to the kernel
	astray  bool                // and begin it with a wrong sum
	segment int                 // of a super-packet
	mend    func(packet []byte) // at last, before the checksum of TCP is made anew
	spoil   func(packet []byte) // at last of all
}

// start is where the transport header lies.
func start(p []byte) int {
	if p[0]>>4 == 6 {
		return 40
	}
	return int(p[0]&15) * 4
}

// setSum makes the transport checksum of a packet without extension headers anew:
// the whole, or the part that a frame with a partial checksum carries.
func setSum(p []byte, partial bool) {
	at, proto, addresses := start(p), p[9], p[12:20]
	if p[0]>>4 == 6 {
		proto, addresses = p[6], p[8:40]
	}
	field := p[at+6:]
	if proto == 6 {
		field = p[at+16:]
	}
	field[0], field[1] = 0, 0
	sum := octetSum(addresses) + uint64(proto) + uint64(len(p)-at)
	if partial {
		big.PutUint16(field, folded(sum))
		return
	}
	whole := ^folded(sum + octetSum(p[at:]))
	if proto == 17 && whole == 0 {
		whole = 0xffff
	}
	big.PutUint16(field, whole)
}

// A sent is a frame, and the packets that leave the host if it is written alone.
type sent struct {
	frame   *wire.Frame
	packets [][]byte
}

// sent builds the packet.
func (x parts) sent() sent {
	var transport pkttest.Layer
	switch {
	case x.instead != nil:
		transport = x.instead
	case x.isTCP:
		x.tcp.Data = x.data
		transport = x.tcp
	default:
		x.udp.Data = x.data
		transport = x.udp
	}
	layers := append(slices.Clone(x.between), transport)
	p := x.six.Packet(layers...)
	if x.version == 4 {
		p = x.four.Packet(layers...)
	}
	if x.mend != nil {
		x.mend(p)
		setSum(p, false)
	}
	if x.spoil != nil {
		x.spoil(p)
	}
	if !x.partial && x.segment == 0 {
		return sent{wire.NewFrame(p), [][]byte{p}}
	}
	setSum(p, true)
	h := header{1, 0, 0, 0, uint16(start(p)), 6}
	if x.isTCP {
		h.sum = 16
	}
	if x.astray {
		p[start(p)+int(h.sum)] ^= 1
	}
	if x.segment > 0 {
		h.kind, h.size = 5, uint16(x.segment)
		if x.isTCP {
			h.kind = map[byte]byte{4: 1, 6: 4}[x.version]
		}
	}
	packets, err := kernelCuts(append(h.bytes(), p...))
	if err != nil {
		panic(err)
	}
	f := wire.NewFrame(p)
	f.Offload = wire.Offload{Partial: true, Segment: uint16(x.segment)}
	return sent{f, packets}
}

// kinds are the four kinds of flows.
var kinds = []string{"UDP4", "UDP6", "TCP4", "TCP6"}

// flow returns packet i of flow number n of a kind, with size octets of payload.
func flow(kind string, n, i, size int) parts {
	return parts{
		version: kind[3] - '0',
		isTCP:   kind[:3] == "TCP",
		four:    pkttest.IPv4{Src: "192.0.2.2", Dst: fmt.Sprintf("203.0.113.%d", 1+n%4), ID: uint16(65530 + i)},
		six:     pkttest.IPv6{Src: "2001:db8::2", Dst: fmt.Sprintf("2001:db8:1::%d", 1+n%4), FlowLabel: 0x12345},
		udp:     pkttest.UDP{Sport: 4000 + uint16(n), Dport: 5000},
		tcp: pkttest.TCP{
			Sport: 4000 + uint16(n), Dport: 5000, Seq: 0xffffff00 + uint32(i*size), Ack: 77, Flags: pkttest.ACK, Window: 1000,
			Options: []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},
		},
		data: pkttest.Pattern(byte(i), size),
	}
}

// same reports whether a receiver gets what was sent. The Identification of an
// IPv4 packet that must not be fragmented means nothing (RFC 6864 §4.1).
func same(sent, got []byte) bool {
	return bytes.Equal(sent, got) || bytes.Equal(withoutID(sent), withoutID(got))
}

// withoutID returns an IPv4 packet that is and stays in one piece without its
// Identification, if its header checksum is right.
func withoutID(p []byte) []byte {
	if len(p) < 20 || p[0] != 0x45 || p[6]&0x60 != 0x40 || p[6]&0x1f|p[7] != 0 || folded(octetSum(p[:20])) != 0xffff {
		return p
	}
	p = bytes.Clone(p)
	clear(p[4:6])
	clear(p[10:12])
	return p
}
