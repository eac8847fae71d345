package ports

import (
	"math/rand/v2"
	"testing"

	"taygo/translate/wire"
)

// TestReload: after a change of the pool, what was taken is taken still, also what
// has fallen out of the ranges of an address that stays; Has tells which bindings
// those are. What is gone from the pool is not chosen, what is new is.
func TestReload(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 15))
	before := []Range{ports("192.0.2.0/28", 1024, 5000), ports("198.51.100.1/32", 1000, 1100)}
	after := []Range{ports("192.0.2.0/29", 2000, 6000), ports("203.0.113.0/30", 5000, 5100)}
	was := NewLedger(newPool(t, Options{Ranges: before, Shards: 8, Seed: 1}))
	now := NewLedger(newPool(t, Options{Ranges: after, Shards: 8, Seed: 1}))
	taken := map[endpoint]bool{}
	for range 30_000 {
		r := &Request{Proto: wire.ProtoUDP, Host: wire.Addr{Lo: rng.Uint64()}, Soft: true, Home: rng.IntN(8), Random: rng.Uint64()}
		v4, shard, _ := was.Find(r)
		port, ok := was.Choose(shard, v4, r)
		if !ok {
			t.Fatal("exhausted")
		}
		taken[endpoint{r.Proto, v4, port}] = true
	}
	for shard := range 8 {
		if !now.Adopt(shard, was) {
			t.Fatal("not adopted")
		}
	}
	o, kept, fallen := newOracle(after), 0, 0
	for e := range taken {
		if now.Pool().Has(e.proto, e.v4, e.port) != o.has(e) {
			t.Fatalf("%+v: in the pool: %v", e, !o.has(e))
		}
		if o.has(e) {
			kept++
		} else {
			fallen++
		}
		if now.Take(e.proto, e.v4, e.port) {
			t.Fatalf("%+v can be taken again", e)
		}
	}
	if kept < 5000 || fallen < 5000 {
		t.Errorf("%d bindings stay, %d fall", kept, fallen)
	}
	wantRest(t, now, after, taken)
}

// wantRest takes all ports that are free, and compares them with what the ranges
// hold and nobody has.
func wantRest(t *testing.T, l *Ledger, ranges []Range, taken map[endpoint]bool) {
	t.Helper()
	o := newOracle(ranges)
	want := 0
	for i := range l.Pool().Addresses() {
		for port := range 65536 {
			if e := (endpoint{wire.ProtoUDP, l.Pool().Address(i), uint16(port)}); o.has(e) && !taken[e] {
				want++
			}
		}
	}
	for n := 0; ; n++ {
		r := &Request{Proto: wire.ProtoUDP, Soft: true, Random: rand.Uint64()}
		v4, shard, ok := l.Find(r)
		if !ok {
			if n != want {
				t.Errorf("%d ports were free, want %d", n, want)
			}
			return
		}
		port, ok := l.Choose(shard, v4, r)
		if e := (endpoint{r.Proto, v4, port}); !ok || taken[e] || !o.has(e) {
			t.Fatalf("%+v: %v, owned: %v", e, ok, taken[e])
		}
	}
}

// TestReloadOfAFullPool: exhaustion outlives a reload, and ends with it where the
// new pool has more.
func TestReloadOfAFullPool(t *testing.T) {
	fill := func(l *Ledger) (n int) {
		for {
			r := &Request{Proto: wire.ProtoTCP, Soft: true, Random: rand.Uint64()}
			v4, shard, ok := l.Find(r)
			if !ok {
				return n
			}
			if _, ok := l.Choose(shard, v4, r); ok {
				n++
			}
		}
	}
	options := Options{Ranges: []Range{ports("192.0.2.0/31", 3000, 3099)}, Shards: 16}
	was := NewLedger(newPool(t, options))
	if n := fill(was); n != 200 {
		t.Fatalf("%d ports", n)
	}
	for _, tt := range []struct {
		ranges []Range
		want   int
	}{
		{options.Ranges, 0},
		{[]Range{ports("192.0.2.0/32", 3000, 3049)}, 0},
		{[]Range{ports("192.0.2.0/31", 3000, 3109)}, 20},
		{append(options.Ranges, ports("192.0.2.9/32", 1, 7)), 7},
	} {
		now := NewLedger(newPool(t, Options{Ranges: tt.ranges, Shards: 16}))
		for shard := range 16 {
			now.Adopt(shard, was)
		}
		if n := fill(now); n != tt.want {
			t.Errorf("%v: %d ports are free, want %d", tt.ranges, n, tt.want)
		}
	}
}

// TestReloadOfBlocks: blocks stay taken; a ledger with other shards or blocks is not
// adopted.
func TestReloadOfBlocks(t *testing.T) {
	was := NewLedger(blockPool(t, 64, every("192.0.2.0/30")))
	b := was.Pool().Block(addr4("192.0.2.2"), 5000)
	was.ClaimBlock(b)
	now := NewLedger(blockPool(t, 64, every("192.0.2.2/31")))
	shard := now.Pool().Shard(5000)
	if !now.Adopt(shard, was) || now.ClaimBlock(b) || now.BlocksTaken(shard) != 1 {
		t.Error("the block is free after the reload")
	}
	for _, o := range []Options{{Shards: 16, Block: 128}, {Shards: 16}, {Shards: 8, Block: 64}} {
		o.Ranges = []Range{every("192.0.2.0/30")}
		if NewLedger(newPool(t, o)).Adopt(0, was) {
			t.Errorf("%+v: adopted", o)
		}
	}
}

// TestTakeOutsideTheRanges: a static binding may have any port of an address of the
// pool, once; none of another address.
func TestTakeOutsideTheRanges(t *testing.T) {
	l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.1/32", 1024, 2000)}, Shards: 64}))
	for _, tt := range []struct {
		name  string
		proto uint8
		v4    string
		port  uint16
		want  bool
	}{
		{"within", wire.ProtoTCP, "192.0.2.1", 1024, true},
		{"within, again", wire.ProtoTCP, "192.0.2.1", 1024, false},
		{"another protocol", wire.ProtoUDP, "192.0.2.1", 1024, true},
		{"outside the range", wire.ProtoTCP, "192.0.2.1", 80, true},
		{"outside the range, again", wire.ProtoTCP, "192.0.2.1", 80, false},
		{"another address", wire.ProtoTCP, "192.0.2.2", 80, false},
		{"a protocol without ports", 132, "192.0.2.1", 80, false},
	} {
		if got := l.Take(tt.proto, addr4(tt.v4), tt.port); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	shard := l.Pool().Shard(80)
	if n := l.Taken(shard, wire.ProtoTCP); n != 0 {
		t.Errorf("%d ports of the pool are taken in a shard where it has none", n)
	}
	l.Release(wire.ProtoTCP, addr4("192.0.2.1"), 80)
	l.Release(wire.ProtoTCP, addr4("192.0.2.1"), 80) // which changes nothing
	l.Release(wire.ProtoTCP, addr4("192.0.2.2"), 80)
	if n := l.Taken(shard, wire.ProtoTCP); n != 0 || l.Taken(shard, 132) != 0 {
		t.Errorf("%d ports are taken", n)
	}
}
