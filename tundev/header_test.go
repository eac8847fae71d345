package tundev

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"taygo/translate/wire"
)

// header is a virtio header.
type header struct {
	flags, kind                 byte
	headerLen, size, start, sum uint16
}

func (h header) bytes() []byte {
	b := []byte{h.flags, h.kind}
	for _, x := range []uint16{h.headerLen, h.size, h.start, h.sum} {
		b = binary.NativeEndian.AppendUint16(b, x)
	}
	return b
}

// network returns an IP header of the version, with the extension headers or
// options given in hex, before a payload of the protocol.
func network(version byte, proto byte, between string, payload []byte) []byte {
	more, err := hex.DecodeString(between)
	if err != nil {
		panic(err)
	}
	p := make([]byte, map[byte]int{4: 20, 6: 40}[version])
	p[0] = version << 4
	switch version {
	case 4:
		p[0] |= byte(5 + len(more)/4)
		p[9] = proto
	case 6:
		p[6] = proto
		if len(more) > 0 {
			p[6], more[0] = more[0], proto
		}
	}
	return slices.Concat(p, more, payload)
}

// tcp is a TCP header of 20 octets and options, with payload.
func tcp(options, payload int) []byte {
	b := make([]byte, 20+options+payload)
	b[12] = byte(20+options) / 4 << 4
	return b
}

func udp(payload int) []byte { return make([]byte, 8+payload) }

// The extension headers start with their own number, which network exchanges for
// that of what follows.
const (
	hopByHop = "0000000000000000"
	destOpts = "3c010000000000000000000000000000"
	single   = "2c00000000000001"
	fragment = "2c00000100000001"
	auth     = "330400000000000000000000000000000000000000000000"
	mobility = "8700000000000000"
	hip      = "8b00000000000000"
	shim6    = "8c00000000000000"
)

var offloads = []struct {
	name   string
	packet []byte
	o      wire.Offload
	header header
}{
	{"a finished packet", network(4, 6, "", tcp(0, 10)), wire.Offload{}, header{}},
	{"what is no packet", []byte{1, 2, 3}, wire.Offload{}, header{}},
	{"TCP in IPv4", network(4, 6, "", tcp(0, 10)), wire.Offload{Partial: true}, header{1, 0, 0, 0, 20, 16}},
	{"TCP in IPv6", network(6, 6, "", tcp(0, 10)), wire.Offload{Partial: true}, header{1, 0, 0, 0, 40, 16}},
	{"UDP in IPv4", network(4, 17, "", udp(0)), wire.Offload{Partial: true}, header{1, 0, 0, 0, 20, 6}},
	{"UDP in IPv6", network(6, 17, "", udp(0)), wire.Offload{Partial: true}, header{1, 0, 0, 0, 40, 6}},
	{"UDP behind IPv4 options", network(4, 17, "01010101", udp(9)), wire.Offload{Partial: true}, header{1, 0, 0, 0, 24, 6}},
	{"TCP super-packet in IPv4", network(4, 6, "", tcp(0, 101)), wire.Offload{Segment: 100, Partial: true}, header{1, 1, 40, 100, 20, 16}},
	{"TCP super-packet in IPv6", network(6, 6, "", tcp(12, 3000)), wire.Offload{Segment: 1400, Partial: true}, header{1, 4, 72, 1400, 40, 16}},
	{"with ECN", network(6, 6, "", tcp(12, 3000)), wire.Offload{Segment: 1400, Partial: true, ECN: true}, header{1, 0x84, 72, 1400, 40, 16}},
	{"behind Hop-by-Hop Options", network(6, 6, hopByHop, tcp(40, 3000)), wire.Offload{Segment: 1400, Partial: true}, header{1, 4, 108, 1400, 48, 16}},
	{"behind Destination Options", network(6, 6, destOpts, tcp(0, 3000)), wire.Offload{Segment: 1400, Partial: true}, header{1, 4, 76, 1400, 56, 16}},
	{"UDP super-packet in IPv4", network(4, 17, "", udp(2000)), wire.Offload{Segment: 1000, Partial: true}, header{1, 5, 28, 1000, 20, 6}},
	{"UDP super-packet in IPv6", network(6, 17, "", udp(1001)), wire.Offload{Segment: 1000, Partial: true}, header{1, 5, 48, 1000, 40, 6}},
	{"UDP super-packet of 128", network(6, 17, "", udp(12800)), wire.Offload{Segment: 100, Partial: true}, header{1, 5, 48, 100, 40, 6}},
}

