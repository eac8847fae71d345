package fragment_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
)

// TestReassemblyOfEverySize: a datagram cut anyhow arrives in any order, and what
// leaves, itself cut to the MTU of the other side, is the same as pkttest.Reassemble
// makes of it: what is expected was built whole (RFC 6146 §3.4).
func TestReassemblyOfEverySize(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for _, n := range []int{1, 8, 100, 1231, 1232, 1233, 1471, 1472, 1473, 2952, 8192, 30_000, 65_000, 65_507} {
		for _, f := range flows(n) {
			if f.name == "TCP 4 to 6" || f.name == "TCP 6 to 4" {
				continue // 12 octets longer than fit at last
			}
			t.Run(fmt.Sprintf("%s of %d octets", f.name, n), func(t *testing.T) {
				parts := cutAnyhow(t, f.in, rng)
				w := newWorld(t, fragment.Options{SourceFragments: 8192, SourceOctets: 16 << 20}, 1)
				var all [][]byte
				for _, part := range parts {
					_, got := w.send(part)
					all = append(all, got...)
				}
				w.holds()
				whole, err := pkttest.Reassemble(all)
				if err != nil || !bytes.Equal(whole, f.out) && !sameButFor(whole, f.out, f.in) {
					t.Fatalf("%d fragments became %d: %v\n got %.80x\nwant %.80x", len(parts), len(all), err, whole, f.out)
				}
			})
		}
	}
}

// cutAnyhow cuts a packet into fragments of random lengths, in random order.
func cutAnyhow(t *testing.T, pkt []byte, rng *rand.Rand) [][]byte {
	t.Helper()
	size := 28 + 8*(1+rng.IntN(len(pkt)/16+1))
	if pkt[0]>>4 == 6 {
		size = min(56+8*(1+rng.IntN(len(pkt)/16+1)), 1280) // any more is too big for the other side
	}
	parts, err := pkttest.Split(pkt, max(size, len(pkt)/500, 68), 0x1234)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range rng.Perm(len(parts)) {
		if again, err := pkttest.Split(parts[i], max(len(parts[i])/2, 68), 0); err == nil && i > 0 {
			parts = append(parts[:i:i], append(again, parts[i+1:]...)...)
			break
		}
	}
	rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return parts
}

// sameButFor reports whether two packets are the same but for the Identification
// and DF of one that was not fragmented.
func sameButFor(a, b, in []byte) bool {
	if len(a) != len(b) || a[0]>>4 != 4 || len(in) > 1280+20 {
		return false
	}
	a, b = bytes.Clone(a), bytes.Clone(b)
	for _, x := range [][]byte{a, b} {
		clear(x[4:8])
		clear(x[10:12])
	}
	return bytes.Equal(a, b)
}

