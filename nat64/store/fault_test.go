package store

import (
	"slices"
	"testing"
	"unsafe"

	"taygo/translate/wire"
)

// A hoard is blocks that a test keeps from the store.
type hoard struct {
	*slab
	blocks [classes][]uint32
}

// take takes all blocks of a class and of the larger ones that a small arena has.
func (h *hoard) take(least int) {
	for class := classes - 1; class >= least; class-- {
		for ref, ok := h.alloc(class); ok; ref, ok = h.alloc(class) {
			h.blocks[class] = append(h.blocks[class], ref)
		}
	}
}

func (h *hoard) giveBack() {
	for class, refs := range h.blocks {
		for _, ref := range refs {
			h.put(ref, class)
		}
		h.blocks[class] = nil
	}
}

// oneShard returns a store in 2 MiB.
func oneShard(seed [4]uint64) (*Store, *Shard) {
	s := newStore(Options{Shards: 1, Seed: seed}, heap(2*hugePage+slack))
	return s, s.Shard(0)
}

func numbered(i int) *Binding {
	return &Binding{V6: wire.Addr{Lo: uint64(i)}, V4: 0xcb007101, Port4: uint16(i), Proto: wire.ProtoTCP}
}

func TestRefusalAtAnyIndexLosesNothing(t *testing.T) {
	for i := range uint64(20) {
		seed := seed
		seed[3] += i
		s, sh := oneShard(seed)
		h := hoard{slab: &sh.slab}
		n, refused := 0, 0
		for ; n < 2000; n++ {
			if n%500 == 100 {
				h.take(0)
			}
			if _, ok := sh.Bind(numbered(n)); !ok {
				refused++
				h.giveBack()
				s.check(t)
				if sh.Out(wire.ProtoTCP, wire.Addr{Lo: uint64(n)}, 0) != 0 || sh.In(wire.ProtoTCP, 0xcb007101, uint16(n)) != 0 {
					t.Fatal("a refused binding is found")
				}
			}
		}
		h.giveBack()
		if s.check(t); refused == 0 {
			t.Error("nothing was refused")
		}
	}
}

// The tree grows by a block of any class at some time. Each time it is refused
// large blocks first.
func TestRefusalAtAnyNodeLosesNothing(t *testing.T) {
	for class := range nodeClass + 1 {
		s, sh := oneShard(seed)
		h := hoard{slab: &sh.slab}
		r, _ := sh.Bind(numbered(1))
		refused := 0
		for n := range uint32(1000) {
			session := Session{Peer: n, PeerPort: 1}
			h.take(class)
			_, ok := sh.Open(r, session)
			h.giveBack()
			if !ok {
				refused++
				s.check(t)
				if sh.Session(r, n, 1) != nil || sh.Len(r) != int(n) {
					t.Fatal("a refused session is found")
				}
				_, ok = sh.Open(r, session)
			}
			if !ok {
				t.Fatalf("class %d: session %d refused with all memory", class, n)
			}
		}
		if refused == 0 {
			t.Errorf("class %d: nothing was refused", class)
		}
	}
}

func TestBlocksMayHoldAnything(t *testing.T) {
	s, sh := oneShard(seed)
	if _, ok := sh.Bind(numbered(0)); !ok {
		t.Fatal("refused")
	}
	h := hoard{slab: &sh.slab}
	for class := range classes {
		for range 8 {
			ref, ok := h.alloc(class)
			if !ok {
				t.Fatal("refused")
			}
			h.blocks[class] = append(h.blocks[class], ref)
			for i := range uintptr(unit << class) {
				*(*byte)(unsafe.Add(h.at(ref), i)) = 0xff
			}
		}
	}
	h.giveBack()
	for n := 1; n < 2500; n++ {
		r, ok := sh.Bind(numbered(n))
		for peer := range uint32(n % 50) {
			sh.Open(r, Session{Peer: peer})
		}
		if !ok || sh.In(wire.ProtoTCP, 0xcb007101, uint16(n)) != r || sh.Len(r) != n%50 {
			t.Fatalf("binding %d is not as made", n)
		}
	}
	s.check(t)
}

