package translate_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// A super is a super-packet as the kernel hands it over: with the sum of the
// pseudo-header in its checksum field.
type super struct {
	packet  []byte
	offload wire.Offload
}

// transportAt finds the transport header of a packet.
func transportAt(b []byte) (at int, proto byte) {
	if b[0]>>4 == 4 {
		return int(b[0]&15) * 4, b[9]
	}
	at, proto = 40, b[6]
	for proto == 0 || proto == 43 || proto == 60 {
		proto, at = b[at], at+8+8*int(b[at+1])
	}
	return at, proto
}

// pseudoSum is the plain sum of the pseudo-header of a packet.
func pseudoSum(b []byte) uint64 {
	at, proto := transportAt(b)
	sum := uint64(proto) + uint64(len(b)-at)
	addresses := b[12:20]
	if b[0]>>4 == 6 {
		addresses = b[8:40]
	}
	for i := 0; i < len(addresses); i += 2 {
		sum += uint64(binary.BigEndian.Uint16(addresses[i:]))
	}
	return sum
}

func fold(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

func octetSum(b []byte) (sum uint64) {
	for i, x := range b {
		sum += uint64(x) << (8 * (1 - i%2))
	}
	return sum
}

// setSum writes the transport checksum of a packet: complete, or the plain sum of
// the pseudo-header alone.
func setSum(b []byte, partial bool) {
	at, proto := transportAt(b)
	field := b[at+6:]
	if proto == 6 {
		field = b[at+16:]
	}
	binary.BigEndian.PutUint16(field, 0)
	sum := pseudoSum(b)
	if partial {
		binary.BigEndian.PutUint16(field, fold(sum))
		return
	}
	whole := ^fold(sum + octetSum(b[at:]))
	if proto == 17 && whole == 0 {
		whole = 0xffff
	}
	binary.BigEndian.PutUint16(field, whole)
}

// segments makes the packets that the kernel would make of s.
func (s super) segments() (all [][]byte) {
	if s.offload == (wire.Offload{}) {
		return [][]byte{s.packet}
	}
	at, proto := transportAt(s.packet)
	data := at + 8
	if proto == 6 {
		data = at + int(s.packet[at+12]>>4)*4
	}
	size := int(s.offload.Segment)
	if size == 0 {
		size = len(s.packet)
	}
	for from := data; from < len(s.packet) || from == data; from += size {
		end := min(from+size, len(s.packet))
		b := append(append([]byte(nil), s.packet[:data]...), s.packet[from:end]...)
		if b[0]>>4 == 4 {
			binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
			binary.BigEndian.PutUint16(b[4:], binary.BigEndian.Uint16(b[4:])+uint16(len(all)))
			binary.BigEndian.PutUint16(b[10:], 0)
			binary.BigEndian.PutUint16(b[10:], ^fold(octetSum(b[:at])))
		} else {
			binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
		}
		if proto == 17 {
			binary.BigEndian.PutUint16(b[at+4:], uint16(len(b)-at))
		} else {
			binary.BigEndian.PutUint32(b[at+4:], binary.BigEndian.Uint32(b[at+4:])+uint32(from-data))
			if end < len(s.packet) {
				b[at+13] &^= 0x09 // FIN, PSH
			}
			if from > data {
				b[at+13] &^= 0x80 // CWR
			}
		}
		setSum(b, false)
		all = append(all, b)
	}
	return all
}

// makeSuper makes a random super-packet, or a packet with a partial checksum.
func makeSuper(rng *rand.Rand) super {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	size := []int{1, 8, 100, 536, 1184, 1200, 1208, 1220, 1228, 1232, 1240, 1252, 1360, 1400, 1432, 1440, 1452, 1460, 1472, 8900}[rng.IntN(20)]
	data := pkttest.Pattern(byte(rng.Uint32()), min(1+rng.IntN(size*(1+rng.IntN(40))), 64000))
	var transport pkttest.Layer = pkttest.UDP{Sport: uint16(rng.Uint32()), Dport: 53, Data: data}
	if rng.IntN(2) == 0 {
		transport = pkttest.TCP{
			Sport: 1, Dport: uint16(rng.Uint32()), Seq: rng.Uint32(), Flags: byte(rng.Uint32()), Data: data,
			Options: pkttest.Pattern(1, 4*rng.IntN(4)),
		}
	}
	ttl := pkttest.Field(1 + rng.IntN(20))
	var b []byte
	if rng.IntN(2) == 0 {
		h := pkttest.IPv4{
			Src: "203.0.113.5", Dst: pick("198.51.100.10", "198.51.100.77", "203.0.113.9", "192.0.2.1"),
			TOS: byte(rng.Uint32()), ID: uint16(rng.Uint32()), TTL: ttl, DF: rng.IntN(2) == 0,
		}
		if rng.IntN(8) == 0 {
			h.Options = [][]byte{{7, 7, 4, 0, 0, 0, 0}, {131, 7, 4, 192, 0, 2, 9}}[rng.IntN(2)]
		}
		b = h.Packet(transport)
	} else {
		h := pkttest.IPv6{
			Src:          pick("2001:db8:1::11", "2001:db8:64::203.0.113.7", "2001:db8:ffff::1"),
			Dst:          pick("2001:db8:64::203.0.113.5", "2001:db8:64::198.51.100.10", "2001:db8:ffff::2", "2001:db8:1::1"),
			TrafficClass: byte(rng.Uint32()), FlowLabel: rng.Uint32() & 0xfffff, HopLimit: ttl,
		}
		layers := []pkttest.Layer{transport}
		if rng.IntN(8) == 0 {
			layers = []pkttest.Layer{pkttest.HopByHop{}, pkttest.Routing{SegmentsLeft: uint8(rng.IntN(2))}, transport}
		}
		b = h.Packet(layers...)
	}
	setSum(b, true)
	s := super{b, wire.Offload{Partial: true, Segment: uint16(size), ECN: rng.IntN(2) == 0}}
	if len(data) <= size {
		s.offload = wire.Offload{Partial: true}
	}
	return s
}

// sendSuper translates s, and returns what the kernel would put on the link.
func (s *subject) sendSuper(p super) (translate.Verdict, [][]byte) {
	s.out.Reset()
	f := wire.NewFrame(p.packet)
	f.Offload = p.offload
	v := s.Translate(f, 0, s.out)
	var got [][]byte
	for _, f := range s.out.Frames() {
		got = append(got, super{append([]byte(nil), f.Bytes()...), f.Offload}.segments()...)
	}
	return v, got
}

// clearID makes the Identification that the translator chose zero.
func clearID(b []byte) []byte {
	if b[0]>>4 == 4 {
		clear(b[4:6])
		clear(b[10:12])
	}
	return b
}

// TestTranslateThenSegmentIsSegmentThenTranslate: a super-packet becomes, byte for
// byte, what its segments become one by one.
func TestTranslateThenSegmentIsSegmentThenTranslate(t *testing.T) {
	for name, change := range map[string]func(*oracle.Config){
		"1500":     func(*oracle.Config) {},
		"lowest":   func(c *oracle.Config) { c.MTU6, c.MTU4 = 1280, 1260 },
		"9000":     func(c *oracle.Config) { c.MTU6, c.MTU4, c.LowestIPv6MTU = 9000, 8980, 1400 },
		"IPv4 700": func(c *oracle.Config) { c.MTU4 = 700 },
	} {
		t.Run(name, func(t *testing.T) {
			c := *testConfigs()["base"]
			c.EAM = append(c.EAM, oracle.Pair{V4: netip.MustParsePrefix("198.51.100.12/32"), V6: netip.MustParsePrefix("2001:db8:1::12/128")})
			change(&c)
			one, all := newSubject(t, &c), newSubject(t, &c)
			rng := rand.New(rand.NewPCG(uint64(c.MTU4), 5))
			for i := range runs(3000) {
				sameAsSegments(t, makeSuper(rng), one, all)
				if t.Failed() {
					t.Fatalf("super-packet %d", i)
				}
			}
		})
	}
}

func sameAsSegments(t *testing.T, p super, one, all *subject) {
	t.Helper()
	v, got := one.sendSuper(p)
	if v == translate.NoRoom {
		t.Errorf("no room for %d octets in segments of %d", len(p.packet), p.offload.Segment)
	}
	var want [][]byte
	for _, segment := range p.segments() {
		each, out := all.send(segment)
		if each.Sent() != v.Sent() {
			t.Errorf("super-packet %v, segment %v", v, each)
		}
		for _, b := range out {
			want = append(want, append([]byte(nil), b...))
		}
		if !v.Sent() {
			break // one error is enough for a super-packet
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v: %d packets, %d of the segments", v, len(got), len(want))
		return
	}
	for i := range got {
		if !equalBut(clearID(got[i]), clearID(want[i]), nil) {
			t.Errorf("%v: packet %d of %d:\n%s segments give\n%s", v, i, len(got), pkttest.Dump(got[i]), pkttest.Dump(want[i]))
			return
		}
	}
}