// TestReassembledMayBeCutAgain: an IPv6 packet that was fragments leaves in
// fragments, however long; nobody is told to send less (RFC 6146 §3.4).
func TestReassembledMayBeCutAgain(t *testing.T) {
	for _, n := range []int{1300, 1452, 1453, 9000, 65_000} {
		f := flows(n)[6] // echo
		w := newWorld(t, fragment.Options{}, 1)
		parts, err := pkttest.Split(f.in, 1280, 0x1234)
		if err != nil {
			t.Fatal(err)
		}
		var all [][]byte
		for _, part := range parts {
			_, got := w.send(part)
			all = append(all, got...)
		}
		for _, pkt := range all {
			if pkt[9] == 1 && pkt[6]&0x40 != 0 {
				t.Errorf("%d octets: DF is set", n)
			}
		}
		if whole, err := pkttest.Reassemble(all); err != nil || !bytes.Equal(whole, f.out) {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}

// TestHeadersOfTheFirst: a reassembled packet has the headers of the first fragment,
// and the congestion that any fragment met (RFC 791 §3.2, RFC 8200 §4.5, RFC 3168
// §5.3).
func TestHeadersOfTheFirst(t *testing.T) {
	echo := pkttest.Echo{ID: port4, Data: pkttest.Pattern(1, 40)}
	for _, tt := range []struct {
		name        string
		first, last uint8 // TOS
		want        uint8 // Traffic Class
	}{
		{"class of the first", 0xb8, 0x20, 0xb8},
		{"not congested", 0x02, 0x02, 0x02},
		{"congested behind", 0x02, 0x03, 0x03},
		{"congested before", 0x03, 0x02, 0x03},
		{"not capable", 0x00, 0x03, 0x00},
	} {
		h := pkttest.IPv4{Src: far4, Dst: pool4, ID: 5, TOS: tt.first, TTL: 9, Options: []byte{7, 7, 4, 0, 0, 0, 0, 0}}
		parts := splitAt(t, h.Packet(echo), 24)
		k := pkttest.IPv4{Src: far4, Dst: pool4, ID: 5, TOS: tt.last, TTL: 200, Offset: 24}
		last := k.Packet(pkttest.Proto{Number: 1, Data: parts[1][28:]})
		for _, order := range [][][]byte{{parts[0], last}, {last, parts[0]}} {
			w := newWorld(t, fragment.Options{}, 1)
			w.send(order[0])
			_, got := w.send(order[1])
			want := pkttest.IPv6{Src: far6, Dst: host6, HopLimit: 8, TrafficClass: tt.want}.Packet(pkttest.Echo{ID: port6, Data: echo.Data})
			if len(got) != 1 || !bytes.Equal(got[0], want) {
				t.Errorf("%s:\n got %x\nwant %x", tt.name, got, want)
			}
		}
	}
	h := pkttest.IPv6{Src: host6, Dst: far6, TrafficClass: 0x02, HopLimit: 9}
	whole := h.Packet(pkttest.HopByHop{}, pkttest.Echo{ID: port6, Data: echo.Data})
	parts := splitAt(t, whole, 24)
	parts[1][1] |= 3 << 4
	parts[1][7] = 200
	w := newWorld(t, fragment.Options{}, 1)
	w.send(parts[1])
	_, got := w.send(parts[0])
	if len(got) != 1 || got[0][1] != 0x03 || got[0][8] != 8 || got[0][6]&0x40 != 0 {
		t.Errorf("IPv6: %x", got)
	}
}

// splitAt cuts a packet in two, the first with so many octets of payload.
func splitAt(t *testing.T, pkt []byte, n int) [][]byte {
	t.Helper()
	headers := 28
	if pkt[0]>>4 == 6 {
		headers = len(pkt) - 48 + 8 // an echo message of 40 octets, a Fragment Header
	}
	parts, err := pkttest.Split(pkt, headers+n, 5)
	if err != nil || len(parts) != 2 {
		t.Fatalf("%d fragments: %v", len(parts), err)
	}
	return parts
}

// TestTooLongToBeOne: fragments whose datagram would be longer than a packet may be,
// here or on the other side, are dropped together.
func TestTooLongToBeOne(t *testing.T) {
	options := pkttest.IPv4{Src: far4, Dst: pool4, ID: 5, Options: make([]byte, 40), MF: true}
	end4 := pkttest.IPv4{Src: far4, Dst: pool4, ID: 5}
	h6 := pkttest.IPv6{Src: host6, Dst: far6}
	piece := func(proto uint8, n int) pkttest.Proto { return pkttest.Proto{Number: proto, Data: make([]byte, n)} }
	for _, tt := range []struct {
		name  string
		parts [][]byte
		want  translate.Verdict
	}{
		{"IPv4 options", [][]byte{options.Packet(piece(1, 32768)), at(end4, 32768).Packet(piece(1, 32768-81))}, translate.Held},
		{"IPv4 options, one octet more", [][]byte{options.Packet(piece(1, 32768)), at(end4, 32768).Packet(piece(1, 32768-60))}, translate.Malformed},
		{"more than IPv4 takes", [][]byte{
			h6.Packet(pkttest.Fragment{More: true, ID: 5}, piece(58, 32768)), h6.Packet(pkttest.Fragment{Offset: 32768, ID: 5}, piece(58, 32768-20)),
		}, translate.Malformed},
	} {
		w := newWorld(t, fragment.Options{SourceOctets: 1 << 20}, 1)
		w.send(tt.parts[0])
		if v, _ := w.send(tt.parts[1]); v != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, v, tt.want)
		}
		if v, _ := w.send(tt.parts[0]); tt.want == translate.Malformed && v != tt.want {
			t.Errorf("%s, the first again: %v", tt.name, v)
		}
		w.holds()
	}
}

func at(h pkttest.IPv4, offset int) pkttest.IPv4 {
	h.Offset = offset
	return h
}
