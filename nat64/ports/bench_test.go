package ports

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"taygo/translate/wire"
)

// BenchmarkChoose finds, takes and releases a port, of pools more and more full.
func BenchmarkChoose(b *testing.B) {
	for _, full := range []float64{0, 0.9, 0.999} {
		b.Run(fmt.Sprintf("%.1f%% taken", 100*full), func(b *testing.B) {
			l := NewLedger(newPool(b, Options{Ranges: []Range{ports("192.0.2.0/28", 1024, 65535)}, Shards: 64, Seed: 1}))
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range 16 {
				for port := 1024; port < 65536; port++ {
					if rng.Float64() < full {
						l.Take(wire.ProtoUDP, l.Pool().Address(i), uint16(port))
					}
				}
			}
			r := &Request{Proto: wire.ProtoUDP, Soft: true, Parity: true}
			b.ReportAllocs()
			for b.Loop() {
				r.Random = rng.Uint64()
				r.Host.Lo, r.Port, r.Home = r.Random>>7, uint16(r.Random>>20), int(r.Random>>50&63)
				v4, shard, _ := l.Find(r)
				port, ok := l.Choose(shard, v4, r)
				if ok {
					l.Release(r.Proto, v4, port)
				}
			}
		})
	}
}

// BenchmarkExhausted finds out that nothing is left.
func BenchmarkExhausted(b *testing.B) {
	l := NewLedger(newPool(b, Options{Ranges: []Range{ports("192.0.2.0/24", 1024, 1024)}, Shards: 64}))
	for i := range 256 {
		l.Take(wire.ProtoTCP, l.Pool().Address(i), 1024)
	}
	r := &Request{Proto: wire.ProtoTCP, Soft: true}
	for b.Loop() {
		if _, _, ok := l.Find(r); ok {
			b.Fatal("found")
		}
	}
}
