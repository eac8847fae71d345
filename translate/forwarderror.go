package translate

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// The longest ICMP errors, in octets (RFC 1812 §4.3.2.3, RFC 4443 §2.4c).
const (
	maxError4 = 576
	maxError6 = 1280
)

// minQuote is the length to which a quoted packet is padded when an extension
// follows it (RFC 4884 §3).
const minQuote = 128

// An icmpError is an ICMP error taken apart.
type icmpError struct {
	kind, code uint8
	word       uint32
	quote      []byte
	extension  []byte // RFC 4884 §7, opaque; nil if there is none
}

// forwardError translates an ICMP error and the packet it quotes (RFC 7915 §4.2,
// §4.3, §5.2, §5.3). It builds a new message, as every length in it may change.
func (t *Translator) forwardError(p *Packet, out *wire.Batch) Verdict {
	message := p.frame.Bytes()[p.Len:p.Total]
	sum := wire.Sum(0).AddBytes(message)
	if p.V6 {
		sum = sum.Add(uint64(pseudo(&p.Header, len(message))))
	}
	if sum.Fold() != 0xffff {
		return ICMPChecksum // the new checksum would hide the fault
	}
	e, ok := splitError(message, p.V6)
	if !ok {
		return QuoteMalformed
	}
	row, ok := crossError(p.V6, e.kind, e.code)
	if !ok {
		return ICMPType
	}
	if v := t.judgeQuote(&p.Quoted, e.quote, p.V6); v != Translated {
		return v
	}
	p.Random, p.quote = t.rng.Uint64(), e.quote
	if v := t.Mapper.MapError(p); v != Translated {
		return v
	}
	if v := t.judgeClassE(p); v != Translated {
		return v
	}
	word, v := t.crossWord(row.second, e.word, p)
	if v != Translated {
		return v
	}
	if !p.V6 && (row.kind == tooBig6 || row.kind == problem6) {
		e.extension = nil // those carry none (RFC 4884 §4)
	}
	if p.Replaced && t.Policy.InterfaceInfo && p.V6 && e.extension == nil &&
		(row.kind == exceeded4 || row.kind == unreachable4) {
		e.extension = interfaceInfo(&t.info, p.Src)
	}
	e.kind, e.code, e.word = row.kind, row.code, word
	return t.sendError(&e, p, out)
}

// splitError takes an ICMP message apart, at the length attribute if it has one.
func splitError(message []byte, v6 bool) (icmpError, bool) {
	e := icmpError{
		kind:  message[0],
		code:  message[1],
		word:  binary.BigEndian.Uint32(message[4:]),
		quote: message[wire.ICMPLen:],
	}
	at, unit, has := lengthAttribute(v6, e.kind)
	n := int(message[at]) * unit
	if !has || n == 0 {
		return e, true
	}
	if n > len(e.quote) {
		return e, false
	}
	if n < len(e.quote) {
		e.extension = e.quote[n:]
	}
	e.quote = e.quote[:n]
	return e, true
}

// lengthAttribute tells where an ICMP error says how long its quote is, in which
// unit, and whether its type does (RFC 4884 §4).
func lengthAttribute(v6 bool, kind uint8) (at, unit int, has bool) {
	if v6 {
		return 4, 8, kind == unreachable6 || kind == exceeded6
	}
	return 5, 4, kind == unreachable4 || kind == exceeded4 || kind == problem4
}

// judgeQuote parses a quoted packet and finds whether it can have crossed.
func (t *Translator) judgeQuote(q *Header, quote []byte, v6 bool) Verdict {
	var v Verdict
	if v6 {
		v = parse6(q, quote, t.Policy.MaxExtensions, true)
	} else {
		v = parse4(q, quote, true)
	}
	if v != Translated || q.payload() > 65535-wire.IPv4Len {
		return QuoteMalformed
	}
	if v := judgeProtocol(q); v != Translated && v != FragmentedICMP {
		return v // a fragment that the translator made can come back
	}
	switch {
	case !q.isICMP(), q.Offset != 0, min(len(quote), q.Total) == q.Len:
	case isError(v6, quote[q.Len]):
		return ICMPNested
	case !isEcho(v6, quote[q.Len]):
		return ICMPType
	}
	return Translated
}

// judgeClassE finds sources that the policy makes illegal in a mapped ICMP error,
// which itself may come from any IPv4 address (RFC 7915 §4.1).
func (t *Translator) judgeClassE(p *Packet) Verdict {
	if !p.V6 && t.isDroppedClassE(p.Quoted.Src) || p.V6 && t.isDroppedClassE(p.QuotedTo.Src) {
		return QuoteUnmapped
	}
	if p.V6 && !p.Replaced && t.isDroppedClassE(p.To.Src) {
		return IllegalSource
	}
	return Translated
}

