package ports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"taygo/translate/wire"
)

// TestClassAndParity: the range class of the host's port is kept while a port of it
// is free, then its parity, in that order; TCP has no parity rule, identifiers have
// neither (RFC 6146 §3.5.1.1, §3.5.2.3, §3.5.3, RFC 4787 REQ-4).
func TestClassAndParity(t *testing.T) {
	const lowEven, lowOdd, highEven, highOdd = 1000, 1001, 2000, 2001
	for _, tt := range []struct {
		rule   string
		proto  uint8
		parity bool
		port   uint16
		free   []uint16
		want   []uint16 // in turn, each of these alone
	}{
		{"well-known and even", wire.ProtoUDP, true, 8, []uint16{lowEven, lowOdd, highEven, highOdd}, []uint16{lowEven, lowOdd, highEven, highOdd}},
		{"well-known and odd", wire.ProtoUDP, true, 9, []uint16{lowEven, lowOdd, highEven, highOdd}, []uint16{lowOdd, lowEven, highOdd, highEven}},
		{"the first that is not well-known", wire.ProtoUDP, true, 1024, []uint16{lowEven, lowOdd, highEven, highOdd}, []uint16{highEven, highOdd, lowEven, lowOdd}},
		{"the last that is well-known", wire.ProtoUDP, true, 1023, []uint16{lowEven, lowOdd, highEven, highOdd}, []uint16{lowOdd, lowEven, highOdd, highEven}},
		{"odd", wire.ProtoUDP, true, 65535, []uint16{lowEven, lowOdd, highEven, highOdd}, []uint16{highOdd, highEven, lowOdd, lowEven}},
		{"the class only, UDP", wire.ProtoUDP, false, 9, []uint16{lowEven, highEven, highOdd}, []uint16{lowEven}},
		{"the class only, TCP", wire.ProtoTCP, false, 50001, []uint16{lowEven, lowOdd, highEven}, []uint16{highEven}},
		{"the wrong class if it must be", wire.ProtoTCP, false, 50001, []uint16{lowEven}, []uint16{lowEven}},
		{"the border of the classes", wire.ProtoTCP, false, 7, []uint16{1023, 1024}, []uint16{1023, 1024}},
		{"parity of an identifier is nothing", wire.ProtoICMP, true, 7, []uint16{4}, []uint16{4}},
	} {
		for _, shards := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%s, %d shards", tt.rule, shards), func(t *testing.T) {
				var ranges []Range
				for _, port := range tt.free {
					ranges = append(ranges, ports("192.0.2.1/32", port, port))
				}
				l := NewLedger(newPool(t, Options{Ranges: ranges, Shards: shards}))
				for _, want := range tt.want {
					r := &Request{Proto: tt.proto, Port: tt.port, Parity: tt.parity, Home: l.Pool().Shard(want), Random: rand.Uint64()}
					if port, ok := l.Choose(r.Home, addr4("192.0.2.1"), r); port != want || !ok {
						t.Errorf("port %d, %v; want %d", port, ok, want)
					}
				}
			})
		}
	}
}

// TestIdentifiersHaveNoClass: identifiers of ICMP queries are chosen among all,
// whichever the host's is.
func TestIdentifiersHaveNoClass(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, own := range []uint16{5, 5000} {
		l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.1/32", 0, 2047)}, Shards: 1}))
		low := 0
		for range 1000 { // of 2048
			id, ok := l.Choose(0, addr4("192.0.2.1"), &Request{Proto: wire.ProtoICMP, Port: own, Random: rng.Uint64()})
			if !ok {
				t.Fatal("an identifier is free, none is found")
			}
			if id < 1024 {
				low++
			}
		}
		if low < 400 || low > 600 {
			t.Errorf("%d of 1000 identifiers are below 1024", low)
		}
	}
}

