package oracle

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

// Hosts and routers of the tests. e4 and e6 are one host (EAM), as are f4 and f6;
// x4 is an IPv4 host without EAM, x6 what IPv6 hosts call it.
const (
	e4, e6     = "198.51.100.10", "2001:db8:1::10"
	f4, f6     = "198.51.100.11", "2001:db8:1::11"
	x4, x6     = "203.0.113.5", "2001:db8:64::cb00:7105"
	own4, own6 = "192.0.2.1", "2001:db8:1::1"
)

// siit is the configuration that the cases start from.
func siit() *Config {
	pair := func(v4, v6 string) Pair {
		return Pair{netip.MustParsePrefix(v4 + "/32"), netip.MustParsePrefix(v6 + "/128")}
	}
	return &Config{
		Prefix: netip.MustParsePrefix("2001:db8:64::/96"), WKPFStrict: true,
		Own4: netip.MustParseAddr(own4), Own6: netip.MustParseAddr(own6),
		EAM:  []Pair{pair(e4, e6), pair(f4, f6)},
		MTU4: 1500, MTU6: 1500, LowestIPv6MTU: 1280,
		UDPZero: "compute", Hairpin: "intrinsic", TrafficClass: -1, TOS: -1, ClassE: true,
	}
}

// A v4 describes an IPv4 packet; ttl 0 stands for 64.
type v4 struct {
	src, dst  string
	proto     byte
	tos, ttl  byte
	id, flags uint16 // flags and fragment offset as in the header
	options   []byte
}

func (h v4) packet(payload []byte) []byte {
	b := make([]byte, 20, 60)
	b = append(b, h.options...)
	b[0], b[1] = 0x40|byte(len(b)/4), h.tos
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(payload)))
	binary.BigEndian.PutUint16(b[4:], h.id)
	binary.BigEndian.PutUint16(b[6:], h.flags)
	b[8], b[9] = h.ttl, h.proto
	if h.ttl == 0 {
		b[8] = 64
	}
	copy(b[12:], netip.MustParseAddr(h.src).AsSlice())
	copy(b[16:], netip.MustParseAddr(h.dst).AsSlice())
	binary.BigEndian.PutUint16(b[10:], ^onesSum(b))
	return append(b, payload...)
}

// A v6 describes an IPv6 packet; hops 0 stands for 64. The extension headers
// stand in front of the payload, their Next Headers set by the caller.
type v6 struct {
	src, dst  string
	next      byte
	tc, hops  byte
	extension []byte
}

func (h v6) packet(payload []byte) []byte {
	b := make([]byte, 40)
	b[0], b[1] = 0x60|h.tc>>4, h.tc<<4
	binary.BigEndian.PutUint16(b[4:], uint16(len(h.extension)+len(payload)))
	b[6], b[7] = h.next, h.hops
	if h.hops == 0 {
		b[7] = 64
	}
	copy(b[8:], netip.MustParseAddr(h.src).AsSlice())
	copy(b[24:], netip.MustParseAddr(h.dst).AsSlice())
	return slices.Concat(b, h.extension, payload)
}

// fragHeader is a Fragment Header; place is offset and M as in the header.
func fragHeader(next byte, place uint16, id uint32) []byte {
	b := []byte{next, 0}
	b = binary.BigEndian.AppendUint16(b, place)
	return binary.BigEndian.AppendUint32(b, id)
}

// pseudo is the pseudo-header of either version.
func pseudo(src, dst string, proto byte, length int) []byte {
	s, d := netip.MustParseAddr(src).AsSlice(), netip.MustParseAddr(dst).AsSlice()
	return slices.Concat(s, d, []byte{0, proto, byte(length >> 8), byte(length)})
}

// udp is a datagram with a right checksum and n octets of data.
func udp(src, dst string, n int) []byte {
	b := binary.BigEndian.AppendUint64(nil, 4000<<48|53<<32|uint64(8+n)<<16)
	b = append(b, data(n)...)
	sum := ^onesSum(slices.Concat(pseudo(src, dst, 17, len(b)), b))
	binary.BigEndian.PutUint16(b[6:], sum)
	return b
}

func tcp(src, dst string, n int) []byte {
	b := make([]byte, 20)
	b[1], b[3], b[12], b[13] = 80, 81, 0x50, 0x10
	b = append(b, data(n)...)
	sum := ^onesSum(slices.Concat(pseudo(src, dst, 6, len(b)), b))
	binary.BigEndian.PutUint16(b[16:], sum)
	return b
}

func data(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(7*i + 1)
	}
	return b
}

// icmp4 is an ICMPv4 message with a right checksum.
func icmp4(kind, code byte, word uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kind, code, 0, 0}, word)
	b = append(b, body...)
	binary.BigEndian.PutUint16(b[2:], ^onesSum(b))
	return b
}

// icmp6 is an ICMPv6 message with a right checksum.
func icmp6(src, dst string, head [2]byte, word uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{head[0], head[1], 0, 0}, word)
	b = append(b, body...)
	sum := ^onesSum(slices.Concat(pseudo(src, dst, 58, len(b)), b))
	binary.BigEndian.PutUint16(b[2:], sum)
	return b
}

// The packets that most cases vary.

func udp4(src, dst string, n int) []byte {
	return v4{src: src, dst: dst, proto: 17}.packet(udp(src, dst, n))
}

func udp6(src, dst string, n int) []byte {
	return v6{src: src, dst: dst, next: 17}.packet(udp(src, dst, n))
}

// error4 is an ICMPv4 error from src to the source of the quoted packet.
func error4(src, dst string, head [2]byte, word uint32, quote []byte) []byte {
	return v4{src: src, dst: dst, proto: 1}.packet(icmp4(head[0], head[1], word, quote))
}

func error6(src, dst string, head [2]byte, word uint32, quote []byte) []byte {
	return v6{src: src, dst: dst, next: 58}.packet(icmp6(src, dst, head, word, quote))
}

// transportRight verifies the transport checksum of a whole packet of a kind made
// above.
func transportRight(t *testing.T, b []byte) bool {
	t.Helper()
	p, refused := parse(b, 8)
	if refused != nil {
		t.Fatalf("%s: %x", refused.rule, b)
	}
	sum := slices.Clone(p.payload)
	if p.proto != protoICMP {
		sum = slices.Concat(pseudo(p.src.String(), p.dst.String(), p.proto, p.length), sum)
	}
	return onesSum(sum) == 0xffff
}
