package oracle

import "net/netip"

// A pass is one translation of a packet. The second is the way back into IPv6
// of a hairpinned one (RFC 7757 §4.2.2).
type pass int

const (
	firstPass pass = iota
	secondPass
)

// prefixOnly reports whether the special address rules for hairpinned packets
// apply on the way from IPv4 to IPv6: simple hairpinning applies them to all
// packets, since it cannot tell them apart (C-4.2-02 to -05).
func (c *Config) prefixOnly(p *packet, n pass) bool {
	return p.version == 4 && (n == secondPass || c.Hairpin == "simple")
}

// convert translates a packet, apart from its size.
func (c *Config) convert(p *packet, n pass) (*packet, *refusal) {
	if p.icmpError() {
		return c.convertError(p, n)
	}
	q, viaPrefix, refused := c.convertAddresses(p, n)
	if refused != nil {
		return nil, refused
	}
	q.hairpin = q.version == 4 && viaPrefix && longest(c.EAM, q.dst) != nil
	if n == firstPass {
		q.hops--
	}
	if refused := convertPayload(p, q); refused != nil {
		return nil, refused
	}
	if q.proto == protoUDP && !q.laterFragment() && uint16At(q.payload, 6) == 0 && c.UDPZero == "compute" {
		datagram := *q
		datagram.length = int(uint16At(q.payload, 4))
		datagram.payload = q.payload[:datagram.length]
		datagram.setChecksum()
	}
	return q, nil
}

// convertAddresses makes the header of a packet that is not an ICMP error. The
// destination is judged first. viaPrefix is told of an IPv6 destination.
func (c *Config) convertAddresses(p *packet, n pass) (q *packet, viaPrefix bool, refused *refusal) {
	var src, dst netip.Addr
	if p.version == 4 {
		if dst, refused = c.toIPv6(p.dst, false); refused == nil {
			src, refused = c.toIPv6(p.src, c.prefixOnly(p, n))
		}
	} else {
		if dst, viaPrefix, refused = c.toIPv4Destination(p.dst); refused == nil {
			src, _, refused = c.toIPv4Source(p.src)
		}
	}
	if refused != nil {
		return nil, false, refused
	}
	return c.header(p, src, dst), viaPrefix, nil
}

// header makes the header of the other version, for outer and quoted packets
// (RFC 7915 §4.1, §5.1, §5.1.1). The payload is p's own.
func (c *Config) header(p *packet, src, dst netip.Addr) *packet {
	q := &packet{
		src: src, dst: dst, tos: p.tos, hops: p.hops, proto: p.proto,
		id: p.id & 0xffff, length: p.length, payload: p.payload,
	}
	if p.version == 4 {
		q.version, q.frag = 6, p.frag
		if p.proto == protoICMP {
			q.proto = protoICMPv6
		}
		if c.TrafficClass >= 0 {
			q.tos = byte(c.TrafficClass)
		}
		return q
	}
	q.version = 4
	if p.fragmented() {
		q.frag = p.frag
	}
	q.madeID = p.frag == nil
	q.settleDF()
	if p.proto == protoICMPv6 {
		q.proto = protoICMP
	}
	if c.TOS >= 0 {
		q.tos = byte(c.TOS)
	}
	return q
}

// settleDF sets DF by the IPv4 length, once that is known (B6-5.1-04).
func (p *packet) settleDF() { p.df = p.version == 4 && p.madeID && 20+p.length > 1260 }

// echoTypes are the ICMP types that both versions have (B4-4.2-01, B6-5.2-01).
var echoTypes = map[int]map[byte]byte{
	4: {8: 128, 0: 129},
	6: {128: 8, 129: 0},
}

// convertPayload gives q the payload of p with what depends on the version
// changed: echo types and transport checksums. It serves quotes too, of which
// only some octets may be left.
func convertPayload(p, q *packet) *refusal {
	q.payload = append([]byte(nil), p.payload...)
	if p.icmp() && !p.laterFragment() && len(q.payload) > 0 {
		echo, known := echoTypes[p.version][p.payload[0]]
		if !known {
			return silently(pick(p, "B4-4.2-03", "B6-5.2-02"))
		}
		q.payload[0] = echo
		if len(q.payload) > 1 {
			q.payload[1] = 0
		}
	}
	moveChecksum(p, q)
	return nil
}

// fit applies the size rules to q. It was made from the packet from; the sender
// of received is told if q is too big.
func (c *Config) fit(received, from, q *packet) ([]*packet, *refusal) {
	size := q.headerLen() + q.length
	if q.version == 4 {
		switch {
		case size <= c.MTU4:
			return []*packet{q}, nil
		case len(received.wire) > 1280: // B6-1.4-01
			return nil, &refusal{rule: "B6-1.4-01", answer: tooBig, word: uint32(max(1280, c.MTU4+20))}
		default: // B6-5.1.1-08
			return q.split(c.MTU4), nil
		}
	}
	limit := c.MTU6
	if !from.df {
		limit = min(c.LowestIPv6MTU, c.MTU6)
	}
	switch {
	case size <= limit:
		return []*packet{q}, nil
	case !from.df: // B4-4.1-20, -23
		return q.split(limit), nil
	case received.version == 6: // C-4.2-06
		return nil, &refusal{rule: "C-4.2-06", answer: tooBig, word: uint32(max(1280, c.MTU6))}
	case q.frag != nil:
		return nil, &refusal{rule: "B4-4.1-24", answer: tooBig, word: uint32(c.MTU6 - 28)}
	default:
		return nil, &refusal{rule: "B4-4.1-02", answer: tooBig, word: uint32(c.MTU6 - 20)}
	}
}

// split cuts p into fragments of at most limit octets, headers included. Every
// payload but the last is as long as fits and a multiple of 8.
func (p *packet) split(limit int) []*packet {
	whole := fragment{}
	if p.frag != nil {
		whole = *p.frag
	}
	header := *p
	header.frag, header.free = &fragment{}, nil
	step := (limit - header.headerLen()) / 8 * 8
	var pieces []*packet
	for at := 0; at < len(p.payload); at += step {
		end := min(at+step, len(p.payload))
		piece := header
		piece.payload, piece.length = p.payload[at:end], end-at
		piece.frag = &fragment{offset: whole.offset + at, more: whole.more || end < len(p.payload)}
		for _, r := range p.free {
			if from, to := max(r[0], at), min(r[0]+r[1], end); from < to {
				piece.free = append(piece.free, [2]int{from - at, to - from})
			}
		}
		pieces = append(pieces, &piece)
	}
	return pieces
}
