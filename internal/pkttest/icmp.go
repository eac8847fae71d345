package pkttest

import "encoding/binary"

// Echo is an echo request or reply of the family of the header in front of it:
// ICMPv4 types 8 and 0, ICMPv6 types 128 and 129.
type Echo struct {
	Reply   bool
	ID, Seq uint16
	Data    []byte
	Sum     Field // computed
}

// ICMP is any message of the family of the header in front of it.
type ICMP struct {
	Type, Code uint8
	Word       uint32 // octets 4 to 7
	Data       []byte
	Sum        Field // computed
}

// ICMPError is an error message that quotes a packet. With an extension
// structure the quoted packet is padded with zeros to 128 octets at least and
// the length attribute is set (RFC 4884 §4, §5): octet 5 in units of 4 octets
// in ICMPv4, octet 4 in units of 8 octets in ICMPv6.
type ICMPError struct {
	Type, Code uint8
	Pointer    uint32 // of a Parameter Problem; in ICMPv4 8 bits of it
	MTU        uint32 // of a Packet Too Big; in ICMPv4 16 bits of it
	Quote      []byte
	Ext        []byte // an extension structure; see Extension
	Length     Field  // computed
	Sum        Field  // computed
}

// An Object is one object of an extension structure (RFC 4884 §8).
type Object struct {
	Class, Type uint8
	Data        []byte
}

// Extension returns an extension structure, version 2, with its checksum
// (RFC 4884 §7).
func Extension(objects ...Object) []byte {
	b := []byte{0x20, 0, 0, 0}
	for _, o := range objects {
		b = binary.BigEndian.AppendUint16(b, uint16(4+len(o.Data)))
		b = append(b, o.Class, o.Type)
		b = append(b, o.Data...)
	}
	put16(b, 2, int(checksum(add(0, b))))
	return b
}

func (Echo) number(v6 bool) uint8      { return icmpNumber(v6) }
func (ICMP) number(v6 bool) uint8      { return icmpNumber(v6) }
func (ICMPError) number(v6 bool) uint8 { return icmpNumber(v6) }

func icmpNumber(v6 bool) uint8 {
	if v6 {
		return 58
	}
	return 1
}

func (m Echo) appendTo(b []byte, e envelope) []byte {
	kind := uint8(8)
	switch {
	case e.v6 && m.Reply:
		kind = 129
	case e.v6:
		kind = 128
	case m.Reply:
		kind = 0
	}
	word := uint32(m.ID)<<16 | uint32(m.Seq)
	return ICMP{Type: kind, Word: word, Data: m.Data, Sum: m.Sum}.appendTo(b, e)
}

func (m ICMP) appendTo(b []byte, e envelope) []byte {
	start := len(b)
	b = append(b, m.Type, m.Code, 0, 0)
	b = binary.BigEndian.AppendUint32(b, m.Word)
	b = append(b, m.Data...)
	icmpSum(b[start:], e, m.Sum)
	return b
}

func (m ICMPError) appendTo(b []byte, e envelope) []byte {
	start := len(b)
	b = append(b, m.Type, m.Code, 0, 0)
	lengthAt, unit, word := 5, 4, m.Pointer<<24|m.MTU&0xffff
	if e.v6 {
		lengthAt, unit, word = 4, 8, m.Pointer|m.MTU
	}
	b = binary.BigEndian.AppendUint32(b, word)
	b = append(b, m.Quote...)
	length := 0
	if m.Ext != nil {
		for len(b) < start+8+128 || (len(b)-start-8)%unit != 0 {
			b = append(b, 0)
		}
		length = (len(b) - start - 8) / unit
		b = append(b, m.Ext...)
	}
	if m.Ext != nil || m.Length != 0 {
		b[start+lengthAt] = byte(m.Length.or(length))
	}
	icmpSum(b[start:], e, m.Sum)
	return b
}

// icmpSum writes the checksum of message, whose checksum field is zero. Only
// ICMPv6 has a pseudo-header (RFC 4443 §2.3).
func icmpSum(message []byte, e envelope, f Field) {
	right := checksum(add(0, message))
	if e.v6 {
		right = e.pseudo(58, message)
	}
	put16(message, 2, f.sum(right))
}
