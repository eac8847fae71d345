package ortc

import (
	"testing"
	"time"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rib/ribtest"
)

func TestCounts(t *testing.T) {
	list, err := ribtest.Prefixes()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ribtest.Models() {
		in := rib.New()
		hops := m.NextHops(list)
		for i, p := range list {
			in.Set(p, hops[i])
		}
		parent := 0
		for p, nh := range in.All() {
			if p.Bits > 0 {
				if _, up, ok := in.LookupUpTo(p.Addr, p.Bits-1); ok && up == nh {
					continue
				}
			}
			parent++
		}
		start := time.Now()
		a := New(in, Exact)
		n := 0
		a.Update(func(Change) { n++ })
		took := time.Since(start)
		start = time.Now()
		b := New(in, Loose)
		b.Update(func(Change) {})
		t.Logf("%-45s %7d exact %7d holes %6d in %v; loose %7d in %v; bytes %d pool %d", m.Name, parent, a.Out().Len(), a.Out().Uses(0), took, b.Out().Len(), time.Since(start), a.Bytes(), len(a.pool.ends))
	}
}
