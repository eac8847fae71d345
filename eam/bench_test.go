package eam

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"unsafe"
)

var sizes = []int{1, 16, 1000, 100_000}

// sink takes what the benchmarks compute, so that it is computed.
var sink uint64

// layouts are tables as operators have them, by number of the pair.
var layouts = map[string]func(i uint32) Pair{
	"dense": func(i uint32) Pair { // small networks side by side
		return Pair{netip.PrefixFrom(addr4(10<<24+i*16), 30), netip.PrefixFrom(addr6(0x20010db8<<32+uint64(i), 0), 126)}
	},
	"hosts": func(i uint32) Pair { // hosts of a few sites far apart
		return Pair{
			netip.PrefixFrom(addr4(i%4<<30+198<<16+i/4), 32),
			netip.PrefixFrom(addr6(0x20010db8<<32+uint64(i%4)<<28, uint64(i/4)*7+1), 128),
		}
	},
}

// questions are addresses of a table, in no order.
type questions struct {
	v4 [1 << 14]uint32
	v6 [1 << 14]key
}

func benchmarkTables(b *testing.B, run func(b *testing.B, t *Table, asked *questions)) {
	for _, name := range []string{"dense", "hosts"} {
		for _, n := range sizes {
			b.Run(name+"/"+strconv.Itoa(n), func(b *testing.B) {
				pairs := make([]Pair, n)
				for i := range pairs {
					pairs[i] = layouts[name](uint32(i))
				}
				t, err := New(pairs)
				if err != nil {
					b.Fatal(err)
				}
				rng := rand.New(rand.NewPCG(1, 2))
				var asked questions
				for i := range asked.v4 {
					r := &t.rules[rng.IntN(n)]
					asked.v4[i], asked.v6[i] = r.v4, key{r.hi, r.lo}
				}
				b.ReportAllocs()
				b.ResetTimer()
				run(b, t, &asked)
			})
		}
	}
}

// BenchmarkNew also reports the memory that a table keeps for each pair.
func BenchmarkNew(b *testing.B) {
	for _, name := range []string{"dense", "hosts"} {
		b.Run(name+"/100000", func(b *testing.B) {
			pairs := make([]Pair, 100_000)
			for i := range pairs {
				pairs[i] = layouts[name](uint32(i))
			}
			var t *Table
			for range b.N {
				t, _ = New(pairs)
			}
			kept := cap(t.rules) * int(unsafe.Sizeof(rule{}))
			for _, x := range []*index{&t.by4, &t.by6} {
				kept += cap(x.cuts)*int(unsafe.Sizeof(cut{})) + cap(x.nodes)*int(unsafe.Sizeof(node{})) + cap(x.slots)*int(unsafe.Sizeof(slot(0)))
			}
			b.ReportMetric(float64(kept)/float64(len(pairs)), "kept-B/pair")
		})
	}
}

func BenchmarkTo6(b *testing.B) {
	benchmarkTables(b, func(b *testing.B, t *Table, asked *questions) {
		for i := range b.N {
			hi, lo, _ := t.To6(asked.v4[i%len(asked.v4)])
			sink += hi ^ lo
		}
	})
}

func BenchmarkTo4(b *testing.B) {
	benchmarkTables(b, func(b *testing.B, t *Table, asked *questions) {
		for i := range b.N {
			a := asked.v6[i%len(asked.v6)]
			v4, _ := t.To4(a.hi, a.lo)
			sink += uint64(v4)
		}
	})
}
