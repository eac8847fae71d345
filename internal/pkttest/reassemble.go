package pkttest

import (
	"encoding/binary"
	"fmt"
)

// Reassemble returns the packet whose fragments pkts are, in any order, without
// a trace of the fragmentation: no Fragment header, no offset, lengths and IPv4
// header checksum anew. A packet that is no fragment comes back as it is. It
// refuses overlaps, a second copy of a fragment among them, gaps, and fragments
// of different packets (ErrOverlap, ErrGap, ErrForeign).
func Reassemble(pkts [][]byte) ([]byte, error) {
	whole, err := mergePackets(pkts)
	if err != nil {
		return nil, err
	}
	if whole.at != 0 || whole.more {
		return nil, fmt.Errorf("pkttest: data from %d on, more to come %v: %w", whole.at, whole.more, ErrGap)
	}
	whole.fragment = false
	return whole.packet()
}

// mergePackets merges packets that are pieces of one.
func mergePackets(pkts [][]byte) (piece, error) {
	if len(pkts) == 0 {
		return piece{}, fmt.Errorf("pkttest: no fragments: %w", ErrGap)
	}
	pieces := make([]piece, len(pkts))
	for i, pkt := range pkts {
		var err error
		if pieces[i], err = takeApart(pkt); err != nil {
			return piece{}, err
		}
	}
	return merge(pieces)
}

// Split returns pkt as fragments of size octets at most, in order. A packet that
// is a fragment already is split further; one that fits comes back as it is. id
// is the Identification of an IPv6 packet that has none yet; IPv4 packets keep
// theirs. DF is not looked at, and comes out clear.
func Split(pkt []byte, size int, id uint32) ([][]byte, error) {
	whole, err := takeApart(pkt)
	if err != nil {
		return nil, err
	}
	overhead := len(whole.head)
	if whole.v6() && whole.fragment {
		overhead += 8
	}
	if overhead+len(whole.data) <= size {
		return [][]byte{pkt}, nil
	}
	if !whole.fragment && whole.v6() {
		whole.id = id
	}
	step := size - len(whole.head)
	if whole.v6() {
		step -= 8
	}
	if step &^= 7; step < 8 {
		return nil, fmt.Errorf("pkttest: no room for data in fragments of %d octets: %w", size, ErrMalformed)
	}
	var out [][]byte
	for at := 0; at < len(whole.data); at += step {
		p := whole
		p.fragment, p.at = true, whole.at+at
		if at+step < len(whole.data) {
			p.more, p.data = true, whole.data[at:at+step]
		} else {
			p.data = whole.data[at:]
		}
		b, err := p.packet()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// packet returns the piece as a packet in a slice of its own.
func (p *piece) packet() ([]byte, error) {
	return p.appendTo(make([]byte, 0, len(p.head)+8+len(p.data)))
}

// appendTo appends the piece as a packet to b, which has to be empty.
func (p *piece) appendTo(b []byte) ([]byte, error) {
	if end := p.at + len(p.data); end > 0xffff {
		return nil, fmt.Errorf("pkttest: data up to %d: %w", end, ErrTooLong)
	}
	b = append(b, p.head...)
	if p.v6() {
		if p.fragment {
			b[p.nextAt] = 44
			b = append(b, p.next, 0, 0, 0)
			put16(b, len(b)-2, p.at|bitIf(p.more, 1))
			b = binary.BigEndian.AppendUint32(b, p.id)
		} else {
			b[p.nextAt] = p.next
		}
		b = append(b, p.data...)
		put16(b, 4, len(b)-40)
		if len(b)-40 > 0xffff {
			return nil, fmt.Errorf("pkttest: payload of %d octets: %w", len(b)-40, ErrTooLong)
		}
		return b, nil
	}
	b = append(b, p.data...)
	if len(b) > 0xffff {
		return nil, fmt.Errorf("pkttest: packet of %d octets: %w", len(b), ErrTooLong)
	}
	put16(b, 2, len(b))
	put16(b, 4, int(p.id))
	word := get16(b, 6) & 0x4000 // DF stays
	if p.fragment {
		word = p.at/8 | bitIf(p.more, 0x2000)
	}
	put16(b, 6, word)
	put16(b, 10, 0)
	put16(b, 10, int(checksum(add(0, b[:len(p.head)]))))
	return b, nil
}
