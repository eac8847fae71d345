package rib

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

func leg(via string, weight uint16) Leg { return Leg{Via: netip.MustParseAddr(via), Weight: weight} }

// TestInternMeetsEqualSets interns pairs of sets that mean the same, or do not.
func TestInternMeetsEqualSets(t *testing.T) {
	a, b := "2001:db8::a", "2001:db8::b"
	tests := []struct {
		name string
		s, t Set
		same bool
		want []Leg // of s
	}{
		{"order of legs", Set{Legs: []Leg{leg(b, 1), leg(a, 1)}}, Set{Legs: []Leg{leg(a, 1), leg(b, 1)}}, true, []Leg{leg(a, 1), leg(b, 1)}},
		{"no weight is 1", Set{Legs: []Leg{leg(a, 0)}}, Set{Legs: []Leg{leg(a, 1)}}, true, []Leg{leg(a, 1)}},
		{"weight of a single leg", Set{Legs: []Leg{leg(a, 7)}}, Set{Legs: []Leg{leg(a, 1)}}, true, []Leg{leg(a, 1)}},
		{"a leg in two halves", Set{Legs: []Leg{leg(a, 1), leg(b, 2), leg(a, 1)}}, Set{Legs: []Leg{leg(a, 1), leg(b, 1)}}, true, []Leg{leg(a, 1), leg(b, 1)}},
		{"same ratio", Set{Legs: []Leg{leg(a, 10), leg(b, 20)}}, Set{Legs: []Leg{leg(a, 1), leg(b, 2)}}, true, []Leg{leg(a, 1), leg(b, 2)}},
		{"other ratio", Set{Legs: []Leg{leg(a, 1), leg(b, 2)}}, Set{Legs: []Leg{leg(a, 2), leg(b, 1)}}, false, []Leg{leg(a, 1), leg(b, 2)}},
		{"sum beyond 256", Set{Legs: []Leg{leg(a, 256), leg(a, 255), leg(b, 1)}}, Set{Legs: []Leg{leg(a, 256), leg(b, 1)}}, true, []Leg{leg(a, 256), leg(b, 1)}},
		{"beyond 256 both scale", Set{Legs: []Leg{leg(a, 301), leg(a, 301), leg(b, 301)}}, Set{Legs: []Leg{leg(a, 2), leg(b, 1)}}, true, []Leg{leg(a, 2), leg(b, 1)}},
		{"metric", Set{Metric: 1, Legs: []Leg{leg(a, 1)}}, Set{Legs: []Leg{leg(a, 1)}}, false, []Leg{leg(a, 1)}},
		{"kind", Set{Kind: Blackhole}, Set{Kind: Prohibit}, false, nil},
		{"device", Set{Legs: []Leg{{Via: netip.MustParseAddr(a), Device: "x"}}}, Set{Legs: []Leg{leg(a, 1)}}, false, []Leg{{Via: netip.MustParseAddr(a), Device: "x", Weight: 1}}},
		{"onlink", Set{Legs: []Leg{{Via: netip.MustParseAddr(a), Onlink: true}}}, Set{Legs: []Leg{leg(a, 1)}}, false, []Leg{{Via: netip.MustParseAddr(a), Onlink: true, Weight: 1}}},
		{"no gateway", Set{Legs: []Leg{{Device: "x"}}}, Set{Legs: []Leg{{Via: netip.IPv6Unspecified(), Device: "x"}}}, false, []Leg{{Device: "x", Weight: 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sets Sets
			n, err := sets.Intern(tt.s)
			m, err2 := sets.Intern(tt.t)
			if err != nil || err2 != nil || n == None || (n == m) != tt.same {
				t.Errorf("Intern = %d, %v and %d, %v; same: %v", n, err, m, err2, tt.same)
			}
			if got := sets.At(n); !slices.Equal(got.Legs, tt.want) || got.Kind != tt.s.Kind || got.Metric != tt.s.Metric {
				t.Errorf("At = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestInternRefusesOneTooMany(t *testing.T) {
	var sets Sets
	for i := range uint32(MaxSets) {
		if nh, err := sets.Intern(Set{Metric: i}); err != nil || nh != NextHop(i+1) {
			t.Fatalf("set %d: Intern = %d, %v", i, nh, err)
		}
	}
	if nh, err := sets.Intern(Set{Metric: MaxSets}); !errors.Is(err, ErrSets) || nh != None {
		t.Errorf("one more: %d, %v", nh, err)
	}
	if nh, err := sets.Intern(Set{Metric: 5}); err != nil || nh != 6 {
		t.Errorf("one that has a number: %d, %v", nh, err)
	}
	sets.Release(6)
	sets.Release(6)
	sets.Release(None)
	if sets.Len() != MaxSets-1 || sets.Has(6) || sets.At(6).Metric != 0 {
		t.Errorf("after Release there are %d, 6: %v", sets.Len(), sets.Has(6))
	}
	if nh, err := sets.Intern(Set{Metric: MaxSets}); err != nil || nh != 6 {
		t.Errorf("one more after Release: %d, %v", nh, err)
	}
	n := 0
	for nh, s := range sets.All() {
		if n++; int(nh) != n || s.Metric != uint32(n-1) && nh != 6 {
			t.Fatalf("All: %d is %d, %+v", n, nh, s)
		}
	}
	if n != MaxSets {
		t.Errorf("All gives %d", n)
	}
}

func TestInternAllocatesNothingForAKnownSet(t *testing.T) {
	var sets Sets
	legs := []Leg{leg("2001:db8::b", 3), leg("2001:db8::a", 2)}
	if _, err := sets.Intern(Set{Legs: legs}); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := sets.Intern(Set{Legs: legs}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{Unicast: "unicast", Blackhole: "blackhole", Unreachable: "unreachable", Prohibit: "prohibit", 9: "kind 9"} {
		if got := k.String(); got != want {
			t.Errorf("%d is %q, want %q", k, got, want)
		}
	}
}
