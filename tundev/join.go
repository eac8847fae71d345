package tundev

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// maxSuper is the longest super-packet, in octets: what the length of an IPv4
// packet can say, and one less than the kernel takes (GSO_MAX_SIZE of 65,536).
const maxSuper = 65535

// Where things stand in a UDP or TCP header, in octets.
const (
	udpLength   = 4
	tcpSequence = 4
	tcpAck      = 8 // and behind it data offset, flags, window: 8 octets
	tcpFlags    = 13
	tcpUrgent   = 18
)

// TCP flags (RFC 9293 §3.1): those that end a run, of which the kernel gives each
// to the last segment only, and those of packets that stay single.
const (
	flagFIN  = 0x01
	flagPSH  = 0x08
	endFlags = flagFIN | flagPSH
	offFlags = 0x02 | 0x04 | 0x20 | 0x80 // SYN, RST, URG, CWR
)

// last reports whether a plain packet can be only the last of a run.
func (t transport) last(p []byte) bool {
	return t.kind != unix.VIRTIO_NET_HDR_GSO_UDP_L4 && p[t.start+tcpFlags]&endFlags != 0
}

// mergeable reports whether a plain packet can be in a run at all, if its
// checksums are right.
//
// For each packet with a hop limit of 1 the kernel owes an error, so they stay
// single.
func (m *merger) mergeable(f *wire.Frame, v *version, t transport) bool {
	p := f.Bytes()
	length := int(binary.BigEndian.Uint16(p[v.length:])) + v.uncounted
	switch {
	case f.Offload.Segment != 0, t.end == len(p), length != len(p), p[v.hopLimit] <= 1:
		return false
	case t.kind == unix.VIRTIO_NET_HDR_GSO_UDP_L4:
		return m.mode.USO && int(binary.BigEndian.Uint16(p[t.start+udpLength:])) == len(p)-t.start
	}
	return p[t.start+tcpFlags]&offFlags == 0 && binary.BigEndian.Uint16(p[t.start+tcpUrgent:]) == 0
}

// joins reports whether a mergeable packet of version v, whose flow is perhaps
// that of the run, perhaps one with the same hash, can follow in it. The checksums
// come last: they cost the most.
func (m *merger) joins(r *run, f *wire.Frame, v *version) bool {
	h, p := m.frames[r.head].Bytes(), f.Bytes()
	size := len(p) - r.at.end
	switch {
	case size > r.size, r.at.end+r.payload+size > maxSuper:
		return false
	case !v.same(h, p), v == &version4 && !identified(h, p, int(r.n)):
		return false
	case r.at.kind != unix.VIRTIO_NET_HDR_GSO_UDP_L4 && !r.follows(h, p):
		return false
	case size < r.size && !sharesFate(h, v):
		return false
	}
	if !r.sound {
		r.sound = v.sound(m.frames[r.head], r.at)
	}
	return r.sound && v.sound(f, r.at)
}

// identified reports whether the kernel gives p, as the packet n of a
// super-packet that begins with h, its own Identification: it counts up. When
// fragmentation is forbidden the field means nothing (RFC 6864 §4.1).
func identified(h, p []byte, n int) bool {
	const identification = 4
	return !fragmentable(h) ||
		binary.BigEndian.Uint16(p[identification:]) == binary.BigEndian.Uint16(h[identification:])+uint16(n)
}

// fragmentable reports whether the IPv4 packet p has DF clear.
func fragmentable(p []byte) bool { return p[6]&0x40 == 0 }

// sharesFate reports whether a packet like h, but shorter, goes where h goes: it
// would be lost if a link took it and not h, for the kernel asks that once for a
// super-packet. So a datagram behind a probe of the path MTU stays single.
func sharesFate(h []byte, v *version) bool {
	return len(h) <= wire.MinMTU6 || v == &version4 && fragmentable(h)
}

// follows reports whether the segment p of TCP continues the run that h begins:
// in sequence, and with the same header but for the flags that end a run.
func (r *run) follows(h, p []byte) bool {
	h, p = h[r.at.start:r.at.end], p[r.at.start:]
	const flags = endFlags << 16 // within the word behind the sequence number
	next := binary.BigEndian.Uint32(h[tcpSequence:]) + uint32(r.payload)
	return binary.BigEndian.Uint32(p[tcpSequence:]) == next &&
		(binary.BigEndian.Uint64(h[tcpAck:])^binary.BigEndian.Uint64(p[tcpAck:]))&^flags == 0 &&
		bytes.Equal(h[wire.TCPLen:], p[wire.TCPLen:len(h)])
}
