package translate

import (
	"math/rand/v2"
	"testing"

	"taygo/translate/wire"
)

func pairOf(i int) Pair {
	return Pair{wire.Addr4(0xc0000200 + uint32(i)), wire.Addr4(0xc6336400 + uint32(i*7))}
}

func TestIdentificationsOfAPairDoNotRepeat(t *testing.T) {
	id := newIdentifier(rand.New(rand.NewPCG(1, 2)), 0, 1)
	seen := make([]bool, 65536)
	for i := range 65536 {
		n := id.next(pairOf(0), 17, 1)
		if n > 0xffff || seen[n] {
			t.Fatalf("Identification %#x again, after %d", n, i)
		}
		seen[n] = true
	}
}

func TestIdentificationsOfWorkersAreDisjoint(t *testing.T) {
	const workers = 3 // of four ranges
	seen := map[uint32]int{}
	for w := range workers {
		id := newIdentifier(rand.New(rand.NewPCG(uint64(w), 2)), w, workers)
		for range 65536 / 4 {
			n := id.next(pairOf(0), 17, 1)
			if other, ok := seen[n]; ok {
				t.Fatalf("workers %d and %d both make %#x", w, other, n)
			}
			seen[n] = w
		}
	}
}

// TestIdentificationsTellNothingAboutOthers: what one pair of hosts sees moves
// on by one for each of its own packets, whatever others send.
func TestIdentificationsTellNothingAboutOthers(t *testing.T) {
	disturbed := 0
	for seed := range uint64(64) {
		id := newIdentifier(rand.New(rand.NewPCG(seed, 3)), 0, 1)
		before := id.next(pairOf(0), 17, 1)
		for i := range 10 {
			id.next(pairOf(i+1), 17, 1)
		}
		if id.next(pairOf(0), 17, 1) != (before+1)&0xffff {
			disturbed++
		}
	}
	if disturbed > 8 { // 10 of 1,024 counters: about 1 in 100 by chance
		t.Errorf("%d of 64 pairs see others' packets", disturbed)
	}
}
