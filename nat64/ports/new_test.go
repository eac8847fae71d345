package ports

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"taygo/translate/wire"
)

// TestPoolsRefused: each refusal names what is wrong.
func TestPoolsRefused(t *testing.T) {
	good := []Range{every("192.0.2.1/32")}
	for _, tt := range []struct {
		name string
		o    Options
		err  error
		want string
	}{
		{"no range", Options{Shards: 1}, ErrEmpty, "add a range"},
		{"no port but 0", Options{Ranges: []Range{{netip.MustParsePrefix("192.0.2.1/32"), 0, 0, true, true, false}}, Shards: 1}, ErrEmpty, "pool"},
		{"IPv6", Options{Ranges: []Range{every("2001:db8::/32")}, Shards: 1}, ErrPrefix, "2001:db8::/32 0-65535 tcp udp icmp"},
		{"bits past the length", Options{Ranges: []Range{every("192.0.2.1/24")}, Shards: 1}, ErrPrefix, "192.0.2.1/24"},
		{"no prefix", Options{Ranges: []Range{{}}, Shards: 1}, ErrPrefix, "invalid"},
		{"ports exchanged", Options{Ranges: []Range{ports("192.0.2.1/32", 9, 8)}, Shards: 1}, ErrOrder, "9-8"},
		{"no protocol", Options{Ranges: []Range{{Prefix: netip.MustParsePrefix("192.0.2.1/32")}}, Shards: 1}, ErrProtocol, "192.0.2.1/32"},
		{"too many addresses", Options{Ranges: []Range{every("10.0.0.0/11")}, Shards: 1}, ErrTooMany, "shorter"},
		{"no shards", Options{Ranges: good}, ErrShards, "0 shards"},
		{"three shards", Options{Ranges: good, Shards: 3}, ErrShards, "3 shards"},
		{"too many shards", Options{Ranges: good, Shards: 128}, ErrShards, "128 shards"},
		{"a block of one", Options{Ranges: good, Shards: 1, Block: 1}, ErrBlock, "1 ports"},
		{"no power of two", Options{Ranges: good, Shards: 1, Block: 1000}, ErrBlock, "1000 ports"},
		{"a block of all ports", Options{Ranges: good, Shards: 1, Block: 65536}, ErrBlock, "65536 ports"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.o); !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %v with %q", err, tt.err, tt.want)
			}
		})
	}
}

// TestRangesOverlap: a pool has the union of its ranges, wherever they overlap.
func TestRangesOverlap(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 13))
	for range 40 {
		var ranges []Range
		for range 1 + rng.IntN(6) {
			bits := 24 + rng.IntN(9)
			r := Range{TCP: rng.IntN(2) == 0, UDP: rng.IntN(2) == 0, ICMP: rng.IntN(2) == 0}
			r.Prefix = netip.PrefixFrom(wire.Addr4(addr4("192.0.2.0")+uint32(rng.IntN(256))).Netip(), bits).Masked()
			r.First = uint16(rng.Uint32())
			r.Last = r.First + uint16(rng.IntN(65536-int(r.First)))
			r.TCP = r.TCP || !r.UDP && !r.ICMP
			ranges = append(ranges, r)
		}
		wantUnion(t, newPool(t, Options{Ranges: ranges, Shards: 4}), ranges, rng)
	}
}

// wantUnion compares a pool with its ranges.
func wantUnion(t *testing.T, p *Pool, ranges []Range, rng *rand.Rand) {
	t.Helper()
	o := newOracle(ranges)
	for i := range p.Addresses() {
		if v4 := p.Address(i); !p.Owns(v4) || i > 0 && v4 <= p.Address(i-1) {
			t.Fatalf("%v: address %d is %v", ranges, i, wire.Addr4(v4))
		}
	}
	owned := 0
	for v4 := addr4("192.0.1.255"); v4 <= addr4("192.0.3.0"); v4++ {
		if p.Owns(v4) {
			owned++
		}
		edges := []uint16{0, 1, 65535, uint16(rng.Uint32())}
		for _, r := range ranges {
			edges = append(edges, r.First-1, r.First, r.Last, r.Last+1)
		}
		for _, port := range edges {
			for _, proto := range []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP, 132} {
				e := endpoint{proto, v4, port}
				if got := p.Has(proto, v4, port); got != o.has(e) {
					t.Fatalf("%v: %+v: %v, want %v", ranges, e, got, o.has(e))
				}
			}
		}
	}
	if owned != p.Addresses() {
		t.Fatalf("%v: %d addresses, owns %d", ranges, p.Addresses(), owned)
	}
}

// TestSizes: a pool counts its ports by protocol, and knows its shards.
func TestSizes(t *testing.T) {
	tcp := ports("192.0.2.0/30", 1000, 1099)
	tcp.UDP, tcp.ICMP = false, false
	p := newPool(t, Options{Ranges: []Range{tcp, every("198.51.100.1/32")}, Shards: 64})
	for proto, want := range map[uint8]uint64{wire.ProtoTCP: 400 + 65535, wire.ProtoUDP: 65535, wire.ProtoICMP: 65536, 132: 0} {
		if got := p.Size(proto); got != want {
			t.Errorf("protocol %d: %d ports, want %d", proto, got, want)
		}
	}
	if p.Shards() != 64 || p.Shift() != 1 || p.Shard(130) != 1 || p.Shard(131) != 1 || p.Shard(132) != 2 {
		t.Errorf("%d shards, shift %d, port 130 in %d", p.Shards(), p.Shift(), p.Shard(130))
	}
}

// TestEveryPortHasAPlace: shard and place lead back to the port, and no two ports
// share them, with every number of shards and size of blocks.
func TestEveryPortHasAPlace(t *testing.T) {
	for shards := 1; shards <= maxShards; shards *= 2 {
		for block := 0; block <= 32768; block = max(2, block*2) {
			y := newLayout(shards, block)
			last := map[int]int{}
			for port := range allPorts {
				shard, place := y.shard(uint16(port)), y.place(uint16(port))
				if before, ok := last[shard]; y.port(shard, place) != uint16(port) || place >= y.words*64 || ok && place <= before {
					t.Fatalf("%d shards, blocks of %d: port %d is at %d of %d, behind %d", shards, block, port, place, shard, before)
				}
				if (port < 1024) != (place < y.low[shard]) {
					t.Fatalf("%d shards, blocks of %d: port %d at %d, %d are well-known", shards, block, port, place, y.low[shard])
				}
				last[shard] = place
			}
		}
	}
}
