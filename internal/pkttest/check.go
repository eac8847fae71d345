package pkttest

import "fmt"

// A Checker judges packets that a translator put out. It knows nothing of what
// went in, so it finds what is wrong for any input; what depends on the input
// can be allowed by its fields. The zero value is the strictest Checker. Checkers
// are plain values and may be used by several goroutines at once.
type Checker struct {
	// AllowBadTransport lets a wrong UDP, TCP or echo checksum pass, and UDP
	// lengths and TCP data offsets that lie: what came in wrong has to go out
	// wrong (RFC 7915 §4.5). ICMP errors must be right all the same.
	AllowBadTransport bool
	// AllowZeroUDP lets UDP checksums of 0 pass.
	AllowZeroUDP bool
	// AllowOddSource lets ICMP errors come from any address.
	AllowOddSource bool
	// AllowOddQuote lets pass what an ICMP error carries along unread: octets
	// behind the end of the quoted packet, an extension structure that is cut short
	// or has a wrong checksum.
	AllowOddQuote bool
	// QuotedSums asks that a transport checksum inside an ICMP error be right
	// where the whole message is quoted.
	QuotedSums bool
	// MTU4 and MTU6 are the longest packets of each family, in octets; 0 is no
	// limit.
	MTU4, MTU6 int
	// MaxError4 and MaxError6 are the longest ICMP errors, in octets; 0 stands
	// for 576 (RFC 1812 §4.3.2.3) and 1280 (RFC 4443 §2.4).
	MaxError4, MaxError6 int
}

// Check judges pkt by the zero Checker.
func Check(pkt []byte) error { return Checker{}.Check(pkt) }

// Check returns nil if pkt is a packet that a translator may put out, and
// otherwise an error that wraps the Err… of the first rule broken.
func (c Checker) Check(pkt []byte) error {
	switch {
	case len(pkt) >= 20 && pkt[0]>>4 == 4:
		return c.check4(pkt)
	case len(pkt) >= 40 && pkt[0]>>4 == 6:
		return c.check6(pkt)
	}
	return fmt.Errorf("pkttest: %d octets beginning % x: %w", len(pkt), pkt[:min(4, len(pkt))], ErrVersion)
}

// A body is what a checked IP header carries.
type body struct {
	v6       bool
	packet   []byte // with the IP header
	src, dst []byte
	number   byte   // of the protocol
	data     []byte // of the protocol
	at       int    // offset of data in the datagram
	more     bool
}

// whole reports whether nothing was fragmented.
func (b *body) whole() bool { return b.at == 0 && !b.more }

func (c Checker) check4(pkt []byte) error {
	word := get16(pkt, 6)
	switch {
	case pkt[0] != 0x45:
		return fmt.Errorf("pkttest: IPv4 IHL %d: %w", pkt[0]&15, ErrHeader) // RFC 7915 §5.1: never options
	case get16(pkt, 2) != len(pkt):
		return fmt.Errorf("pkttest: IPv4 Total Length %d in %d octets: %w", get16(pkt, 2), len(pkt), ErrLength)
	case c.MTU4 > 0 && len(pkt) > c.MTU4:
		return fmt.Errorf("pkttest: IPv4 packet of %d octets, MTU %d: %w", len(pkt), c.MTU4, ErrMTU)
	case !agrees(words(pkt[:20])):
		return fmt.Errorf("pkttest: IPv4 header % x: %w", pkt[:20], ErrHeaderSum)
	case pkt[8] == 0:
		return fmt.Errorf("pkttest: IPv4 TTL: %w", ErrHopLimit)
	case word&0x8000 != 0:
		return fmt.Errorf("pkttest: IPv4 reserved flag is set: %w", ErrHeader)
	case word&0x4000 != 0 && word&0x3fff != 0:
		return fmt.Errorf("pkttest: DF on a fragment: %w", ErrFragment)
	}
	b := body{packet: pkt, src: pkt[12:16], dst: pkt[16:20], number: pkt[9], data: pkt[20:]}
	b.at, b.more = word&0x1fff*8, word&0x2000 != 0
	switch b.number {
	case 0, 2, 43, 44, 58, 60: // IPv6's own, and IGMP, which RFC 7915 §4.2 drops
		return fmt.Errorf("pkttest: IPv4 protocol %d: %w", b.number, ErrProtocol)
	}
	return c.checkBody(&b)
}

func (c Checker) check6(pkt []byte) error {
	switch {
	case 40+get16(pkt, 4) != len(pkt):
		return fmt.Errorf("pkttest: IPv6 Payload Length %d in %d octets: %w", get16(pkt, 4), len(pkt), ErrLength)
	case c.MTU6 > 0 && len(pkt) > c.MTU6:
		return fmt.Errorf("pkttest: IPv6 packet of %d octets, MTU %d: %w", len(pkt), c.MTU6, ErrMTU)
	case pkt[7] == 0:
		return fmt.Errorf("pkttest: IPv6 hop limit: %w", ErrHopLimit)
	}
	b := body{v6: true, packet: pkt, src: pkt[8:24], dst: pkt[24:40], number: pkt[6], data: pkt[40:]}
	if b.number == 44 {
		if len(b.data) < 8 {
			return fmt.Errorf("pkttest: Fragment header of %d octets: %w", len(b.data), ErrLength)
		}
		if b.data[1] != 0 || b.data[3]&6 != 0 {
			return fmt.Errorf("pkttest: reserved bits of the Fragment header are set: %w", ErrHeader)
		}
		b.number, b.at, b.more = b.data[0], get16(b.data, 2)&^7, b.data[3]&1 != 0
		b.data = b.data[8:]
		if b.whole() {
			return fmt.Errorf("pkttest: Fragment header on a whole packet: %w", ErrFragment) // RFC 8021
		}
	}
	switch b.number {
	case 0, 1, 2, 43, 44, 60: // only one Fragment header; ICMPv4 and IGMP are not for IPv6
		return fmt.Errorf("pkttest: IPv6 next header %d: %w", b.number, ErrProtocol)
	}
	return c.checkBody(&b)
}

// checkBody judges what both families share.
func (c Checker) checkBody(b *body) error {
	end := b.at + len(b.data)
	switch {
	case b.more && len(b.data)%8 != 0:
		return fmt.Errorf("pkttest: %d octets and more to come: %w", len(b.data), ErrFragment)
	case end > 0xffff:
		return fmt.Errorf("pkttest: fragment ends at %d: %w", end, ErrFragment)
	}
	if err := c.checkAddresses(b); err != nil {
		return err
	}
	switch {
	case b.number == 6 && b.at == 8: // RFC 3128: hides the flags of the first fragment
		return fmt.Errorf("pkttest: TCP fragment at offset 8: %w", ErrFragment)
	case b.at > 0:
		return nil
	case b.number == icmpNumber(b.v6):
		return c.checkICMP(b)
	}
	return c.checkTransport(b)
}
