package oracle

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// randomPackets returns packets from x4 to e4 of every protocol that translation
// touches and one that it does not, with right checksums.
func randomPackets(r *rand.Rand, n int) [][]byte {
	var list [][]byte
	for range n {
		size := r.IntN(1200)
		h := v4{src: x4, dst: e4, tos: byte(r.Uint32()), ttl: byte(3 + r.IntN(250)), flags: uint16(r.IntN(2)) << 14}
		noise := icmp4(8*byte(r.IntN(2)), 0, r.Uint32(), data(size))
		for proto, payload := range map[byte][]byte{
			6: tcp(x4, e4, size), 17: udp(x4, e4, size), 1: noise, 132: data(size),
		} {
			h.proto = proto
			list = append(list, h.packet(payload))
		}
	}
	return list
}

// only translates a packet that becomes one packet.
func only(t *testing.T, c *Config, b []byte) []byte {
	t.Helper()
	got := Translate(c, b)
	if got.Kind != Translated || len(got.Packets) != 1 {
		t.Fatalf("%s (%s), %d packets from %x", got.Kind, got.Why, len(got.Packets), b)
	}
	return got.Packets[0]
}

// TestThereAndBack: an IPv4 packet that went through IPv6 has lost two hops and
// its Identification, nothing else.
func TestThereAndBack(t *testing.T) {
	c := siit()
	for _, b := range randomPackets(rand.New(rand.NewPCG(1, 2)), 200) {
		back := only(t, c, only(t, c, b))
		want := slices.Clone(b)
		want[8] -= 2
		want[6] = 0
		if len(want) > 1260 {
			want[6] = 0x40
		}
		want[10], want[11] = 0, 0
		binary.BigEndian.PutUint16(want[10:], ^onesSum(want[:20]))
		if !bytes.Equal(back, want) {
			t.Fatalf("in   %x\nback %x\nwant %x", b, back, want)
		}
	}
}

// TestWrongChecksumsStayWrong: a transport checksum that is wrong by d comes out
// wrong by d (B4-4.5-06, B6-5.5-05).
func TestWrongChecksumsStayWrong(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	field := map[byte]int{1: 22, 6: 36, 17: 26}
	for _, b := range randomPackets(r, 200) {
		at, has := field[b[9]]
		if !has {
			continue
		}
		wrong := slices.Clone(b)
		sum, d := binary.BigEndian.Uint16(b[at:]), uint16(1+r.IntN(65534))
		binary.BigEndian.PutUint16(wrong[at:], onesSum(binary.BigEndian.AppendUint16(nil, sum))+d)
		if binary.BigEndian.Uint16(wrong[at:])%65535 == sum%65535 || wrong[at]|wrong[at+1] == 0 {
			continue
		}
		six, wrongSix := only(t, siit(), b), only(t, siit(), wrong)
		if !transportRight(t, six) || transportRight(t, wrongSix) {
			t.Fatalf("4 to 6: right %v, wrong %v, %x", transportRight(t, six), transportRight(t, wrongSix), wrong)
		}
		if transportRight(t, only(t, siit(), wrongSix)) {
			t.Fatalf("6 to 4: repaired %x", wrongSix)
		}
		if got, want := difference(wrongSix[20+at:], six[20+at:]), difference(wrong[at:], b[at:]); got != want {
			t.Fatalf("wrong by %d, now by %d: %x", want, got, wrong)
		}
	}
}

func difference(a, b []byte) int {
	d := int(binary.BigEndian.Uint16(a)) - int(binary.BigEndian.Uint16(b))
	return (d + 2*65535) % 65535
}

// TestWellKnownPrefixIsNeutral: between addresses under 64:ff9b::/96 the checksum
// does not change (A-4.1-01).
func TestWellKnownPrefixIsNeutral(t *testing.T) {
	c := siit()
	wellKnown(c)
	c.WKPFStrict, c.EAM = false, nil
	for _, b := range randomPackets(rand.New(rand.NewPCG(5, 6)), 50) {
		if b[9] != 1 && !bytes.Equal(b[20:], only(t, c, b)[40:]) {
			t.Fatalf("payload changed: %x", b)
		}
	}
}

// TestZeroChecksumHasTwoForms: a TCP checksum that comes out as zero may be
// written in both ways, a UDP checksum only as 0xffff.
func TestZeroChecksumHasTwoForms(t *testing.T) {
	c := siit()
	for proto, want := range map[byte]struct {
		at   int
		sum  string
		free [][2]int
	}{
		6:  {16, "\x00\x00", [][2]int{{56, 2}}},
		17: {6, "\xff\xff", nil},
	} {
		payload := tcp(x4, e4, 2)
		if proto == 17 {
			payload = udp(x4, e4, 2)
		}
		// The last word brings the sum over the IPv6 packet to zero.
		n := len(payload)
		payload[n-2], payload[n-1] = 0, 0
		payload[want.at], payload[want.at+1] = 0, 0
		rest := ^onesSum(slices.Concat(pseudo(x6, e6, proto, n), payload))
		binary.BigEndian.PutUint16(payload[n-2:], rest)
		sum := ^onesSum(slices.Concat(pseudo(x4, e4, proto, n), payload))
		binary.BigEndian.PutUint16(payload[want.at:], sum)
		got := Translate(c, v4{src: x4, dst: e4, proto: proto}.packet(payload))
		if s := string(got.Packets[0][40+want.at:][:2]); s != want.sum {
			t.Errorf("protocol %d: checksum %x, want %x", proto, s, want.sum)
		}
		if !reflect.DeepEqual(got.Free[0], want.free) {
			t.Errorf("protocol %d: free %v, want %v", proto, got.Free[0], want.free)
		}
	}
}
