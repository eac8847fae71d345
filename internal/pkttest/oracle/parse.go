package oracle

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// parse reads a packet as it arrives and refuses, always in silence, what is not
// well formed (B4-0, B6-0; RFC 791, RFC 8200).
func parse(b []byte, mostHeaders int) (*packet, *refusal) {
	var p *packet
	var refused *refusal
	switch {
	case len(b) > 0 && b[0]>>4 == 4:
		p, refused = parse4(b)
		if refused == nil && sumBytes(b[:headerLen4(b)]) != 0 {
			refused = silently("B4-0-01")
		}
	case len(b) > 0 && b[0]>>4 == 6:
		p, refused = parse6(b, mostHeaders)
	default:
		refused = silently("B4-0-02")
	}
	if refused != nil {
		return nil, refused
	}
	if len(p.payload) < p.length { // Total Length or Payload Length past the received bytes
		return nil, silently(pick(p, "B4-0-02", "B6-0-02"))
	}
	return p, wellFormed(p)
}

// parseQuoted reads the packet inside an ICMP error of the given version. It may
// be cut anywhere behind its headers, and routers change what they quote, so only
// the header chain has to be there (B4-4.3-03, -08, -09; B6-5.3-03, -08).
func parseQuoted(b []byte, version, mostHeaders int) (*packet, *refusal) {
	switch {
	case len(b) > 0 && b[0]>>4 == 4 && version == 4:
		return parse4(b)
	case len(b) > 0 && b[0]>>4 == 6 && version == 6:
		return parse6(b, mostHeaders)
	case version == 4:
		return nil, silently("B4-4.3-08")
	default:
		return nil, silently("B6-5.3-08")
	}
}

func headerLen4(b []byte) int { return int(b[0]&15) * 4 }

// parse4 needs the whole header; the payload may be cut.
func parse4(b []byte) (*packet, *refusal) {
	if len(b) < 20 {
		return nil, silently("B4-0-02")
	}
	header, total := headerLen4(b), int(binary.BigEndian.Uint16(b[2:]))
	if header < 20 || header > len(b) || header > total {
		return nil, silently("B4-0-02")
	}
	b = b[:min(len(b), total)] // B4-0-03
	place := int(binary.BigEndian.Uint16(b[6:]))
	p := &packet{
		version:     4,
		src:         netip.AddrFrom4([4]byte(b[12:16])),
		dst:         netip.AddrFrom4([4]byte(b[16:20])),
		tos:         b[1],
		hops:        b[8],
		proto:       b[9],
		id:          uint32(binary.BigEndian.Uint16(b[4:])),
		df:          place&0x4000 != 0,
		length:      total - header,
		total:       total,
		payload:     b[header:],
		wire:        b,
		sourceRoute: unexpiredSourceRoute(b[20:header]),
	}
	if offset, more := place&0x1fff*8, place&0x2000 != 0; offset > 0 || more {
		p.frag = &fragment{offset, more}
	}
	return p, nil
}

// unexpiredSourceRoute looks for an LSRR or SSRR option whose pointer has not
// passed its end (B4-4.1-13, -14). A malformed option ends the search (B4-4.1-15).
func unexpiredSourceRoute(options []byte) bool {
	for len(options) > 0 && options[0] != 0 {
		if options[0] == 1 { // No Operation
			options = options[1:]
			continue
		}
		if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
			return false
		}
		size := int(options[1])
		route := options[0] == 131 || options[0] == 137
		if route && size >= 3 && int(options[2]) <= size {
			return true
		}
		options = options[size:]
	}
	return false
}

// parse6 needs the whole header chain up to the Fragment Header or the transport
// header; the payload may be cut.
func parse6(b []byte, mostHeaders int) (*packet, *refusal) {
	if len(b) < 40 {
		return nil, silently("B6-0-01")
	}
	end := 40 + int(binary.BigEndian.Uint16(b[4:]))
	b = b[:min(len(b), end)]
	p := &packet{
		version: 6,
		src:     netip.AddrFrom16([16]byte(b[8:24])),
		dst:     netip.AddrFrom16([16]byte(b[24:40])),
		tos:     b[0]<<4 | b[1]>>4,
		hops:    b[7],
		proto:   b[6],
		wire:    b,
	}
	at, headers := 40, 0
	for skipped := true; skipped && p.frag == nil; {
		size := 0
		switch p.proto {
		case protoHopByHop, protoRouting, protoDestOptions:
			if len(b) >= at+2 {
				size = (int(b[at+1]) + 1) * 8
			}
		case protoFragment:
			size = 8
		default:
			skipped = false
			continue
		}
		if headers++; size == 0 || len(b) < at+size || headers > mostHeaders {
			return nil, silently("B6-0-03")
		}
		p.extension(at)
		at += size
	}
	p.length, p.payload = end-at, b[at:]
	return p, nil
}

