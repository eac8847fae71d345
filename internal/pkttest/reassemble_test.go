package pkttest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// whole packets of both families, with and without headers that every fragment
// carries.
var wholes = map[string][]byte{
	"IPv4":              IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", ID: 77}.Packet(UDP{Data: Pattern(1, 3000)}),
	"IPv4 with options": IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", ID: 77, Options: []byte{1, 1, 1, 1}}.Packet(tcp),
	"IPv6":              head6.Packet(UDP{Data: Pattern(1, 3000)}),
	"IPv6 hop-by-hop":   head6.Packet(HopByHop{}, DestOptions{}, Routing{}, TCP{Data: Pattern(1, 900)}),
	"IPv6 options":      head6.Packet(DestOptions{}, TCP{Data: Pattern(1, 900)}),
}

func TestReassembleUndoesSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, whole := range wholes {
		for size := 108; size < len(whole)+8; size += 1 + rng.IntN(90) {
			pieces, err := Split(whole, size, 0xabcd1234)
			if err != nil {
				t.Fatalf("%s to %d: %v", name, size, err)
			}
			for _, p := range pieces {
				if len(p) > size {
					t.Fatalf("%s to %d: piece of %d octets", name, size, len(p))
				}
			}
			rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
			got, err := Reassemble(pieces)
			if err != nil || !bytes.Equal(got, whole) {
				t.Fatalf("%s in pieces of %d: %v\n%s%s", name, size, err, Dump(whole), Dump(got))
			}
		}
	}
}

func TestSplitMakesGoodFragments(t *testing.T) {
	for _, name := range []string{"IPv4", "IPv6"} {
		pieces, err := Split(wholes[name], 1280, 0xabcd1234)
		if err != nil || len(pieces) != 3 {
			t.Fatalf("%s: %d pieces, %v", name, len(pieces), err)
		}
		for i, p := range pieces {
			if err := Check(p); err != nil {
				t.Errorf("%s: piece %d: %v", name, i, err)
			}
		}
	}
	first := head6.Packet(Fragment{Offset: 1232, More: true, ID: 9, Next: 17}, Proto{Number: 17, Data: Pattern(1, 800)})
	pieces, err := Split(first, 448, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := head6.Packet(Fragment{Offset: 1232 + 400, More: true, ID: 9, Next: 17}, Proto{Number: 17, Data: Pattern(1, 800)[400:]})
	if len(pieces) != 2 || !bytes.Equal(pieces[1], want) {
		t.Errorf("a fragment split further:\n%s%s", Dump(pieces[1]), Dump(want))
	}
	if _, err := Split(first, 55, 1); !errors.Is(err, ErrMalformed) {
		t.Errorf("no room for 8 octets: %v", err)
	}
	if same, err := Split(first, 1000, 1); err != nil || len(same) != 1 || !bytes.Equal(same[0], first) {
		t.Errorf("what fits is changed: %v", err)
	}
}

func TestReassembleRefuses(t *testing.T) {
	frag := func(at, n int, more bool) []byte {
		return head6.Packet(Fragment{Offset: at, More: more, ID: 5}, Proto{Number: 17, Data: Pattern(byte(at), n)})
	}
	frag4 := func(at, n int, more bool, id uint16) []byte {
		return IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", ID: id, Offset: at, MF: more}.Packet(Proto{Number: 17, Data: Pattern(byte(at), n)})
	}
	otherID := head6.Packet(Fragment{Offset: 16, ID: 6}, Proto{Number: 17, Data: Pattern(16, 8)})
	otherSource := IPv6{Src: "2001:db8::9", Dst: "2001:db8:1::10"}.Packet(Fragment{Offset: 16, ID: 5}, Proto{Number: 17, Data: Pattern(16, 8)})
	for name, tt := range map[string]struct {
		pkts [][]byte
		want error
	}{
		"nothing":             {nil, ErrGap},
		"no header":           {[][]byte{{0x45, 0}}, ErrMalformed},
		"IHL past the length": {[][]byte{IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", IHL: 6}.Packet()}, ErrMalformed},
		"payload length":      {[][]byte{IPv6{Src: "::2", Dst: "::3", Len: 9}.Packet()}, ErrMalformed},
		"extension header":    {[][]byte{head6.Packet(HopByHop{Len: 7}, udp)}, ErrMalformed},
		"no last fragment":    {[][]byte{frag(0, 16, true), frag(16, 8, true)}, ErrGap},
		"no first fragment":   {[][]byte{frag(8, 8, true), frag(16, 8, false)}, ErrGap},
		"gap":                 {[][]byte{frag(0, 16, true), frag(24, 8, false)}, ErrGap},
		"overlap":             {[][]byte{frag(0, 16, true), frag(8, 16, false)}, ErrOverlap},
		"twice the same":      {[][]byte{frag(0, 16, true), frag(0, 16, true), frag(16, 8, false)}, ErrOverlap},
		"behind the last":     {[][]byte{frag(0, 16, false), frag(16, 8, false)}, ErrOverlap},
		"overlap in IPv4":     {[][]byte{frag4(0, 16, true, 1), frag4(8, 16, false, 1)}, ErrOverlap},
		"other ID":            {[][]byte{frag(0, 16, true), otherID}, ErrForeign},
		"other ID in IPv4":    {[][]byte{frag4(0, 16, true, 1), frag4(16, 8, false, 2)}, ErrForeign},
		"other source":        {[][]byte{frag(0, 16, true), otherSource}, ErrForeign},
		"both families":       {[][]byte{frag(0, 16, true), frag4(16, 8, false, 5)}, ErrForeign},
		"two whole packets":   {[][]byte{good4["UDP"], good4["TCP"]}, ErrForeign},
		"not 8 octets":        {[][]byte{frag(0, 17, true), frag(16, 8, false)}, ErrOverlap},
		"too long":            {[][]byte{frag4(0, 65480, true, 1), frag4(65480, 48, false, 1)}, ErrTooLong},
	} {
		if _, err := Reassemble(tt.pkts); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestReassembleLeavesNoTrace(t *testing.T) {
	atomic := head6.Packet(HopByHop{}, Fragment{ID: 9}, udp)
	got, err := Reassemble([][]byte{atomic})
	if want := head6.Packet(HopByHop{}, udp); err != nil || !bytes.Equal(got, want) {
		t.Errorf("atomic fragment: %v\n%s%s", err, Dump(got), Dump(want))
	}
	for name, pkt := range good4 {
		if p, _ := dissect(pkt); p.fragment {
			continue
		}
		if got, err := Reassemble([][]byte{slices.Clone(pkt)}); err != nil || !bytes.Equal(got, pkt) {
			t.Errorf("%s: a whole packet is changed: %v", name, err)
		}
	}
}
