package rib_test

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"

	"github.com/gaissmai/bart"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rib/ribtest"
)

// table is the table of a million routes, made once.
var table = sync.OnceValues(func() ([]rib.Prefix, error) { return ribtest.Prefixes() })

func prefixes(tb testing.TB) []rib.Prefix {
	tb.Helper()
	list, err := table()
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// shuffled returns a copy in random order.
func shuffled(list []rib.Prefix) []rib.Prefix {
	out := make([]rib.Prefix, len(list))
	for i, j := range rand.New(rand.NewPCG(5, 6)).Perm(len(list)) {
		out[i] = list[j]
	}
	return out
}

func addr4(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// TestAMillionRoutesTakeSixOctetsEach loads the table in order and at random, and
// changes a third of it for other routes.
func TestAMillionRoutesTakeSixOctetsEach(t *testing.T) {
	const most = 6.5
	list := prefixes(t)
	for name, list := range map[string][]rib.Prefix{"in order": list, "at random": shuffled(list)} {
		t.Run(name, func(t *testing.T) {
			r := rib.New()
			for i, p := range list {
				r.Set(p, rib.NextHop(i%4+1))
				if i >= 100_000 && i%10_000 == 0 && float64(r.Bytes())/float64(r.Len()) > most+512*1024/float64(i) {
					t.Fatalf("%d routes take %d octets", r.Len(), r.Bytes())
				}
			}
			check := func() {
				t.Helper()
				per := float64(r.Bytes()) / float64(r.Len())
				t.Logf("%.2f octets a route", per)
				if r.Len() != len(list) || per > most {
					t.Errorf("%d routes take %.2f octets each, want %d that take at most %v", r.Len(), per, len(list), most)
				}
			}
			check()
			rng := rand.New(rand.NewPCG(1, 2))
			for range 3 {
				for _, i := range rng.Perm(len(list))[:len(list)/3] {
					r.Delete(list[i])
				}
				for _, p := range list {
					r.Set(p, 7)
				}
				check()
			}
		})
	}
}

// TestLongestMatchOfAMillionRoutes compares look-ups with those of another table.
func TestLongestMatchOfAMillionRoutes(t *testing.T) {
	list := prefixes(t)
	r, want := rib.New(), &bart.Table[rib.NextHop]{}
	for i, p := range list {
		nh := rib.NextHop(i%rib.MaxSets + 1)
		r.Set(p, nh)
		want.Insert(p.Netip(), nh)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 1_000_000 {
		addr := rng.Uint32()
		if i%3 > 0 { // in a prefix, or just before it
			addr = list[rng.IntN(len(list))].Addr - uint32(i%3-1)
		}
		p, nh, ok := r.Lookup(addr)
		wp, wnh, wok := want.LookupPrefixLPM(netip.PrefixFrom(addr4(addr), 32))
		if ok != wok || ok && (p.Netip() != wp || nh != wnh) {
			t.Fatalf("Lookup(%v) = %v %d %v, want %v %d %v", addr4(addr), p, nh, ok, wp, wnh, wok)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	list := prefixes(b)
	for _, bb := range []struct {
		name string
		list []rib.Prefix
	}{{"in order", list}, {"at random", shuffled(list)}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			var r *rib.RIB
			for range b.N {
				r = rib.New()
				for i, p := range bb.list {
					r.Set(p, rib.NextHop(i&3+1))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/route")
			b.ReportMetric(float64(r.Bytes())/float64(r.Len()), "B/route")
		})
	}
}

// loaded returns the full table.
func loaded(b *testing.B) (*rib.RIB, []rib.Prefix) {
	b.Helper()
	list := prefixes(b)
	r := rib.New()
	for i, p := range list {
		r.Set(p, rib.NextHop(i&3+1))
	}
	b.ResetTimer()
	return r, shuffled(list)
}

func BenchmarkDeleteAndSet(b *testing.B) {
	r, list := loaded(b)
	for i := range b.N {
		p := list[i%len(list)]
		nh, _ := r.Delete(p)
		r.Set(p, nh)
	}
}

func BenchmarkReplace(b *testing.B) {
	r, list := loaded(b)
	for i := range b.N {
		r.Set(list[i%len(list)], rib.NextHop(i&3+1))
	}
}

func BenchmarkLookup(b *testing.B) {
	r, list := loaded(b)
	for i := range b.N {
		r.Lookup(list[i%len(list)].Addr + 1)
	}
}

func BenchmarkAll(b *testing.B) {
	r, _ := loaded(b)
	for range b.N {
		for range r.All() {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*r.Len()), "ns/route")
}

// BenchmarkResync sees every route again, in order, and sweeps.
func BenchmarkResync(b *testing.B) {
	r, _ := loaded(b)
	list := prefixes(b)
	for range b.N {
		r.Mark()
		for i, p := range list {
			r.Set(p, rib.NextHop(i&3+1))
		}
		r.Sweep(func(p rib.Prefix, _ rib.NextHop) { b.Fatalf("%v is gone", p) })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*r.Len()), "ns/route")
}
