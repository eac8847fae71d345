package rib

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRIBIsAMapOfPrefixes makes random changes, in tables from sparse to so
// crowded that a bucket holds thousands, with resyncs in between.
func TestRIBIsAMapOfPrefixes(t *testing.T) {
	tests := []struct {
		name  string
		steps int
		prefix
	}{
		{"all lengths anywhere", 20000, anywhere},
		{"most in three buckets", 60000, crowded},
		{"two bits of everything", 5000, tiny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(tt.steps)))
			got, want := New(), newModel()
			for step := range tt.steps {
				change(t, got, want, tt.prefix(rng), rng)
				if step%(tt.steps/25) == 0 {
					agree(t, got, want, rng)
				}
				if rng.IntN(tt.steps/8) == 0 {
					resync(t, got, want)
				}
			}
			agree(t, got, want, rng)
			for _, p := range want.sorted() {
				change(t, got, want, p, nil)
			}
			agree(t, got, want, rng)
			if got.Len() != 0 {
				t.Errorf("%d routes are left of none", got.Len())
			}
		})
	}
}

type prefix func(*rand.Rand) Prefix

func anywhere(rng *rand.Rand) Prefix {
	return Prefix{rng.Uint32(), uint8(rng.IntN(33))}.Masked()
}

func crowded(rng *rand.Rand) Prefix {
	return Prefix{0xc0000000 | rng.Uint32N(3<<16), uint8(32 - min(rng.IntN(40), rng.IntN(20), 31))}.Masked()
}

func tiny(rng *rand.Rand) Prefix {
	return Prefix{rng.Uint32N(4)<<30 | rng.Uint32N(4), uint8(rng.IntN(33))}.Masked()
}

// change sets p in both, mostly, or deletes it from both: always, without rng.
func change(t *testing.T, got *RIB, want *model, p Prefix, rng *rand.Rand) {
	t.Helper()
	var old, wantOld NextHop
	var existed, wantExisted bool
	if rng != nil && rng.IntN(3) > 0 {
		nh := NextHop(rng.IntN(MaxSets + 1))
		old, existed = got.Set(p, nh)
		wantOld, wantExisted = want.set(p, nh)
	} else {
		old, existed = got.Delete(p)
		wantOld, wantExisted = want.delete(p)
	}
	if old != wantOld || existed != wantExisted {
		t.Fatalf("change of %v found %d, %v; want %d, %v", p, old, existed, wantOld, wantExisted)
	}
}

// resync ends the one that is under way, or begins one.
func resync(t *testing.T, got *RIB, want *model) {
	t.Helper()
	if !got.Marking() {
		got.Mark()
		want.seen = map[Prefix]bool{}
		return
	}
	for p := range want.routes {
		if got.Seen(p) != want.seen[p] {
			t.Fatalf("Seen(%v) = %v", p, got.Seen(p))
		}
	}
	var gone []Prefix
	got.Sweep(func(p Prefix, nh NextHop) {
		gone = append(gone, p)
		if want.routes[p] != nh {
			t.Fatalf("Sweep: %v had %d, want %d", p, nh, want.routes[p])
		}
	})
	if lost := want.sweep(); !slices.Equal(gone, lost) {
		t.Fatalf("Sweep took %d routes away, want %d", len(gone), len(lost))
	}
}