// crossWord returns the second word of the translated error.
func (t *Translator) crossWord(s second, word uint32, p *Packet) (uint32, Verdict) {
	switch s {
	case mtu:
		w, ok := t.crossMTU(p.V6, word, &p.Quoted)
		if !ok {
			return 0, ICMPType
		}
		return w, Translated
	case pointer:
		w, ok := crossPointer(p.V6, word)
		if !ok {
			return 0, ICMPPointer
		}
		return w, Translated
	case nextField:
		return 6, Translated
	case unused:
	}
	return 0, Translated
}

// sendError builds the message e behind the translated headers of p.
func (t *Translator) sendError(e *icmpError, p *Packet, out *wire.Batch) Verdict {
	x, inner := &t.header, &t.inner
	t.cross(x, &p.Header, &p.To, p.Total)
	t.cross(inner, &p.Quoted, &p.QuotedTo, p.Quoted.Total)
	body := e.quote[p.Quoted.Len:min(len(e.quote), p.Quoted.Total)] // behind it is padding
	n := e.fit(x.V6, inner.Len+len(body))
	total := wire.ICMPLen + n + len(e.extension)
	f := out.New(total)
	if f == nil {
		return NoRoom
	}
	message := f.Bytes()
	quote := message[wire.ICMPLen : wire.ICMPLen+n]
	inner.put(quote)
	clear(quote[inner.Len+copy(quote[inner.Len:], body):])
	payload := quote[inner.Len:min(n, inner.Len+len(body))]
	if p.Stateful {
		putPorts(payload, &p.Quoted, p.ToPorts, false)
	}
	crossTransport(payload, &p.Quoted, inner, false)
	copy(message[wire.ICMPLen+n:], e.extension)
	e.put(message, n, x.V6)

	x.Total, x.DontFrag = x.Len+total, false
	if x.V6 {
		putICMPChecksum(message, uint64(pseudo(x, total)))
		return t.send(f, x, t.Policy.MTU6, p, out)
	}
	putICMPChecksum(message, 0)
	if !x.Fragment {
		x.ID = t.ident.next(x.Pair, x.Proto, 1)
	}
	if p.Hairpin {
		return t.send(f, x, noLimit, p, out)
	}
	return t.send(f, x, t.Policy.MTU4, p, out)
}

// fit returns how long the quote is to be, padding included, if n octets of it
// are there, and drops the extension if there is no room for it.
func (e *icmpError) fit(v6 bool, n int) int {
	room, unit := maxError4-wire.IPv4Len-wire.ICMPLen, 4
	if v6 {
		room, unit = maxError6-wire.IPv6Len-wire.ICMPLen, 8
	}
	if e.extension != nil {
		padded := max(minQuote, (n+unit-1)&^(unit-1))
		if left := (room - len(e.extension)) &^ (unit - 1); left >= minQuote {
			return min(padded, left)
		}
		e.extension = nil
	}
	return min(n, room)
}

// put writes the ICMP header of e, which quotes n octets.
func (e *icmpError) put(message []byte, n int, v6 bool) {
	message[0], message[1] = e.kind, e.code
	binary.BigEndian.PutUint32(message[4:], e.word)
	if e.extension != nil {
		at, unit, _ := lengthAttribute(v6, e.kind)
		message[at] = uint8(n / unit)
	}
}

// putICMPChecksum computes the checksum of an ICMP message whose pseudo-header,
// if it has one, sums up to pseudo.
func putICMPChecksum(message []byte, pseudo uint64) {
	message[2], message[3] = 0, 0
	binary.BigEndian.PutUint16(message[2:], wire.Sum(0).AddBytes(message).Add(pseudo).Checksum())
}

// interfaceInfo writes to x an extension that tells the address from which an
// ICMP error came (RFC 4884 §7, RFC 5837 §4): version 2, and one Interface
// Information Object of the incoming interface with nothing but its IPv6 address.
func interfaceInfo(x *[infoLen]byte, src wire.Addr) []byte {
	*x = [infoLen]byte{0: 2 << 4, 5: infoLen - 4, 6: 2, 7: 0x04, 9: 2}
	src.Store16(x[12:])
	binary.BigEndian.PutUint16(x[2:], wire.Sum(0).AddBytes(x[:]).Checksum())
	return x[:]
}

const infoLen = 4 + 8 + 16
