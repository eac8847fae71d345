package tundev

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// A version says where things stand in the IP header of a version that has
// neither options nor extension headers, in octets.
type version struct {
	header    int   // how long it is
	addresses int   // from here to its end
	length    int   // the length of the packet
	uncounted int   // what that does not count of it
	proto     int   // the protocol of what follows
	hopLimit  int   // Hop Limit, or Time to Live
	tcp       uint8 // gso_type of a TCP super-packet

	// What all packets of a super-packet have in common, up to the ports: masks of
	// words of 8 octets.
	alike []uint64
}

// The lengths, the Identification of IPv4 and its checksum are left out.
var (
	version4 = version{
		header: wire.IPv4Len, addresses: 12, length: 2, proto: 9, hopLimit: 8,
		tcp:   unix.VIRTIO_NET_HDR_GSO_TCPV4,
		alike: []uint64{0xffff_0000_0000_ffff, 0xffff_0000_ffff_ffff, whole},
	}
	version6 = version{
		header: wire.IPv6Len, addresses: 8, length: 4, uncounted: wire.IPv6Len, proto: 6, hopLimit: 7,
		tcp:   unix.VIRTIO_NET_HDR_GSO_TCPV6,
		alike: []uint64{0xffff_ffff_0000_ffff, whole, whole, whole, whole, 0xffff_ffff_0000_0000},
	}
)

const whole = 1<<64 - 1

// versionOf returns nil for what is no IP packet, or less than its header.
func versionOf(p []byte) *version {
	switch {
	case len(p) >= wire.IPv4Len && p[0]>>4 == 4:
		return &version4
	case len(p) >= wire.IPv6Len && p[0]>>4 == 6:
		return &version6
	}
	return nil
}

// mixer is an odd number without pattern: 2^64 divided by the golden ratio.
const mixer = 0x9e37_79b9_7f4a_7c15

// pair returns a hash of the two addresses.
func (v *version) pair(p []byte) uint32 {
	h := uint64(0)
	for a := p[v.addresses:v.header]; len(a) >= 8; a = a[8:] {
		h = (h ^ binary.BigEndian.Uint64(a)) * mixer
	}
	return uint32(h >> 32)
}

// flow returns a hash of a plain packet's ports and protocol, and of pair.
func (v *version) flow(p []byte, pair uint32) uint32 {
	ports := uint64(binary.BigEndian.Uint32(p[v.header:]))
	return uint32((uint64(pair) ^ ports<<16 ^ uint64(p[v.proto])<<48) * mixer >> 32)
}

// plain finds the TCP or UDP header right behind an IP header without options.
// It returns false for all else, fragments among it.
func (v *version) plain(p []byte) (transport, bool) {
	if v == &version4 && (p[0] != 0x45 || binary.BigEndian.Uint16(p[6:])&0x3fff != 0) {
		return transport{}, false
	}
	return transport{start: v.header, kind: v.tcp}.finish(p, p[v.proto])
}

// same reports whether plain packets, b of the version, a of any, have alike
// headers up to the ports. The first word tells versions apart.
func (v *version) same(a, b []byte) bool {
	for i, mask := range v.alike {
		if (binary.BigEndian.Uint64(a[i*8:])^binary.BigEndian.Uint64(b[i*8:]))&mask != 0 {
			return false
		}
	}
	return true
}

// pseudo returns the sum of the pseudo-header (RFC 768, RFC 9293 §3.1, RFC 8200
// §8.1) of a plain packet whose transport header and payload are n octets.
func (v *version) pseudo(p []byte, n int) wire.Sum {
	return wire.Sum(p[v.proto]).Add(uint64(n)).AddBytes(p[v.addresses:v.header])
}

// sound reports whether the checksums of a plain packet are right, and such as
// the kernel writes: a partial one, the sum of the pseudo-header; a finished one,
// neither missing (UDP) nor one of the two zeros, of which TCP permits both.
func (v *version) sound(f *wire.Frame, t transport) bool {
	p := f.Bytes()
	if v == &version4 && wire.Sum(0).AddBytes(p[:v.header]).Fold() != 0xffff {
		return false
	}
	sum := v.pseudo(p, len(p)-t.start)
	field := binary.BigEndian.Uint16(p[t.start+t.checksum():])
	if f.Offload.Partial {
		return field == sum.Fold()
	}
	udp := t.kind == unix.VIRTIO_NET_HDR_GSO_UDP_L4
	if field == 0 || field == 0xffff && !udp {
		return false
	}
	return sum.AddBytes(p[t.start:]).Fold() == 0xffff
}
