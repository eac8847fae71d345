package store

import (
	"testing"

	"taygo/translate/wire"
)

// flood binds hosts, each on a port of its own, in a store of one shard. It
// returns how many were refused.
func flood(t *testing.T, seed [4]uint64, hosts []wire.Addr) (*Store, int) {
	s := New(Options{Shards: 1, Seed: seed})
	sh, refused := s.Shard(0), 0
	sh.Lock()
	for i, v6 := range hosts {
		if _, ok := sh.Bind(&Binding{V6: v6, V4: 0xcb007100, Port4: uint16(i), Proto: wire.ProtoUDP}); !ok {
			refused++
			continue
		}
		if sh.Out(wire.ProtoUDP, v6, 0) == 0 {
			t.Fatalf("%v is not found", v6)
		}
	}
	sh.Unlock()
	s.check(t)
	return s, refused
}

// tables returns the number of tables of an index.
func (x *index) tables() int {
	n, all := 0, x.dir.Load().tables
	for i := range all {
		if i == 0 || all[i].Load() != all[i-1].Load() {
			n++
		}
	}
	return n
}

// Hosts whose hashes agree under a known seed are no different from others under
// any other: what they cost is bounded by the same two lines a search.
func TestFloodOfKnownKeysSpreadsUnderAnotherSeed(t *testing.T) {
	var hosts []wire.Addr
	for i := uint64(0); len(hosts) < 4000; i++ {
		v6 := wire.Addr{Hi: 0x20010db8 << 32, Lo: i}
		if hash6(&seed, wire.ProtoUDP, v6, 0)>>8&0x7ff == 0 { // the same two lines
			hosts = append(hosts, v6)
		}
	}
	other := seed
	other[0]++
	s, _ := flood(t, seed, hosts)
	if n := s.Shard(0).by6.tables(); n < len(hosts)/(2*slots) {
		t.Errorf("with the known seed %d tables: no flood", n)
	}
	s, refused := flood(t, other, hosts)
	if n := s.Shard(0).by6.tables(); refused > 0 || n > 12 {
		t.Errorf("with another seed %d refused, %d tables, want at most 12", refused, n)
	}
}

func TestFloodOfOneHashIsRefusedAndLosesNothing(t *testing.T) {
	var hosts []wire.Addr
	for i := range uint64(500) {
		hosts = append(hosts, wire.Addr{Hi: seed[0], Lo: i}) // the product of the hash is 0
	}
	s, refused := flood(t, seed, hosts)
	if refused != len(hosts)-2*slots {
		t.Errorf("%d of %d refused, want all but two lines of %d", refused, len(hosts), slots)
	}
	if s.Memory() > 8<<20 {
		t.Errorf("it took %d octets", s.Memory())
	}
	other := seed
	other[0] ^= 1 << 40
	if _, refused = flood(t, other, hosts); refused > 0 {
		t.Errorf("with another seed %d refused", refused)
	}
}
