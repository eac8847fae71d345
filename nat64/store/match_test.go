package store

import (
	"math/rand/v2"
	"testing"
)

// TestMatchFindsTheFirstOfATag: of the slots in use alone, at any depth, also in
// lines of which no slot or each is in use.
func TestMatchFindsTheFirstOfATag(t *testing.T) {
	if !fetches {
		return
	}
	rng := rand.New(rand.NewPCG(5, 6))
	hits := 0
	for range 200_000 {
		h, depth := rng.Uint64(), rng.Uint32N(maxDepth+1)
		var l line
		l[slots] = depth * oneDepth
		if rng.IntN(2) == 0 {
			l[slots] += oneAway * (1 + rng.Uint32N(945))
		}
		want := uint32(0)
		for range rng.IntN(slots + 1) {
			slot := rng.Uint32()
			if rng.IntN(4) == 0 {
				slot = slot<<(32-tagShift)>>(32-tagShift) | tag(h, depth)
			}
			l.add(slot)
			if slot>>tagShift == tag(h, depth)>>tagShift {
				hits++
				if want == 0 {
					want = slot & (isAway - 1)
				}
			}
		}
		for i := l.used(); i < slots; i++ { // no search may look there
			l[i] = tag(h, depth) | rng.Uint32N(isAway)
		}
		if n, more := match(&l, rank(h), apart(h)); n != want || more != (l[slots]&awayMask != 0) {
			t.Fatalf("%#x at depth %d in %#x: %d, %v; want %d", h, depth, l, n, more, want)
		}
	}
	if hits < 100_000 {
		t.Errorf("only %d slots had the tag", hits)
	}
}
