package ports

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"taygo/translate/wire"
)

func blockPool(t testing.TB, size int, ranges ...Range) *Pool {
	t.Helper()
	return newPool(t, Options{Ranges: ranges, Shards: 16, Block: size, Seed: 3})
}

// TestBlocksThatCanBeTaken: a block is a power of two of ports, aligned, and whole:
// each protocol that the address has at all has all of it (RFC 7768 §2).
func TestBlocksThatCanBeTaken(t *testing.T) {
	tcp, icmp := ports("192.0.2.1/32", 1500, 8191), ports("192.0.2.1/32", 0, 5000)
	tcp.UDP, tcp.ICMP, icmp.TCP, icmp.UDP = false, false, false, false
	for _, tt := range []struct {
		rule   string
		ranges []Range
		size   int
		want   uint64
	}{
		{"all ports but those with port 0", []Range{every("192.0.2.1/32")}, 512, 127},
		{"two addresses", []Range{every("192.0.2.0/31")}, 512, 254},
		{"a range that begins within a block", []Range{tcp}, 1024, 6},
		{"a protocol has less", []Range{tcp, icmp}, 1024, 2},
		{"the largest", []Range{every("192.0.2.1/32")}, 32768, 1},
		{"the smallest", []Range{ports("192.0.2.1/32", 1024, 1031)}, 2, 4},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			p := blockPool(t, tt.size, tt.ranges...)
			if p.Blocks() != tt.want || p.BlockSize() != tt.size {
				t.Errorf("%d blocks of %d, want %d", p.Blocks(), p.BlockSize(), tt.want)
			}
			l, taken := NewLedger(p), map[Block]bool{}
			for {
				r := &Request{Host: wire.Addr{Lo: rand.Uint64()}, Soft: true, Random: rand.Uint64()}
				v4, shard, ok := l.FindBlock(r)
				if !ok {
					break
				}
				b, ok := l.TakeBlock(shard, v4, r)
				if !ok || taken[b] || int(b.Last-b.First) != tt.size-1 || int(b.First)%tt.size != 0 || p.Shard(b.First) != shard || p.Shard(b.Last) != shard {
					t.Fatalf("%+v of shard %d: %v", b, shard, ok)
				}
				taken[b] = true
			}
			if uint64(len(taken)) != tt.want {
				t.Errorf("%d blocks can be taken, want %d", len(taken), tt.want)
			}
		})
	}
	if _, err := New(Options{Ranges: []Range{ports("192.0.2.1/32", 1025, 2047)}, Shards: 1, Block: 1024}); !errors.Is(err, ErrNoBlocks) {
		t.Errorf("no whole block: %v", err)
	}
}

// TestPortsInABlock: a subscriber's ports are chosen uniformly among all of its
// block, to the last one, and never outside; the block is idle when all are back.
func TestPortsInABlock(t *testing.T) {
	for _, size := range []int{8, 64, 256} {
		l := NewLedger(blockPool(t, size, every("192.0.2.1/32")))
		b := Block{addr4("192.0.2.1"), 4096, uint16(4096 + size - 1)}
		if !l.ClaimBlock(b) || l.ClaimBlock(b) || l.BlocksTaken(l.Pool().Shard(4096)) != 1 {
			t.Fatal("a block is claimed not at all, or twice")
		}
		counts := map[uint16]int{}
		for range 300 * size {
			port, ok := l.ChooseIn(b, &Request{Proto: wire.ProtoTCP, Port: 9999, Random: rand.Uint64()})
			if !ok || !b.Has(b.V4, port) || l.IsIdle(b) {
				t.Fatalf("port %d, %v, idle %v", port, ok, l.IsIdle(b))
			}
			counts[port]++
			l.Release(wire.ProtoTCP, b.V4, port)
		}
		if len(counts) != size || !l.IsIdle(b) {
			t.Errorf("%d ports of %d, idle %v", len(counts), size, l.IsIdle(b))
		}
		wantUniform(t, counts, 300*size)
		for range size {
			if _, ok := l.ChooseIn(b, &Request{Proto: wire.ProtoUDP, Parity: true, Random: rand.Uint64()}); !ok {
				t.Fatal("a port is free, none is found")
			}
		}
		if port, ok := l.ChooseIn(b, &Request{Proto: wire.ProtoUDP, Random: rand.Uint64()}); ok {
			t.Errorf("port %d, all are taken", port)
		}
		if _, ok := l.ChooseIn(b, &Request{Proto: wire.ProtoTCP, Random: rand.Uint64()}); !ok {
			t.Error("the ports of another protocol are not free")
		}
		l.ReleaseBlock(b)
		if !l.ClaimBlock(b) {
			t.Error("a block that was given back is not free")
		}
	}
}

// TestNeighboursOfABlock: what others have in the same shard does not keep a block
// from being idle.
func TestNeighboursOfABlock(t *testing.T) {
	l := NewLedger(blockPool(t, 16, every("192.0.2.1/32")))
	b := l.Pool().Block(addr4("192.0.2.1"), 4100)
	shard := l.Pool().Shard(4100)
	if b.First != 4096 || b.Last != 4111 {
		t.Fatalf("%+v", b)
	}
	for port := 1; port < 65536; port++ {
		if l.Pool().Shard(uint16(port)) == shard && !b.Has(b.V4, uint16(port)) {
			l.Take(wire.ProtoTCP, b.V4, uint16(port))
		}
	}
	if !l.IsIdle(b) {
		t.Error("not idle")
	}
	l.Take(wire.ProtoICMP, b.V4, 4111)
	if l.IsIdle(b) {
		t.Error("idle, with an identifier taken")
	}
	if !l.IsIdle(Block{V4: addr4("203.0.113.1")}) {
		t.Error("a block of no pool is not idle")
	}
}

