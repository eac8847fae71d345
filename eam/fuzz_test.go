package eam

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// FuzzRoundTrip holds To4 to be the inverse of To6 for every legal pair,
// whatever the bits past the suffix are, and New to refuse the others.
func FuzzRoundTrip(f *testing.F) {
	f.Fuzz(func(t *testing.T, v4 uint32, bits4 uint8, hi, lo uint64, bits6 uint8, past uint64) {
		p := Pair{netip.PrefixFrom(addr4(v4), int(bits4)).Masked(), netip.PrefixFrom(addr6(hi, lo), int(bits6)).Masked()}
		table, err := New([]Pair{p})
		if legal := bits4 <= 32 && bits6 <= 128 && 32-int(bits4) <= 128-int(bits6); (err == nil) != legal {
			t.Fatalf("New(%v): %v, legal: %v", p, err, legal)
		}
		if err != nil {
			return
		}
		hi, lo, ok := table.To6(v4)
		if !ok || !p.V6.Contains(addr6(hi, lo)) {
			t.Fatalf("%v: To6(%#x) = %#x, %#x, %v", p, v4, hi, lo, ok)
		}
		if free := 96 + int(bits4) - int(bits6); free < 64 {
			lo |= past & (1<<free - 1)
		} else {
			lo = past
		}
		if back, ok := table.To4(hi, lo); back != v4 || !ok {
			t.Errorf("%v: %#x -> %#x, %#x -> %#x, %v", p, v4, hi, lo, back, ok)
		}
		if got, ok := table.Find4(addr4(v4)); got != p || !ok {
			t.Errorf("Find4 = %v, %v; want %v", got, ok, p)
		}
	})
}

// FuzzTableAgreesWithScan reads a table from octets, 16 for each pair, and
// holds its answers to those of a scan.
func FuzzTableAgreesWithScan(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		seen := map[netip.Prefix]bool{}
		var pairs []Pair
		for ; len(data) >= 16 && len(pairs) < 64; data = data[16:] {
			bits4 := int(data[0]) % 33
			bits6 := int(data[1]) % (97 + bits4)
			lo := uint64(binary.BigEndian.Uint32(data[12:]))
			p := Pair{
				netip.PrefixFrom(addr4(binary.BigEndian.Uint32(data[2:])), bits4).Masked(),
				netip.PrefixFrom(addr6(binary.BigEndian.Uint64(data[4:]), lo<<(data[2]&32)), bits6).Masked(),
			}
			if !seen[p.V4] && !seen[p.V6] {
				seen[p.V4], seen[p.V6] = true, true
				pairs = append(pairs, p)
			}
		}
		check(t, pairs, rand.New(rand.NewPCG(seed, 0)), 20)
	})
}
