package natstate

import (
	"bytes"
	"io"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"taygo/nat64"
)

// million yields n bindings of one session each, one and the same Entry.
func million(n int) func(yield func(nat64.Entry) bool) {
	e := entry(1)
	e.Sessions[0].Left = time.Hour
	return func(yield func(nat64.Entry) bool) {
		for i := range n {
			e.V4 = netip.AddrPortFrom(e.V4.Addr(), uint16(i))
			if !yield(e) {
				return
			}
		}
	}
}

// BenchmarkWrite and BenchmarkRead are of one session each.
func BenchmarkWrite(b *testing.B) {
	b.ReportAllocs()
	s, err := Write(io.Discard, origin, million(b.N))
	if err != nil || s.Sessions != b.N {
		b.Fatal(s, err)
	}
	b.ReportMetric(float64(s.Octets)/float64(b.N), "octets/session")
}

func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	if _, err := Write(&file, origin, million(b.N)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	l, err := Read(bytes.NewReader(file.Bytes()), int64(file.Len()), Options{Now: start}, func(some []nat64.Entry) (int, int) { return len(some), 0 })
	if err != nil || l.Restored != b.N {
		b.Fatal(l, err)
	}
}

// TestMemoryIsBounded: writing and reading hold a block at a time, however many
// sessions there are.
func TestMemoryIsBounded(t *testing.T) {
	f := in(t.TempDir())
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := f.Save(t.Context(), origin, million(1_000_000))
	must(t, err)
	_, err = f.Load(Options{Now: start}, func(some []nat64.Entry) (int, int) { return len(some), 0 })
	must(t, err)
	runtime.ReadMemStats(&during)
	if got := during.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d octets are allocated for a million sessions", got)
	}
}
