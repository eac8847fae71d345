package pkttest

import (
	"bytes"
	"testing"
)

// FuzzPacket gives any octets to all that reads packets, and holds what the
// readers say to each other.
func FuzzPacket(f *testing.F) {
	f.Add([]byte{})
	for _, good := range []map[string][]byte{good4, good6} {
		for _, pkt := range good {
			f.Add(pkt)
		}
	}
	f.Fuzz(func(t *testing.T, pkt []byte) {
		if text := Dump(pkt); !bytes.Equal(undump(t, text), pkt) {
			t.Errorf("% x is not what the dump shows:\n%s", pkt, text)
		}
		state := TransportSum(pkt)
		if err := Check(pkt); err == nil {
			if state == SumBad || state == SumZero {
				t.Errorf("passed, but its checksum is %v:\n%s", state, Dump(pkt))
			}
			if _, err := takeApart(pkt); err != nil {
				t.Errorf("passed, but %v:\n%s", err, Dump(pkt))
			}
		}
		whole, err := Reassemble([][]byte{pkt})
		if err != nil {
			return
		}
		pieces, err := Split(whole, max(len(whole)/2, 300), 7)
		if err != nil {
			return // no room, or extension headers without end
		}
		again, err := Reassemble(pieces)
		if err != nil || !sameButSum(again, whole) {
			t.Errorf("split and put together: %v\n%s%s", err, Dump(whole), Dump(again))
		}
	})
}

// sameButSum compares packets but for what fragmenting changes: an IPv4 packet's
// DF and reserved flags, and so its header checksum.
func sameButSum(a, b []byte) bool {
	a, b = bytes.Clone(a), bytes.Clone(b)
	for _, p := range [][]byte{a, b} {
		if len(p) >= 20 && p[0]>>4 == 4 {
			clear(p[6:8])
			clear(p[10:12])
		}
	}
	return bytes.Equal(a, b)
}

// FuzzVectorFile holds the reader of vector files to refuse what it cannot read
// and never to fail otherwise.
func FuzzVectorFile(f *testing.F) {
	f.Add("vector a\nreq X\ndir 4to6\nconfig siit-a\nset mtu4 1400\nnote n\nin\n  45 01+07*9  # c\nout translate\n  60\n  ignore 0+1\nand\n  61\nor drop\n")
	f.Add("sequence s\nconfig nat64-a\nat 0\nin\n  60\nout none\ncheck state TRANS bib 1\nat 1.5\nout emit\n  45\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := suite{configs: load().configs}
		if err := s.parse("f", text); err != nil {
			return
		}
		for _, v := range s.vectors {
			if v.Config.Name == "" {
				t.Errorf("vector %q without a configuration", v.Name)
			}
			_ = v.Judge(octetsOf(v.Out))
		}
	})
}
