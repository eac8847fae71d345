package nat64_test

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"
	"time"

	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// A dial is the packet of one flow after another, UDP from IPv6.
type dial struct {
	p    *translate.Packet
	host wire.Addr
}

func newDial(t testing.TB) *dial {
	p := capture(t, out6(host6, far46, udp6))
	return &dial{p, p.Src}
}

// set makes the packet that of flow i: a host has 1000 ports.
func (d *dial) set(i int) {
	d.p.Src = wire.Addr{Hi: d.host.Hi + uint64(i/1000%1024), Lo: d.host.Lo + uint64(i/1000)}
	binary.BigEndian.PutUint16(d.p.Transport(), uint16(1024+i%1000))
}

// benchOptions have room for n bindings of UDP.
func benchOptions(n int) nat64.Options {
	bits := 24
	for 1<<(48-bits) < n+n/2 {
		bits--
	}
	o := options()
	o.Pools = []ports.Range{allOf(fmt.Sprintf("198.18.0.0/%d", bits))}
	o.SoftPairing = true
	return o
}

// timed runs what a benchmark measures, and reports the processor time of it, which
// others on the machine disturb less than the time that passes.
func timed(b *testing.B, run func()) {
	b.ReportAllocs()
	b.ResetTimer()
	start := processorTime(b)
	run()
	b.ReportMetric(float64(processorTime(b)-start)/float64(b.N), "cpu-ns/op")
}

func processorTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkNew opens sessions, each with a binding of its own, in batches like those
// of the packet loop but without translation, with the sweeper beside it: in a table
// that grows, and again in one that has been as full before. ns/op is what the table
// takes, without the making of the packets, and cpu-ns/op what all of it takes.
func BenchmarkNew(b *testing.B) {
	for _, limited := range []bool{false, true} {
		b.Run(fmt.Sprintf("limits=%v", limited), func(b *testing.B) {
			o := benchOptions(max(b.N, 10_000_000))
			if limited {
				o.Limits.Sessions, o.Limits.SourceSessions, o.Limits.SourcePorts = 1<<25, 1<<25, 1<<25
				o.Limits.SourceRate, o.Limits.SourceBurst = 1<<20, 1<<20
			}
			n := newOpener(b, o)
			defer n.sweep()()
			timed(b, func() { n.open(b, 0) })
		})
	}
	b.Run("again", func(b *testing.B) {
		n := newOpener(b, benchOptions(max(b.N, 10_000_000)))
		stop := n.sweep()
		n.open(b, 0)
		stop()
		later := time.Duration(0)
		for range 3 { // from where the sweeper was; then the sessions; then the ports that rested
			later += 24 * time.Hour
			sweepAll(n.table, later, &counter{})
		}
		if st := n.table.Status(later); st.Sessions != 0 || st.Held != [nat64.NumProtos]int{} {
			b.Fatalf("%d sessions and %v bindings are left", st.Sessions, st.Held)
		}
		stop = n.sweep()
		timed(b, func() { n.open(b, later) })
		stop()
	})
}

// An opener opens sessions in batches.
type opener struct {
	*traffic
	dials []*dial
}

func newOpener(b *testing.B, o nat64.Options) *opener {
	n := &opener{traffic: newTraffic(b, o, 0)}
	for range loopBatch {
		n.dials = append(n.dials, newDial(b))
	}
	return n
}

// open opens as many sessions as the benchmark is to do.
func (n *opener) open(b *testing.B, now time.Duration) {
	spent := time.Duration(0)
	for i := 0; i < b.N; i += loopBatch {
		dials := n.dials[:min(loopBatch, b.N-i)]
		n.in.Reset()
		for k, d := range dials {
			d.set(i + k)
			d.p.Now = now
			n.putOut(i + k)
		}
		start := time.Now()
		n.table.Prefetch(n.in.Frames())
		for k, d := range dials {
			if v := n.table.Map(d.p); v != translate.Translated {
				b.Fatalf("flow %d: %v", i+k, v)
			}
		}
		spent += time.Since(start)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/op")
}

// BenchmarkKnown maps packets of sessions that are there.
func BenchmarkKnown(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			table := newTable(b, benchOptions(10_000_000))
			d := newDial(b)
			for i := range n {
				d.set(i)
				table.Map(d.p)
			}
			d.p.Now = time.Second
			k := 0
			timed(b, func() {
				for range b.N {
					k = (k*1664525 + 1013904223) % n
					d.set(k)
					if v := table.Map(d.p); v != translate.Translated {
						b.Fatal(v)
					}
				}
			})
		})
	}
}
