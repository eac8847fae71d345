package ortc

import (
	"math/rand/v2"
	"testing"

	"taygo/internal/routemap/rib"
)

// A cube is a part of the address space of eight leaves: the prefixes of 3 bits
// more than its own.
type cube rib.Prefix

// prefix returns a node of the cube; they are numbered like a heap, the leaves
// from 8 on.
func (c cube) prefix(node int) rib.Prefix {
	depth := uint8(0)
	for node>>(depth+1) > 0 {
		depth++
	}
	at := uint64(node) - 1<<depth
	return rib.Prefix{Addr: c.Addr | uint32(at<<(32-c.Bits-depth)), Bits: c.Bits + depth}
}

// A way gives each leaf a next hop: None, 1 or 2.
type way [8]rib.NextHop

func (w way) number() int {
	n := 0
	for _, nh := range w {
		n = 3*n + int(nh)
	}
	return n
}

func wayOf(number int) (w way) {
	for i := range w {
		w[7-i] = rib.NextHop(number % 3)
		number /= 3
	}
	return w
}

const ways = 3 * 3 * 3 * 3 * 3 * 3 * 3 * 3

// A count finds how many routes each way takes at least, by trying all tables.
type count struct {
	mode  Mode
	least [ways]int8
	noted [ways]bool
	found int
	table [16]rib.NextHop
	has   [16]bool
}

func countAll(mode Mode) *count {
	c := &count{mode: mode}
	for i := range c.least {
		c.least[i] = -1
	}
	for size := 0; c.found < ways; size++ {
		c.try(1, size)
	}
	return c
}

// try completes the table from node on with that many routes.
func (c *count) try(node, routes int) {
	switch {
	case routes == 0:
		c.note()
		return
	case node == 16:
		return
	}
	c.try(node+1, routes)
	c.has[node] = true
	for nh := rib.NextHop(c.mode); nh <= 2; nh++ { // a hole is a route in the exact mode
		c.table[node] = nh
		c.try(node+1, routes-1)
	}
	c.has[node] = false
}

// note counts the table for the way it forwards. In the loose mode it is one for
// every way that has no route where it has one.
func (c *count) note() {
	var w way
	size := int8(0)
	for node := 1; node < 16; node++ {
		if c.has[node] {
			size++
		}
	}
	for leaf := range w {
		for node := leaf + 8; node > 0; node /= 2 {
			if c.has[node] {
				w[leaf] = c.table[node]
				break
			}
		}
	}
	if c.noted[w.number()] {
		return
	}
	c.noted[w.number()] = true
	blanks := 1
	if c.mode == Loose {
		blanks = 256
	}
	for blank := range blanks {
		masked := w
		for leaf := range masked {
			if blank>>leaf&1 != 0 {
				masked[leaf] = rib.None
			}
		}
		if n := masked.number(); c.least[n] < 0 {
			c.least[n] = size
			c.found++
		}
	}
}

// TestNoTableIsSmaller takes one table through all ways to forward, at each height
// of the tree, and compares its size with the smallest of all tables.
func TestNoTableIsSmaller(t *testing.T) {
	cubes := map[string]cube{
		"in a leaf":                 {0xc0000200, 29},
		"at the front of a leaf":    {0xc0000000, leafBits},
		"with eight leaves":         {0xc0a80000, leafBits - 3},
		"across the root of a leaf": {0xc0000000, leafBits - 1},
		"above the leaves":          {0xc0000000, 4},
		"the whole of IPv4":         {0, 0},
		"the end of the last route": {0xfffffff8, 29},
	}
	for mode, what := range []string{"exact", "loose"} {
		least := countAll(Mode(mode)).least
		for name, c := range cubes {
			t.Run(what+" "+name, func(t *testing.T) {
				in := rib.New()
				table := New(in, Mode(mode))
				order := rand.New(rand.NewPCG(1, 9)).Perm(ways)
				if c.Bits < 8 { // a change up there is a change to thousands of leaves
					order = order[:200]
				}
				for _, number := range order {
					w := wayOf(number)
					c.give(in, table, w)
					table.Update(func(Change) {})
					if got := table.Out().Len(); got != int(least[number]) {
						t.Fatalf("%v takes %d routes, the smallest table has %d", w, got, least[number])
					}
					c.check(t, table, w)
				}
			})
		}
	}
}

// give makes the routes of a way, of leaves or, where two leaves or four go the
// same way, of what is around them.
func (c cube) give(in *rib.RIB, table *Table, w way) {
	for node := 1; node < 16; node++ {
		p := c.prefix(node)
		leaf := node
		for leaf < 8 {
			leaf *= 2
		}
		nh, same := w[leaf-8], true
		for i, other := range w {
			if c.prefix(node).Covers(c.prefix(i+8)) && other != nh {
				same = false
			}
		}
		if same && nh != rib.None && (node >= 8 || nh == 1) {
			in.Set(p, nh)
		} else {
			in.Delete(p)
		}
		table.Touch(p)
	}
}

func (c cube) check(t *testing.T, table *Table, w way) {
	t.Helper()
	for leaf, want := range w {
		_, nh, _ := table.Out().Lookup(c.prefix(leaf + 8).Addr)
		if nh != want && !(table.mode == Loose && want == rib.None) {
			t.Fatalf("%v: leaf %d goes to %d", w, leaf, nh)
		}
	}
}
