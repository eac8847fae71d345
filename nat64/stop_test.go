package nat64_test

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
)

// A burden is what keeps a Table busy beside the packets. It calls mark between the
// parts that have locks.
type burden struct {
	name  string
	carry func(mark func())
}

// burdens are all there are, and the lack of any, which shows what the machine does
// to packets by itself. expire leaves nothing: it is the last.
func (l *traffic) burdens(n int) []burden {
	var now atomic.Int64
	l.now = func() time.Duration { return time.Duration(now.Load()) }
	round := func(mark func()) {
		for looked := 0; looked < n+1<<13; looked += 1 << 11 { // a call looks at more
			l.table.Sweep(l.now(), &counter{})
			mark()
		}
	}
	reloads := [2]nat64.Options{benchOptions(n), benchOptions(n)}
	reloads[1].Pools = append(slices.Clone(reloads[1].Pools), ports.Range{
		Prefix: netip.MustParsePrefix("192.0.2.0/24"), First: 1024, Last: 2047, UDP: true,
	})
	reloaded := 0
	return []burden{
		{"nothing", func(func()) { time.Sleep(time.Second) }},
		{"sweep", round},
		{"export", func(mark func()) {
			l.table.Export(func(nat64.Entry) bool { mark(); return true }, 0)
		}},
		{"collector", func(func()) { runtime.GC() }},
		{"reload", func(func()) {
			reloaded++
			if _, err := l.table.Configure(reloads[reloaded%2], 0); err != nil {
				panic(err)
			}
		}},
		{"expire", func(mark func()) {
			for range 2 { // ends sessions, and then rests of ports
				now.Add(int64(time.Hour))
				round(mark)
			}
		}},
	}
}

// beside translates packets of random sessions one by one while a burden is carried,
// and reports the processor time of the slowest, and of the longest part of the burden
// that has locks. A machine that others use stops any loop for milliseconds: the
// time that passes is reported to be compared with that beside nothing.
func (l *traffic) beside(b *testing.B, n int, carry func(mark func())) {
	done := make(chan time.Duration)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var longest, last time.Duration
		for range b.N {
			last = threadTime()
			carry(func() {
				now := threadTime()
				longest, last = max(longest, now-last), now
			})
		}
		done <- longest
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rng := rand.New(rand.NewPCG(1, 2))
	var worst, worstCPU, longest time.Duration
	for running := true; running; {
		select {
		case longest = <-done:
			running = false
		default:
		}
		l.in.Reset()
		l.putOut(rng.IntN(n))
		l.out.Reset()
		start, cpu, now := time.Now(), threadTime(), l.now()
		if v := l.tr.Translate(l.in.Frames()[0], now, l.out); v != translate.Translated {
			b.Fatal(v)
		}
		worstCPU = max(worstCPU, threadTime()-cpu)
		worst = max(worst, time.Since(start))
	}
	b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
	b.ReportMetric(float64(worstCPU.Microseconds()), "worst-cpu-µs")
	b.ReportMetric(float64(longest.Microseconds()), "part-cpu-µs")
}

// threadTime returns the processor time of this thread.
func threadTime() time.Duration {
	const ofThread = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	if _, _, err := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, ofThread, uintptr(unsafe.Pointer(&t)), 0); err != 0 {
		panic(err)
	}
	return time.Duration(t.Nano())
}
