package rib

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAlternatesKeepTheLowestMetric adds and removes random routes of a few
// prefixes and metrics, as a RIB with Alternates and as a map of lists.
func TestAlternatesKeepTheLowestMetric(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 24))
	list := []Prefix{{}, prefix4("192.0.2.0/24"), prefix4("192.0.2.0/25"), prefix4("198.51.100.1/32")}
	metrics := []uint32{32, 0, 10, 1 << 31}
	for range 50 {
		r, alternates, want := New(), Alternates{}, map[Prefix]map[uint32]NextHop{}
		for range 200 {
			p, metric := list[rng.IntN(len(list))], metrics[min(rng.IntN(8), rng.IntN(4))]
			current, exists := r.Get(p)
			if rng.IntN(2) == 0 {
				nh := NextHop(1 + rng.IntN(5))
				r.Set(p, alternates.Add(p, Alternate{metric, nh}, current, exists))
				if want[p] == nil {
					want[p] = map[uint32]NextHop{}
				}
				want[p][metric] = nh
			} else {
				if nh, left := alternates.Remove(p, metric, current, exists); left {
					r.Set(p, nh)
				} else {
					r.Delete(p)
				}
				delete(want[p], metric)
			}
			checkAlternates(t, r, &alternates, want)
		}
	}
}

func checkAlternates(t *testing.T, r *RIB, alternates *Alternates, want map[Prefix]map[uint32]NextHop) {
	t.Helper()
	several := 0
	for p, byMetric := range want {
		var list []Alternate
		for metric, nh := range byMetric {
			list = append(list, Alternate{metric, nh})
		}
		slices.SortFunc(list, func(a, b Alternate) int { return int(a.Metric>>1) - int(b.Metric>>1) })
		nh, exists := r.Get(p)
		if exists != (len(list) > 0) || exists && nh != list[0].NextHop {
			t.Fatalf("%v has %d, %v, want %v", p, nh, exists, list)
		}
		if got := alternates.Of(p, nh, exists); !slices.Equal(got, list) {
			t.Fatalf("Of(%v) = %v, want %v", p, got, list)
		}
		if len(list) > 1 {
			several++
			if !alternates.Uses(list[1].NextHop) {
				t.Fatalf("%v is not in use", list[1])
			}
		}
	}
	if n := alternates.Len(); n < several {
		t.Fatalf("Len = %d, want at least %d", n, several)
	}
}

func TestAlternatesKeepNothingForSingleRoutes(t *testing.T) {
	var a Alternates
	r := New()
	for i := range uint32(1000) {
		p := Prefix{i << 8, 24}
		r.Set(p, a.Add(p, Alternate{32, 1}, None, false))
	}
	if a.Len() != 0 {
		t.Errorf("%d prefixes are kept", a.Len())
	}
	p := Prefix{0, 24}
	if nh := a.Add(p, Alternate{20, 2}, 1, true); nh != 2 || a.Len() != 1 {
		t.Errorf("better: %d, %d kept", nh, a.Len())
	}
	if nh, left := a.Remove(p, 20, 2, true); nh != 1 || !left || a.Len() != 0 || a.Uses(1) {
		t.Errorf("better goes: %d, %v, %d kept", nh, left, a.Len())
	}
	a.Reset()
	if nh := a.Add(p, Alternate{5, 3}, None, false); nh != 3 || a.Len() != 0 {
		t.Errorf("after Reset: %d, %d kept", nh, a.Len())
	}
}
