package tundev

import (
	"net/netip"
	"runtime"
	"testing"

	"taygo/internal/netlab"
	"taygo/translate/wire"
)

// routed returns a device to which the kernel forwards back what is written for
// 203.0.113.1, and a batch of n such packets.
func routed(t testing.TB, o Options, offered offers, n int) (*Device, *wire.Batch) {
	t.Helper()
	h := newHost(t)
	d := openAt(t, h, o, offered)
	addressed(t, h, d)
	must(t, h.Forward())
	must(t, h.Sysctl("net.ipv4.conf.all.send_redirects", "0"))
	must(t, h.Sysctl("net.ipv4.conf."+d.Name()+".send_redirects", "0"))
	must(t, h.Route(netip.MustParsePrefix("203.0.113.0/24"), netip.Addr{}, d.Name()))
	quiet(t, h, d)
	b := wire.NewBatch(1<<20, n)
	for range n {
		b.Add(wire.NewFrame(udp4("203.0.113.1", 64-wire.IPv4Len-wire.UDPLen)))
	}
	return d, b
}

// quiet takes from the queue what the kernel says to a new link.
func quiet(t testing.TB, h *netlab.Host, d *Device) {
	t.Helper()
	send(t, h, 1)
	must(t, d.Queues()[0].Read(newBatch()))
}

// round writes out and reads as much.
func round(t testing.TB, q *Queue, out, in *wire.Batch) {
	if err := q.Write(out); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(out.Frames()); n += len(in.Frames()) {
		if err := q.Read(in); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNetnsReadAndWriteAllocateNothing(t *testing.T) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		d, out := routed(t, Options{Offload: true}, offered, 16)
		in := newBatch()
		if n := testing.AllocsPerRun(1000, func() { round(t, d.Queues()[0], out, in) }); n != 0 {
			t.Errorf("%s: %v allocations for 16 packets", name, n)
		}
	}
}

// One packet written, forwarded by the kernel, and read again.
func BenchmarkNetnsRound(b *testing.B) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		b.Run(name, func(b *testing.B) {
			const n = 64
			d, out := routed(b, Options{Offload: true, TxQueueLen: DefaultTxQueueLen}, offered, n)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			in := wire.NewBatch(1<<18, 2*n)
			b.ReportAllocs()
			for i := 0; i < b.N; i += n {
				round(b, d.Queues()[0], out, in)
			}
		})
	}
}

func BenchmarkHeader(b *testing.B) {
	for _, c := range offloads {
		front := append(make([]byte, headerLen), c.packet...)
		b.Run("encode/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				encode(front, c.o)
			}
		})
		b.Run("decode/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decode(front, front[headerLen:])
			}
		})
	}
}
