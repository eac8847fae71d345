package translate_test

import (
	"testing"

	"taygo/internal/pkttest"
	"taygo/translate"
)

// A pair is the type and code of an ICMP message.
type pair struct{ kind, code uint8 }

// icmp4to6 is what ICMPv4 types and codes become, read off RFC 7915 §4.2; what
// is not here is dropped.
func icmp4to6(p pair) (pair, bool) {
	unreachable := map[uint8]pair{
		0: {1, 0}, 1: {1, 0}, 2: {4, 1}, 3: {1, 4}, 4: {2, 0}, 5: {1, 0}, 6: {1, 0}, 7: {1, 0},
		8: {1, 0}, 9: {1, 1}, 10: {1, 1}, 11: {1, 0}, 12: {1, 0}, 13: {1, 1}, 15: {1, 1},
	}
	switch p.kind {
	case 0:
		return pair{129, 0}, true
	case 8:
		return pair{128, 0}, true
	case 3:
		to, ok := unreachable[p.code]
		return to, ok
	case 11:
		return pair{3, p.code}, true
	case 12:
		return pair{4, 0}, p.code == 0 || p.code == 2
	}
	return pair{}, false
}

// icmp6to4 is the same for ICMPv6, by RFC 7915 §5.2.
func icmp6to4(p pair) (pair, bool) {
	unreachable := map[uint8]pair{0: {3, 1}, 1: {3, 10}, 2: {3, 1}, 3: {3, 1}, 4: {3, 3}}
	problem := map[uint8]pair{0: {12, 0}, 1: {3, 2}}
	to, ok := pair{}, false
	switch p.kind {
	case 128:
		return pair{8, 0}, true
	case 129:
		return pair{0, 0}, true
	case 1:
		to, ok = unreachable[p.code]
	case 2:
		return pair{3, 4}, true
	case 3:
		return pair{11, p.code}, true
	case 4:
		to, ok = problem[p.code]
	}
	return to, ok
}

// TestEveryICMPTypeAndCode sends all 65,536 of each family. Every one has a quoted
// packet as its data, so that only type and code decide.
func TestEveryICMPTypeAndCode(t *testing.T) {
	quote4 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
	quote6 := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	s := newSubject(t, config())
	for i := range 65536 {
		p := pair{uint8(i >> 8), uint8(i)}
		wantPair(t, s, ip4.Packet(pkttest.ICMP{Type: p.kind, Code: p.code, Data: quote4}), icmp4to6)
		word := uint32(0)
		if p.kind == 2 {
			word = 1400
		}
		wantPair(t, s, ip6.Packet(pkttest.ICMP{Type: p.kind, Code: p.code, Word: word, Data: quote6}), icmp6to4)
		if t.Failed() {
			t.Fatalf("type %d code %d", p.kind, p.code)
		}
	}
}

// wantPair sends an ICMP message and expects what the table says of it.
func wantPair(t *testing.T, s *subject, pkt []byte, table func(pair) (pair, bool)) {
	t.Helper()
	in, out := 40, 20
	if pkt[0]>>4 == 4 {
		in, out = 20, 40
	}
	want, ok := table(pair{pkt[in], pkt[in+1]})
	v, got := s.send(pkt)
	if !ok {
		if len(got) != 0 || v != translate.ICMPType {
			t.Errorf("%v, %d packets; it has no counterpart", v, len(got))
		}
		return
	}
	if v != translate.Translated || len(got) != 1 {
		t.Errorf("%v, %d packets, want type %d code %d", v, len(got), want.kind, want.code)
		return
	}
	if is := (pair{got[0][out], got[0][out+1]}); is != want {
		t.Errorf("type %d code %d, want %d %d", is.kind, is.code, want.kind, want.code)
	}
	if err := pkttest.Check(got[0]); err != nil {
		t.Error(err)
	}
}

// TestEveryICMPPointer: a Parameter Problem points at the same field in the other
// header, or is dropped (RFC 7915 §4.2 figure 3, §5.2 figure 6).
func TestEveryICMPPointer(t *testing.T) {
	type span struct{ first, last, to uint32 }
	from4 := []span{{0, 0, 0}, {1, 1, 1}, {2, 3, 4}, {8, 8, 7}, {9, 9, 6}, {12, 15, 8}, {16, 19, 24}}
	from6 := []span{{0, 0, 0}, {1, 1, 1}, {4, 5, 2}, {6, 6, 9}, {7, 7, 8}, {8, 23, 12}, {24, 39, 16}}
	find := func(all []span, at uint32) int {
		for _, x := range all {
			if x.first <= at && at <= x.last {
				return int(x.to)
			}
		}
		return -1
	}
	quote4 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
	quote6 := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(udp)
	s := newSubject(t, config())
	for at := range uint32(256) {
		for _, code := range []uint8{0, 2} {
			wantWord(t, s, ip4.Packet(pkttest.ICMPError{Type: 12, Code: code, Pointer: at, Quote: quote4}), find(from4, at))
		}
	}
	for _, at := range []uint32{256, 1<<24 + 6, 1<<32 - 1} {
		wantWord(t, s, ip6.Packet(pkttest.ICMPError{Type: 4, Pointer: at, Quote: quote6}), -1)
	}
	for at := range uint32(256) {
		want := find(from6, at)
		if want >= 0 {
			want <<= 24
		}
		wantWord(t, s, ip6.Packet(pkttest.ICMPError{Type: 4, Pointer: at, Quote: quote6}), want)
	}
	// The pointer of an unknown next header is not asked for: it becomes 3/2.
	wantWord(t, s, ip6.Packet(pkttest.ICMPError{Type: 4, Code: 1, Pointer: 77, Quote: quote6}), 0)
}
