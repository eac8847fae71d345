package oracle

import "encoding/binary"

// The Internet checksum (RFC 1071) is arithmetic modulo 65535: a checksum is
// right when it and everything it covers add up to 0. Zero can be written 0x0000
// or 0xffff; these functions write 0x0000.

// sumBytes adds b as 16-bit words; an odd last byte is the high half of a word.
func sumBytes(b []byte) int {
	sum := 0
	for i, v := range b {
		if i%2 == 0 {
			sum += int(v) << 8
		} else {
			sum += int(v)
		}
	}
	return sum % 65535
}

// checksum is the value that brings sum to 0.
func checksum(sum int) uint16 { return uint16((65535 - sum%65535) % 65535) }

// covered is the sum of all that the transport checksum of p covers, apart from
// the checksum field at the given offset of the payload. The length in the
// pseudo-header is the one the header tells, even if the payload was cut.
func (p *packet) covered(field int) int {
	sum := sumBytes(p.payload[:field]) + sumBytes(p.payload[field+2:])
	if p.version == 4 && p.proto == protoICMP {
		return sum // ICMPv4 has no pseudo-header
	}
	return sum + sumBytes(p.src.AsSlice()) + sumBytes(p.dst.AsSlice()) + int(p.proto) + p.length
}

// checksumField is the offset of the transport checksum in the payload. ok is
// false when there is none, or when it was cut away.
func (p *packet) checksumField() (field int, ok bool) {
	switch {
	case p.icmp():
		field = 2
	case p.proto == protoUDP:
		field = 6
	case p.proto == protoTCP:
		field = 16
	default:
		return 0, false
	}
	return field, !p.laterFragment() && len(p.payload) >= field+2
}

// moveChecksum gives q the transport checksum of p, from which it was made. It
// differs from the right one by as much as p's did, so a wrong checksum stays
// wrong (B4-4.5-06): new - right(q) = old - right(p), and right(x) = -covered(x).
func moveChecksum(p, q *packet) {
	field, ok := q.checksumField()
	if !ok {
		return
	}
	old := int(uint16At(p.payload, field))
	if q.proto == protoUDP && old == 0 {
		return // not a checksum
	}
	sum := (old + p.covered(field) - q.covered(field)) % 65535
	q.putChecksum(field, uint16((sum+65535)%65535))
}

// setChecksum gives q a right checksum.
func (p *packet) setChecksum() {
	field, ok := p.checksumField()
	if ok {
		p.putChecksum(field, checksum(p.covered(field)))
	}
}

// putChecksum writes a checksum of value sum modulo 65535. UDP has to write zero
// as 0xffff (B4-4.5-05, B6-5.5-03); elsewhere both forms will do.
func (p *packet) putChecksum(field int, sum uint16) {
	if sum == 0 && p.proto == protoUDP {
		sum = 0xffff
	}
	if sum == 0 {
		p.free = append(p.free, [2]int{field, 2})
	}
	binary.BigEndian.PutUint16(p.payload[field:], sum)
}

// checksumRight verifies the transport checksum.
func (p *packet) checksumRight() bool {
	field, ok := p.checksumField()
	return ok && (p.covered(field)+int(uint16At(p.payload, field)))%65535 == 0
}
