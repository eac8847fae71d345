package translate_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

// TestOutputIsValid: whatever comes in, well-formed or broken, what goes out is a
// packet that a translator may send: lengths, checksums, addresses, fragments and
// ICMP messages are right, and it is no longer than its link takes.
func TestOutputIsValid(t *testing.T) {
	for name, c := range testConfigs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSubject(t, c)
			gen := pkttest.NewGen(uint64(len(name))<<32|9, addressesIn(c))
			for i := range runs(4000) {
				pkt := gen.Packet()
				if i%2 == 0 {
					pkt = gen.Mutate(pkt)
				}
				v, got := s.send(pkt)
				check := checkerFor(c, pkt)
				if v == translate.Answered { // a reply takes the way of its request
					check.MTU4, check.MTU6 = 0, 0
				}
				for _, out := range got {
					if err := check.Check(out); err != nil && !isTold(c, out, err) {
						t.Fatalf("packet %d, %v: %v\n  in %x\n out %x", i, v, err, pkt, out)
					}
				}
				if v.Sent() && got == nil || !v.Sent() && len(got) > 1 {
					t.Fatalf("packet %d, %v: %d packets\n  in %x", i, v, len(got), pkt)
				}
			}
		})
	}
}

// checkerFor is the strictest checker of what comes of pkt: what is wrong and
// passes on unread may stay wrong.
func checkerFor(c *oracle.Config, pkt []byte) pkttest.Checker {
	return pkttest.Checker{
		MTU4: c.MTU4, MTU6: c.MTU6,
		AllowBadTransport: pkttest.TransportSum(pkt) != pkttest.SumGood,
		AllowZeroUDP:      c.UDPZero == "forward",
		AllowOddSource:    len(pkt) > 0 && pkt[0]>>4 == 4, // RFC 7915 §4.1: of an ICMP error
		AllowOddQuote:     true,
	}
}

// isTold reports that all the checker minds is an interface object in a 3/4, which
// no other translation puts there (RFC 6791 §4).
func isTold(c *oracle.Config, out []byte, err error) bool {
	return c.InterfaceInfo && errors.Is(err, pkttest.ErrICMPWord) && out[0] == 0x45 && out[20] == 3 && out[21] == 4 && out[25] != 0
}

// TestBadChecksumStaysBad: no packet whose transport checksum is wrong leaves with
// a right one (RFC 7915 §4.5, §5.5).
func TestBadChecksumStaysBad(t *testing.T) {
	for _, name := range []string{"base", "compute", "jumbo", "small", "wkp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testConfigs()[name]
			s := newSubject(t, c)
			gen := pkttest.NewGen(uint64(len(name))<<32|11, addressesIn(c))
			sent := 0
			for i := range runs(8000) {
				pkt := bytes.Clone(gen.Packet())
				if pkttest.TransportSum(pkt) != pkttest.SumGood {
					continue
				}
				pkt[len(pkt)-1-i%4] ^= 1 << (i % 8)
				if pkttest.TransportSum(pkt) != pkttest.SumBad {
					continue
				}
				v, got := s.send(pkt)
				if !v.Sent() {
					continue
				}
				sent++
				if err := stillBad(v, got); err != "" {
					t.Fatalf("packet %d, %v: %s\n  in %s", i, v, err, hex.EncodeToString(pkt))
				}
			}
			if sent < runs(8000)/16 {
				t.Errorf("only %d packets were sent on", sent)
			}
		})
	}
}

func stillBad(v translate.Verdict, got [][]byte) string {
	if v == translate.Answered {
		return "a broken ping is answered"
	}
	whole, err := pkttest.Reassemble(got)
	if err != nil {
		return err.Error()
	}
	if sum := pkttest.TransportSum(whole); sum != pkttest.SumBad {
		return "the checksum is " + sum.String()
	}
	return ""
}

// TestFragmentOrderDoesNotMatter: fragments become the same packets in any order,
// and these make up the translation of the whole datagram.
func TestFragmentOrderDoesNotMatter(t *testing.T) {
	c := config(func(c *oracle.Config) { c.MTU4, c.MTU6, c.LowestIPv6MTU = 65535, 65575, 65575 })
	small := newSubject(t, config(func(c *oracle.Config) { c.MTU4, c.MTU6 = 576, 1280 }))
	large := newSubject(t, c)
	rng := rand.New(rand.NewPCG(3, 1))
	for n := range min(runs(300), 20_000) {
		size := 100 + n*61%20_000
		for _, h := range bothWays() {
			for _, layer := range []pkttest.Layer{pkttest.UDP{Data: pkttest.Pattern(1, size)}, pkttest.TCP{Data: pkttest.Pattern(2, size)}, pkttest.Proto{Number: 132, Data: pkttest.Pattern(3, size)}} {
				whole := h.in(layer)
				pieces, err := pkttest.Split(whole, 108+n*37%1172, 99)
				if err != nil {
					t.Fatal(err)
				}
				_, want := large.send(whole)
				for range 3 {
					rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
					var got [][]byte
					for _, piece := range pieces {
						_, out := small.send(piece)
						for _, b := range out {
							got = append(got, bytes.Clone(b))
						}
					}
					again, err := pkttest.Reassemble(got)
					if err != nil || !sameDatagram(again, want[0]) {
						t.Fatalf("%s, %d octets in %d fragments: %v\n got %.200x\nwant %.200x", h.name, size, len(pieces), err, again, want[0])
					}
				}
			}
		}
	}
}

// sameDatagram compares two packets but for what fragmentation changes: the IPv4
// Identification, DF and header checksum.
func sameDatagram(a, b []byte) bool {
	if a[0]>>4 == 4 && b[0]>>4 == 4 {
		return equalBut(a, b, [][2]int{{4, 4}, {10, 2}})
	}
	return bytes.Equal(a, b)
}
