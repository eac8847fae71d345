package ortc

import (
	"math/rand/v2"
	"os"
	"testing"

	"taygo/internal/routemap/rib"
)

// A trial is a table under random changes, with its model.
type trial struct {
	*testing.T
	network
	mode   Mode
	rng    *rand.Rand
	in     *rib.RIB
	routes fib // the given table
	table  *Table
	out    fib // the aggregated one
	probe  []uint32
}

func newTrial(t *testing.T, n network, mode Mode, seed uint64) *trial {
	in := rib.New()
	return &trial{
		t, n, mode, rand.New(rand.NewPCG(seed, 1)), in, fib{}, New(in, mode), fib{}, n.probes(),
	}
}

// change makes some random changes to the given table, and now and then takes a
// route of the aggregated one away behind its back.
func (y *trial) change() {
	if p := y.prefix(y.rng); y.rng.IntN(4) == 0 {
		if _, ok := y.out[p]; ok {
			delete(y.out, p)
			y.table.Forget(p)
		}
	}
	for range 1 + y.rng.IntN(4)*y.rng.IntN(4) {
		p := y.prefix(y.rng)
		if y.rng.IntN(5) < 2 {
			y.in.Delete(p)
			delete(y.routes, p)
		} else {
			nh := rib.NextHop(1 + y.rng.IntN(y.hops))
			y.in.Set(p, nh)
			y.routes[p] = nh
		}
		y.table.Touch(p)
	}
}

// update carries out the changes one by one. At each step, each address is
// forwarded as before or as after; one that has a route before and after is never
// without.
func (y *trial) update() {
	y.Helper()
	before, now := make([]rib.NextHop, len(y.probe)), make([]rib.NextHop, len(y.probe))
	for i, a := range y.probe {
		before[i] = y.out.lookup(a)
		now[i] = y.routes.lookup(a)
	}
	deleting := false
	var steps [][]rib.NextHop
	var changes []Change
	y.table.Update(func(c Change) {
		if deleting && !c.Gone {
			y.Fatalf("%+v after a deletion", c)
		}
		deleting = c.Gone
		y.out.apply(y.T, c)
		changes = append(changes, c)
		step := make([]rib.NextHop, len(y.probe))
		for i, a := range y.probe {
			step[i] = y.out.lookup(a)
		}
		steps = append(steps, step)
	})
	for i, a := range y.probe {
		after := y.out.lookup(a)
		if after != now[i] && !(y.mode == Loose && now[i] == rib.None) {
			y.Fatalf("%v goes to %d, want %d", rib.Prefix{Addr: a, Bits: 32}, after, now[i])
		}
		for s, step := range steps {
			if step[i] != before[i] && step[i] != after {
				y.Fatalf("%v goes to %d, %d, %d at step %d of %+v", rib.Prefix{Addr: a, Bits: 32}, before[i], step[i], after, s, changes)
			}
		}
	}
}

// compare holds what grew by changes to what is made at once.
func (y *trial) compare() {
	y.Helper()
	n := 0
	for p, nh := range y.table.Out().All() {
		n++
		if got, ok := y.out[p]; !ok || got != nh {
			y.Fatalf("Out has %v to %d, the changes made it %d, %v", p, nh, got, ok)
		}
	}
	fresh := New(y.in, y.mode)
	made := 0
	fresh.Update(func(Change) { made++ })
	if n != len(y.out) || made != n {
		y.Fatalf("changes led to %d routes, Out has %d, made at once are %d", len(y.out), n, made)
	}
}

// restart takes up the routes again that are there: first in a program that numbers
// its next hops the other way round, then some of them wrong.
func (y *trial) restart() {
	y.Helper()
	renumber := func(nh rib.NextHop) rib.NextHop {
		if nh == rib.None {
			return nh
		}
		return rib.NextHop(y.hops+1) - nh
	}
	in := rib.New()
	for p, nh := range y.routes {
		in.Set(p, renumber(nh))
	}
	again := New(in, y.mode)
	for p, nh := range y.out {
		again.Restore(p, renumber(nh))
	}
	again.Update(func(c Change) { y.Fatalf("restart with what was right: %+v", c) })
	y.table = New(y.in, y.mode)
	for range 3 {
		p := y.prefix(y.rng)
		y.out[p] = rib.NextHop(y.rng.IntN(y.hops + 1))
	}
	for p, nh := range y.out {
		y.table.Restore(p, nh)
	}
	y.update()
}

// TestUpdateFollowsEachChange makes random changes, and after each compares the
// aggregated table with the given one, with one made at once, and each step on the
// way with both.
func TestUpdateFollowsEachChange(t *testing.T) {
	rounds := 150
	if os.Getenv("TAYGO_LONG") != "" {
		rounds = 10_000
	}
	for name, n := range networks() {
		for mode, what := range []string{"exact", "loose"} {
			t.Run(name+" "+what, func(t *testing.T) {
				y := newTrial(t, n, Mode(mode), 7)
				for i := range rounds {
					y.change()
					y.update()
					if i%10 == 0 {
						y.compare()
					}
					if i%50 == 49 {
						y.restart()
						y.compare()
					}
				}
			})
		}
	}
}

// TestMoreSetsThanThereIsRoomFor forwards the same where each pair of neighbours has
// a set of its own.
func TestMoreSetsThanThereIsRoomFor(t *testing.T) {
	in := rib.New()
	at, of := uint32(0), map[uint32]rib.NextHop{}
	for a := rib.NextHop(1); a < 400; a++ {
		for b := a + 1; b < 400 && at < 1<<17; b++ {
			for _, nh := range []rib.NextHop{a, b} {
				p := rib.Prefix{Addr: at << 15, Bits: 17}
				in.Set(p, nh)
				of[p.Addr] = nh
				at++
			}
		}
	}
	table := New(in, Exact)
	table.Update(func(Change) {})
	if rows := len(table.pool.ends); at != 1<<17 || rows != int(every-many) {
		t.Fatalf("%d prefixes take %d rows, and are to take all %d", at, rows, every-many)
	}
	for addr, want := range of {
		if _, nh, ok := table.Out().Lookup(addr); !ok || nh != want {
			t.Fatalf("%x goes to %d, want %d", addr, nh, want)
		}
	}
}
