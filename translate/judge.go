package translate

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// judge parses the packet and finds whether it may be forwarded, addresses and
// size apart. The order of the checks decides which error a sender sees.
func (t *Translator) judge(p *Packet) Verdict {
	if v := t.parse(p); v != Translated {
		return v
	}
	if t.isOwn(p) && !p.Again { // hairpinned, it is the address of a host with a mapping
		return t.judgeOwn(p)
	}
	if v := t.judgeAddresses(p); v != Translated {
		return v
	}
	if p.HopLimit <= 1 && !p.Again {
		return HopLimit
	}
	if p.Route != 0 {
		p.pointAt(uint32(p.Route))
		return SourceRoute
	}
	if p.isPart() && t.Fragments != nil {
		if v := t.Fragments.Keep(p); v != Translated {
			return v
		}
	}
	if p.Proto == wire.ProtoUDP {
		b := p.frame.Bytes()[p.Len:]
		p.zeroUDP = p.Offset == 0 && b[6] == 0 && b[7] == 0 && !p.frame.Offload.Partial
		return Translated
	}
	return judgeProtocol(&p.Header)
}

// parse reads the headers of the packet.
func (t *Translator) parse(p *Packet) Verdict {
	b := p.frame.Bytes()
	var v Verdict
	if len(b) > 0 && b[0]>>4 == 6 {
		v = parse6(&p.Header, b, t.Policy.MaxExtensions, false)
	} else {
		v = parse4(&p.Header, b, false)
	}
	if v != Translated {
		return v
	}
	switch {
	case p.Offset == 0 && p.payload() < p.minimum(b[p.Len:]):
		return TinyFragment
	case p.Offset == 8 && p.Proto == wire.ProtoTCP:
		return TinyFragment // it could overwrite the flags (RFC 3128)
	}
	p.Error = p.isICMP() && p.Offset == 0 && isError(p.V6, b[p.Len])
	return Translated
}

// isOwn reports whether the packet is for the translator itself.
func (t *Translator) isOwn(p *Packet) bool {
	m := t.Policy
	if p.Dst != m.Own4 && p.Dst != m.Own6 && p.Dst != m.Alt6 {
		return false
	}
	shared := m.Own4Shared && p.hasPort()
	if !p.V6 {
		return p.Dst == m.Own4 && !shared
	}
	return !p.Dst.IsZero() && (p.Dst == m.Own6 || p.Dst == m.Alt6 && !shared)
}

// hasPort reports whether a packet is for a host behind the translator rather than
// for the translator itself, which only answers echo requests, if both have the
// same IPv4 address; a hairpinned packet has it inside the prefix. What a fragment of an ICMP message is, is known when it
// has been reassembled.
func (p *Packet) hasPort() bool {
	if p.isICMP() {
		return p.isPart() || !p.isEchoRequest()
	}
	return p.Proto == wire.ProtoTCP || p.Proto == wire.ProtoUDP
}

// judgeOwn judges a packet for the translator itself, which speaks ICMP echo only.
func (t *Translator) judgeOwn(p *Packet) Verdict {
	switch {
	case t.illegalSource(p):
		return IllegalSource
	case p.isICMP() && !p.isPart() && p.isEchoRequest():
		return Answered
	case p.isICMP(), p.Offset != 0:
		return OwnDropped
	}
	p.pointAt(6) // the Next Header field
	return OwnProtocol
}

// pointAt sets the pointer of the Parameter Problem that an IPv6 sender is owed
// (RFC 4443 §3.4); the IPv4 errors for the same verdicts have none.
func (p *Packet) pointAt(at uint32) {
	if p.V6 {
		p.word = at
	}
}

func (p *Packet) isEchoRequest() bool {
	kind := p.frame.Bytes()[p.Len]
	return !p.V6 && kind == echoRequest4 || p.V6 && kind == echoRequest6
}

func (t *Translator) illegalSource(p *Packet) bool {
	if p.V6 {
		return wire.IllegalSource6(p.Src)
	}
	return wire.IllegalSource4(p.Src.V4()) || t.isDroppedClassE(p.Src)
}

