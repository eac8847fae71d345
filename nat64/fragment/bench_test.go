package fragment_test

import (
	"testing"
	"time"

	"taygo/nat64/fragment"
	"taygo/translate"
	"taygo/translate/wire"
)

// frames makes copies of packets in the memory of a batch.
func frames(b *wire.Batch, pkts [][]byte) []*wire.Frame {
	b.Reset()
	for _, pkt := range pkts {
		f := b.New(len(pkt))
		copy(f.Bytes(), pkt)
		b.Add(f)
	}
	return b.Frames()
}

// pass translates a datagram in two fragments, in the given order.
func pass(w *world, in *wire.Batch, pkts [][]byte) {
	k := w.workers[0]
	k.out.Reset()
	for _, f := range frames(in, pkts) {
		k.tr.Translate(f, w.now, k.out)
	}
	for f := k.keep.Next(k.in); f != nil; f = k.keep.Next(k.in) {
		k.tr.Translate(f, w.now, k.out)
	}
	k.in.Reset()
	k.m.seen = k.m.seen[:0]
	w.now += time.Microsecond
}

// TestFragmentsAllocateNothing once there have been some.
func TestFragmentsAllocateNothing(t *testing.T) {
	first, last := from4(1, 1, 0, true, 1024), from4(1, 1, 1024, false, 200)
	for _, pkts := range [][][]byte{{first, last}, {last, first}} {
		w, in := newWorld(t, fragment.Options{}, 1), wire.NewBatch(1<<14, 8)
		for range 100 {
			pass(w, in, pkts)
		}
		if n := testing.AllocsPerRun(100, func() { pass(w, in, pkts) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		w.holds()
	}
}

// BenchmarkDatagram translates a datagram of two fragments.
func BenchmarkDatagram(b *testing.B) {
	first, last := from4(1, 1, 0, true, 1024), from4(1, 1, 1024, false, 200)
	for _, bb := range []struct {
		name string
		pkts [][]byte
	}{{"in order", [][]byte{first, last}}, {"the last first", [][]byte{last, first}}} {
		b.Run(bb.name, func(b *testing.B) {
			w, in := newWorld(b, fragment.Options{}, 1), wire.NewBatch(1<<14, 8)
			b.ReportAllocs()
			for b.Loop() {
				pass(w, in, bb.pkts)
			}
		})
	}
}

// BenchmarkFlood keeps fragments whose first never comes, when the store is full.
func BenchmarkFlood(b *testing.B) {
	w, in := newWorld(b, fragment.Options{}, 1), wire.NewBatch(1<<14, 8)
	k := w.workers[0]
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		if v := k.tr.Translate(numbered(in, i%1000, i/1000), w.now, nil); v != translate.Held && v != translate.FragmentOverlap {
			b.Fatal(v)
		}
		w.now += time.Microsecond
	}
}
