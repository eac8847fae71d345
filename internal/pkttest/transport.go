package pkttest

import "encoding/binary"

// Flags of a TCP segment (RFC 9293 §3.1).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// UDP is a UDP header and its data (RFC 768). A checksum that comes out zero is
// written as ffff.
type UDP struct {
	Sport, Dport uint16
	Data         []byte
	Len, Sum     Field // computed
}

// TCP is a TCP header and its data (RFC 9293 §3.1).
type TCP struct {
	Sport, Dport uint16
	Seq, Ack     uint32
	Flags        uint8
	Window       uint16
	Urgent       uint16
	Options      []byte // padded with End of Option List
	Data         []byte
	DataOffset   Field // in units of 4 octets; computed
	Sum          Field // computed
}

// Proto is the payload of any other protocol.
type Proto struct {
	Number uint8
	Data   []byte
}

func (UDP) number(bool) uint8     { return 17 }
func (TCP) number(bool) uint8     { return 6 }
func (p Proto) number(bool) uint8 { return p.Number }

func (u UDP) appendTo(b []byte, e envelope) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, u.Sport)
	b = binary.BigEndian.AppendUint16(b, u.Dport)
	b = binary.BigEndian.AppendUint16(b, uint16(u.Len.or(8+len(u.Data))))
	b = append(b, 0, 0)
	b = append(b, u.Data...)
	right := e.pseudo(17, b[start:])
	if right == 0 {
		right = 0xffff
	}
	put16(b, start+6, u.Sum.sum(right))
	return b
}

func (t TCP) appendTo(b []byte, e envelope) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, t.Sport)
	b = binary.BigEndian.AppendUint16(b, t.Dport)
	b = binary.BigEndian.AppendUint32(b, t.Seq)
	b = binary.BigEndian.AppendUint32(b, t.Ack)
	b = append(b, 0, t.Flags)
	b = binary.BigEndian.AppendUint16(b, t.Window)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, t.Urgent)
	b = append(b, t.Options...)
	for (len(b)-start)%4 != 0 {
		b = append(b, 0)
	}
	b[start+12] = byte(t.DataOffset.or((len(b)-start)/4) << 4)
	b = append(b, t.Data...)
	put16(b, start+16, t.Sum.sum(e.pseudo(6, b[start:])))
	return b
}

func (p Proto) appendTo(b []byte, _ envelope) []byte { return append(b, p.Data...) }
