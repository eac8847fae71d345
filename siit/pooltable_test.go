package siit

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"taygo/translate/wire"
)

func tableAddr(i int) wire.Addr { return wire.Addr{Hi: 0x20010db8 << 32, Lo: uint64(i)} }

func TestTableEqualsAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	table, want := newTable(side6), map[wire.Addr]*lease{}
	for range 50_000 {
		a := tableAddr(rng.IntN(3000))
		switch rng.IntN(3) {
		case 0:
			l := newLease(wire.Addr4(1), a, 0)
			table.put(l)
			want[a] = l
		case 1:
			table.remove(a)
			delete(want, a)
		default:
			if got := table.find(a); got != want[a] {
				t.Fatalf("%v: found %p, want %p", a, got, want[a])
			}
		}
		if table.live != len(want) {
			t.Fatalf("%d live, want %d", table.live, len(want))
		}
	}
	if table.find(wire.Addr{}) != nil {
		t.Error("found what was removed")
	}
}

// TestTableShrinks: what is removed does not stay for ever, and does not make the
// table grow.
func TestTableShrinks(t *testing.T) {
	table := newTable(side6)
	for i := range 10_000 {
		table.put(newLease(wire.Addr4(1), tableAddr(i), 0))
	}
	for i := range 100_000 {
		table.remove(tableAddr(i))
		if i >= 10_000 {
			table.put(newLease(wire.Addr4(1), tableAddr(i+1), 0))
		}
	}
	if n := len(*table.slots.Load()); n > 64 {
		t.Errorf("%d slots for %d leases", n, table.live)
	}
}

// TestReadersFindWhatStays: while others come and go, and the table is rebuilt,
// what is in it is found at any time, and nothing else under its address.
func TestReadersFindWhatStays(t *testing.T) {
	table := newTable(side6)
	const staying = 50
	for i := range staying {
		table.put(newLease(wire.Addr4(uint32(i)), tableAddr(i), 0))
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !done.Load() {
				for i := range staying {
					if l := table.find(tableAddr(i)); l == nil || l.addr[side6] != tableAddr(i) {
						t.Errorf("%d: found %v", i, l)
						return
					}
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 100_000 {
		a := staying + rng.IntN(1000)
		if i%2 == 0 {
			table.remove(tableAddr(a))
			continue
		}
		table.put(newLease(wire.Addr4(9), tableAddr(a), 0))
		s := rng.IntN(staying) // taken over
		table.put(newLease(wire.Addr4(uint32(s)), tableAddr(s), 0))
	}
	done.Store(true)
	wg.Wait()
}
