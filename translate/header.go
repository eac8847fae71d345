package translate

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// cross sets x to h as the other family says it (RFC 7915 §4.1, §5.1), with the
// same payload and hop limit, between the addresses to. segment is the length of
// the longest packet the frame stands for: DF is decided by what will be on the
// link.
func (t *Translator) cross(x, h *Header, to *Pair, segment int) {
	*x = *h
	x.Pair, x.V6, x.DontFrag = *to, !h.V6, false
	if h.V6 {
		x.Len, x.Class = wire.IPv4Len, t.Policy.TOS.or(h.Class)
		if h.Proto == wire.ProtoICMPv6 {
			x.Proto = wire.ProtoICMP
		}
	} else {
		x.Len, x.Class = wire.IPv6Len, t.Policy.Class.or(h.Class)
		if h.Proto == wire.ProtoICMP {
			x.Proto = wire.ProtoICMPv6
		}
	}
	x.Total = x.Len + h.payload()
	switch {
	case h.Fragment && h.V6:
		x.ID &= 0xffff
	case h.Fragment:
		x.Len += wire.FragmentLen
		x.Total += wire.FragmentLen
	case h.V6:
		x.DontFrag = !mayFragment(segment - h.Len)
	}
}

// mayFragment reports whether an IPv4 packet with a payload of n octets leaves
// with a DF of zero: IPv6 would carry it over every link (RFC 7915 §5.1).
func mayFragment(n int) bool { return n <= wire.MinMTU6-wire.IPv6Len }

// put writes the header h to the front of b.
func (h *Header) put(b []byte) {
	if h.V6 {
		h.put6(b)
	} else {
		h.put4(b)
	}
}

func (h *Header) put4(b []byte) {
	_ = b[wire.IPv4Len-1]
	flags := h.Offset >> 3
	if h.DontFrag {
		flags |= 0x4000
	}
	if h.More {
		flags |= 0x2000
	}
	first := 0x4500 | uint16(h.Class)
	life := uint16(h.HopLimit)<<8 | uint16(h.Proto)
	sum := wire.Sum(first) + wire.Sum(h.Total) + wire.Sum(h.ID) + wire.Sum(flags) + wire.Sum(life) +
		wire.Sum(h.Src.V4()) + wire.Sum(h.Dst.V4())
	binary.BigEndian.PutUint16(b, first)
	binary.BigEndian.PutUint16(b[2:], uint16(h.Total))
	binary.BigEndian.PutUint16(b[4:], uint16(h.ID))
	binary.BigEndian.PutUint16(b[6:], flags)
	binary.BigEndian.PutUint16(b[8:], life)
	binary.BigEndian.PutUint16(b[10:], sum.Checksum())
	binary.BigEndian.PutUint32(b[12:], h.Src.V4())
	binary.BigEndian.PutUint32(b[16:], h.Dst.V4())
}

func (h *Header) put6(b []byte) {
	_ = b[wire.IPv6Len-1]
	binary.BigEndian.PutUint32(b, 6<<28|uint32(h.Class)<<20)
	binary.BigEndian.PutUint16(b[4:], uint16(h.Total-wire.IPv6Len))
	b[6], b[7] = h.Proto, h.HopLimit
	h.Src.Store16(b[8:])
	h.Dst.Store16(b[24:])
	if !h.Fragment {
		return
	}
	b[6] = wire.ProtoFragment
	f := b[wire.IPv6Len : wire.IPv6Len+wire.FragmentLen]
	field := h.Offset
	if h.More {
		field |= 1
	}
	f[0], f[1] = h.Proto, 0
	binary.BigEndian.PutUint16(f[2:], field)
	binary.BigEndian.PutUint32(f[4:], h.ID)
}
