package siit

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"taygo/translate/wire"
)

// A table finds leases by one of their addresses. Any number of goroutines may
// ask it, without a lock, while one changes it. It is an open addressing hash
// table whose slots only ever go from empty to a lease, and from a lease to
// another lease of the same address or to gone, so that a reader finds what stays
// in the table whatever happens beside it. Its keys are random, so that no sender
// can choose addresses that collide.
type table struct {
	side  int                    // side4 or side6
	keys  [2]uint64              // of the hash
	slots atomic.Pointer[[]slot] // a power of two of them

	live  int // slots with a lease
	taken int // slots that are not empty
}

type slot = atomic.Pointer[lease]

// gone stands where a lease was.
var gone = new(lease)

// fewSlots is the least number of slots.
const fewSlots = 16

func newTable(side int) *table {
	t := &table{side: side, keys: [2]uint64{rand.Uint64(), rand.Uint64()}}
	slots := make([]slot, fewSlots)
	t.slots.Store(&slots)
	return t
}

// find returns the lease of an address, or nil.
func (t *table) find(a wire.Addr) *lease {
	slots := *t.slots.Load()
	for i := t.hash(a); ; i++ {
		l := slots[i&uint64(len(slots)-1)].Load()
		if l == nil || l.addr[t.side] == a && l != gone {
			return l
		}
	}
}

// hash is a product of both halves, hidden behind keys.
func (t *table) hash(a wire.Addr) uint64 {
	hi, lo := bits.Mul64(a.Hi^t.keys[0], a.Lo^t.keys[1])
	hi, lo = bits.Mul64(hi^t.keys[1], lo^t.keys[0])
	return hi ^ lo
}

// place returns the slot of the lease of an address, or the empty slot for it.
func (t *table) place(a wire.Addr) *slot {
	slots := *t.slots.Load()
	for i := t.hash(a); ; i++ {
		s := &slots[i&uint64(len(slots)-1)]
		l := s.Load()
		if l == nil || l.addr[t.side] == a && l != gone {
			return s
		}
	}
}

// put puts l into the table, in the place of the lease with the same address if
// there is one.
func (t *table) put(l *lease) {
	s := t.place(l.addr[t.side])
	if s.Load() == nil {
		t.live++
		t.taken++
	}
	s.Store(l)
	if t.taken*2 > len(*t.slots.Load()) {
		t.rebuild()
	}
}

// remove takes the lease of an address out of the table.
func (t *table) remove(a wire.Addr) {
	if s := t.place(a); s.Load() != nil {
		s.Store(gone)
		t.live--
	}
}

// rebuild gives the leases room, without what is gone.
func (t *table) rebuild() {
	old := *t.slots.Load()
	n := fewSlots
	for n < t.live*4 {
		n *= 2
	}
	slots := make([]slot, n)
	for i := range old {
		l := old[i].Load()
		if l == nil || l == gone {
			continue
		}
		j := t.hash(l.addr[t.side])
		for slots[j&uint64(n-1)].Load() != nil {
			j++
		}
		slots[j&uint64(n-1)].Store(l)
	}
	t.slots.Store(&slots)
	t.taken = t.live
}
