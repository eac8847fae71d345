package ribtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// TestModuleIsFetchedOrNamed: a module that is not on this machine is fetched, and
// one that cannot be is named.
func TestModuleIsFetchedOrNamed(t *testing.T) {
	before, err := directory()
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(before))), "cache", "download")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw") // for the directory to be taken away
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOPROXY", "file://"+cache)
	dir, err := directory()
	if err != nil || dir == before {
		t.Fatalf("%q, %v", dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		t.Error(err)
	}
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOPROXY", "off")
	if _, err := directory(); err == nil || !strings.Contains(err.Error(), "go mod download "+module) {
		t.Errorf("the error is %v", err)
	}
}
