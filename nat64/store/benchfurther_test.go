package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// BenchmarkFurther opens sessions of few bindings, as of servers and of hosts
// that speak to many peers, and reports octets of a further session, the cost of
// a new one and of a hit.
func BenchmarkFurther(b *testing.B) {
	for _, tt := range []struct{ bindings, sessions int }{{1_000_000, 4}, {100_000, 40}, {4000, 1000}, {4, 1_000_000}} {
		b.Run(fmt.Sprintf("%dx%d", tt.bindings, tt.sessions), func(b *testing.B) {
			l := newLoad()
			l.fill(b, tt.bindings)
			f := further{l, make([]Ref, tt.bindings), tt.sessions}
			before, start := resident(b), cpu(unix.CLOCK_PROCESS_CPUTIME_ID)
			f.open()
			used, n := cpu(unix.CLOCK_PROCESS_CPUTIME_ID)-start, float64(tt.bindings*tt.sessions)
			size := float64(resident(b)-before) / n
			b.Run("new", func(b *testing.B) {
				b.ReportMetric(float64(used.Nanoseconds())/n, "cpu-ns/op")
				b.ReportMetric(size, "B/session")
			})
			b.Run("access", l.access)
			b.Run("hit", f.hit)
		})
	}
}

type further struct {
	*load
	refs     []Ref
	sessions int // of each
}

// of returns the shard of the i-th binding.
func (f further) of(i int) *Shard {
	v6, port := host(i)
	return f.OfHash(f.Hash(wire.ProtoUDP, v6, port))
}

// open opens sessions of one binding after another, so that all trees grow at
// the same pace: each size of blocks was in use by all once.
func (f further) open() {
	for i := range f.refs {
		v6, port := host(i)
		f.refs[i] = f.of(i).Out(wire.ProtoUDP, v6, port)
	}
	for n := range f.sessions * len(f.refs) {
		i := n % len(f.refs)
		f.of(i).Open(f.refs[i], Session{Peer: 11<<24 + uint32(n/len(f.refs)), PeerPort: 443})
		if n%(1<<14) == 0 {
			f.Prepare()
		}
	}
}

func (f further) hit(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	timed(b, func() {
		for range b.N {
			i := rng.IntN(len(f.refs))
			sh := f.of(i)
			sh.Lock()
			sink += sh.Session(f.refs[i], 11<<24+uint32(rng.IntN(f.sessions)), 443).Deadline
			sh.Unlock()
		}
	})
}
