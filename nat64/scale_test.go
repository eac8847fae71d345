package nat64_test

import (
	"encoding/binary"
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

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
	"taygo/translate/wire"
)

// BenchmarkTable fills tables as the packet loop does, with the sweeper beside it,
// and reports what a session and a packet cost in them: octets of memory, nanoseconds
// of a new session with its binding, and of a packet of a random session, translation
// included, in full batches and one by one. TAYGO_SESSIONS adds a size. What is paid
// in a table of 1000 is the reference: memory apart, all is the same there.
func BenchmarkTable(b *testing.B) {
	for _, n := range tableSizes(b) {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			l := newTraffic(b, benchOptions(n), n)
			before := resident(b)
			stop := l.sweep()
			l.fill(b, n)
			filling := time.Duration(0) // with all growth: not the median
			for _, d := range l.spent {
				filling += d
			}
			size := float64(resident(b)-before) / float64(n)
			b.Run("new", func(b *testing.B) {
				b.ReportMetric(size, "B/session")
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(filling.Nanoseconds())/float64(n), "ns/packet")
			})
			for _, batch := range []int{loopBatch, 16, 4, 1} {
				b.Run(fmt.Sprintf("out/batch=%d", batch), func(b *testing.B) { l.random(b, n, batch, l.putOut) })
				b.Run(fmt.Sprintf("in/batch=%d", batch), func(b *testing.B) { l.random(b, n, batch, l.putIn) })
			}
			stop()
			for _, x := range l.burdens(n) {
				b.Run("beside/"+x.name, func(b *testing.B) { l.beside(b, n, x.carry) })
			}
		})
	}
}

func tableSizes(b *testing.B) []int {
	all := []int{1000, 1_000_000, 10_000_000}
	if more := os.Getenv("TAYGO_SESSIONS"); more != "" {
		n, err := strconv.Atoi(more)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// resident returns how many octets of memory the process has.
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

// A traffic is a packet loop as the worker of a queue has it, with memory in place
// of the device.
type traffic struct {
	table     *nat64.Table
	tr        *translate.Translator
	in, out   *wire.Batch
	out6, in4 []byte // a packet of a host, and one to it
	host      wire.Addr
	now       func() time.Duration // of packets that burdens accompany
	at        []uint64             // transport addresses of the pool, by session
	spent     []time.Duration      // for each loopBatch packets
}

// loopBatch is how many packets the worker reads at most before it translates them.
const loopBatch = 64

func newTraffic(t testing.TB, o nat64.Options, n int) *traffic {
	w := newWorld(t, o)
	l := &traffic{
		table: w.table, tr: w.tr, in: wire.NewBatch(1<<17, loopBatch), out: &wire.Batch{},
		out6: out6(host6, far46, pkttest.UDP{Sport: 1, Dport: 53}), in4: in4(far4, pool4, pkttest.UDP{Sport: 53, Dport: 1}),
		host: addr(host6), at: make([]uint64, n),
	}
	l.tr.Fragments = nil
	for i := range l.at {
		l.at[i] = 1 // now it is in memory
	}
	return l
}

// sweep starts what the sweeper of the program does, and returns what ends it.
func (l *traffic) sweep() (stop func()) {
	ask, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case <-ask:
				return
			case <-l.table.Hurry():
			case <-time.After(l.table.Sweep(0, &counter{})):
			}
		}
	}()
	return func() { close(ask); <-done }
}

// fill opens n sessions.
func (l *traffic) fill(b *testing.B, n int) {
	for i := 0; i < n; i += loopBatch {
		l.in.Reset()
		for k := i; k < min(n, i+loopBatch); k++ {
			l.putOut(k)
		}
		l.translate(b, loopBatch)
		for k, f := range l.out.Frames() {
			v4 := f.Bytes()
			l.at[i+k] = uint64(binary.BigEndian.Uint32(v4[12:]))<<16 | uint64(binary.BigEndian.Uint16(v4[wire.IPv4Len:]))
		}
	}
}

// random translates packets of any of n sessions, and reports what one costs in most
// batches, without the making of it.
func (l *traffic) random(b *testing.B, n, batch int, put func(int)) {
	rng := rand.New(rand.NewPCG(1, 2))
	l.spent = make([]time.Duration, 0, b.N/loopBatch+1)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += loopBatch {
		l.in.Reset()
		for range loopBatch {
			put(rng.IntN(n))
		}
		l.translate(b, batch)
	}
	l.report(b)
}

// report reports the median of what was spent.
func (l *traffic) report(b *testing.B) {
	slices.Sort(l.spent)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(l.spent[len(l.spent)/2].Nanoseconds())/loopBatch, "ns/packet")
}

// translate does what a worker does with the packets of l.in, read in batches.
func (l *traffic) translate(b *testing.B, batch int) {
	l.out.Reset()
	start := time.Now()
	for all := l.in.Frames(); len(all) > 0; all = all[min(batch, len(all)):] {
		some := all[:min(batch, len(all))]
		l.table.Prefetch(some)
		for _, f := range some {
			if v := l.tr.Translate(f, 0, l.out); v != translate.Translated {
				b.Fatal(v)
			}
		}
	}
	l.spent = append(l.spent, time.Since(start))
}

// putOut appends a packet of the host of session i to the batch: a host has 1000.
func (l *traffic) putOut(i int) {
	b := l.put(l.out6)
	wire.Addr{Hi: l.host.Hi + uint64(i/1000%1024), Lo: l.host.Lo + uint64(i/1000)}.Store16(b[8:])
	binary.BigEndian.PutUint16(b[wire.IPv6Len:], uint16(1024+i%1000))
}

// putIn appends a packet to that host.
func (l *traffic) putIn(i int) {
	b := l.put(l.in4)
	binary.BigEndian.PutUint32(b[16:], uint32(l.at[i]>>16))
	binary.BigEndian.PutUint16(b[wire.IPv4Len+2:], uint16(l.at[i]))
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], wire.Sum(0).AddBytes(b[:wire.IPv4Len]).Checksum())
}

func (l *traffic) put(packet []byte) []byte {
	f := l.in.Received(len(packet))
	copy(f.Bytes(), packet)
	return f.Bytes()
}
