package load

import (
	"encoding/binary"
	"hash/crc32"
)

// A Shape says to which flow each datagram of a trial belongs. Flows differ in
// their source port.
type Shape struct {
	Flows int // at most MaxFlows
	Burst int // datagrams of one flow in a row, before the next flow's turn
}

// MaxFlows is how many flows a Shape may have.
const MaxFlows = 1 << 15

func (s Shape) flow(seq uint64) int { return int(seq / uint64(s.Burst) % uint64(s.Flows)) }

// port is the source port of the datagram.
func (s Shape) port(seq uint64) uint16 { return uint16(firstPort + s.flow(seq)) }

// port is where all datagrams go; firstPort is the source port of the first flow.
const (
	port      = 7000
	firstPort = 20000
)

// PayloadLen is the length of a datagram's payload, in octets: with UDP and IPv4
// headers the packet has 64.
const PayloadLen = 36

const udpLen = 8 // octets of a UDP header

// A payload is the trial's number, the number of the datagram within the trial,
// octets that follow from these, a CRC-32C of all of that, and two octets that
// make the sum of the datagram the same for all.
//
// So all datagrams of a path have one UDP checksum. Else it would be zero for one in
// 65,536, which Tayga 0.9.2 gets wrong: it would pass no long trial at any rate.
type payload [PayloadLen]byte

const (
	crcAt     = 28
	balanceAt = 32
	balanced  = 0x1234 // sum of ports, length and payload
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (p *payload) fill(trial uint32, seq uint64, source uint16) {
	binary.BigEndian.PutUint32(p[0:], trial)
	binary.BigEndian.PutUint64(p[4:], seq)
	mixed := seq * 0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(p[12:], mixed)
	binary.BigEndian.PutUint64(p[20:], ^mixed)
	binary.BigEndian.PutUint32(p[crcAt:], crc32.Checksum(p[:crcAt], castagnoli))
	clear(p[balanceAt:])
	rest := fold(uint64(source) + port + udpLen + PayloadLen + sum(p[:]))
	binary.BigEndian.PutUint16(p[balanceAt:], fold(balanced+uint64(^rest)))
}

// read returns the numbers of the payload b, or false if it is not what was sent in
// trials of shape s.
func read(b []byte, s Shape) (trial uint32, seq uint64, ok bool) {
	if len(b) != PayloadLen {
		return 0, 0, false
	}
	trial, seq = binary.BigEndian.Uint32(b), binary.BigEndian.Uint64(b[4:])
	var sent payload
	sent.fill(trial, seq, s.port(seq))
	return trial, seq, sent == payload(b)
}

// sum adds up b, of an even length, as the Internet checksum does (RFC 1071).
func sum(b []byte) (total uint64) {
	for ; len(b) >= 4; b = b[4:] {
		total += uint64(binary.BigEndian.Uint32(b))
	}
	if len(b) > 0 {
		total += uint64(binary.BigEndian.Uint16(b))
	}
	return total
}

func fold(total uint64) uint16 {
	for total>>16 != 0 {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}
