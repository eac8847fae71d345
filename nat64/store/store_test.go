package store

import (
	"testing"

	"taygo/translate/wire"
)

var seed = [4]uint64{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0x2545f4914f6cdd1d}

func TestBindingIsFoundByEitherSide(t *testing.T) {
	s := New(Options{PortShift: 1, Seed: seed})
	b := Binding{V6: wire.Addr{Hi: 0x20010db8 << 32, Lo: 1}, V4: 0xc0000201, Port6: 5000, Port4: 1024, Proto: wire.ProtoUDP}
	sh := s.OfPort(b.Port4)
	sh.Lock()
	defer sh.Unlock()
	r, ok := sh.Bind(&b)
	if !ok || *sh.Binding(r) != b {
		t.Fatalf("Bind: %v, stored %+v", ok, sh.Binding(r))
	}
	if got := sh.Out(b.Proto, b.V6, b.Port6); got != r {
		t.Errorf("Out: %d, want %d", got, r)
	}
	if got := sh.In(b.Proto, b.V4, b.Port4); got != r {
		t.Errorf("In: %d, want %d", got, r)
	}
	if got := sh.count; got != (Count{Bindings: 1}) {
		t.Errorf("Count: %+v", got)
	}
	sh.Unbind(r)
	if sh.Out(b.Proto, b.V6, b.Port6) != 0 || sh.In(b.Proto, b.V4, b.Port4) != 0 {
		t.Error("found after Unbind")
	}
}

func TestShardsAreAPowerOfTwo(t *testing.T) {
	for _, tt := range []struct{ asked, got int }{{0, 64}, {-1, 64}, {1, 1}, {3, 4}, {16, 16}, {5000, 4096}} {
		if got := New(Options{Shards: tt.asked}).Shards(); got != tt.got {
			t.Errorf("%d shards asked for: %d, want %d", tt.asked, got, tt.got)
		}
	}
}

func TestPortsOfAPairOrBlockShareAShard(t *testing.T) {
	for _, tt := range []struct {
		shift uint
		port  uint16
		shard int
	}{{1, 1024, 0}, {1, 1025, 0}, {1, 1026, 1}, {1, 1032, 0}, {6, 1024, 0}, {6, 1087, 0}, {6, 1088, 1}, {0, 1025, 1}} {
		s := New(Options{Shards: 4, PortShift: tt.shift})
		if got := s.OfPort(tt.port).Number(); got != tt.shard {
			t.Errorf("shift %d: port %d in shard %d, want %d", tt.shift, tt.port, got, tt.shard)
		}
	}
}

func TestHomesAreSpread(t *testing.T) {
	s := New(Options{Shards: 64, Seed: seed})
	n := make([]int, 64)
	for i := range uint64(64_000) {
		n[s.OfHash(s.Hash(wire.ProtoUDP, wire.Addr{Hi: 0x20010db8 << 32, Lo: i}, 5000)).Number()]++
	}
	for i, got := range n {
		if got < 800 || got > 1200 {
			t.Errorf("shard %d is the home of %d of 64,000 hosts", i, got)
		}
	}
}
