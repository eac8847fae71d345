package pkttest

import "fmt"

// checkTransport judges UDP and TCP in a whole packet or a first fragment. Of
// other protocols nothing is known.
func (c Checker) checkTransport(b *body) error {
	switch b.number {
	case 17:
		return c.checkUDP(b)
	case 6:
		return c.checkTCP(b)
	}
	return nil
}

func (c Checker) checkUDP(b *body) error {
	if len(b.data) < 8 {
		return fmt.Errorf("pkttest: UDP header of %d octets: %w", len(b.data), ErrTransport)
	}
	if get16(b.data, 6) == 0 && !c.AllowZeroUDP {
		return fmt.Errorf("pkttest: %w", ErrZeroSum)
	}
	// A UDP length that leaves octets over is fine: RFC 9868 puts options there.
	size := get16(b.data, 4)
	if (size < 8 || b.whole() && size > len(b.data)) && !c.AllowBadTransport {
		return fmt.Errorf("pkttest: UDP length %d, %d octets: %w", size, len(b.data), ErrTransport)
	}
	return c.checkSum(b)
}

func (c Checker) checkTCP(b *body) error {
	if len(b.data) < 20 {
		return fmt.Errorf("pkttest: TCP header of %d octets: %w", len(b.data), ErrTransport)
	}
	size := int(b.data[12]>>4) * 4
	if b.more && size > len(b.data) {
		return fmt.Errorf("pkttest: TCP header cut by the fragment boundary: %w", ErrTransport)
	}
	if (size < 20 || size > len(b.data)) && !c.AllowBadTransport {
		return fmt.Errorf("pkttest: TCP data offset %d, %d octets: %w", size, len(b.data), ErrTransport)
	}
	return c.checkSum(b)
}

// checkSum judges the checksum of a whole message, if there is one.
func (c Checker) checkSum(b *body) error {
	if b.whole() && !c.AllowBadTransport && sumState(b) == SumBad {
		return fmt.Errorf("pkttest: protocol %d, %d octets: %w", b.number, len(b.data), ErrSum)
	}
	return nil
}
