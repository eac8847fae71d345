package translate_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

// A datagram is what a run of fragments, or one packet, carries.
type datagram struct {
	data     []byte
	at       int
	more     bool
	dontFrag bool
	id       uint32
	fragment bool // there is a Fragment Header
}

// datagramOf puts the packets, which come in order, together, and tells what is
// wrong with them: that they leave a gap, or are longer than limit.
func datagramOf(pkts [][]byte, limit int) (whole datagram, err error) {
	for i, pkt := range pkts {
		d := piece(pkt)
		switch {
		case len(pkt) > limit:
			return whole, fmt.Errorf("packet %d is %d octets long, at most %d", i, len(pkt), limit)
		case i == 0:
			whole = d
			continue
		case !whole.more || d.at != whole.at+len(whole.data) || len(whole.data)%8 != 0:
			return whole, fmt.Errorf("packet %d begins at %d, the one before ends at %d, more %v", i, d.at, whole.at+len(whole.data), whole.more)
		case d.id != whole.id || d.dontFrag != whole.dontFrag || d.fragment != whole.fragment:
			return whole, fmt.Errorf("packet %d differs: %+v", i, d)
		}
		whole.data, whole.more = append(bytes.Clone(whole.data), d.data...), d.more
	}
	return whole, nil
}

// piece reads one packet without options and without other extension headers
// than a Fragment Header.
func piece(pkt []byte) (d datagram) {
	if pkt[0]>>4 == 4 {
		word := binary.BigEndian.Uint16(pkt[6:])
		d = datagram{data: pkt[20:], at: int(word&0x1fff) * 8, more: word&0x2000 != 0, dontFrag: word&0x4000 != 0}
		d.id = uint32(binary.BigEndian.Uint16(pkt[4:]))
		return d
	}
	d.data = pkt[40:]
	if pkt[6] == 44 {
		word := binary.BigEndian.Uint16(pkt[42:])
		d = datagram{data: pkt[48:], at: int(word &^ 7), more: word&1 != 0, id: binary.BigEndian.Uint32(pkt[44:]), fragment: true}
	}
	return d
}

// The kinds of packets whose sizes are tried.
var kinds = []struct {
	name string
	at   int
	more bool
}{{"whole", 0, false}, {"first fragment", 0, true}, {"middle fragment", 1600, true}, {"last fragment", 1600, false}}

// TestEverySizeFromIPv4: a packet with DF passes up to the MTU of the IPv6 link,
// and its sender is told what would; one without is cut to the lowest IPv6 MTU,
// a fragment further, under its own Identification (RFC 7915 §4, §4.1, §1.4).
func TestEverySizeFromIPv4(t *testing.T) {
	for _, mtu := range [][2]int{{1500, 1280}, {1280, 1280}, {1500, 1400}, {1400, 1500}} { // link, lowest
		s := newSubject(t, config(func(c *oracle.Config) { c.MTU6, c.LowestIPv6MTU = mtu[0], mtu[1] }))
		for _, kind := range kinds {
			for n := 8; n < 1600; n++ {
				if kind.more && n%8 != 0 {
					continue
				}
				in := pkttest.IPv4{Src: far4, Dst: mapped4, ID: 77, MF: kind.more, Offset: kind.at}
				sizeFrom4(t, s, in, n)
				in.DF = true
				sizeFrom4(t, s, in, n)
				if t.Failed() {
					t.Fatalf("%s, %d octets of data, MTU %d, lowest %d", kind.name, n, mtu[0], mtu[1])
				}
			}
		}
	}
}

