package store

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

func TestLookupsAndInsertsAllocateNothing(t *testing.T) {
	l := newLoad()
	add := func() {
		for range 30_000 {
			l.add(l.past)
			l.past++
		}
	}
	add()
	sh := l.Shard(0)
	some := l.OfHash(l.Hash(v6Of(l.past - 1)))
	lookups := func() {
		proto, v6, port := v6Of(l.past - 1)
		r := some.Out(proto, v6, port)
		b := some.Binding(r)
		if some.In(proto, b.V4, b.Port4) != r || some.Session(r, 0xc6336401, 53) == nil || sh.Displaced(proto, v6, port) != nil {
			t.Fatal("not found")
		}
		if some.PeerSeen(r, 0xc6336402, func(*Session) bool { return true }) {
			t.Fatal("seen")
		}
	}
	if n := testing.AllocsPerRun(100, lookups); n != 0 {
		t.Errorf("look-ups allocate %v times", n)
	}
	again := func() {
		l.takeOldest()
		l.add(l.past)
		l.past++
	}
	if n := testing.AllocsPerRun(20_000, again); n != 0 {
		t.Errorf("inserts allocate %v times", n)
	}
	r := some.Out(v6Of(l.past - 1))
	sessions := func() {
		for port := range uint16(500) {
			some.Open(r, Session{Peer: 0xc6336402, PeerPort: port})
		}
		for port := range uint16(500) {
			some.Close(r, some.Session(r, 0xc6336402, port))
		}
	}
	if n := testing.AllocsPerRun(10, sessions); n != 0 {
		t.Errorf("further sessions allocate %v times", n)
	}
}

func v6Of(i int) (uint8, wire.Addr, uint16) {
	v6, port := host(i)
	return wire.ProtoUDP, v6, port
}

func TestStoreIsAsSmallAsItsUse(t *testing.T) {
	for _, tt := range []struct{ bindings, most int }{
		{0, 0},
		{1, 16 << 10},
		{1000, 600 << 10},
		{50_000, 5 << 20},
	} {
		l := newLoad()
		for l.past < tt.bindings {
			l.add(l.past)
			l.past++
		}
		if got := l.arena.real(t); got > tt.most {
			t.Errorf("%d bindings: %d octets of memory, want at most %d", tt.bindings, got, tt.most)
		}
	}
}

// real returns how many octets of the arena are in memory.
func (a *arena) real(t *testing.T) int {
	pages := make([]byte, a.usable/os.Getpagesize())
	if len(pages) == 0 {
		return 0
	}
	_, _, err := unix.Syscall(unix.SYS_MINCORE, uintptr(a.base), uintptr(a.usable), uintptr(unsafe.Pointer(&pages[0])))
	if err != 0 {
		t.Fatal(err)
	}
	n := 0
	for _, p := range pages {
		n += int(p & 1)
	}
	return n * os.Getpagesize()
}

func TestFurtherSessionsAreSmall(t *testing.T) {
	for _, tt := range []struct {
		sessions int
		most     float64 // octets for each
	}{
		{1, 16},
		{2, 16},
		{3, 22},
		{10, 13},
		{11, 24},
		{21, 13},
		{22, 25},
		{100, 22},
		{1000, 20},
		{100_000, 20},
	} {
		sh := New(Options{Shards: 1, Seed: seed}).Shard(0)
		r, _ := sh.Bind(&Binding{Proto: wire.ProtoUDP})
		for i := range tt.sessions + 1 {
			sh.Open(r, Session{Peer: 0xc6336400 + uint32(i%50), PeerPort: uint16(i / 50)})
		}
		c := checker{TB: t, Shard: sh, blocks: map[uint32]int{}}
		c.records()
		units := 0
		for _, n := range c.blocks {
			units += n
		}
		if got := float64(units*unit) / float64(tt.sessions); got > tt.most {
			t.Errorf("%d further sessions: %.1f octets each, want at most %v", tt.sessions, got, tt.most)
		}
	}
}

func TestMemoryIsUsedAgain(t *testing.T) {
	s := New(Options{Shards: 1, Seed: seed})
	sh, taken := s.Shard(0), uint64(0)
	for i := range 20 {
		r, _ := sh.Bind(&Binding{Proto: wire.ProtoTCP})
		for n := range 100_000 {
			sh.Open(r, Session{Peer: uint32(n), PeerPort: uint16(i)})
		}
		sh.Unbind(r)
		if got := s.Count(); got != (Count{}) {
			t.Fatalf("counts after Unbind: %+v", got)
		}
		if i == 2 {
			taken = s.Memory()
		}
	}
	if got := s.Memory(); got > taken+1<<20 {
		t.Errorf("%d octets after the third time, %d after the last", taken, got)
	}
}
