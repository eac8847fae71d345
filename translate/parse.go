package translate

import (
	"encoding/binary"
	"math/bits"

	"taygo/translate/wire"
)

// parse4 reads the IPv4 header at the front of b. A quoted packet may be cut
// short behind its header, and its checksum does not count: many routers quote a
// header that they have changed.
func parse4(h *Header, b []byte, quoted bool) Verdict {
	if len(b) < wire.IPv4Len || b[0]>>4 != 4 {
		return Malformed
	}
	flags := binary.BigEndian.Uint16(b[6:])
	*h = Header{} // and each field by itself: a literal would be made elsewhere and copied
	h.Src, h.Dst = wire.Addr4(binary.BigEndian.Uint32(b[12:])), wire.Addr4(binary.BigEndian.Uint32(b[16:]))
	h.Class, h.HopLimit, h.Proto = b[1], b[8], b[9]
	h.DontFrag, h.More, h.Offset = flags&0x4000 != 0, flags&0x2000 != 0, flags<<3
	h.ID = uint32(binary.BigEndian.Uint16(b[4:]))
	h.Len, h.Total = int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	h.Fragment = h.isPart()
	switch {
	case h.Len < wire.IPv4Len, h.Len > h.Total, h.Len > len(b):
		return Malformed
	case quoted:
		return Translated
	case h.Total > len(b):
		return Malformed
	case headerSum(b[:h.Len]).Fold() != 0xffff:
		return HeaderChecksum
	case !h.fragmentFits():
		return Malformed
	}
	if h.Len > wire.IPv4Len {
		h.Route = sourceRoute(b[:h.Len])
	}
	return Translated
}

// headerSum sums up an IPv4 header.
func headerSum(b []byte) wire.Sum {
	x, c := bits.Add64(binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), 0)
	x, c = bits.Add64(x, uint64(binary.BigEndian.Uint32(b[16:])), c)
	sum := wire.Sum(x + c) // the last word is short, so there is room for the carry
	if len(b) > wire.IPv4Len {
		sum = sum.AddBytes(b[wire.IPv4Len:])
	}
	return sum
}

// fragmentFits reports whether the fragment ends within the longest datagram and,
// if more follow, on a multiple of 8.
func (h *Header) fragmentFits() bool {
	n := h.payload()
	return !h.Fragment || int(h.Offset)+n <= 65535 && !(h.More && n%8 != 0)
}

// sourceRoute returns where in an IPv4 header an unfinished loose or strict
// source route option stands (RFC 791 §3.1), or 0. It reads no further than a
// malformed option.
func sourceRoute(header []byte) uint16 {
	const end, nop, loose, strict = 0, 1, 131, 137
	for at := wire.IPv4Len; at < len(header) && header[at] != end; {
		if header[at] == nop {
			at++
			continue
		}
		option := header[at:]
		if len(option) < 2 || option[1] < 2 || int(option[1]) > len(option) {
			return 0
		}
		if (option[0] == loose || option[0] == strict) && option[1] > 2 && option[2] <= option[1] {
			return uint16(at)
		}
		at += int(option[1])
	}
	return 0
}

// parse6 reads the IPv6 header at the front of b and its extension headers, at
// most limit of them. A quoted packet may be cut short behind them.
func parse6(h *Header, b []byte, limit int, quoted bool) Verdict {
	if len(b) < wire.IPv6Len || b[0]>>4 != 6 {
		return Malformed
	}
	*h = Header{}
	h.Src, h.Dst = wire.Load16(b[8:24]), wire.Load16(b[24:40])
	h.V6, h.DontFrag = true, true
	h.Class, h.HopLimit, h.Proto = b[0]<<4|b[1]>>4, b[7], b[6]
	h.Len, h.Total = wire.IPv6Len, wire.IPv6Len+int(binary.BigEndian.Uint16(b[4:]))
	if !quoted && h.Total > len(b) {
		return Malformed
	}
	if isExtension(h.Proto) && !h.extensions(b[:min(h.Total, len(b))], limit) {
		return Malformed
	}
	if !quoted && !h.fragmentFits() {
		return Malformed
	}
	return Translated
}

// isExtension reports whether the extension header exists in IPv6 only and is
// left out in translation (RFC 7915 §5.1).
func isExtension(proto uint8) bool {
	return proto == wire.ProtoHopByHop || proto == wire.ProtoRouting ||
		proto == wire.ProtoDestOpts || proto == wire.ProtoFragment
}

// extensions walks the extension headers of b up to the Fragment Header, which
// is the last that RFC 7915 translates.
func (h *Header) extensions(b []byte, limit int) bool {
	for range limit {
		if len(b) < h.Len+8 {
			return false
		}
		x := b[h.Len:]
		switch h.Proto {
		case wire.ProtoFragment:
			field := binary.BigEndian.Uint16(x[2:])
			h.Proto, h.Fragment, h.DontFrag = x[0], true, false
			h.Offset, h.More, h.ID = field&^7, field&1 != 0, binary.BigEndian.Uint32(x[4:])
			h.Len += wire.FragmentLen
			return true
		case wire.ProtoRouting:
			if x[3] != 0 && h.Route == 0 {
				h.Route = uint16(h.Len + 3) // of Segments Left (RFC 8200 §4.4)
			}
		}
		h.Proto = x[0]
		h.Len += 8 + 8*int(x[1])
		if h.Len > len(b) {
			return false
		}
		if !isExtension(h.Proto) {
			return true
		}
	}
	return false
}
