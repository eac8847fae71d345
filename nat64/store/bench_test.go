package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

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
	r, ok := sh.Bind(&Binding{V6: v6, V4: 10<<24 + k/ports, Port6: port6, Port4: uint16(port), Proto: wire.ProtoUDP})
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
		if l.past%(1<<14) == 0 {
			l.Prepare()
		}
	}
}

// cpu returns the processor time used so far, of the thread or of the process. On
// a busy machine it says more than the time that passed.
func cpu(clock int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// timed runs what a benchmark measures, and reports its processor time.
func timed(b *testing.B, run func()) {
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu(unix.CLOCK_PROCESS_CPUTIME_ID)
	run()
	b.ReportMetric(float64(cpu(unix.CLOCK_PROCESS_CPUTIME_ID)-start)/float64(b.N), "cpu-ns/op")
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

// BenchmarkStore fills stores, and reports what depends on their size: octets of a
// session with its binding, cost of a new one, the longest new one, the cost of a
// hit from either side and of a miss, and of a record in a sweep. Beside them
// stands the cost of one random access to the same memory.
func BenchmarkStore(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(fmt.Sprintf("%dM", n/1_000_000), func(b *testing.B) {
			runtime.GC()
			before, start := resident(b), cpu(unix.CLOCK_PROCESS_CPUTIME_ID)
			l := newLoad()
			l.fill(b, n)
			used := cpu(unix.CLOCK_PROCESS_CPUTIME_ID) - start
			size := float64(resident(b)-before) / float64(n)
			b.Run("new", func(b *testing.B) {
				b.ReportMetric(float64(used.Nanoseconds())/float64(n), "cpu-ns/op")
				b.ReportMetric(size, "B/session")
				b.ReportMetric(float64(l.Memory())/float64(n), "taken-B/session")
			})
			rng := rand.New(rand.NewPCG(1, 2))
			b.Run("access", l.access)
			b.Run("out", func(b *testing.B) { l.out(b, func() int { return rng.IntN(n) }) })
			b.Run("miss", func(b *testing.B) { l.out(b, func() int { return n + rng.IntN(n) }) })
			b.Run("in", func(b *testing.B) { l.in(b, rng, n) })
			b.Run("sweep", l.sweepAll)
			b.Run("churn", l.churn)
			b.Run("worst", l.worst)
		})
	}
}

// access reads words of the store's memory, each at a place that depends on the
// one before.
func (l *load) access(b *testing.B) {
	x, words := uint64(1), l.Memory()/4
	timed(b, func() {
		for range b.N {
			word := *(*uint32)(unsafe.Add(l.arena.base, x>>32*words>>32<<2))
			x = (x + uint64(word)) * 0x9e3779b97f4a7c15
			x ^= x >> 31
		}
	})
	sink += uint32(x)
}

func (l *load) out(b *testing.B, pick func() int) {
	timed(b, func() {
		for range b.N {
			v6, port6 := host(pick())
			sh := l.OfHash(l.Hash(wire.ProtoUDP, v6, port6))
			sh.Lock()
			if r := sh.Out(wire.ProtoUDP, v6, port6); r != 0 {
				sink += sh.Session(r, 0xc6336401, 53).Deadline
			}
			sh.Unlock()
		}
	})
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
	timed(b, func() {
		for i := range b.N {
			a := &asked[i%len(asked)]
			sh := l.OfPort(a.Port4)
			sh.Lock()
			sink += sh.Session(sh.In(a.Proto, a.V4, a.Port4), 0xc6336401, 53).Deadline
			sh.Unlock()
		}
	})
}

// churn takes the oldest away for each new one.
func (l *load) churn(b *testing.B) {
	timed(b, func() {
		for range b.N {
			l.fill(b, l.past+1)
			l.takeOldest()
		}
	})
}

func (l *load) takeOldest() {
	v6, port6 := host(l.first)
	l.first++
	sh := l.OfHash(l.Hash(wire.ProtoUDP, v6, port6))
	sh.Lock()
	defer sh.Unlock()
	sh.Unbind(sh.Out(wire.ProtoUDP, v6, port6))
}

// worst adds sessions and reports the processor time that the slowest took, and
// the slowest of a million. What a machine that others use does to any operation
// shows in those of an empty one beside them.
func (l *load) worst(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	nothing, adding := make([]time.Duration, b.N), make([]time.Duration, b.N)
	for i := range b.N {
		start := cpu(unix.CLOCK_THREAD_CPUTIME_ID)
		middle := cpu(unix.CLOCK_THREAD_CPUTIME_ID)
		l.add(l.past)
		adding[i] = cpu(unix.CLOCK_THREAD_CPUTIME_ID) - middle
		nothing[i] = middle - start
		if l.past++; l.past%(1<<14) == 0 {
			l.Prepare()
		}
	}
	for name, all := range map[string][]time.Duration{"": adding, "nothing-": nothing} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)-1].Microseconds()), name+"worst-µs")
		b.ReportMetric(float64(all[len(all)-1-len(all)/1_000_000].Microseconds()), name+"p99.9999-µs")
	}
}

func (l *load) sweepAll(b *testing.B) {
	visit := func(_ Ref, _ *Binding, s *Session) Action {
		sink += s.Deadline
		return Keep
	}
	i, c := 0, Cursor{}
	const records = 64
	timed(b, func() {
		for range b.N / records {
			sh := l.Shard(i)
			sh.Lock()
			if sh.Sweep(&c, records, visit) {
				i = (i + 1) % l.Shards()
			}
			sh.Unlock()
		}
	})
}
