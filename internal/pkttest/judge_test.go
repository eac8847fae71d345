package pkttest

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// vector returns the vector of that name.
func vector(t *testing.T, name string) Vector {
	t.Helper()
	i := slices.IndexFunc(Vectors(), func(v Vector) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no vector %s", name)
	}
	return Vectors()[i]
}

func octetsOf(out []Packet) [][]byte {
	var pkts [][]byte
	for _, p := range out {
		pkts = append(pkts, bytes.Clone(p.Bytes))
	}
	return pkts
}

func TestJudgeTakesEachOutcomeShown(t *testing.T) {
	judge := func(v *Vector) {
		for i, o := range append([]Outcome{v.Outcome}, v.Accept...) {
			if err := v.Judge(octetsOf(o.Out)); err != nil {
				t.Errorf("outcome %d: %v", i, err)
			}
		}
	}
	for _, v := range Vectors() {
		judge(&v)
	}
	for _, s := range Sequences() {
		for i := range s.Steps {
			judge(&s.Steps[i].Vector)
		}
	}
}

// TestJudgeRefusesAnyFlippedOctet changes each octet of each expected packet.
// Either the octet may be ignored and is under no checksum, or Judge refuses.
func TestJudgeRefusesAnyFlippedOctet(t *testing.T) {
	for _, v := range Vectors() {
		for n, p := range v.Out {
			got := octetsOf(v.Out)
			for i := range p.Bytes {
				got[n][i] ^= 0x10
				free := slices.ContainsFunc(p.Ignore, func(r [2]int) bool { return i >= r[0] && i < r[0]+r[1] })
				free = free && p.Bytes[0]>>4 == 6 && i != 0 // all of IPv4 is under the header checksum; octet 0 is the version
				if err := v.conforms(got); (err == nil) != free && !acceptsOtherwise(&v, got) {
					t.Errorf("%s: octet %d of packet %d: free %v, Judge = %v", v.Name, i, n, free, err)
				}
				got[n][i] ^= 0x10
			}
		}
		if err := v.Judge([][]byte{good4["SCTP"]}); err == nil {
			t.Errorf("%s: passes a packet of its own kind", v.Name)
		}
		if err := v.Judge(nil); (err == nil) != (v.Expect == Drop) && !acceptsOtherwise(&v, nil) {
			t.Errorf("%s: nothing came out: %v", v.Name, err)
		}
	}
}

// acceptsOtherwise reports whether got is one of the alternatives of v.
func acceptsOtherwise(v *Vector, got [][]byte) bool {
	return slices.ContainsFunc(v.Accept, func(o Outcome) bool { return sameAll(o.Out, got) == nil })
}

func TestJudgeIgnoresWhatIsFreeIfChecksumsHold(t *testing.T) {
	reply := vector(t, "46-ttl-1") // ignores TOS, ID, DF, TTL, header checksum
	got := octetsOf(reply.Out)
	got[0][1], got[0][4], got[0][6], got[0][8] = 0xc0, 0xab, 0x40, 0xff
	if err := reply.Judge(got); !errors.Is(err, ErrHeaderSum) {
		t.Errorf("header checksum of another header: %v", err)
	}
	resum(got[0], 0, 10, 20)
	if err := reply.Judge(got); err != nil {
		t.Errorf("free fields and a right checksum: %v", err)
	}

	quote := vector(t, "64-du-code-0") // ignores the quoted ID and checksum, and the ICMP checksum
	got = octetsOf(quote.Out)
	got[0][32] ^= 0xff
	if err := quote.Judge(got); !errors.Is(err, ErrSum) {
		t.Errorf("ICMP checksum of another quote: %v", err)
	}
	resum(got[0], 20, 22, len(got[0]))
	if err := quote.Judge(got); !errors.Is(err, ErrHeaderSum) {
		t.Errorf("quoted header checksum of another header: %v", err)
	}
	resum(got[0], 28, 38, 48)
	resum(got[0], 20, 22, len(got[0]))
	if err := quote.Judge(got); err != nil {
		t.Errorf("free quoted ID and right checksums: %v", err)
	}
}

// resum writes the checksum of pkt[from:to] at at.
func resum(pkt []byte, from, at, to int) {
	put16(pkt, at, 0)
	put16(pkt, at, int(checksum(add(0, pkt[from:to]))))
}

// TestJudgeTakesAnyLegalSplit splits in all sizes what the vectors show split.
func TestJudgeTakesAnyLegalSplit(t *testing.T) {
	for name, limit := range map[string]int{
		"46-nodf-1261-two-fragments": 1280, "46-nodf-1500-two-fragments": 1280, "46-frag-refragmented": 1280,
		"46-frag-refragmented-last": 1280, "64-1280-over-small-mtu4": 1000, "46-frag-df-exceeds-mtu": 1500,
	} {
		v := vector(t, name)
		out := v.Out
		for _, o := range v.Accept {
			if len(o.Out) > 1 {
				out = o.Out
			}
		}
		whole, err := mergePackets(octetsOf(out))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		datagram, err := whole.packet()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for size := 100; size <= len(datagram)+8; size++ {
			pieces, err := Split(datagram, size, 0)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			longest := 0
			for _, p := range pieces {
				longest = max(longest, len(p))
			}
			if err := v.Judge(pieces); (err == nil) != (longest <= limit) {
				t.Errorf("%s in pieces of %d: %v", name, longest, err)
			}
		}
	}
}

func TestJudgeRefusesIllegalSplits(t *testing.T) {
	for _, name := range []string{"46-nodf-1500-two-fragments", "64-1280-over-small-mtu4"} {
		v := vector(t, name)
		whole, _ := rejoin(octetsOf(v.Out))
		pieces := func() [][]byte {
			p, err := Split(whole, 600, 0)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		for lie, got := range map[string][][]byte{
			"a piece is missing":        pieces()[:2],
			"a piece came twice":        append(pieces(), pieces()[0]),
			"another hop limit":         append(pieces()[:1], otherHopLimit(pieces()[1], pieces()[2])...),
			"an octet of data differs":  append(pieces()[:2], spoil(pieces()[2], len(pieces()[2])-1)),
			"octets that are no packet": append(pieces(), []byte{1}),
		} {
			if err := v.Judge(got); err == nil {
				t.Errorf("%s: %s: passes", name, lie)
			}
		}
		reserved := pieces()
		if reserved[1][0]>>4 == 6 {
			reserved[1][43] |= 2
		} else {
			reserved[1][6] |= 0x80
			resum(reserved[1], 0, 10, 20)
		}
		if err := v.Judge(reserved); !errors.Is(err, ErrHeader) && !errors.Is(err, ErrForeign) {
			t.Errorf("%s: reserved bits: %v", name, err)
		}
	}
}

// otherHopLimit lowers the hop limit of the first packet by one.
func otherHopLimit(first, second []byte) [][]byte {
	first = bytes.Clone(first)
	if first[0]>>4 == 6 {
		first[7]--
	} else {
		first[8]--
		resum(first, 0, 10, 20)
	}
	return [][]byte{first, second}
}
