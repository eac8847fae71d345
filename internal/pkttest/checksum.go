package pkttest

// words adds the 16-bit words of b as plain numbers. A longest packet has 32,800
// of them, so nothing is lost.
func words(b []byte) uint64 {
	var total uint64
	for len(b) > 1 {
		total += uint64(b[0])<<8 | uint64(b[1])
		b = b[2:]
	}
	if len(b) == 1 {
		total += uint64(b[0]) << 8
	}
	return total
}

// agrees reports whether words that add up to total, their checksum with them,
// are right: ones' complement addition is addition modulo 65535, and a right
// message adds up to none of it.
func agrees(total uint64) bool { return total%65535 == 0 }

// A SumState is what can be said of a transport checksum.
type SumState uint8

const (
	// SumNone says: there is no checksum to judge. The packet is a fragment, or cut,
	// or its protocol is not TCP, UDP or ICMP.
	SumNone SumState = iota
	// SumGood says: the checksum is right.
	SumGood
	// SumBad says: the checksum is wrong, or a UDP length or TCP data offset does not
	// fit the packet, so that a Checker needs AllowBadTransport for what comes of it.
	SumBad
	// SumZero says: a UDP checksum of 0, which says that there is none.
	SumZero
)

// String names the state.
func (s SumState) String() string { return [...]string{"none", "good", "bad", "zero"}[s] }

// TransportSum judges the checksum of the transport message in pkt, which may be
// any input: IPv4 options and IPv6 extension headers are passed over, octets
// behind the packet are not looked at. For ICMP and TCP the message is the whole
// payload, for UDP what the UDP length says.
func TransportSum(pkt []byte) SumState {
	p, why := dissect(pkt)
	if why != "" || p.at > 0 || p.more {
		return SumNone
	}
	b := body{v6: p.v6(), number: p.next, data: p.data}
	if b.v6 {
		b.src, b.dst = pkt[8:24], pkt[24:40]
	} else {
		b.src, b.dst = pkt[12:16], pkt[16:20]
	}
	for b.v6 && b.number != 44 && isExtension(b.number) {
		size := extensionSize(b.number, b.data)
		if size == 0 {
			return SumNone
		}
		b.number, b.data = b.data[0], b.data[size:]
	}
	return sumState(&b)
}

// sumState judges the checksum of an unfragmented message.
func sumState(b *body) SumState {
	message, pseudo := b.data, words(b.src)+words(b.dst)+uint64(b.number)
	switch {
	case b.number == 17 && len(message) >= 8:
		if message[6] == 0 && message[7] == 0 {
			return SumZero
		}
		size := get16(message, 4)
		if size < 8 || size > len(message) {
			return SumBad
		}
		message = message[:size]
	case b.number == 6 && len(message) >= 20:
		if size := int(message[12]>>4) * 4; size < 20 || size > len(message) {
			return SumBad
		}
	case b.number == 58 && b.v6 && len(message) >= 4:
	case b.number == 1 && !b.v6 && len(message) >= 4:
		if agrees(words(message)) {
			return SumGood
		}
		return SumBad
	default:
		return SumNone
	}
	if agrees(pseudo + uint64(len(message)) + words(message)) {
		return SumGood
	}
	return SumBad
}
