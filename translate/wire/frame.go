// Package wire holds packets as they lie in memory: frames with room to grow at
// the front, batches of them in one arena, addresses as integers, and the
// Internet checksum. It knows octets, not policy.
package wire

// Headroom is the space kept free before a received packet, in octets: what an
// IPv6 header and a Fragment Header take more than an IPv4 header (28), and a
// virtio header before those (10), rounded up to a cache line.
const Headroom = 64

// MaxPacket is the longest packet a frame holds, in octets: an IPv6 header and
// the longest payload without the jumbo option (RFC 8200 §4.5).
const MaxPacket = 40 + 65535

// A Frame is one packet in memory of its own, or one super-packet: a TCP or UDP
// packet that stands for several segments, as its Offload says. Headers grow
// and shrink at its front; its payload never moves. A Frame belongs to one
// goroutine, and is good until its Batch is reset. The zero Frame is empty.
type Frame struct {
	buf        []byte
	start, end int
	Offload    Offload

	// Reassembled says that the packet was fragments: it may be cut into some again,
	// however long it is.
	Reassembled bool
}

// An Offload says what is still to be done to a frame before it is on a link:
// the facts of a virtio header (virtio 1.2 §5.1.6), without the offsets, which
// follow from the packet. The zero Offload is one finished packet.
type Offload struct {
	Segment uint16 // transport payload of each segment, in octets; 0 if the frame is one packet
	Partial bool   // the transport checksum covers only the pseudo-header, not complemented
	ECN     bool   // of a TCP super-packet only the first segment carries CWR
}

// NewFrame returns a frame that holds a copy of packet.
func NewFrame(packet []byte) *Frame {
	f := &Frame{buf: make([]byte, Headroom+len(packet)), start: Headroom, end: Headroom + len(packet)}
	copy(f.Bytes(), packet)
	return f
}

// Bytes returns the packet. The slice is good until the next Move or Cut.
func (f *Frame) Bytes() []byte { return f.buf[f.start:f.end] }

// Len is the length of the packet in octets.
func (f *Frame) Len() int { return f.end - f.start }

// Move shifts the start of the packet by n octets: back (negative) to grow it,
// on to shrink it. It grows by Headroom at most.
func (f *Frame) Move(n int) { f.start += n }

// Cut shortens the packet to its first n octets.
func (f *Frame) Cut(n int) { f.end = f.start + n }

// Front returns the packet with the n octets before it, for the header that a
// device puts there.
func (f *Frame) Front(n int) []byte { return f.buf[f.start-n : f.end] }
