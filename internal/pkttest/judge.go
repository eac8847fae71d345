package pkttest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Judge returns nil if got, all that a translator put out for v.In, is what v
// expects or one of the outcomes it accepts. Octets in Ignore ranges may be
// anything as long as the IPv4 header checksums and the ICMP checksum are right.
// Where fragments are expected any other way to split the same datagram will do
// if no piece is longer than RFC 7915 §4 and §5.1.1 allow. The error shows
// expected and found packets.
func (v Vector) Judge(got [][]byte) error {
	err := v.conforms(got)
	if err == nil {
		return nil
	}
	return fmt.Errorf("pkttest: vector %s (%s, %s): %w\nin:\n%s%s", v.Name, v.File, strings.Join(v.Req, " "), err, indent(v.In), v.difference(got))
}

// conforms returns nil or what is wrong by the first outcome.
func (v Vector) conforms(got [][]byte) error {
	err := v.judge(&v.Outcome, got)
	for i := 0; err != nil && i < len(v.Accept); i++ {
		if v.judge(&v.Accept[i], got) == nil {
			return nil
		}
	}
	return err
}

// difference shows what was expected and what was found.
func (v Vector) difference(got [][]byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected: %s\n", v.Expect)
	for _, p := range v.Out {
		b.WriteString(indent(p.Bytes))
	}
	fmt.Fprintf(&b, "found: %d packets\n", len(got))
	for _, p := range got {
		b.WriteString(indent(p))
	}
	return b.String()
}

func indent(pkt []byte) string {
	if pkt == nil {
		return ""
	}
	return "\t" + strings.Join(dump(pkt), "\n\t") + "\n"
}

func (v Vector) judge(o *Outcome, got [][]byte) error {
	err := sameAll(o.Out, got)
	if err == nil || len(o.Out) < 2 || len(got) == 0 {
		return err
	}
	if split := v.sameDatagram(o.Out, got); split != nil {
		return errors.Join(err, split)
	}
	return nil
}

func sameAll(want []Packet, got [][]byte) error {
	if len(want) != len(got) {
		return fmt.Errorf("%d packets, want %d", len(got), len(want))
	}
	for i := range want {
		if err := want[i].same(got[i]); err != nil {
			return fmt.Errorf("packet %d: %w", i+1, err)
		}
	}
	return nil
}

// same compares got with what is expected, but for the ranges to ignore. Octets
// outside them may hold checksums that are wrong and have to stay wrong, so only
// those sums are judged that cover an ignored octet.
func (p *Packet) same(got []byte) error {
	if len(got) != len(p.Bytes) {
		return fmt.Errorf("%d octets, want %d", len(got), len(p.Bytes))
	}
	masked := bytes.Clone(got)
	for _, r := range p.Ignore {
		copy(masked[r[0]:r[0]+r[1]], p.Bytes[r[0]:])
	}
	for i := range masked {
		if masked[i] != p.Bytes[i] {
			return fmt.Errorf("octet %d is %02x, want %02x", i, masked[i], p.Bytes[i])
		}
	}
	for _, r := range p.Ignore {
		if err := sumsHold(got, r[0]); err != nil {
			return fmt.Errorf("octets %d to %d may differ, but: %w", r[0], r[0]+r[1]-1, err)
		}
	}
	return nil
}

// sumsHold judges the checksums that cover octet at.
func sumsHold(pkt []byte, at int) error {
	p, err := takeApart(pkt)
	switch {
	case err != nil:
		return err
	case !p.v6() && at < len(p.head) && !agrees(words(p.head)):
		return ErrHeaderSum
	case at >= len(p.head) && TransportSum(pkt) == SumBad:
		return ErrSum
	case at >= len(p.head)+8 && !p.v6() && p.next == 1: // in a quoted header
		_, err = quotedSize(false, p.data[8:])
	}
	return err
}

// sameDatagram compares two ways to split one datagram.
func (v Vector) sameDatagram(want []Packet, got [][]byte) error {
	shown := make([][]byte, len(want))
	limit := v.pieceLimit(want[0].Bytes)
	for i := range want {
		shown[i] = want[i].Bytes
		limit = max(limit, len(want[i].Bytes))
	}
	if err := legalPieces(got, limit); err != nil {
		return err
	}
	a, err := rejoin(shown)
	if err != nil {
		return err
	}
	b, err := rejoin(got)
	if err != nil {
		return err
	}
	whole := Packet{Bytes: a, Ignore: want[0].Ignore}
	return whole.same(b)
}

// rejoin returns the packet that pkts were split from, which may be a fragment.
func rejoin(pkts [][]byte) ([]byte, error) {
	whole, err := mergePackets(pkts)
	if err != nil {
		return nil, err
	}
	return whole.packet()
}

// legalPieces judges what is lost when fragments are put together: their size
// and, but for the first, their headers.
func legalPieces(pkts [][]byte, limit int) error {
	var first []byte
	for _, pkt := range pkts {
		p, err := takeApart(pkt)
		if err != nil {
			return err
		}
		if len(pkt) > limit {
			return fmt.Errorf("fragment of %d octets, at most %d: %w", len(pkt), limit, ErrMTU)
		}
		if !p.v6() && !agrees(words(p.head)) {
			return ErrHeaderSum
		}
		if p.reserved {
			return fmt.Errorf("reserved bits of the Fragment header: %w", ErrHeader)
		}
		head := bytes.Clone(p.head)
		if p.v6() {
			clear(head[4:6])
		} else {
			clear(head[2:4])
			put16(head, 6, get16(head, 6)&0xc000)
			clear(head[10:12])
		}
		if first != nil && !bytes.Equal(head, first) {
			return fmt.Errorf("the headers of the fragments differ: %w", ErrForeign)
		}
		first = head
	}
	return nil
}

// pieceLimit returns how long the fragments may be that a translator makes.
func (v Vector) pieceLimit(pkt []byte) int {
	if pkt[0]>>4 == 4 {
		return v.Config.MTU4
	}
	return min(v.Config.LowestIPv6MTU, v.Config.MTU6)
}
