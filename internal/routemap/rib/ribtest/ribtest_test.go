package ribtest

import (
	"slices"
	"testing"

	"taygo/internal/routemap/rib"
)

// TestTableIsLikeThatOfARouter checks what others rely on: the size, the order,
// and how lengths and next hops are spread.
func TestTableIsLikeThatOfARouter(t *testing.T) {
	prefixes, err := Prefixes()
	if err != nil {
		t.Fatal(err)
	}
	if len(prefixes) != Size {
		t.Fatalf("%d prefixes, want %d", len(prefixes), Size)
	}
	var of24 int
	for i, p := range prefixes {
		if p != p.Masked() || i > 0 && prefixes[i-1].Compare(p) >= 0 {
			t.Fatalf("prefix %d, %v, has host bits or is out of order", i, p)
		}
		if p.Bits == 24 {
			of24++
		}
	}
	if of24 < 600_000 || of24 > 650_000 {
		t.Errorf("%d are /24, want about 62 %%", of24)
	}
	for _, m := range Models() {
		hops := m.NextHops(prefixes)
		if slices.Min(hops) != 1 || slices.Max(hops) != rib.NextHop(len(m.Shares)) {
			t.Errorf("%s: next hops from %d to %d, want 1 to %d", m.Name, slices.Min(hops), slices.Max(hops), len(m.Shares))
		}
		if again := m.NextHops(prefixes); !slices.Equal(hops, again) {
			t.Errorf("%s: other next hops the second time", m.Name)
		}
	}
}