func TestLeavesMayBeEmptiedInAnyOrder(t *testing.T) {
	for _, first := range []int{0, 7, 20} {
		s := New(Options{Shards: 1, Seed: seed})
		sh := s.Shard(0)
		r, _ := sh.Bind(numbered(1))
		b := sh.records.at(uint32(r))
		for n := range uint32(3000) {
			sh.Open(r, Session{Peer: n})
		}
		for left := 2999; b.more != 0; {
			leaf, _ := sh.slab.leaf(b.more, allKeys*uint64(first)/21)
			for _, gone := range slices.Clone(leaf.sessions[:leaf.count()]) { // one after another, whatever becomes of the leaf
				sh.Close(r, sh.Session(r, gone.Peer, gone.PeerPort))
				left--
			}
			if s.check(t); sh.Len(r) != left+1 {
				t.Fatalf("%d sessions are left, want %d", sh.Len(r), left+1)
			}
		}
	}
}

func TestPrepareWhenWantedStaysAheadOfALargeStore(t *testing.T) {
	memory, granted := kernel, 0
	memory.grant = func(b []byte) bool { granted++; return grant(b) }
	l := &load{Store: newStore(Options{Shards: 64, Seed: seed}, memory), ports: make([]uint32, 64)}
	if l.Prepare(); l.arena.usable != 0 {
		t.Errorf("%d octets are ready in a store without anything", l.arena.usable)
	}
	for ; l.past < 100; l.past++ {
		l.add(l.past)
	}
	if l.Prepare(); l.arena.real(t) > 1<<20 {
		t.Errorf("%d octets are ready in a store with little", l.arena.real(t))
	}
	if len(l.Wanted()) != 0 {
		t.Error("a store with little wants memory")
	}
	prepared := 0
	for ; l.past < 500_000; l.past++ {
		l.add(l.past)
		select {
		case <-l.Wanted():
			if prepared++; prepared == 1 {
				granted = 0
			}
			l.Prepare()
		default:
		}
	}
	if got := int64(l.arena.usable) - l.arena.used.Load(); got < ahead/2-hugePage || got > ahead+hugePage {
		t.Errorf("%d octets are ready ahead, want %d to %d", got, ahead/2, ahead)
	}
	if prepared == 0 || granted != 0 {
		t.Errorf("prepared %d times, and yet new bindings had to ask the system %d times", prepared, granted)
	}
	l.check(t)
}

// Without a sweeper that goes ahead, a store that grows asks for most of its memory,
// and for no more than that, some pages at a time.
func TestMemoryIsMadeRealSomePagesAtATime(t *testing.T) {
	memory, touched, calls := kernel, uint64(0), uint64(0)
	memory.touch = func(b []byte) {
		touched += uint64(len(b))
		calls++
		touch(b)
	}
	l := &load{Store: newStore(Options{Shards: 64, Seed: seed}, memory), ports: make([]uint32, 64)}
	for ; l.past < 300_000; l.past++ {
		l.add(l.past)
	}
	if all := l.Memory(); touched < all*3/4 || touched > all || touched < calls*(12<<10) {
		t.Errorf("of %d octets %d were asked for, in %d calls", all, touched, calls)
	}
	l.check(t)
}

func TestSystemThatCannotBackIsAskedWhenNeeded(t *testing.T) {
	memory := kernel
	memory.back = func([]byte) bool { return false }
	s := newStore(Options{Shards: 64, Seed: seed}, memory)
	l := &load{Store: s, ports: make([]uint32, 64)}
	for ; l.past < 300_000; l.past++ {
		if !l.add(l.past) {
			t.Fatalf("binding %d refused", l.past)
		}
		if l.past%5000 == 0 {
			l.Prepare()
		}
	}
}