func TestHeaderSaysTheOffload(t *testing.T) {
	for _, c := range offloads {
		front := slices.Concat(bytes.Repeat([]byte{0xaa}, headerLen), c.packet)
		if !encode(front, c.o) || !bytes.Equal(front[:headerLen], c.header.bytes()) || !bytes.Equal(front[headerLen:], c.packet) {
			t.Errorf("%s: written % x, want % x", c.name, front[:headerLen], c.header.bytes())
		}
		if err := judge(front); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		packet := slices.Clone(c.packet)
		if o, ok := decode(front[:headerLen], packet); !ok || o != c.o || !bytes.Equal(packet, c.packet) {
			t.Errorf("%s: read back as %+v, %v", c.name, o, ok)
		}
	}
}

func TestHeaderOfASuperPacketOfOneSaysOnePacket(t *testing.T) {
	for _, o := range []wire.Offload{{Segment: 100, Partial: true}, {Segment: 1400, Partial: true, ECN: true}} {
		front := slices.Concat(make([]byte, headerLen), network(4, 6, "", tcp(0, 100)))
		if want := (header{1, 0, 0, 0, 20, 16}).bytes(); !encode(front, o) || !bytes.Equal(front[:headerLen], want) {
			t.Errorf("%+v: written % x, want % x", o, front[:headerLen], want)
		}
		h := header{1, 0x81, 40, o.Segment, 20, 16}.bytes()
		if got, ok := decode(h, front[headerLen:]); !ok || got != (wire.Offload{Partial: true}) {
			t.Errorf("read % x as %+v, %v", h, got, ok)
		}
	}
}

func TestHeaderIsNotWrittenForWhatItCannotSay(t *testing.T) {
	gso := wire.Offload{Segment: 100, Partial: true}
	sum := wire.Offload{Partial: true}
	for _, c := range []struct {
		name   string
		packet []byte
		o      wire.Offload
	}{
		{"an empty packet", nil, sum},
		{"no IP", make([]byte, 60), sum},
		{"half an IPv6 header", network(6, 17, "", udp(9))[:39], sum},
		{"ICMPv6", network(6, 58, "", udp(9)), sum},
		{"an IPv4 fragment", func() []byte { p := network(4, 17, "", udp(9)); p[6] = 0x20; return p }(), sum},
		{"a later IPv4 fragment", func() []byte { p := network(4, 17, "", udp(9)); p[7] = 1; return p }(), sum},
		{"an IPv4 header without its options", func() []byte { p := network(4, 17, "", nil); p[0] = 0x4f; return p }(), sum},
		{"an IPv4 header of 16 octets", func() []byte { p := network(4, 17, "", udp(9)); p[0] = 0x44; return p }(), sum},
		{"an IPv6 fragment", network(6, 17, fragment, udp(9)), sum},
		{"half a UDP header", network(6, 17, "", udp(0)[:7]), sum},
		{"half a TCP header", network(6, 6, "", tcp(0, 0)[:19]), sum},
		{"half of its options", network(6, 6, "", tcp(8, 0)[:24]), sum},
		{"a TCP header of 16 octets", func() []byte { p := network(4, 6, "", tcp(0, 500)); p[32] = 0x40; return p }(), gso},
		{"an endless chain", network(6, 0, destOpts, nil), sum},
		{"a super-packet with a finished checksum", network(4, 6, "", tcp(0, 500)), wire.Offload{Segment: 100}},
		{"a super-packet behind a Fragment Header", network(6, 6, single, tcp(0, 500)), gso},
		{"a super-packet behind an Authentication Header", network(6, 6, auth, tcp(0, 500)), gso},
		{"a UDP super-packet of 129", network(4, 17, "", udp(12801)), gso},
	} {
		if front := slices.Concat(make([]byte, headerLen), c.packet); encode(front, c.o) {
			t.Errorf("%s with %+v: written % x", c.name, c.o, front[:headerLen])
		}
	}
}