func sizeFrom4(t *testing.T, s *subject, in pkttest.IPv4, n int) {
	t.Helper()
	mtu, lowest := s.Policy.MTU6, min(s.Policy.MTU6, s.Policy.LowestMTU6)
	part := in.MF || in.Offset > 0
	data := pkttest.Proto{Number: 132, Data: pkttest.Pattern(1, n)}
	size, told := 40+n, mtu-20
	if part {
		size, told = size+8, told-8
	}
	pkt := in.Packet(data)
	v, got := s.send(pkt)
	want, limit := translate.Translated, mtu
	switch {
	case in.DF && size > mtu:
		if in.Offset == 0 {
			wantPackets(t, got, packets(refusal(pkt, pkttest.ICMPError{Type: 3, Code: 4, MTU: uint32(told)})))
		}
		if v != translate.TooBig || in.Offset > 0 && got != nil {
			t.Errorf("DF: %v, %d packets", v, len(got))
		}
		return
	case !in.DF && size > lowest:
		want, limit, part = translate.Fragmented, lowest, true
	}
	d, err := datagramOf(got, limit)
	if err != nil || v != want {
		t.Errorf("%v, want %v: %v", v, want, err)
		return
	}
	if !bytes.Equal(d.data, data.Data) || d.at != in.Offset || d.more != in.MF || d.fragment != part || part && d.id != 77 {
		t.Errorf("%v: at %d, more %v, Identification %d, Fragment Header %v, %d octets of %d", v, d.at, d.more, d.id, d.fragment, len(d.data), n)
	}
	if want == translate.Translated && len(got) != 1 {
		t.Errorf("translated to %d packets", len(got))
	}
}

// TestEverySizeFromIPv6: what is longer than 1,280 octets and than the IPv4 link
// takes is too big; what is shorter is cut. DF is set on what is longer than 1,260
// octets in IPv4 and no fragment (RFC 7915 §5, §5.1, §1.4).
func TestEverySizeFromIPv6(t *testing.T) {
	for _, mtu := range []int{1500, 1480, 1280, 1261, 1260, 1259, 576, 68} {
		s := newSubject(t, config(func(c *oracle.Config) { c.MTU4 = mtu }))
		for _, kind := range kinds {
			for n := 8; n < 1600; n++ {
				data := pkttest.Proto{Number: 132, Data: pkttest.Pattern(1, n)}
				fragment := pkttest.Fragment{Offset: kind.at, More: kind.more, ID: 0x9999abcd}
				switch {
				case kind.more && n%8 != 0:
					continue
				case kind.name == "whole":
					sizeFrom6(t, s, mtu, data)
					sizeFrom6(t, s, mtu, pkttest.DestOptions{}, data)
				}
				sizeFrom6(t, s, mtu, fragment, data)
				if t.Failed() {
					t.Fatalf("%s, %d octets of data, MTU %d", kind.name, n, mtu)
				}
			}
		}
	}
}

func sizeFrom6(t *testing.T, s *subject, mtu int, layers ...pkttest.Layer) {
	t.Helper()
	data := layers[len(layers)-1].(pkttest.Proto).Data
	part, isFragment := layers[0].(pkttest.Fragment)
	pkt := ip6.Packet(layers...)
	v, got := s.send(pkt)
	size, want := 20+len(data), translate.Translated
	switch {
	case size > mtu && len(pkt) > 1280:
		wantPackets(t, got, packets(refusal(pkt, pkttest.ICMPError{Type: 2, MTU: uint32(max(1280, mtu+20))})))
		if v != translate.TooBig {
			t.Errorf("%v", v)
		}
		return
	case size > mtu:
		want = translate.Fragmented
	}
	d, err := datagramOf(got, mtu)
	if err != nil || v != want {
		t.Errorf("%v, want %v: %v", v, want, err)
		return
	}
	if !bytes.Equal(d.data, data) || d.at != part.Offset || d.more != part.More || isFragment && d.id != 0xabcd {
		t.Errorf("%v: at %d, more %v, Identification %#x, %d octets of %d", v, d.at, d.more, d.id, len(d.data), len(data))
	}
	if d.dontFrag != (size > 1260 && !isFragment && want == translate.Translated) {
		t.Errorf("%v: DF %v", v, d.dontFrag)
	}
}

// TestSurplusOctetsStayBehind: what follows the packet is not part of it, and does
// not count for its size (RFC 1812 §5.2.2, RFC 8200 §3).
func TestSurplusOctetsStayBehind(t *testing.T) {
	long := make([]byte, 2000)
	runRules(t, config(), []ruleTest{
		{"IPv4", append(ip4.Packet(udp), long...), translate.Translated, packets(pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 63}.Packet(udp))},
		{"IPv6", append(ip6.Packet(udp), long...), translate.Translated, packets(pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 63}.Packet(udp))},
	})
}
