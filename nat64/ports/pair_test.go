package ports

import (
	"math/rand/v2"
	"testing"

	"taygo/translate/wire"
)

// hosts returns n addresses, consecutive as hosts have them.
func hosts(n int) []wire.Addr {
	list := make([]wire.Addr, n)
	for i := range list {
		list[i] = wire.Addr{Hi: 0x20010db8_00000000 | uint64(i/7), Lo: uint64(i)}
	}
	return list
}

// TestPairedEvenly: hosts are spread over the addresses in proportion to their
// ports, and each has one address for all protocols (RFC 4787 REQ-2, RFC 6888
// REQ-2).
func TestPairedEvenly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ranges []Range
	}{
		{"a prefix", []Range{every("192.0.2.0/27")}},
		{"far apart", []Range{every("192.0.2.1/32"), every("203.0.113.64/29"), every("198.51.100.7/32")}},
		{"one address", []Range{every("192.0.2.1/32")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, Options{Ranges: tt.ranges, Shards: 64, Seed: rand.Uint64()})
			counts := map[uint32]int{}
			list := hosts(1000 * p.Addresses())
			for _, h := range list {
				v4 := p.Paired(h)
				if !p.Owns(v4) || p.Paired(h) != v4 {
					t.Fatalf("%v is paired with %v", h, wire.Addr4(v4))
				}
				counts[v4]++
			}
			if len(counts) != p.Addresses() {
				t.Fatalf("%d addresses of %d are used", len(counts), p.Addresses())
			}
			if len(counts) > 1 {
				wantUniform(t, counts, len(list))
			}
		})
	}
	p := newPool(t, Options{Ranges: []Range{ports("192.0.2.1/32", 1000, 2999), ports("192.0.2.2/32", 5000, 5999)}, Shards: 1})
	first := 0
	for _, h := range hosts(30_000) {
		if p.Paired(h) == addr4("192.0.2.1") {
			first++
		}
	}
	if first < 19_500 || first > 20_500 {
		t.Errorf("the address with two thirds of the ports has %d hosts of 30000", first)
	}
}

// TestPoolGrowsAndShrinks: most hosts keep their address when the pool becomes
// another: hardly more move than the new address is to have.
func TestPoolGrowsAndShrinks(t *testing.T) {
	base := []Range{every("192.0.2.0/28"), every("198.51.100.9/32")}
	small := newPool(t, Options{Ranges: base, Shards: 64, Seed: 9})
	large := newPool(t, Options{Ranges: append(base, every("192.0.2.77/32")), Shards: 64, Seed: 9})
	moved := 0
	list := hosts(18_000)
	for _, h := range list {
		before, after := small.Paired(h), large.Paired(h)
		if before != after {
			moved++
		}
	}
	if moved < 900 || moved > 1300 {
		t.Errorf("%d of 18000 hosts move when one of 18 addresses is new", moved)
	}
}

// TestPairingOfLikeAddresses: where all addresses are alike, one look at the hash pairs
// a host as halving them again and again does. So none of the other half moves when
// one of them loses its ports, or most of them, and of its own half not many more than
// its own hosts.
func TestPairingOfLikeAddresses(t *testing.T) {
	all := newPool(t, Options{Ranges: []Range{every("192.0.2.0/28")}, Shards: 64, Seed: 9})
	lower, upper := every("192.0.2.0/29"), every("192.0.2.8/29")
	for _, tt := range []struct {
		rule        string
		ranges      []Range
		less        uint32 // the address that has less
		least, most int    // hosts of 16,000 that move
	}{
		{"nothing changes", []Range{lower, upper}, addr4("192.0.2.0"), 0, 0},
		{"the last is gone", []Range{lower, every("192.0.2.8/30"), every("192.0.2.12/31"), every("192.0.2.14/32")}, addr4("192.0.2.15"), 1000, 2400},
		{"the first has a few ports left", []Range{ports("192.0.2.0/32", 2048, 2303), every("192.0.2.1/32"), every("192.0.2.2/31"), every("192.0.2.4/30"), upper}, addr4("192.0.2.0"), 1000, 2400},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			p := newPool(t, Options{Ranges: tt.ranges, Shards: 64, Seed: 9})
			moved := 0
			for _, h := range hosts(16_000) {
				before, after := all.Paired(h), p.Paired(h)
				if before == after {
					continue
				}
				if moved++; before&8 != tt.less&8 {
					t.Fatalf("%v moves from %v to %v", h, wire.Addr4(before), wire.Addr4(after))
				}
			}
			if moved < tt.least || moved > tt.most {
				t.Errorf("%d hosts move, want %d to %d", moved, tt.least, tt.most)
			}
		})
	}
}