func TestHeaderThatContradictsThePacketIsRefused(t *testing.T) {
	tcp4, tcp6 := network(4, 6, "", tcp(0, 500)), network(6, 6, "", tcp(0, 500))
	udp4, udp6 := network(4, 17, "", udp(500)), network(6, 17, "", udp(500))
	for _, c := range []struct {
		name   string
		packet []byte
		h      header
	}{
		{"unknown flag", tcp4, header{5, 0, 0, 0, 20, 16}},
		{"unknown gso_type", udp4, header{1, 3, 28, 100, 20, 6}},
		{"ECN of no super-packet", tcp4, header{1, 0x80, 40, 100, 20, 16}},
		{"ECN of UDP", udp4, header{1, 0x85, 28, 100, 20, 6}},
		{"TCPV4 in IPv6", tcp6, header{1, 1, 60, 100, 40, 16}},
		{"TCPV6 in IPv4", tcp4, header{1, 4, 40, 100, 20, 16}},
		{"TCPV4 of UDP", udp4, header{1, 1, 28, 100, 20, 6}},
		{"UDP_L4 of TCP", tcp6, header{1, 5, 60, 100, 40, 16}},
		{"gso_size 0", tcp6, header{1, 4, 60, 0, 40, 16}},
		{"super-packet without NEEDS_CSUM", tcp6, header{0, 4, 60, 100, 40, 16}},
		{"super-packet with DATA_VALID alone", udp6, header{2, 5, 48, 100, 40, 6}},
		{"super-packet with csum_start elsewhere", tcp6, header{1, 4, 60, 100, 20, 16}},
		{"super-packet with csum_offset elsewhere", tcp6, header{1, 4, 60, 100, 40, 6}},
		{"super-packet that is a fragment", network(6, 6, fragment, tcp(0, 500)), header{1, 4, 68, 100, 48, 16}},
		{"checksum field behind the end", udp6, header{1, 0, 0, 0, 40, 507}},
		{"csum_start behind the end", udp6, header{1, 0, 0, 0, 65535, 65535}},
		{"csum_start in the IP header", udp4, header{1, 0, 0, 0, 12, 6}},
	} {
		packet := slices.Clone(c.packet)
		if o, ok := decode(c.h.bytes(), packet); ok || !bytes.Equal(packet, c.packet) {
			t.Errorf("%s: read as %+v", c.name, o)
		}
	}
}

func TestHeaderOfFinishedPacketMayTellTheKernelsFacts(t *testing.T) {
	for _, h := range []header{{}, {2, 0, 0, 0, 0, 0}, {0, 0, 99, 0, 0, 0}, {2, 0, 99, 0, 40, 16}} {
		if o, ok := decode(h.bytes(), network(6, 17, fragment, udp(9))); !ok || o != (wire.Offload{}) {
			t.Errorf("%+v is read as %+v, %v", h, o, ok)
		}
	}
}

