package ortc

import (
	"math/rand/v2"
	"testing"

	"taygo/internal/routemap/rib"
)

// A fib is the model of a forwarding table that changes are carried out on.
type fib map[rib.Prefix]rib.NextHop

// lookup returns the next hop of addr, None without a route or in a hole.
func (f fib) lookup(addr uint32) rib.NextHop {
	for bits := 32; bits >= 0; bits-- {
		if nh, ok := f[rib.Prefix{Addr: addr, Bits: uint8(bits)}.Masked()]; ok {
			return nh
		}
	}
	return rib.None
}

// apply carries out a change, and checks what it says of the table before it.
func (f fib) apply(t *testing.T, c Change) {
	t.Helper()
	old, existed := f[c.Prefix]
	switch {
	case old != c.Old || existed != c.Existed:
		t.Fatalf("%+v, but there is %d, %v", c, old, existed)
	case c.Gone && !existed || !c.Gone && existed && c.New == old:
		t.Fatalf("%+v changes nothing", c)
	case c.Gone:
		delete(f, c.Prefix)
	default:
		f[c.Prefix] = c.New
	}
}

// A network draws prefixes from a part of the address space in which they meet:
// around the border of a leaf, where prefixes of all lengths matter.
type network struct {
	addrs []uint32
	bits  []uint8
	hops  int
}

func (n network) prefix(rng *rand.Rand) rib.Prefix {
	return rib.Prefix{Addr: n.addrs[rng.IntN(len(n.addrs))], Bits: n.bits[rng.IntN(len(n.bits))]}.Masked()
}

// probes are addresses that tell any two tables of prefixes of n apart: the first
// of each part that the prefixes can cut, and what is beside it.
func (n network) probes() []uint32 {
	seen := map[uint32]bool{}
	var list []uint32
	note := func(a uint32) {
		if !seen[a] {
			seen[a] = true
			list = append(list, a)
		}
	}
	for _, a := range n.addrs {
		for _, b := range n.bits {
			p := rib.Prefix{Addr: a, Bits: b}.Masked()
			note(p.Addr)
			note(p.Last())
			note(p.Addr - 1)
			note(p.Last() + 1)
		}
	}
	return list
}

// networks are where random tables are made.
func networks() map[string]network {
	around := func(base uint32, shift, n int) []uint32 {
		var list []uint32
		for i := range n {
			list = append(list, base+uint32(i)<<shift)
		}
		return list
	}
	lengths := func(from, to uint8) []uint8 {
		var list []uint8
		for b := from; b <= to; b++ {
			list = append(list, b)
		}
		return list
	}
	return map[string]network{
		"inside a leaf":                 {around(0xc0000200, 0, 16), lengths(27, 32), 3},
		"around the root of a leaf":     {around(0xc0000000, 12, 32), lengths(14, 20), 3},
		"above the leaves":              {around(0, 27, 32), lengths(0, 5), 3},
		"from the top to the bottom":    {around(0xc0a80000, 10, 64), []uint8{0, 1, 8, 14, 15, 16, 17, 18, 21, 22}, 4},
		"the ends of the address space": {append(around(0, 14, 8), around(0xfffe0000, 14, 8)...), lengths(0, 18), 2},
		"many next hops":                {around(0xc0000000, 12, 64), lengths(14, 20), 40},
	}
}
