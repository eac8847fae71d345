package siit

import (
	"taygo/translate"
	"taygo/translate/wire"
)

// MapError maps the addresses of an ICMP error and of the packet that it quotes.
// Only the source of the error itself may lack a counterpart.
func (m *Mapper) MapError(p *translate.Packet) translate.Verdict {
	if p.V6 {
		return m.mapError4(p)
	}
	return m.mapError6(p)
}

// mapError6 maps an ICMPv4 error. Where the source of a packet maps by the prefix
// alone, so does the destination that the error quotes, and the error's source if
// it is that destination (RFC 7757 §4.2.1).
func (m *Mapper) mapError6(p *translate.Packet) translate.Verdict {
	var why reason
	if p.To.Dst, why = m.to6(p, p.Dst.V4(), true); why != mapped {
		return destinationVerdict[why]
	}
	q := &p.Quoted
	if wire.IllegalSource4(q.Src.V4()) || wire.IllegalDestination4(q.Dst.V4()) {
		return translate.QuoteUnmapped
	}
	var whySrc, whyDst reason
	p.QuotedTo.Src, whySrc = m.to6(p, q.Src.V4(), true)
	p.QuotedTo.Dst, whyDst = m.to6(p, q.Dst.V4(), !m.plain(p))
	if whySrc != mapped || whyDst != mapped {
		return translate.QuoteUnmapped
	}
	if p.To.Src, why = m.to6(p, p.Src.V4(), !m.plain(p) || p.Src != q.Dst); why != mapped {
		p.Replaced = true
		p.To.Src = m.Sources6.pick(p.Random)
	}
	return translate.Translated
}

// mapError4 maps an ICMPv6 error.
func (m *Mapper) mapError4(p *translate.Packet) translate.Verdict {
	dst, _, why := m.to4(p, p.Dst)
	if why != unmapped && wire.IllegalDestination4(dst) {
		why = illegal
	}
	if why != mapped {
		return destinationVerdict[why]
	}
	quotedSrc, byPrefix, whySrc := m.to4(p, p.Quoted.Src)
	quotedDst, _, whyDst := m.to4(p, p.Quoted.Dst)
	if whySrc != mapped || whyDst != mapped || wire.IllegalSource4(quotedSrc) || wire.IllegalDestination4(quotedDst) {
		return translate.QuoteUnmapped
	}
	src, _, why := m.to4(p, p.Src)
	if why != unmapped && wire.IllegalSource4(src) {
		return translate.IllegalSource
	}
	p.To = translate.Pair{Src: wire.Addr4(src), Dst: wire.Addr4(dst)}
	if why != mapped {
		p.Replaced = true
		p.To.Src = m.Sources4.pick(p.Random)
	}
	p.QuotedTo = translate.Pair{Src: wire.Addr4(quotedSrc), Dst: wire.Addr4(quotedDst)}
	p.Hairpin = false
	if byPrefix && m.Hairpin == Intrinsic {
		p.Hairpin, _ = m.holder(p, quotedSrc)
	}
	return translate.Translated
}
