package pkttest

// Mutate returns pkt with one to four faults: bits flipped, lengths that lie,
// octets cut off, put in or taken out, headers doubled, the end of another packet
// put on. Lengths and checksums are made right again in part of the packets, so
// that a fault is not always found at the first look. pkt itself is not changed.
func (g *Gen) Mutate(pkt []byte) []byte {
	b := append(g.mutant[:0], pkt...)
	for range 1 + g.rng.IntN(3) {
		if len(b) == 0 {
			b = append(b, g.data(1+g.rng.IntN(64))...)
		}
		b = g.fault(b)
	}
	b = b[:min(len(b), maxPacket)]
	g.repair(b)
	g.mutant = b
	if g.rng.Uint32N(8) == 0 {
		g.old = append(g.old[:0], pkt[:min(len(pkt), 2048)]...)
	}
	return b
}

// Numbers that lengths, offsets and protocols go wrong at.
var oddNumbers = [...]int{0, 1, 2, 4, 5, 7, 8, 19, 20, 28, 39, 40, 44, 48, 58, 60, 127, 128, 255, 0x1fff, 0x2000, 0x7fff, 0x8000, 0xfff8, 0xffff}

// Where lengths, protocols, offsets and types lie in the headers of each family,
// with none or 8 octets of extension header and in a quoted packet.
var (
	spots4 = [...]int{0, 2, 4, 6, 8, 9, 10, 20, 22, 24, 26, 28, 30, 34, 37, 48, 52}
	spots6 = [...]int{0, 4, 6, 7, 40, 41, 42, 44, 46, 48, 49, 50, 52, 54, 88, 92, 96}
)

// fault makes one change to b, which is not empty.
func (g *Gen) fault(b []byte) []byte {
	near := min(len(b), 128) // where the headers are
	switch n := g.rng.Uint32N(100); {
	case n < 35:
		b[g.rng.IntN(near)] ^= 1 << g.rng.Uint32N(8)
	case n < 45:
		b[g.rng.IntN(near)] = byte(oddNumbers[g.rng.IntN(len(oddNumbers))])
	case n < 65:
		g.lie(b)
	case n < 75:
		b = b[:g.rng.IntN(near+1)]
	case n < 80:
		b = b[:g.rng.IntN(len(b)+1)]
	case n < 85:
		b = append(b, g.data(1+g.rng.IntN(64))...)
	case n < 90: // a header, or any other piece, twice
		from := 4 * g.rng.IntN(near/4+1)
		to := min(len(b), from+headerSizes[g.rng.IntN(len(headerSizes))])
		b = insert(b, to, b[from:to])
	case n < 95: // a piece is missing
		from := g.rng.IntN(near)
		to := min(len(b), from+headerSizes[g.rng.IntN(len(headerSizes))])
		b = append(b[:from], b[to:]...)
	default: // the end of another packet
		from := g.rng.IntN(len(g.old) + 1)
		b = append(b[:g.rng.IntN(near+1)], g.old[from:]...)
	}
	return b
}

var headerSizes = [...]int{4, 8, 8, 20, 28, 40, 48}

// lie writes an odd number where a header field is.
func (g *Gen) lie(b []byte) {
	at := spots4[g.rng.IntN(len(spots4))]
	if b[0]>>4 == 6 {
		at = spots6[g.rng.IntN(len(spots6))]
	}
	if at+2 > len(b) {
		return
	}
	v := oddNumbers[g.rng.IntN(len(oddNumbers))]
	switch g.rng.Uint32N(4) {
	case 0:
		v = get16(b, at) + g.rng.IntN(17) - 8
	case 1:
		v = len(b) + g.rng.IntN(17) - 8
	case 2:
		b[at] = byte(v)
		return
	}
	put16(b, at, v)
}

// insert puts piece, which is part of b before at, in at that place.
func insert(b []byte, at int, piece []byte) []byte {
	n := len(piece)
	b = append(b, b[len(b)-n:]...)
	copy(b[at+n:], b[at:len(b)-n])
	copy(b[at:at+n], b[at-n:at])
	return b
}

// repair makes some of the lengths and checksums right.
func (g *Gen) repair(b []byte) {
	r := g.rng.Uint32()
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		if r&3 != 0 {
			put16(b, 2, len(b))
		}
		if size := int(b[0]&15) * 4; r&0x1c != 0 && size >= 20 && size <= len(b) {
			put16(b, 10, 0)
			put16(b, 10, int(checksum(add(0, b[:size]))))
		}
	case len(b) >= 40 && b[0]>>4 == 6:
		if r&3 != 0 {
			put16(b, 4, len(b)-40)
		}
	}
	if r&0x60 != 0 && len(b) < 2048 {
		repairTransport(b)
	}
}

// repairTransport writes the right checksum into a message whose header stands
// behind the IP header and the headers that are not fragmented.
func repairTransport(b []byte) {
	p, why := dissect(b)
	if why != "" || p.at > 0 || p.more {
		return
	}
	at := sumAt[p.next]
	foreign := p.next == 1 && p.v6() || p.next == 58 && !p.v6()
	if at == 0 || foreign || len(p.data) < at+2 {
		return
	}
	put16(p.data, at, 0)
	e := envelope{v6: p.v6()}
	if p.v6() {
		e.sum = fold(add(0, b[8:40]))
	} else {
		e.sum = fold(add(0, b[12:20]))
	}
	right := e.pseudo(p.next, p.data)
	if p.next == 1 {
		right = checksum(add(0, p.data))
	}
	put16(p.data, at, int(right))
}

// sumAt is where the checksum lies, by protocol; 0 is nowhere.
var sumAt = [256]int{1: 2, 6: 16, 17: 6, 58: 2}