// TestChoiceIsUniform: each free port is chosen with the same probability, whichever
// the host's port is, and also when most are taken (RFC 6056 §3.3.1).
func TestChoiceIsUniform(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, tt := range []struct {
		name   string
		parity bool
		taken  int // of 504, at random
	}{{"all of a shard", false, 0}, {"one parity", true, 0}, {"few left", false, 450}} {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.1/32", 1024, 65535)}, Shards: 64}))
			v4 := addr4("192.0.2.1")
			ask := func() *Request {
				return &Request{Proto: wire.ProtoUDP, Port: 5060, Parity: tt.parity, Random: rng.Uint64()}
			}
			for range tt.taken {
				if _, ok := l.Choose(5, v4, ask()); !ok {
					t.Fatal("exhausted")
				}
			}
			cells := 65536/64 - 16 - tt.taken
			if tt.parity {
				cells /= 2
			}
			counts := map[uint16]int{}
			n := 200 * cells
			for range n {
				port, _ := l.Choose(5, v4, ask())
				counts[port]++
				l.Release(wire.ProtoUDP, v4, port)
			}
			if len(counts) != cells {
				t.Fatalf("%d ports are chosen, %d are free", len(counts), cells)
			}
			wantUniform(t, counts, n)
		})
	}
}

// wantUniform fails the test if counts differ more than five standard deviations
// of chi-square allow.
func wantUniform[K comparable](t *testing.T, counts map[K]int, n int) {
	t.Helper()
	want := float64(n) / float64(len(counts))
	chi := 0.0
	for _, c := range counts {
		chi += (float64(c) - want) * (float64(c) - want) / want
	}
	free := float64(len(counts) - 1)
	if limit := free + 5*math.Sqrt(2*free); chi > limit {
		t.Errorf("chi-square %.0f with %.0f degrees of freedom, at most %.0f", chi, free, limit)
	}
}

// TestNextPortIsUnpredictable: who knows the ports chosen so far, and the host's
// own, guesses the next no better than one who knows nothing: neither the same
// again, nor the next, nor the same distance on, nor the host's port hits more often
// than chance.
func TestNextPortIsUnpredictable(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.1/32", 1024, 65535)}, Shards: 64}))
	v4 := addr4("192.0.2.1")
	hits := map[string]int{}
	var a, b uint16
	const n, free = 200_000, 65536/64 - 16
	for range n {
		own := l.Pool().port(5, rng.IntN(free)+16)
		port, _ := l.Choose(5, v4, &Request{Proto: wire.ProtoTCP, Port: own, Random: rng.Uint64()})
		l.Release(wire.ProtoTCP, v4, port)
		for guess, at := range map[string]uint16{"the same": b, "the next": b + 1, "64 pairs on": b + 128, "as far on": b + b - a, "the host's": own} {
			if at == port {
				hits[guess]++
			}
		}
		a, b = b, port
	}
	const chance = float64(n) / free
	for guess, got := range hits {
		if float64(got) > chance+5*math.Sqrt(chance) {
			t.Errorf("%s: %d hits, by chance %.0f", guess, got, chance)
		}
	}
}

// TestLastFreePort: the choice is exact. In a shard of which everything is taken
// but one port, any request of the protocol gets that port, and the next none.
func TestLastFreePort(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	v4 := addr4("192.0.2.1")
	for _, shards := range []int{1, 16, 64} {
		l := NewLedger(newPool(t, Options{Ranges: []Range{every("192.0.2.1/32")}, Shards: shards}))
		shard := rng.IntN(shards)
		var mine []uint16
		for port := 1; port < 65536; port++ {
			if l.Pool().Shard(uint16(port)) == shard {
				mine = append(mine, uint16(port))
				l.Take(wire.ProtoUDP, v4, uint16(port))
			}
		}
		r := &Request{Proto: wire.ProtoUDP, Home: shard}
		for range 2000 {
			last := mine[rng.IntN(len(mine))]
			l.Release(wire.ProtoUDP, v4, last)
			r.Port, r.Parity, r.Random = uint16(rng.Uint32()), rng.IntN(2) == 0, rng.Uint64()
			if at, in, ok := l.Find(r); at != v4 || in != shard || !ok {
				t.Fatalf("Find: %d, %v", in, ok)
			}
			if port, ok := l.Choose(shard, v4, r); port != last || !ok {
				t.Fatalf("%d shards: port %d, %v; only %d is free", shards, port, ok, last)
			}
			if port, ok := l.Choose(shard, v4, r); ok {
				t.Fatalf("%d shards: port %d, none is free", shards, port)
			}
		}
	}
}
