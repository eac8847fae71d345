package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"taygo/translate/wire"
)

// sink takes what the benchmarks compute, so that it is computed.
var sink uint32

// sizes are numbers of sessions; TAYGO_SESSIONS adds one more.
func sizes(b *testing.B) []int {
	all := []int{1_000_000, 10_000_000}
	if more := os.Getenv("TAYGO_SESSIONS"); more != "" {
		n, err := strconv.Atoi(more)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// A load makes bindings with one session each, as nat64 does: it looks for the
// host in its home shard, and takes a port of that shard.
type load struct {
	*Store
	ports       []uint32 // given, by shard
	first, past int      // numbers of the bindings that are there
}

func newLoad() *load {
	s := New(Options{PortShift: 1, Seed: seed})
	return &load{Store: s, ports: make([]uint32, s.Shards())}
}

// host is the i-th IPv6 transport address.
func host(i int) (wire.Addr, uint16) {
	x := uint64(i) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	return wire.Addr{Hi: 0x20010db8<<32 | x>>32, Lo: x * 0xbf58476d1ce4e5b9}, uint16(x>>16) | 1024
}

// add makes the i-th binding and its session.
func (l *load) add(i int) bool {
	v6, port6 := host(i)
	sh := l.OfHash(l.Hash(wire.ProtoUDP, v6, port6))
	sh.Lock()
	defer sh.Unlock()
	if sh.Out(wire.ProtoUDP, v6, port6) != 0 {
		return false
	}
	const ports = 1 << 16 / 64
	k := l.ports[sh.Number()]
	l.ports[sh.Number()]++
	port := k%ports/2<<7 | uint32(sh.Number())<<1 | k&1
	r, ok := sh.Bind(Binding{V6: v6, V4: 10<<24 + k/ports, Port6: port6, Port4: uint16(port), Proto: wire.ProtoUDP})
	if ok {
		_, ok = sh.Open(r, Session{Peer: 0xc6336401, PeerPort: 53, Deadline: uint32(i)})
	}
	return ok
}

func (l *load) fill(b *testing.B, n int) {
	for ; l.past < n; l.past++ {
		if !l.add(l.past) {
			b.Fatalf("binding %d refused", l.past)
		}
	}
}

func resident(b *testing.B) int {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("needs /proc/self/statm: " + err.Error())
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// BenchmarkStore fills stores, and reports all that depends on their size: octets
// of a session with its binding, cost of a new one, the longest new one, the cost
// of a hit from either side and of a miss, and of a record in a sweep.
func BenchmarkStore(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(fmt.Sprintf("%dM", n/1_000_000), func(b *testing.B) {
			runtime.GC()
			before, start := resident(b), time.Now()
			l := newLoad()
			l.fill(b, n)
			rate := float64(n) / time.Since(start).Seconds()
			size := float64(resident(b)-before) / float64(n)
			b.Run("new", func(b *testing.B) {
				b.ReportMetric(rate/1e6, "M/s")
				b.ReportMetric(size, "B/session")
			})
			rng := rand.New(rand.NewPCG(1, 2))
			b.Run("out", func(b *testing.B) { l.out(b, func() int { return rng.IntN(n) }) })
			b.Run("miss", func(b *testing.B) { l.out(b, func() int { return n + rng.IntN(n) }) })
			b.Run("in", func(b *testing.B) { l.in(b, rng, n) })
			b.Run("churn", func(b *testing.B) { l.churn(b) })
			b.Run("sweep", func(b *testing.B) { l.sweepAll(b) })
		})
	}
}

func (l *load) out(b *testing.B, pick func() int) {
	b.ReportAllocs()
	for range b.N {
		v6, port6 := host(pick())
		sh := l.OfHash(l.Hash(wire.ProtoUDP, v6, port6))
		sh.Lock()
		if r := sh.Out(wire.ProtoUDP, v6, port6); r != 0 {
			sink += sh.Session(r, 0xc6336401, 53).Deadline
		}
		sh.Unlock()
	}
}

func (l *load) in(b *testing.B, rng *rand.Rand, n int) {
	asked := make([]Binding, 1<<20)
	for i := range asked {
		v6, port6 := host(rng.IntN(n))
		sh := l.OfHash(l.Hash(wire.ProtoUDP, v6, port6))
		sh.Lock()
		asked[i] = *sh.Binding(sh.Out(wire.ProtoUDP, v6, port6))
		sh.Unlock()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		a := &asked[i%len(asked)]
		sh := l.OfPort(a.Port4)
		sh.Lock()
		sink += sh.Session(sh.In(a.Proto, a.V4, a.Port4), 0xc6336401, 53).Deadline
		sh.Unlock()
	}
}

// churn takes the oldest away for each new one.
func (l *load) churn(b *testing.B) {
	worst := time.Duration(0)
	b.ReportAllocs()
	for range b.N {
		start := time.Now()
		l.fill(b, l.past+1)
		worst = max(worst, time.Since(start))
		v6, port6 := host(l.first)
		l.first++
		sh := l.OfHash(l.Hash(wire.ProtoUDP, v6, port6))
		sh.Lock()
		sh.Unbind(sh.Out(wire.ProtoUDP, v6, port6))
		sh.Unlock()
	}
	b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
}

func (l *load) sweepAll(b *testing.B) {
	visit := func(_ Ref, _ *Binding, s *Session) Action {
		sink += s.Deadline
		return Keep
	}
	i, c := 0, Cursor{}
	const records = 64
	b.ReportAllocs()
	for range b.N / records {
		sh := l.Shard(i)
		sh.Lock()
		if sh.Sweep(&c, records, visit) {
			i = (i + 1) % l.Shards()
		}
		sh.Unlock()
	}
}
