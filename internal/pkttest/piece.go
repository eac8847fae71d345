package pkttest

import (
	"errors"
	"fmt"
	"slices"
)

// Reasons for which Split and Reassemble refuse.
var (
	ErrMalformed = errors.New("malformed packet")
	ErrForeign   = errors.New("fragments of different packets")
	ErrOverlap   = errors.New("fragments overlap") // RFC 5722 §4
	ErrGap       = errors.New("a fragment is missing")
	ErrTooLong   = errors.New("longer than 65535 octets")
)

// A piece is a packet taken apart for fragmentation.
type piece struct {
	head     []byte // what every fragment carries: the IPv4 header, or the IPv6 header and the per-fragment headers
	nextAt   int    // where in head the number of the first header of data stands
	fragment bool   // a fragment header, MF or an offset was there
	next     byte
	id       uint32
	at       int // offset of data, in octets
	more     bool
	reserved bool // reserved bits of the Fragment header are set
	data     []byte
}

func (p *piece) v6() bool { return p.head[0]>>4 == 6 }

// takeApart returns the piece that pkt is. The piece shares pkt's memory.
func takeApart(pkt []byte) (piece, error) {
	p, why := dissect(pkt)
	if why != "" {
		return piece{}, fmt.Errorf("pkttest: %d octets: %s: %w", len(pkt), why, ErrMalformed)
	}
	return p, nil
}

// dissect is takeApart without an error to allocate: why is empty, or a reason.
func dissect(pkt []byte) (p piece, why string) {
	switch {
	case len(pkt) >= 20 && pkt[0]>>4 == 4:
		return dissect4(pkt)
	case len(pkt) >= 40 && pkt[0]>>4 == 6:
		return dissect6(pkt)
	}
	return piece{}, "no IP header"
}

func dissect4(pkt []byte) (p piece, why string) {
	size, total, word := int(pkt[0]&15)*4, get16(pkt, 2), get16(pkt, 6)
	if size < 20 || total < size || total > len(pkt) {
		return piece{}, "IPv4 IHL or Total Length is wrong"
	}
	p = piece{head: pkt[:size], nextAt: 9, next: pkt[9], data: pkt[size:total]}
	p.id, p.at, p.more = uint32(get16(pkt, 4)), word&0x1fff*8, word&0x2000 != 0
	p.fragment = p.more || p.at > 0
	return p, ""
}

// dissect6 walks over the headers that are not fragmented: up to and with the
// last Hop-by-Hop or Routing header (RFC 8200 §4.5), or up to a Fragment header.
func dissect6(pkt []byte) (p piece, why string) {
	total := 40 + get16(pkt, 4)
	if total > len(pkt) {
		return piece{}, "IPv6 Payload Length is wrong"
	}
	p = piece{head: pkt[:40], nextAt: 6, next: pkt[6], data: pkt[40:total]}
	next, nextAt, at := pkt[6], 6, 40
	for isExtension(next) {
		size := extensionSize(next, pkt[at:total])
		if size == 0 {
			return piece{}, "extension header runs past the packet"
		}
		switch next {
		case 44:
			p.head, p.nextAt, p.next = pkt[:at], nextAt, pkt[at]
			word := get16(pkt, at+2)
			p.fragment, p.at, p.more = true, word&^7, word&1 != 0
			p.reserved = pkt[at+1] != 0 || word&6 != 0
			p.id, p.data = uint32(get16(pkt, at+4))<<16|uint32(get16(pkt, at+6)), pkt[at+8:total]
			return p, ""
		case 0, 43:
			p.head, p.nextAt, p.next, p.data = pkt[:at+size], at, pkt[at], pkt[at+size:total]
		}
		next, nextAt, at = pkt[at], at, at+size
	}
	return p, ""
}

// isExtension reports whether number is that of an extension header that every
// node can walk over (RFC 8200 §4).
func isExtension(number byte) bool {
	return number == 0 || number == 43 || number == 44 || number == 60
}

// extensionSize returns the length of the extension header at the start of b, or
// 0 if it does not fit.
func extensionSize(number byte, b []byte) int {
	size := 8
	if len(b) >= 8 && number != 44 {
		size += int(b[1]) * 8
	}
	if size > len(b) {
		return 0
	}
	return size
}

// merge returns the piece that all pieces are parts of. It may itself be part of
// something larger: start behind offset 0, or say that more follows.
func merge(pieces []piece) (piece, error) {
	pieces = slices.Clone(pieces)
	slices.SortStableFunc(pieces, func(a, b piece) int { return a.at - b.at })
	whole := pieces[0]
	whole.data = slices.Clone(whole.data)
	for _, p := range pieces[1:] {
		end := whole.at + len(whole.data)
		switch {
		case !p.fragment || !whole.fragment || !sameDatagram(&whole, &p):
			return piece{}, fmt.Errorf("pkttest: %w", ErrForeign)
		case p.at < end:
			return piece{}, fmt.Errorf("pkttest: one ends at %d, the next begins at %d: %w", end, p.at, ErrOverlap)
		case p.at > end:
			return piece{}, fmt.Errorf("pkttest: nothing from %d to %d: %w", end, p.at, ErrGap)
		case !whole.more:
			return piece{}, fmt.Errorf("pkttest: data behind the last fragment, at %d: %w", end, ErrOverlap)
		case len(whole.data)%8 != 0:
			return piece{}, fmt.Errorf("pkttest: fragment with more to come ends at %d: %w", end, ErrMalformed)
		}
		whole.data, whole.more = append(whole.data, p.data...), p.more
	}
	return whole, nil
}

// sameDatagram reports whether two fragments belong together (RFC 791 §3.2, RFC
// 8200 §4.5).
func sameDatagram(a, b *piece) bool {
	if a.v6() != b.v6() || a.id != b.id || a.next != b.next {
		return false
	}
	if a.v6() {
		return slices.Equal(a.head[8:40], b.head[8:40])
	}
	return slices.Equal(a.head[12:20], b.head[12:20])
}
