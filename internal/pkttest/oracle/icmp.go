package oracle

import (
	"encoding/binary"
	"net/netip"
)

// An icmpMessage is an ICMP error, cut into its parts.
type icmpMessage struct {
	kind, code byte
	word       uint32 // pointer or MTU; 0 where neither exists, so without the RFC 4884 length
	quote      []byte
	extension  []byte // RFC 4884 §7, opaque; nil: none
}

// convertError translates an ICMP error and the packet it quotes (RFC 7915 §4.2,
// §4.3, §5.2, §5.3). No failure in here is ever answered.
func (c *Config) convertError(p *packet, n pass) (*packet, *refusal) {
	m, refused := readError(p)
	if refused != nil {
		return nil, refused
	}
	inner, refused := parseQuoted(m.quote, p.version, c.ExtensionHeaders)
	if refused != nil {
		return nil, refused
	}
	out, refused := c.convertMeaning(p, m, inner)
	if refused != nil {
		return nil, refused
	}
	quoted, viaPrefix, refused := c.convertQuoted(inner, n)
	if refused != nil {
		return nil, refused
	}
	dst, refused := c.errorDestination(p)
	if refused != nil {
		return nil, refused
	}
	src, replaced, refused := c.errorSource(p, inner, n)
	if refused != nil {
		return nil, refused
	}
	out.extension = m.extension
	if replaced && p.version == 6 && c.InterfaceInfo && len(m.extension) == 0 {
		out.extension = interfaceInfo(p.src)
	}
	q := c.header(p, src, dst)
	if n == firstPass {
		q.hops--
	}
	var quotedFree [][2]int
	out.quote, quotedFree = quoted.serialise()
	q.payload = out.write(q.version)
	q.length = len(q.payload)
	q.settleDF()
	q.freeQuote(quotedFree, quoted.madeID)
	q.setChecksum()
	q.hairpin = q.version == 4 && viaPrefix && longest(c.EAM, quoted.src) != nil // C-4.2-03
	return q, nil
}

// freeQuote frees what is free in the quote, which is too near its start to be
// cut away, and the checksum of the whole
// message if the quote has a generated Identification: other free ranges add up
// to the same sum however they are written.
func (p *packet) freeQuote(ranges [][2]int, generated bool) {
	for _, r := range ranges {
		p.free = append(p.free, [2]int{8 + r[0], r[1]})
	}
	if generated {
		p.free = append(p.free, [2]int{2, 2})
	}
}

// extensionUnits are the positions of the RFC 4884 length in the ICMP header, by
// version and type, and its unit in octets.
var extensionUnits = map[int]map[byte][2]int{
	4: {3: {5, 4}, 11: {5, 4}, 12: {5, 4}},
	6: {1: {4, 8}, 3: {4, 8}},
}

// readError takes an ICMP error apart. A wrong checksum would be laundered, so
// it is refused (B4-4.3-09, B6-5.3-06).
func readError(p *packet) (*icmpMessage, *refusal) {
	if !p.checksumRight() {
		return nil, silently(pick(p, "B4-4.3-09", "B6-5.3-06"))
	}
	b := p.payload
	m := &icmpMessage{kind: b[0], code: b[1], word: binary.BigEndian.Uint32(b[4:]), quote: b[8:]}
	unit, has := extensionUnits[p.version][m.kind]
	if !has || b[unit[0]] == 0 {
		return m, nil
	}
	size := int(b[unit[0]]) * unit[1]
	if size > len(m.quote) {
		return nil, silently(pick(p, "B4-4.2-11", "B6-5.2-09"))
	}
	m.quote, m.extension = m.quote[:size], m.quote[size:]
	return m, nil
}

