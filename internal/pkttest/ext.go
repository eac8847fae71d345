package pkttest

import "encoding/binary"

// HopByHop is a Hop-by-Hop Options header (RFC 8200 §4.3).
type HopByHop struct {
	Options []byte // padded with Pad1 or PadN to a multiple of 8, less 2
	Next    Field  // computed
	Len     Field  // in units of 8 octets, the first not counted; computed
}

// DestOptions is a Destination Options header (RFC 8200 §4.6).
type DestOptions struct {
	Options []byte // padded with Pad1 or PadN to a multiple of 8, less 2
	Next    Field  // computed
	Len     Field  // in units of 8 octets, the first not counted; computed
}

// Routing is a Routing header (RFC 8200 §4.4).
type Routing struct {
	Type, SegmentsLeft uint8
	Data               []byte // behind the first 4 octets; padded with zeros
	Next               Field  // computed
	Len                Field  // in units of 8 octets, the first not counted; computed
}

// Fragment is a Fragment header (RFC 8200 §4.5).
type Fragment struct {
	Offset int // in octets
	More   bool
	ID     uint32
	Next   Field // computed; a later fragment says here what the first one holds
}

func (HopByHop) number(bool) uint8    { return 0 }
func (DestOptions) number(bool) uint8 { return 60 }
func (Routing) number(bool) uint8     { return 43 }
func (Fragment) number(bool) uint8    { return 44 }

func (h HopByHop) appendTo(b []byte, e envelope) []byte {
	return appendOptions(b, e, DestOptions(h))
}

func (h DestOptions) appendTo(b []byte, e envelope) []byte { return appendOptions(b, e, h) }

func appendOptions(b []byte, e envelope, h DestOptions) []byte {
	start := len(b)
	b = append(b, byte(h.Next.or(int(e.next))), 0)
	b = append(b, h.Options...)
	switch pad := (8 - (len(b)-start)%8) % 8; pad {
	case 0:
	case 1:
		b = append(b, 0)
	default:
		b = append(b, 1, byte(pad-2))
		b = append(b, make([]byte, pad-2)...)
	}
	b[start+1] = byte(h.Len.or((len(b)-start)/8 - 1))
	return b
}

func (h Routing) appendTo(b []byte, e envelope) []byte {
	start := len(b)
	b = append(b, byte(h.Next.or(int(e.next))), 0, h.Type, h.SegmentsLeft)
	b = append(b, h.Data...)
	for len(b) < start+8 || (len(b)-start)%8 != 0 {
		b = append(b, 0)
	}
	b[start+1] = byte(h.Len.or((len(b)-start)/8 - 1))
	return b
}

func (h Fragment) appendTo(b []byte, e envelope) []byte {
	b = append(b, byte(h.Next.or(int(e.next))), 0, 0, 0)
	put16(b, len(b)-2, h.Offset&^7|bitIf(h.More, 1))
	return binary.BigEndian.AppendUint32(b, h.ID)
}
