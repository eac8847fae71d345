package ortc

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rib/ribtest"
)

var million = sync.OnceValues(ribtest.Prefixes)

// load returns a table of a million routes and its prefixes.
func load(tb testing.TB, m ribtest.Model) (*rib.RIB, []rib.Prefix) {
	tb.Helper()
	list, err := million()
	if err != nil {
		tb.Fatal(err)
	}
	in := rib.New()
	for i, nh := range m.NextHops(list) {
		in.Set(list[i], nh)
	}
	return in, list
}

// compareRandom compares random look-ups in both tables: anywhere, in a route, and
// just before one.
func compareRandom(t *testing.T, table *Table, list []rib.Prefix, n int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, 3))
	for i := range n {
		addr := rng.Uint32()
		if i%3 > 0 {
			addr = list[rng.IntN(len(list))].Addr - uint32(i%3-1)
		}
		_, want, routed := table.in.Lookup(addr)
		_, got, _ := table.out.Lookup(addr)
		if got != want && (routed || table.mode == Exact) {
			t.Fatalf("%v goes to %d, want %d", rib.Prefix{Addr: addr, Bits: 32}, got, want)
		}
	}
}

// TestAMillionRoutesForwardTheSame compares millions of look-ups in each mode,
// and the sizes with those known of tables that differ in their origin networks
// only: that of one next hop is the same.
func TestAMillionRoutesForwardTheSame(t *testing.T) {
	for _, tt := range []struct {
		model ribtest.Model
		mode  Mode
		most  int
		looks int
	}{
		{ribtest.Models()[0], Exact, 87_237, 500_000},
		{ribtest.Models()[0], Loose, 1, 500_000},
		{ribtest.Four(), Exact, 240_000, 3_000_000},
		{ribtest.Four(), Loose, 165_000, 1_000_000},
	} {
		in, list := load(t, tt.model)
		table := New(in, tt.mode)
		n := 0
		table.Update(func(Change) { n++ })
		if n != table.Out().Len() || n > tt.most {
			t.Errorf("%s: %d changes led to %d routes, want at most %d", tt.model.Name, n, table.Out().Len(), tt.most)
		}
		compareRandom(t, table, list, tt.looks)
	}
}

// TestAMillionRoutesChange withdraws, moves and makes again thousands of routes,
// one by one and many at once, and compares with what is made at once.
func TestAMillionRoutesChange(t *testing.T) {
	sixty := ribtest.Models()[6] // so many sets that some are forgotten on the way
	for mode, what := range []string{"exact", "loose"} {
		t.Run(what, func(t *testing.T) {
			in, list := load(t, sixty)
			table, carried := New(in, Mode(mode)), rib.New()
			carry := func(c Change) {
				if c.Gone {
					carried.Delete(c.Prefix)
				} else {
					carried.Set(c.Prefix, c.New)
				}
			}
			table.Update(carry)
			rng := rand.New(rand.NewPCG(8, 9))
			for i := range 30_000 {
				p := list[rng.IntN(len(list))]
				if rng.IntN(3) == 0 {
					in.Delete(p)
				} else {
					in.Set(p, rib.NextHop(1+rng.IntN(len(sixty.Shares))))
				}
				table.Touch(p)
				if i < 10_000 || i%5000 == 0 {
					table.Update(carry)
				}
			}
			table.Update(carry)
			fresh := New(in, Mode(mode))
			fresh.Update(func(Change) {})
			if carried.Len() != fresh.Out().Len() || carried.Len() != table.Out().Len() {
				t.Errorf("changes led to %d routes, Out has %d, made at once are %d", carried.Len(), table.Out().Len(), fresh.Out().Len())
			}
			compareRandom(t, table, list, 500_000)
			again := New(in, Mode(mode))
			for p, nh := range carried.All() {
				again.Restore(p, nh)
			}
			again.Update(func(c Change) { t.Fatalf("restart with what was right: %+v", c) })
		})
	}
}

// BenchmarkAll makes the whole aggregate, for each model and mode.
func BenchmarkAll(b *testing.B) {
	for _, m := range ribtest.Models() {
		in, _ := load(b, m)
		for mode, what := range []string{"exact", "loose"} {
			b.Run(m.Name+"/"+what, func(b *testing.B) {
				var table *Table
				for range b.N {
					table = New(in, Mode(mode))
					table.Update(func(Change) {})
				}
				b.ReportMetric(float64(table.Out().Len()), "routes")
				b.ReportMetric(float64(table.Out().Uses(rib.None)), "holes")
				b.ReportMetric(float64(table.Bytes()), "octets")
			})
		}
	}
}

// BenchmarkChange moves one route, b.N times, to another of four next hops.
func BenchmarkChange(b *testing.B) {
	in, list := load(b, ribtest.Four())
	table := New(in, Exact)
	table.Update(func(Change) {})
	rng := rand.New(rand.NewPCG(1, 1))
	took, changes := make([]time.Duration, b.N), 0
	b.ResetTimer()
	for i := range b.N {
		p := list[rng.IntN(len(list))]
		in.Set(p, rib.NextHop(1+rng.IntN(4)))
		begin := time.Now()
		table.Touch(p)
		table.Update(func(Change) { changes++ })
		took[i] = time.Since(begin)
	}
	slices.Sort(took)
	for _, q := range []struct {
		name string
		at   int
	}{{"p50-ns", 500}, {"p90-ns", 900}, {"p99-ns", 990}, {"p999-ns", 999}} {
		b.ReportMetric(float64(took[len(took)*q.at/1000]), q.name)
	}
	b.ReportMetric(float64(changes)/float64(b.N), "changes/op")
}

// BenchmarkTenThousandChanges moves as many routes at once.
func BenchmarkTenThousandChanges(b *testing.B) {
	in, list := load(b, ribtest.Four())
	table := New(in, Exact)
	table.Update(func(Change) {})
	rng := rand.New(rand.NewPCG(1, 1))
	changes := 0
	b.ResetTimer()
	for range b.N {
		for range 10_000 {
			p := list[rng.IntN(len(list))]
			in.Set(p, rib.NextHop(1+rng.IntN(4)))
			table.Touch(p)
		}
		table.Update(func(Change) { changes++ })
	}
	b.ReportMetric(float64(changes)/float64(b.N), "changes/op")
}