// extension takes note of the extension header of type p.proto at the given
// offset, and moves p.proto on.
func (p *packet) extension(at int) {
	b := p.wire[at:]
	switch {
	case p.proto == protoRouting && b[3] != 0 && p.segmentsLeft == 0:
		p.segmentsLeft = at + 3
	case p.proto == protoFragment:
		place := int(binary.BigEndian.Uint16(b[2:]))
		p.frag = &fragment{offset: place &^ 7, more: place&1 != 0}
		p.id = binary.BigEndian.Uint32(b[4:])
	}
	p.proto = b[0]
}

// wellFormed checks what a quoted packet is forgiven: the place of a fragment and
// the presence of the transport header (RFC 1858, RFC 7112).
func wellFormed(p *packet) *refusal {
	if p.frag != nil {
		end := p.frag.offset + p.length
		if end > 65535 || p.frag.more && p.length%8 != 0 {
			return silently(pick(p, "B4-0-05", "B6-5.1.1-06"))
		}
		if p.proto == protoTCP && p.frag.offset == 8 {
			return silently(pick(p, "B4-0-04", "B6-0-04"))
		}
	}
	need := 0
	switch {
	case p.laterFragment():
	case p.icmp(), p.proto == protoUDP:
		need = 8
	case p.proto == protoTCP:
		need = 20
	}
	if need == 20 && p.length >= need {
		need = max(need, int(p.payload[12]>>4)*4) // with its options
	}
	if p.length < need {
		return silently(pick(p, "B4-0-04", "B6-0-04"))
	}
	return nil
}

// forbiddenProtocol refuses what has no counterpart on the other side, whatever
// its addresses are.
func (c *Config) forbiddenProtocol(p *packet) *refusal {
	if refused := untranslatable(p); refused != nil {
		return refused
	}
	if p.proto == protoUDP && !p.laterFragment() && uint16At(p.payload, 6) == 0 {
		return c.zeroUDPChecksum(p)
	}
	return nil
}

// untranslatable holds the rules that a quoted packet obeys too.
func untranslatable(p *packet) *refusal {
	sixOnly := []byte{protoHopByHop, protoRouting, protoFragment, protoICMPv6, protoDestOptions}
	afterFragment := []byte{
		protoHopByHop, protoRouting, protoFragment, protoAH,
		protoDestOptions, protoMobility, protoHIP, protoShim6,
	}
	four := p.version == 4
	switch {
	case four && p.proto == protoIGMP:
		return silently("B4-4.2-04")
	case four && slices.Contains(sixOnly, p.proto):
		return silently("B4-4.5-08")
	case !four && (p.proto == protoICMP || p.proto == protoIGMP):
		return silently("B6-5.5-06")
	case !four && p.frag != nil && slices.Contains(afterFragment, p.proto):
		return silently("B6-5.1.1-04")
	case p.icmp() && p.fragmented():
		return silently(pick(p, "B4-1.2-01", "B6-1.2-01"))
	default:
		return nil
	}
}

// zeroUDPChecksum decides on a UDP datagram without checksum (RFC 7915 §4.5;
// RFC 6935 for IPv6).
func (c *Config) zeroUDPChecksum(p *packet) *refusal {
	if p.fragmented() {
		return silently(pick(p, "B4-4.5-04", "B6-5.5-02"))
	}
	switch c.UDPZero {
	case "forward":
		return nil
	case "compute":
		if n := int(uint16At(p.payload, 4)); n >= 8 && n <= p.length {
			return nil
		}
		return silently(pick(p, "B4-4.5-03", "B6-5.5-02"))
	default:
		return silently(pick(p, "B4-4.5-02", "B6-5.5-02"))
	}
}

func uint16At(b []byte, at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
