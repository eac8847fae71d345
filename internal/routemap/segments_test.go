package routemap

import (
	"math/rand/v2"
	"testing"

	"taygo/internal/routemap/rib"
)

// corners are addresses at which a table of prefixes in 10.0.0.0/28, and the whole
// space around it, can change.
func corners() []uint32 {
	all := []uint32{0, 1, 9<<24 + 7, 10<<24 - 1, 10<<24 + 16, 11 << 24, 1<<31 - 1, 1 << 31, ^uint32(0)}
	for i := range uint32(16) {
		all = append(all, 10<<24+i)
	}
	return all
}

func randomTable(rng *rand.Rand) *rib.RIB {
	t := rib.New()
	for range rng.IntN(12) {
		bits := []uint8{0, 1, 5, 8, 28, 29, 30, 31, 32}[rng.IntN(9)]
		t.Set(rib.Prefix{Addr: 10<<24 + rng.Uint32N(16), Bits: bits}.Masked(), rib.NextHop(1+rng.IntN(3)))
	}
	return t
}

func colorOf(_ rib.Prefix, nh rib.NextHop) color { return color(nh) }

// TestSegments holds segments to a look-up of each address.
func TestSegments(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		table := randomTable(rng)
		got := map[uint32]color{}
		next := uint64(0)
		for s := range segments(table, colorOf) {
			if uint64(s.last) < next {
				t.Fatalf("a segment up to %d after one up to %d", s.last, next-1)
			}
			for _, a := range corners() {
				if uint64(a) >= next && a <= s.last {
					got[a] = s.color
				}
			}
			next = uint64(s.last) + 1
		}
		if next != 1<<32 {
			t.Fatalf("the last segment ends at %d", next-1)
		}
		for _, a := range corners() {
			if _, nh, _ := table.Lookup(a); got[a] != color(nh) {
				t.Fatalf("%v is of color %d, want %d", v4(a), got[a], nh)
			}
		}
	}
}

// TestDifferences holds differences to look-ups in both tables.
func TestDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		a, b := randomTable(rng), randomTable(rng)
		got := map[uint32]bool{}
		for d := range differences(segments(a, colorOf), segments(b, colorOf)) {
			if d.first > d.last {
				t.Fatalf("a difference from %d to %d", d.first, d.last)
			}
			for _, x := range corners() {
				if x >= d.first && x <= d.last {
					got[x] = true
				}
			}
		}
		for _, x := range corners() {
			_, m, _ := a.Lookup(x)
			_, n, _ := b.Lookup(x)
			if got[x] != (m != n) {
				t.Fatalf("%v: %d and %d, told as different: %v", v4(x), m, n, got[x])
			}
		}
	}
	whole := rib.New()
	whole.Set(rib.Prefix{}, 1)
	for range differences(segments(whole, func(rib.Prefix, rib.NextHop) color { return anyColor }), segments(rib.New(), colorOf)) {
		t.Error("any color differs from none")
	}
}
