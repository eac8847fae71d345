package translate

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// TCP flags that not every segment of a super-packet carries, in the octet that
// holds them.
const (
	tcpFIN = 0x01
	tcpPSH = 0x08
	tcpCWR = 0x80
)

// transportLen is the length of the TCP or UDP header at the front of payload.
func transportLen(proto uint8, payload []byte) int {
	if proto == wire.ProtoTCP {
		return int(payload[12]>>4) * 4
	}
	return wire.UDPLen
}

// segment is the length of the longest packet on a link that the frame stands for.
func (p *Packet) segment() int {
	f := p.frame
	if f.Offload.Segment == 0 {
		return p.Total
	}
	return min(p.Total, p.Len+transportLen(p.Proto, f.Bytes()[p.Len:])+int(f.Offload.Segment))
}

// segments is how many packets the frame stands for.
func (p *Packet) segments() int {
	size := int(p.frame.Offload.Segment)
	if size == 0 {
		return 1
	}
	n := p.Total - p.Len - transportLen(p.Proto, p.frame.Bytes()[p.Len:])
	return max(1, (n+size-1)/size)
}

// forwardSegments cuts a super-packet into the packets that the kernel would make
// of it, and forwards each by itself: those that must be cut into fragments
// cannot leave as one.
func (t *Translator) forwardSegments(p *Packet, out *wire.Batch) Verdict {
	whole := *p
	v := Fragmented
	for i := range whole.segments() {
		f := whole.cut(i, out)
		if f == nil {
			return NoRoom
		}
		p.reset(f, whole.Now)
		p.Again = whole.Again
		if one := t.judge(p); one != Translated {
			return one
		}
		if one := t.forward(p, out); !one.Sent() {
			v = one
		}
	}
	*p = whole
	return v
}

// hasShortTail reports whether the last segment of a super-packet that becomes
// IPv4 must leave by itself: it alone is short enough for a DF of zero (RFC 7915
// §5.1), and what the kernel makes of one super-packet has the same DF.
func (p *Packet) hasShortTail() bool {
	if !p.V6 || p.Hairpin || p.frame.Offload.Segment == 0 {
		return false
	}
	longest := p.segment()
	headers := longest - int(p.frame.Offload.Segment)
	tail := headers + (p.Total-headers-1)%int(p.frame.Offload.Segment) + 1
	return mayFragment(longest-p.Len) != mayFragment(tail-p.Len)
}

// forwardTail forwards a super-packet without its last segment, and then that.
func (t *Translator) forwardTail(p *Packet, out *wire.Batch) Verdict {
	last := p.segments() - 1
	tail := p.cut(last, out)
	if tail == nil {
		return NoRoom
	}
	p.shorten(last)
	v := t.forward(p, out)
	if !v.Sent() {
		return v
	}
	whole := *p
	p.reset(tail, p.Now)
	if one := t.judge(p); one != Translated {
		return one
	}
	one := t.forward(p, out)
	*p = whole
	return max(v, one)
}

// shorten leaves of a super-packet its first n segments.
func (p *Packet) shorten(n int) {
	f := p.frame
	total := p.segment() + (n-1)*int(f.Offload.Segment)
	less := p.Total - total
	f.Cut(total)
	p.Total = total
	if n == 1 {
		f.Offload.Segment = 0
	}
	b := f.Bytes()
	payload := b[p.Len:]
	binary.BigEndian.PutUint16(b[4:], uint16(total-wire.IPv6Len))
	if p.Proto == wire.ProtoUDP {
		binary.BigEndian.PutUint16(payload[4:], uint16(len(payload)))
	} else {
		payload[13] &^= tcpFIN | tcpPSH
	}
	field := payload[checksumAt(p.Proto):]
	sum := wire.UpdatePartial(binary.BigEndian.Uint16(field), wire.Sum(0).Sub(uint64(less)))
	binary.BigEndian.PutUint16(field, sum)
}

// cut makes packet i of those that a super-packet stands for, or returns nil if
// there is no room. Its checksums are complete.
func (p *Packet) cut(i int, out *wire.Batch) *wire.Frame {
	b := p.frame.Bytes()[:p.Total]
	headers := p.Len + transportLen(p.Proto, b[p.Len:])
	at := headers + i*int(p.frame.Offload.Segment)
	end := min(len(b), at+int(p.frame.Offload.Segment))
	f := out.New(headers + end - at)
	if f == nil {
		return nil
	}
	packet := f.Bytes()
	copy(packet, b[:headers])
	copy(packet[headers:], b[at:end])
	if p.V6 {
		binary.BigEndian.PutUint16(packet[4:], uint16(len(packet)-wire.IPv6Len))
	} else {
		binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
		binary.BigEndian.PutUint16(packet[4:], binary.BigEndian.Uint16(packet[4:])+uint16(i))
		packet[10], packet[11] = 0, 0
		binary.BigEndian.PutUint16(packet[10:], wire.Sum(0).AddBytes(packet[:p.Len]).Checksum())
	}
	p.cutTransport(packet[p.Len:], at-headers, end == len(b))
	return f
}

// cutTransport adjusts the transport header of the segment that begins at the
// octet at of the payload (RFC 9293 §3.1, RFC 3168 §6.1.2), and completes its
// checksum.
func (p *Packet) cutTransport(payload []byte, at int, last bool) {
	if p.Proto == wire.ProtoUDP {
		binary.BigEndian.PutUint16(payload[4:], uint16(len(payload)))
	} else {
		binary.BigEndian.PutUint32(payload[4:], binary.BigEndian.Uint32(payload[4:])+uint32(at))
		if !last {
			payload[13] &^= tcpFIN | tcpPSH
		}
		if at > 0 {
			payload[13] &^= tcpCWR
		}
	}
	field := payload[checksumAt(p.Proto):]
	binary.BigEndian.PutUint16(field, pseudo(&p.Header, len(payload)).Fold())
	complete(payload, p.Proto)
}

// complete computes the checksum of a TCP or UDP datagram whose field holds the
// sum of the pseudo-header.
func complete(payload []byte, proto uint8) {
	sum := wire.Sum(0).AddBytes(payload).Checksum()
	if proto == wire.ProtoUDP {
		sum = notZero(sum)
	}
	binary.BigEndian.PutUint16(payload[checksumAt(proto):], sum)
}
