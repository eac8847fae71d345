package tundev

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// judge judges a virtio header and the packet behind it, as they would be
// written, by virtio 1.2 §5.1.6.2 and what the Linux kernel makes of them. It
// shares nothing with encode: it starts from what the header claims, and takes
// the packet apart from the front to see whether that is so.
func judge(written []byte) error {
	h, p := written[:10], written[10:]
	flags, kind := h[0], h[1]
	u := func(at int) int { return int(binary.NativeEndian.Uint16(h[at:])) }
	headerLen, size, start, offset := u(2), u(4), u(6), u(8)
	if flags == 0 {
		if kind|h[2]|h[3]|h[4]|h[5]|h[6]|h[7]|h[8]|h[9] != 0 {
			return fmt.Errorf("a finished packet with % x", h)
		}
		return nil
	}
	if flags != 1 {
		return fmt.Errorf("flags %#x", flags)
	}
	proto, rest, split := peel(p)
	if rest == nil || len(p)-len(rest) != start {
		return fmt.Errorf("csum_start %d, but the transport header is at %d", start, len(p)-len(rest))
	}
	want := map[int]int{6: 16, 17: 6}[proto]
	if want == 0 || offset != want || len(rest) < offset+2 {
		return fmt.Errorf("csum_offset %d of protocol %d with %d octets", offset, proto, len(rest))
	}
	if kind == 0 {
		if headerLen != 0 || size != 0 {
			return errors.New("one packet with the facts of a super-packet")
		}
		return nil
	}
	if !split {
		return errors.New("a super-packet that the kernel cannot segment")
	}
	return judgeSegments(rest, proto, kind, [3]int{headerLen - start, size, int(p[0] >> 4)})
}

// judgeSegments judges a super-packet: its transport header on, and hdr_len after
// the network header, gso_size, IP version.
func judgeSegments(rest []byte, proto int, kind byte, claims [3]int) error {
	header, size, version := claims[0], claims[1], claims[2]
	type super struct {
		proto, version int
		kind           byte
	}
	switch (super{proto, version, kind &^ 0x80}) {
	case super{6, 4, 1}, super{6, 6, 4}:
		if header != int(rest[12]>>4)*4 {
			return fmt.Errorf("hdr_len is %d behind the network header of TCP", header)
		}
	case super{17, 4, 5}, super{17, 6, 5}:
		if header != 8 || kind&0x80 != 0 || len(rest)-header > 128*size {
			return fmt.Errorf("hdr_len %d, gso_type %#x, gso_size %d for %d octets of UDP", header, kind, size, len(rest))
		}
	default:
		return fmt.Errorf("gso_type %#x for protocol %d in IPv%d", kind, proto, version)
	}
	if size == 0 || len(rest)-header <= size {
		return fmt.Errorf("gso_size %d for %d octets of payload", size, len(rest)-header)
	}
	return nil
}

// peel returns the protocol of a packet and what it carries, nil if that is a
// fragment or broken; and whether the kernel segments behind these headers.
func peel(p []byte) (proto int, rest []byte, split bool) {
	switch {
	case len(p) >= 20 && p[0]>>4 == 4 && int(p[0]&15) >= 5 && int(p[0]&15)*4 <= len(p) && p[6]&0x3f == 0 && p[7] == 0:
		return int(p[9]), p[int(p[0]&15)*4:], true
	case len(p) >= 40 && p[0]>>4 == 6:
		return peel6(int(p[6]), p[40:])
	}
	return 0, nil, false
}

func peel6(proto int, p []byte) (int, []byte, bool) {
	unit, plain := 8, true
	switch proto {
	case 0, 43, 60: // Hop-by-Hop, Routing, Destination Options
	case 135, 139, 140: // Mobility, HIP, Shim6
		plain = false
	case 51: // Authentication Header
		unit, plain = 4, false
	case 44: // Fragment: its second octet is no length
		if len(p) < 8 || p[2] != 0 || p[3]&0xf9 != 0 {
			return 0, nil, false
		}
		unit, plain = 0, false
	default:
		return proto, p, true
	}
	if len(p) < 8 || len(p) < 8+unit*int(p[1]) {
		return 0, nil, false
	}
	proto, rest, split := peel6(int(p[0]), p[8+unit*int(p[1]):])
	return proto, rest, split && plain
}