// write puts the message together (RFC 4884 §4 and §5). It is at most 1280 octets
// with the IPv6 header, and 576 with the IPv4 header (B4-4.3-10, B6-5.3-07).
func (m *icmpMessage) write(version int) []byte {
	room := 1280 - 40 - 8
	if version == 4 {
		room = 576 - 20 - 8
	}
	unit, has := extensionUnits[version][m.kind]
	quote, extension := m.quote, m.extension
	if !has || m.kind == 12 { // B4-4.2-10, B6-6791-04
		extension = nil
	}
	words := 0
	if len(extension) > 0 {
		padded := max(128, roundUp(len(quote), unit[1]))
		if padded > room-len(extension) {
			padded = (room - len(extension)) / unit[1] * unit[1]
		}
		if padded >= 128 {
			quote = append(append([]byte(nil), quote...), make([]byte, padded)...)[:padded]
			words = padded / unit[1]
		} else {
			extension = nil
		}
	}
	b := []byte{m.kind, m.code, 0, 0}
	b = binary.BigEndian.AppendUint32(b, m.word)
	if words > 0 {
		b[unit[0]] = byte(words)
	}
	b = append(b, quote[:min(len(quote), room-len(extension))]...)
	return append(b, extension...)
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// interfaceInfo is an RFC 4884 extension with one RFC 5837 Interface Information
// object, which tells an IPv6 address (B6-6791-04).
func interfaceInfo(a netip.Addr) []byte {
	b := []byte{0x20, 0, 0, 0} // version 2
	b = append(b, 0, 24, 2, 4) // length, class, IPAddr present
	b = append(b, 0, 2, 0, 0)  // AFI 2
	b = append(b, a.AsSlice()...)
	binary.BigEndian.PutUint16(b[2:], checksum(sumBytes(b)))
	return b
}

// convertQuoted translates the packet inside an ICMP error like any other, except
// for its hop limit and its size (B4-4.3-01, B6-5.3-01). viaPrefix is told of an
// IPv6 source.
func (c *Config) convertQuoted(p *packet, n pass) (q *packet, viaPrefix bool, refused *refusal) {
	if refused := untranslatable(p); refused != nil {
		return nil, false, refused
	}
	if p.icmpError() {
		return nil, false, silently(pick(p, "B4-4.3-02", "B6-5.3-02"))
	}
	if c.badSource(p.src) || badDestination(p.dst) {
		return nil, false, silently(pick(p, "B4-4.3-11", "B6-5.3-01"))
	}
	var src, dst netip.Addr
	if p.version == 4 {
		if src, refused = c.toIPv6(p.src, false); refused == nil {
			dst, refused = c.toIPv6(p.dst, c.prefixOnly(p, n))
		}
	} else {
		if src, viaPrefix, refused = c.toIPv4Source(p.src); refused == nil {
			dst, _, refused = c.toIPv4Destination(p.dst)
		}
	}
	if refused != nil {
		return nil, false, silently(refused.rule)
	}
	q = c.header(p, src, dst)
	if q.version == 4 && 20+q.length > 65535 {
		return nil, false, silently("B6-5.3-01") // no Total Length can say so
	}
	return q, viaPrefix, convertPayload(p, q)
}

// errorDestination maps the outer destination of an ICMP error.
func (c *Config) errorDestination(p *packet) (netip.Addr, *refusal) {
	if p.version == 4 {
		return c.toIPv6(p.dst, false)
	}
	dst, _, refused := c.toIPv4Destination(p.dst)
	return dst, refused
}

// errorSource maps the outer source of an ICMP error. A router whose address has
// no counterpart gets one of the pool or our own, so that the error is not lost
// (A-3.1-02, B4-4.1-10, B6-6791-01, -05); replaced tells so.
func (c *Config) errorSource(p, inner *packet, n pass) (src netip.Addr, replaced bool, refused *refusal) {
	pool, own := c.Pool6, c.Own6
	if p.version == 4 {
		src, refused = c.toIPv6(p.src, c.prefixOnly(p, n) && p.src == inner.dst) // C-4.2-04
	} else {
		pool, own = c.Pool4, c.Own4
		src, _, refused = c.toIPv4Source(p.src)
	}
	switch {
	case refused == nil:
		return src, false, nil
	case refused.within:
		return src, false, refused
	case len(pool) > 0:
		return pool[0], true, nil
	case own.IsValid():
		return own, true, nil
	default:
		return netip.Addr{}, false, refused
	}
}
