package pkttest

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// The messages that RFC 7915 §4.2 and §5.2 make from the other family, and those
// a translator sends of its own (§4.4, §5.4, RFC 6146 §3.5): codes by type. A
// Time Exceeded keeps whatever code it had.
var (
	types4 = map[byte][]byte{0: {0}, 3: {1, 2, 3, 4, 5, 10, 13}, 8: {0}, 11: nil, 12: {0}}
	types6 = map[byte][]byte{1: {0, 1, 3, 4}, 2: {0}, 3: nil, 4: {0, 1}, 128: {0}, 129: {0}}
)

func (c Checker) checkICMP(b *body) error {
	if len(b.data) < 8 {
		return fmt.Errorf("pkttest: ICMP message of %d octets: %w", len(b.data), ErrTransport)
	}
	types := types4
	if b.v6 {
		types = types6
	}
	codes, known := types[b.data[0]]
	if !known || codes != nil && !slices.Contains(codes, b.data[1]) {
		return fmt.Errorf("pkttest: ICMP type %d code %d: %w", b.data[0], b.data[1], ErrICMPType)
	}
	if !isErrorType(b.v6, b.data[0]) {
		return c.checkSum(b)
	}
	c.AllowBadTransport = false // an error with a wrong checksum is dropped: RFC 5508 §4.2
	switch limit := c.maxError(b.v6); {
	case !b.whole():
		return fmt.Errorf("pkttest: ICMP error in fragments: %w", ErrFragment)
	case len(b.packet) > limit:
		return fmt.Errorf("pkttest: ICMP error of %d octets, at most %d: %w", len(b.packet), limit, ErrErrorSize)
	}
	if err := c.checkSum(b); err != nil {
		return err
	}
	if err := checkWord(b); err != nil {
		return err
	}
	return c.checkQuoteAndExtension(b)
}

func (c Checker) maxError(v6 bool) int {
	limit, usual := c.MaxError4, 576
	if v6 {
		limit, usual = c.MaxError6, 1280
	}
	if limit == 0 {
		return usual
	}
	return limit
}

// checkWord judges octets 4 to 7 of an ICMP error, but for the RFC 4884 length.
func checkWord(b *body) error {
	word, kind := binary.BigEndian.Uint32(b.data[4:]), b.data[0]
	var ok bool
	switch {
	case b.v6 && kind == 2: // RFC 8200 §5
		ok = word >= 1280
	case b.v6 && kind == 4: // RFC 4443 §3.4: 32 bits of pointer
		ok = word < 0x10000+40
	case b.v6: // RFC 4884 §4.4: length in the first octet
		ok = word<<8 == 0
	case kind == 3 && b.data[1] == 4: // RFC 1191 §4; a length has no source in Packet Too Big
		ok = word >= 68 && word <= 0xffff
	case kind == 12: // RFC 792: 8 bits of pointer; a length has no source in ICMPv6 type 4
		ok = word<<8 == 0
	default: // RFC 4884 §4.1: length in the second octet
		ok = word&^0x00ff0000 == 0
	}
	if !ok {
		return fmt.Errorf("pkttest: ICMP type %d code %d, second word %08x: %w", kind, b.data[1], word, ErrICMPWord)
	}
	return nil
}

// checkQuoteAndExtension judges what stands behind the first 8 octets of an ICMP
// error.
func (c Checker) checkQuoteAndExtension(b *body) error {
	quote, size, ext := b.data[8:], 0, []byte(nil)
	switch kind := b.data[0]; {
	case b.v6 && (kind == 1 || kind == 3):
		size = int(b.data[4]) * 8
	case !b.v6 && (kind == 11 || kind == 3 && b.data[1] != 4):
		size = int(b.data[5]) * 4
	}
	if size > 0 {
		least := size + 4 // the header of an extension structure
		if c.AllowOddQuote {
			least = size
		}
		if size < 128 || least > len(quote) {
			return fmt.Errorf("pkttest: RFC 4884 length of %d octets, %d there: %w", size, len(quote), ErrExtension)
		}
		quote, ext = quote[:size], quote[size:]
	}
	if err := c.checkQuote(b.v6, quote, ext != nil); err != nil {
		return err
	}
	if ext != nil && !c.AllowOddQuote && !goodExtension(ext) {
		return fmt.Errorf("pkttest: checksum of the extension structure % x: %w", ext, ErrExtension)
	}
	return nil
}

// goodExtension reports whether the checksum of an extension structure is right
// or absent (RFC 4884 §7). What does not parse as a structure has none.
func goodExtension(ext []byte) bool {
	if len(ext) < 4 || ext[0]>>4 != 2 || get16(ext, 2) == 0 {
		return true
	}
	for objects := ext[4:]; len(objects) > 0; {
		if len(objects) < 4 || get16(objects, 0) < 4 || get16(objects, 0) > len(objects) {
			return true
		}
		objects = objects[get16(objects, 0):]
	}
	return agrees(words(ext))
}