// A checksum inside of a tunnel cannot wait for a device behind the translator.
func TestHeaderForAnInnerChecksumCompletesIt(t *testing.T) {
	inner := network(4, 17, "", udp(33))
	for i := range inner[28:] {
		inner[28+i] = byte(i * 7)
	}
	binary.BigEndian.PutUint16(inner[26:], 0x1234) // the sum of some pseudo-header
	p := network(6, 4, "", inner)
	if o, ok := decode(header{1, 0, 0, 0, 60, 6}.bytes(), p); !ok || o != (wire.Offload{}) {
		t.Fatalf("read as %+v, %v", o, ok)
	}
	// Complete, it sums to all ones with the pseudo-header it stood for.
	if got := wire.Sum(0x1234).AddBytes(p[60:]).Fold(); got != 0xffff {
		t.Errorf("the completed checksum %#x leaves %#x", p[66:68], got)
	}
	zero := network(6, 4, "", network(4, 17, "", udp(0)))
	binary.BigEndian.PutUint16(zero[66:], 0xffff)
	if _, ok := decode(header{1, 0, 0, 0, 60, 6}.bytes(), zero); !ok || !bytes.Equal(zero[66:68], []byte{0xff, 0xff}) {
		t.Errorf("a checksum of zero is written as % x", zero[66:68])
	}
}

// Translation carries what is behind these headers as it is, so a checksum there
// cannot wait either, though it can be written so.
func TestHeaderForAChecksumBehindAnOpaqueHeaderCompletesIt(t *testing.T) {
	for name, between := range map[string]string{
		"an atomic Fragment Header": single, "an Authentication Header": auth,
		"a Mobility Header": mobility, "HIP": hip, "Shim6": shim6,
		"a Mobility Header behind Destination Options": "3c000000000000008700000000000000",
	} {
		payload := udp(33)
		for i := range payload {
			payload[i] = byte(i * 7)
		}
		binary.BigEndian.PutUint16(payload[6:], 0x1234) // the sum of some pseudo-header
		p := network(6, 17, between, payload)
		if between[:2] == "3c" {
			p[6], p[40], p[48] = 60, 135, 17
		}
		start := len(p) - len(payload)
		front := slices.Concat(make([]byte, headerLen), p)
		h := header{1, 0, 0, 0, uint16(start), 6}.bytes()
		if !encode(front, wire.Offload{Partial: true}) || !bytes.Equal(front[:headerLen], h) || judge(front) != nil {
			t.Errorf("behind %s: written % x, want % x: %v", name, front[:headerLen], h, judge(front))
		}
		if o, ok := decode(h, p); !ok || o != (wire.Offload{}) {
			t.Errorf("behind %s: read as %+v, %v", name, o, ok)
		}
		if got := wire.Sum(0x1234).AddBytes(p[start:]).Fold(); got != 0xffff {
			t.Errorf("behind %s: the completed checksum % x leaves %#x", name, p[start+6:start+8], got)
		}
		super := slices.Clone(front[headerLen:])
		if o, ok := decode(header{1, 5, uint16(start) + 8, 10, uint16(start), 6}.bytes(), super); ok || !bytes.Equal(super, front[headerLen:]) {
			t.Errorf("behind %s: a super-packet is read as %+v", name, o)
		}
	}
}

// Whatever the packet and the offload, what is written passes the checker.
func TestHeaderNeverLies(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	written := 0
	for range 300_000 {
		c := offloads[rnd.IntN(len(offloads))]
		front := slices.Concat(make([]byte, headerLen), c.packet[:min(len(c.packet), 200)])
		for range rnd.IntN(3) {
			front[headerLen+rnd.IntN(min(60, len(front)-headerLen))] ^= byte(1) << rnd.IntN(8)
		}
		o := wire.Offload{Segment: uint16(rnd.IntN(200)), Partial: rnd.IntN(8) > 0, ECN: rnd.IntN(2) > 0}
		if !encode(front, o) {
			continue
		}
		written++
		if err := judge(front); err != nil {
			t.Fatalf("%+v of % x: % x: %v", o, front[headerLen:], front[:headerLen], err)
		}
	}
	if written < 30_000 {
		t.Errorf("only %d headers were written", written)
	}
}