// TestOwners: a subscriber has its blocks in the order in which it got them, and
// no more than it may have.
func TestOwners(t *testing.T) {
	o := NewOwners(5)
	a, b := addr6("2001:db8:1::"), addr6("2001:db8:2::")
	blocks := []Block{{1, 0, 15}, {1, 16, 31}, {2, 0, 15}}
	for i, x := range blocks {
		if got := o.Add(a, x, 2); got != (i < 2) {
			t.Errorf("block %d of two: %v", i, got)
		}
	}
	if !o.Add(b, blocks[2], 0) || !o.Add(b, blocks[0], 0) {
		t.Error("without a limit, a block is refused")
	}
	if got := o.Blocks(a, nil); !slices.Equal(got, blocks[:2]) {
		t.Errorf("%v", got)
	}
	n := 0
	o.Each(func(subscriber wire.Addr, x Block) bool {
		n++
		return subscriber != a || slices.Contains(blocks[:2], x)
	})
	if n != 4 {
		t.Errorf("%d blocks in all, want 4", n)
	}
	if o.Remove(a, blocks[2]) || !o.Remove(a, blocks[0]) || o.Remove(a, blocks[0]) || !o.Remove(a, blocks[1]) {
		t.Error("what is removed is not what was there")
	}
	if got := o.Blocks(a, nil); len(got) != 0 || len(o.stripe(a).by) != 0 && o.stripe(a) != o.stripe(b) {
		t.Errorf("%v is left", got)
	}
	o.Each(func(wire.Addr, Block) bool { n++; return false })
	if n != 5 {
		t.Error("Each goes on after false")
	}
}

// TestOverflowBlocks: those of deterministic assignment cannot be taken; of the
// others each once, if the subscribers may have them (RFC 7422 §2.2).
func TestOverflowBlocks(t *testing.T) {
	for _, overflow := range []bool{false, true} {
		d := Deterministic{netip.MustParsePrefix("2001:db8::/56"), 64, overflow}
		p := newPool(t, Options{Ranges: []Range{every("192.0.2.0/29")}, Shards: 16, Block: 1024, Deterministic: d})
		l, n := NewLedger(p), uint64(0)
		for {
			r := &Request{Host: wire.Addr{Lo: rand.Uint64()}, Soft: true, Random: rand.Uint64()}
			v4, shard, ok := l.FindBlock(r)
			if !ok {
				break
			}
			b, ok := l.TakeBlock(shard, v4, r)
			if owner, given := p.Reverse(b.V4, b.First); !ok || given {
				t.Fatalf("%+v: %v, belongs to %v", b, ok, owner)
			}
			n++
		}
		want := uint64(0)
		if overflow {
			want = 8*63 - 256
		}
		if n != want || p.Blocks() != want {
			t.Errorf("overflow %v: %d blocks can be taken, %d counted, want %d", overflow, n, p.Blocks(), want)
		}
	}
}

// TestNothingOnOtherAddresses: an address that is not of the pool has no ports and
// no blocks, and gives none.
func TestNothingOnOtherAddresses(t *testing.T) {
	l := NewLedger(blockPool(t, 16, ports("192.0.2.1/32", 4096, 4111)))
	r := &Request{Proto: wire.ProtoTCP, Random: rand.Uint64()}
	other, b := addr4("192.0.2.2"), l.Pool().Block(addr4("192.0.2.1"), 4096)
	shard := l.Pool().Shard(4096)
	if port, ok := l.Choose(shard, other, r); ok {
		t.Errorf("Choose: port %d", port)
	}
	if x, ok := l.TakeBlock(shard, other, r); ok {
		t.Errorf("TakeBlock: %+v", x)
	}
	if port, ok := l.ChooseIn(Block{V4: other, First: 4096, Last: 4111}, r); ok {
		t.Errorf("ChooseIn: port %d", port)
	}
	if l.ClaimBlock(Block{V4: other, First: 4096, Last: 4111}) {
		t.Error("ClaimBlock")
	}
	l.ReleaseBlock(Block{V4: other, First: 4096, Last: 4111})
	l.ClaimBlock(b)
	if x, ok := l.TakeBlock(shard, b.V4, r); ok {
		t.Errorf("TakeBlock, when none is left: %+v", x)
	}
	r.Proto = 132
	if port, ok := l.ChooseIn(b, r); ok {
		t.Errorf("ChooseIn, of a protocol without ports: %d", port)
	}
}

// TestOverflowAtTheEnd: subscribers may have blocks up to the last of the last
// address there is.
func TestOverflowAtTheEnd(t *testing.T) {
	for _, tt := range []struct {
		prefix string
		size   int
		left   uint64
	}{{"255.255.255.255/32", 2048, 31 - 16}, {"255.255.255.254/31", 2048, 62 - 16}, {"255.255.255.254/31", 4096, 30 - 16}} {
		d := Deterministic{netip.MustParsePrefix("2001:db8::/60"), 64, true}
		p := newPool(t, Options{Ranges: []Range{every(tt.prefix)}, Shards: 1, Block: tt.size, Deterministic: d})
		if n := netip.MustParsePrefix(tt.prefix); p.Blocks() != tt.left || p.Addresses() != 1<<(32-n.Bits()) {
			t.Errorf("%v: %d blocks are left, want %d; %d addresses", n, p.Blocks(), tt.left, p.Addresses())
		}
	}
}
