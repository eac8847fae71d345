package pkttest

import "fmt"

// checkQuote judges the packet quoted in an ICMP error. It may be cut anywhere
// behind its IP header; with an extension structure it may be padded with zeros.
func (c Checker) checkQuote(v6 bool, quote []byte, padded bool) error {
	size, err := quotedSize(v6, quote)
	if err != nil {
		return err
	}
	if size < len(quote) && !c.AllowOddQuote {
		if rest := quote[size:]; !padded || words(rest) != 0 {
			return fmt.Errorf("pkttest: %d octets behind the quoted packet: %w", len(rest), ErrQuote)
		}
	}
	whole := size <= len(quote)
	b := quotedBody(v6, quote[:min(size, len(quote))])
	// A quote that was cut and padded shows zeros where the type was: 0 is no error.
	if b.number == icmpNumber(v6) && b.at == 0 && len(b.data) > 0 && b.data[0] != 0 && isErrorType(v6, b.data[0]) {
		return fmt.Errorf("pkttest: it is ICMP error %d: %w", b.data[0], ErrQuote) // RFC 7915 §4.3: one level only
	}
	if c.QuotedSums && whole && b.whole() && sumState(&b) == SumBad {
		return fmt.Errorf("pkttest: protocol %d in the quoted packet: %w", b.number, ErrSum)
	}
	return nil
}

// quotedSize returns the length a quoted packet says it has, if its IP header is
// whole and makes sense.
func quotedSize(v6 bool, quote []byte) (int, error) {
	if v6 {
		if len(quote) < 40 || quote[0]>>4 != 6 {
			return 0, fmt.Errorf("pkttest: no IPv6 header in %d octets: %w", len(quote), ErrQuote)
		}
		return 40 + get16(quote, 4), nil
	}
	if len(quote) < 20 || quote[0]>>4 != 4 || quote[0]&15 < 5 {
		return 0, fmt.Errorf("pkttest: no IPv4 header in %d octets: %w", len(quote), ErrQuote)
	}
	header, size := int(quote[0]&15)*4, get16(quote, 2)
	switch {
	case header > len(quote) || header > size:
		return 0, fmt.Errorf("pkttest: IHL %d, Total Length %d, %d octets: %w", header, size, len(quote), ErrQuote)
	case !agrees(words(quote[:header])):
		return 0, fmt.Errorf("pkttest: IPv4 header % x: %w: %w", quote[:header], ErrHeaderSum, ErrQuote)
	}
	return size, nil
}

// quotedBody returns what the IP header of a quoted packet carries, as far as it
// is there. A translator's own error quotes packets as they came, with IPv4
// options and extension headers, so those are passed over. A chain of headers
// that is cut short leaves no data.
func quotedBody(v6 bool, quote []byte) body {
	if !v6 {
		word := get16(quote, 6)
		return body{
			packet: quote, src: quote[12:16], dst: quote[16:20], number: quote[9],
			data: quote[int(quote[0]&15)*4:], at: word & 0x1fff * 8, more: word&0x2000 != 0,
		}
	}
	b := body{v6: true, packet: quote, src: quote[8:24], dst: quote[24:40], number: quote[6], data: quote[40:]}
	for b.at == 0 && isExtension(b.number) {
		size := extensionSize(b.number, b.data)
		if size == 0 {
			b.data = nil
			return b
		}
		if b.number == 44 {
			b.at, b.more = get16(b.data, 2)&^7, b.data[3]&1 != 0
		}
		b.number, b.data = b.data[0], b.data[size:]
	}
	return b
}
