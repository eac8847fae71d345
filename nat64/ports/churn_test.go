package ports

import (
	"math/rand/v2"
	"sync"
	"testing"

	"taygo/translate/wire"
)

// TestMillionsOfPorts: over millions of bindings made and gone, on addresses that
// are nearly full, no transport address has two owners, and what is counted as
// taken is taken.
func TestMillionsOfPorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	n, last := 3_000_000, uint16(65535)
	if testing.Short() {
		n, last = 300_000, 7000
	}
	l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.0/31", 1024, last)}, Shards: 64, Seed: 1}))
	owned := map[endpoint]int{} // to their place in held
	var held []endpoint
	full := 0
	for i := range n {
		if len(held) > 0 && rng.IntN(20) == 0 {
			e := held[len(held)-1]
			at := rng.IntN(len(held))
			held[at], e = e, held[at]
			held = held[:len(held)-1]
			if at < len(held) {
				owned[held[at]] = at
			}
			delete(owned, e)
			l.Release(e.proto, e.v4, e.port)
			continue
		}
		r := &Request{
			Proto: []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}[rng.IntN(3)], Host: wire.Addr{Lo: uint64(i)},
			Port: uint16(rng.Uint32()), Soft: i%2 == 0, Parity: i%3 == 0, Home: rng.IntN(64), Random: rng.Uint64(),
		}
		v4, shard, ok := l.Find(r)
		if !ok {
			full++
			continue
		}
		port, ok := l.Choose(shard, v4, r)
		e := endpoint{r.Proto, v4, port}
		if _, twice := owned[e]; twice || !ok {
			t.Fatalf("%d: %+v: %v, owned already: %v", i, e, ok, twice)
		}
		owned[e] = len(held)
		held = append(held, e)
	}
	if full == 0 {
		t.Error("the pool was never exhausted")
	}
	wantTaken(t, l, owned)
}

// wantTaken compares what a ledger counts with what is owned.
func wantTaken(t *testing.T, l *Ledger, owned map[endpoint]int) {
	t.Helper()
	want := map[uint8]int{}
	for e := range owned {
		want[e.proto]++
		if l.Take(e.proto, e.v4, e.port) {
			t.Fatalf("%+v is owned and can be taken", e)
		}
	}
	for proto, n := range want {
		got := 0
		for shard := range l.Pool().Shards() {
			got += l.Taken(shard, proto)
		}
		if got != n {
			t.Errorf("protocol %d: %d taken, want %d", proto, got, n)
		}
	}
}

// TestShardsAtOnce: each shard has its own lock; what they share, where free ports
// are, stays right. Run with -race.
func TestShardsAtOnce(t *testing.T) {
	const shards = 8
	l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.0/30", 2000, 2063)}, Shards: shards}))
	var locks [shards]sync.Mutex
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 11))
			var held []endpoint
			for range 20_000 {
				r := &Request{
					Proto: wire.ProtoUDP, Host: wire.Addr{Lo: rng.Uint64()}, Soft: true, Home: rng.IntN(shards), Random: rng.Uint64(),
				}
				v4, shard, ok := l.Find(r)
				if ok && rng.IntN(5) > 0 {
					locks[shard].Lock()
					port, ok := l.Choose(shard, v4, r)
					locks[shard].Unlock()
					if ok {
						held = append(held, endpoint{r.Proto, v4, port})
					}
				}
				if len(held) > 0 && (!ok || rng.IntN(3) == 0) {
					e := held[0]
					held = held[1:]
					locks[l.Pool().Shard(e.port)].Lock()
					l.Release(e.proto, e.v4, e.port)
					locks[l.Pool().Shard(e.port)].Unlock()
				}
			}
			for _, e := range held {
				locks[l.Pool().Shard(e.port)].Lock()
				l.Release(e.proto, e.v4, e.port)
				locks[l.Pool().Shard(e.port)].Unlock()
			}
		})
	}
	all.Wait()
	if n := l.closed[kindUDP].Load(); n != 0 {
		t.Errorf("nothing is taken, %d addresses count as exhausted", n)
	}
	for i := range 256 {
		r := &Request{Proto: wire.ProtoUDP, Soft: true, Home: i % shards, Random: rand.Uint64()}
		v4, in, ok := l.Find(r)
		if _, chosen := l.Choose(in, v4, r); !ok || !chosen {
			t.Fatalf("port %d: Find %v, Choose %v", i, ok, chosen)
		}
	}
	if _, _, ok := l.Find(&Request{Proto: wire.ProtoUDP, Soft: true}); ok {
		t.Error("everything is taken, Find finds something")
	}
}

// TestChoosingAllocatesNothing: neither do Find, Choose and Release.
func TestChoosingAllocatesNothing(t *testing.T) {
	l := NewLedger(newPool(t, Options{Ranges: []Range{every("192.0.2.0/28")}, Shards: 64}))
	r := &Request{Proto: wire.ProtoTCP, Port: 5000, Soft: true}
	i := uint64(0)
	once := func() {
		i++
		r.Host.Lo, r.Home, r.Random = i, int(i%64), i*0x9e3779b97f4a7c15
		v4, shard, _ := l.Find(r)
		port, _ := l.Choose(shard, v4, r)
		l.Release(r.Proto, v4, port)
	}
	for range 10_000 {
		once() // each shard makes its pages
	}
	if n := testing.AllocsPerRun(1000, once); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