// TestHardAndSoftPairing: a host whose address is exhausted gets nothing (RFC 7857
// §4), or with soft pairing a port of another address; what it prefers comes first.
func TestHardAndSoftPairing(t *testing.T) {
	a, b := addr4("192.0.2.1"), addr4("192.0.2.2")
	l := NewLedger(newPool(t, Options{Ranges: []Range{ports("192.0.2.1/32", 5000, 5003), ports("192.0.2.2/32", 5000, 5003)}, Shards: 2}))
	var host wire.Addr
	for _, h := range hosts(100) {
		if l.Pool().Paired(h) == a {
			host = h
		}
	}
	take := func(r Request) (uint32, bool) {
		r.Proto, r.Host, r.Random = wire.ProtoTCP, host, rand.Uint64()
		v4, shard, ok := l.Find(&r)
		if ok {
			_, ok = l.Choose(shard, v4, &r)
		}
		return v4, ok
	}
	if v4, ok := take(Request{Prefer: b}); v4 != b || !ok {
		t.Errorf("it prefers %v, and gets %v", wire.Addr4(b), wire.Addr4(v4))
	}
	if v4, ok := take(Request{Prefer: addr4("192.0.2.9")}); v4 != a || !ok {
		t.Errorf("it prefers an address of no pool, and gets %v", wire.Addr4(v4))
	}
	for i := range 3 { // the home shard has two of the ports
		if v4, ok := take(Request{}); v4 != a || !ok {
			t.Errorf("port %d: on %v, %v", i, wire.Addr4(v4), ok)
		}
	}
	if v4, ok := take(Request{}); ok {
		t.Errorf("hard: exhausted, and yet a port of %v", wire.Addr4(v4))
	}
	for range 3 {
		if v4, ok := take(Request{Soft: true}); v4 != b || !ok {
			t.Errorf("soft: on %v, %v", wire.Addr4(v4), ok)
		}
	}
	if _, ok := take(Request{Soft: true}); ok {
		t.Error("soft: everything is taken")
	}
	l.Release(wire.ProtoTCP, a, 5002)
	if v4, ok := take(Request{}); v4 != a || !ok {
		t.Error("what was released is not found")
	}
}

// TestAddressWithoutTheProtocol: a host whose address has no ports of a protocol
// uses another address for that protocol, always the same.
func TestAddressWithoutTheProtocol(t *testing.T) {
	tcp, rest := every("192.0.2.0/28"), every("198.51.100.0/30")
	tcp.UDP, tcp.ICMP, rest.TCP = false, false, false
	l := NewLedger(newPool(t, Options{Ranges: []Range{tcp, rest}, Shards: 64}))
	for _, h := range hosts(500) {
		for _, proto := range []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP} {
			v4, _, ok := l.Find(&Request{Proto: proto, Host: h})
			again, _, _ := l.Find(&Request{Proto: proto, Host: h})
			if !ok || again != v4 || !l.Pool().Has(proto, v4, 5000) {
				t.Fatalf("%v, protocol %d: %v, %v", h, proto, wire.Addr4(v4), ok)
			}
		}
	}
	if _, _, ok := l.Find(&Request{Proto: 132}); ok {
		t.Error("a protocol without ports gets one")
	}
}
