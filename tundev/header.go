package tundev

import (
	"encoding/binary"
	"math"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// headerLen is the length of struct virtio_net_hdr, in octets: flags, gso_type,
// and in native byte order hdr_len, gso_size, csum_start, csum_offset.
const headerLen = 10

// maxSegments is how many datagrams the kernel makes of one super-packet.
const maxSegments = 128

var native = binary.NativeEndian

// decode returns what the virtio header h says of packet, or false if it
// contradicts it. A checksum that the kernel left for a place that translation
// does not touch is completed in packet: within a tunnel, or behind a header that
// is opaque.
//
// hdr_len is not read: the kernel gives the length of what lies in its first
// buffer, whatever that is.
func decode(h, packet []byte) (wire.Offload, bool) {
	if native.Uint64(h) == 0 {
		return wire.Offload{}, true
	}
	flags, kind := h[0], h[1]&^unix.VIRTIO_NET_HDR_GSO_ECN
	if flags&^(unix.VIRTIO_NET_HDR_F_NEEDS_CSUM|unix.VIRTIO_NET_HDR_F_DATA_VALID) != 0 {
		return wire.Offload{}, false
	}
	partial := flags&unix.VIRTIO_NET_HDR_F_NEEDS_CSUM != 0
	if h[1] == unix.VIRTIO_NET_HDR_GSO_NONE && !partial {
		return wire.Offload{}, true
	}
	start, offset := int(native.Uint16(h[6:])), int(native.Uint16(h[8:]))
	t, found := locate(packet)
	own := found && partial && !t.opaque && t.start == start && t.checksum() == offset
	switch {
	case own && h[1] == unix.VIRTIO_NET_HDR_GSO_NONE:
		return wire.Offload{Partial: true}, true
	case h[1] == unix.VIRTIO_NET_HDR_GSO_NONE:
		return wire.Offload{}, complete(packet, start, offset)
	case !own, kind != t.kind, h[1] != kind && kind == unix.VIRTIO_NET_HDR_GSO_UDP_L4:
		return wire.Offload{}, false
	}
	size := native.Uint16(h[4:])
	if size == 0 {
		return wire.Offload{}, false
	}
	if len(packet)-t.end <= int(size) { // a super-packet of one
		return wire.Offload{Partial: true}, true
	}
	return wire.Offload{Segment: size, Partial: true, ECN: h[1] != kind}, true
}

// encode fills the virtio header in the first 10 octets of front for the packet
// behind it. It returns false if o cannot be said of that packet: the kernel
// takes some wrong headers and makes wrong packets of them.
func encode(front []byte, o wire.Offload) bool {
	h, packet := front[:headerLen], front[headerLen:]
	clear(h)
	if o.Segment == 0 && !o.Partial {
		return true
	}
	t, found := locate(packet)
	if !found || !o.Partial || t.end > math.MaxUint16 {
		return false
	}
	payload := len(packet) - t.end
	if payload <= int(o.Segment) {
		o.Segment = 0
	}
	switch {
	case o.Segment == 0:
	case t.opaque, t.kind == unix.VIRTIO_NET_HDR_GSO_UDP_L4 && payload > maxSegments*int(o.Segment):
		return false
	}
	t.describe(h, o)
	return true
}

// describe fills the virtio header h of a super-packet, or, if h holds zeros, of a
// packet with a partial checksum.
func (t transport) describe(h []byte, o wire.Offload) {
	h[0] = unix.VIRTIO_NET_HDR_F_NEEDS_CSUM
	native.PutUint16(h[6:], uint16(t.start))
	native.PutUint16(h[8:], uint16(t.checksum()))
	if o.Segment == 0 {
		return
	}
	h[1] = t.kind
	if o.ECN && t.kind != unix.VIRTIO_NET_HDR_GSO_UDP_L4 {
		h[1] |= unix.VIRTIO_NET_HDR_GSO_ECN
	}
	native.PutUint16(h[2:], uint16(t.end))
	native.PutUint16(h[4:], o.Segment)
}

// complete computes the checksum that covers packet from start on, whose field
// lies offset octets behind that and holds the sum of a pseudo-header. It returns
// false if the field lies outside of the packet.
func complete(packet []byte, start, offset int) bool {
	field := start + offset
	if start < wire.IPv4Len || field+2 > len(packet) {
		return false
	}
	sum := wire.Sum(0).AddBytes(packet[start:]).Checksum()
	if sum == 0 { // to UDP, zero is no checksum; to all others 0xffff is as good
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(packet[field:], sum)
	return true
}
