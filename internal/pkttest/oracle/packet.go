package oracle

import (
	"encoding/binary"
	"net/netip"
)

// Protocol numbers.
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIGMP        = 2
	protoTCP         = 6
	protoUDP         = 17
	protoRouting     = 43
	protoFragment    = 44
	protoAH          = 51
	protoICMPv6      = 58
	protoDestOptions = 60
	protoMobility    = 135
	protoHIP         = 139
	protoShim6       = 140
)

// A packet is one IP packet of either version, without IPv4 options and without
// the IPv6 extension headers that translation removes.
type packet struct {
	version  int
	src, dst netip.Addr
	tos      byte // TOS octet or Traffic Class
	hops     byte // TTL or Hop Limit
	proto    byte // Protocol, or the Next Header that announces the payload
	frag     *fragment
	id       uint32 // Identification; in IPv6 only with frag
	df       bool
	madeID   bool   // IPv4: the Identification is generated, hence free
	length   int    // payload bytes according to the header: more than len(payload) if a quote was cut
	payload  []byte // behind IPv4 header, skipped extension headers and Fragment Header
	total    int    // IPv4: Total Length as received, options included

	free    [][2]int // ranges of payload that are free in an output
	hairpin bool     // IPv4: belongs back into IPv6 (RFC 7757 §4.2.2)

	wire         []byte // as received, without bytes past the packet's end
	sourceRoute  bool   // IPv4: an LSRR or SSRR option with hops left
	segmentsLeft int    // IPv6: offset of the first Segments Left that is not 0, or 0
}

// A fragment is the position of a payload in its datagram. In an IPv4 packet it
// is nil unless the packet is a fragment, in IPv6 unless it has a Fragment Header.
type fragment struct {
	offset int // bytes
	more   bool
}

// fragmented reports whether the payload is not a whole datagram. An atomic
// fragment (RFC 6946) is whole.
func (p *packet) fragmented() bool { return p.frag != nil && (p.frag.offset > 0 || p.frag.more) }

// laterFragment reports whether the transport header is in another fragment.
func (p *packet) laterFragment() bool { return p.frag != nil && p.frag.offset > 0 }

// headerLen is the length of the serialised headers in front of the payload.
func (p *packet) headerLen() int {
	switch {
	case p.version == 4:
		return 20
	case p.frag != nil:
		return 48
	default:
		return 40
	}
}

// icmp reports whether p carries the ICMP of its own version.
func (p *packet) icmp() bool {
	return p.version == 4 && p.proto == protoICMP || p.version == 6 && p.proto == protoICMPv6
}

// icmpError reports whether p is an ICMP error (RFC 1122 §3.2.2, RFC 4443 §2.1).
func (p *packet) icmpError() bool {
	if !p.icmp() || p.laterFragment() || len(p.payload) == 0 {
		return false
	}
	if p.version == 6 {
		return p.payload[0] < 128
	}
	switch p.payload[0] {
	case 3, 4, 5, 11, 12:
		return true
	default:
		return false
	}
}

// serialise writes p and returns the ranges of the result that are free.
func (p *packet) serialise() (b []byte, free [][2]int) {
	if p.version == 4 {
		b, free = p.header4()
	} else {
		b = p.header6()
	}
	for _, r := range p.free {
		free = append(free, [2]int{r[0] + len(b), r[1]})
	}
	return append(b, p.payload...), free
}

func (p *packet) header4() (b []byte, free [][2]int) {
	b = make([]byte, 20)
	b[0], b[1] = 0x45, p.tos
	binary.BigEndian.PutUint16(b[2:], uint16(20+p.length))
	binary.BigEndian.PutUint16(b[4:], uint16(p.id))
	flags := 0
	if p.df {
		flags |= 0x4000
	}
	if p.frag != nil {
		flags |= p.frag.offset / 8
		if p.frag.more {
			flags |= 0x2000
		}
	}
	binary.BigEndian.PutUint16(b[6:], uint16(flags))
	b[8], b[9] = p.hops, p.proto
	copy(b[12:], p.src.AsSlice())
	copy(b[16:], p.dst.AsSlice())
	sum := checksum(sumBytes(b))
	binary.BigEndian.PutUint16(b[10:], sum)
	switch {
	case p.madeID:
		free = append(free, [2]int{4, 2}, [2]int{10, 2})
	case sum == 0:
		free = append(free, [2]int{10, 2})
	}
	return b, free
}

func (p *packet) header6() []byte {
	b := make([]byte, 40, p.headerLen())
	b[0], b[1] = 0x60|p.tos>>4, p.tos<<4
	binary.BigEndian.PutUint16(b[4:], uint16(p.headerLen()-40+p.length))
	b[6], b[7] = p.proto, p.hops
	copy(b[8:], p.src.AsSlice())
	copy(b[24:], p.dst.AsSlice())
	if p.frag == nil {
		return b
	}
	b[6] = protoFragment
	place := p.frag.offset // bits 0..2 of the field are reserved bits and M
	if p.frag.more {
		place |= 1
	}
	b = append(b, p.proto, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(place))
	return binary.BigEndian.AppendUint32(b, p.id)
}