// isDroppedClassE reports whether the IPv4 address a is an illegal source by the
// policy alone. Those in IPv6 packets obey it too (RFC 6052 §5).
func (t *Translator) isDroppedClassE(a wire.Addr) bool {
	return t.Policy.DropClassE && a.V4()>>28 == 0xf
}

// judgeAddresses judges what the addresses are, not what they map to. An ICMPv4
// error passes from any source, for whoever looks for the fault (RFC 7915 §4.1).
func (t *Translator) judgeAddresses(p *Packet) Verdict {
	if t.illegalSource(p) && (p.V6 || !p.Error) {
		return IllegalSource
	}
	if p.V6 && wire.IllegalDestination6(p.Dst) || !p.V6 && wire.IllegalDestination4(p.Dst.V4()) {
		return IllegalDestination
	}
	return Translated
}

// judgeProtocol finds protocols that cannot cross.
func judgeProtocol(h *Header) Verdict {
	if h.isICMP() && h.isPart() {
		return FragmentedICMP
	}
	switch h.Proto {
	case wire.ProtoTCP:
		return Translated
	case wire.ProtoIGMP:
		return ProtocolUntranslatable
	case wire.ProtoICMP:
		if h.V6 {
			return ProtocolUntranslatable
		}
	case wire.ProtoICMPv6, wire.ProtoHopByHop, wire.ProtoRouting, wire.ProtoFragment, wire.ProtoDestOpts:
		if !h.V6 {
			return ProtocolUntranslatable
		}
		if h.Proto != wire.ProtoICMPv6 {
			return ExtensionAfterFragment // those before it were skipped
		}
	case wire.ProtoAH, wire.ProtoMobility, wire.ProtoHIP, wire.ProtoShim6:
		if h.V6 && h.Fragment {
			return ExtensionAfterFragment
		}
	}
	return Translated
}

// judgeZeroUDP judges a UDP datagram without a checksum, of which the Mapper said
// v. A fragment of one cannot be given any. Stateful translation always gives it
// one (RFC 6146 §3.4).
func (t *Translator) judgeZeroUDP(p *Packet, v Verdict) Verdict {
	mode := t.Policy.ZeroUDP
	if p.Stateful {
		mode = ZeroUDPCompute
	}
	switch {
	case p.More || mode == ZeroUDPDrop:
		return ZeroUDPChecksum
	case mode == ZeroUDPForward:
		return v
	}
	p.sumUDP = true
	if n := int(binary.BigEndian.Uint16(p.frame.Bytes()[p.Len+4:])); n < wire.UDPLen || n > p.payload() {
		return ZeroUDPChecksum // which octets would it cover?
	}
	return v
}

// isEcho reports whether the ICMP type is an echo request or reply.
func isEcho(v6 bool, kind uint8) bool {
	if v6 {
		return kind == echoRequest6 || kind == echoReply6
	}
	return kind == echoRequest4 || kind == echoReply4
}

// fit finds how long the packet may leave, if its longest segment is to be n
// octets then (RFC 7915 §4, §5); that the segments fit is enough for a
// super-packet. If they do not and may not be fragmented, it sets the MTU that
// the sender is told.
func (t *Translator) fit(p *Packet, n int) (limit int, v Verdict) {
	const longer = wire.IPv6Len - wire.IPv4Len // an IPv6 packet than the same in IPv4
	m := t.Policy
	switch {
	case !p.V6 && p.DontFrag:
		limit, p.word = m.MTU6, uint32(m.MTU6-longer)
		if p.Fragment {
			p.word -= wire.FragmentLen
		}
	case !p.V6:
		limit = min(m.LowestMTU6, m.MTU6)
	case p.Hairpin && p.Fragment:
		return noLimit, Translated // the second pass cuts it again
	case p.Hairpin:
		n += longer
		limit, p.word = m.MTU6, uint32(m.MTU6)
	default:
		limit, p.word = m.MTU4, uint32(max(wire.MinMTU6, m.MTU4+longer))
	}
	switch {
	case n <= limit:
		return noLimit, Translated
	case p.V6 && p.segment() > wire.MinMTU6 && !p.frame.Reassembled, p.DontFrag && !p.V6:
		return 0, TooBig
	}
	return limit, Translated
}

// noLimit is more than any packet is long, in octets.
const noLimit = 1 << 20
