package eam

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func pair(v4, v6 string) Pair {
	return Pair{netip.MustParsePrefix(v4), netip.MustParsePrefix(v6)}
}

func build(t testing.TB, pairs []Pair) *Table {
	t.Helper()
	table, err := New(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func to6(t *Table, a netip.Addr) (netip.Addr, bool) {
	hi, lo, ok := t.To6(number4(a))
	return addr6(hi, lo), ok
}

func to4(t *Table, a netip.Addr) (netip.Addr, bool) {
	v4, ok := t.To4(halves(a))
	return addr4(v4), ok
}

func addr4(v4 uint32) netip.Addr {
	r := rule{v4: v4}
	return r.pair().V4.Addr()
}

func addr6(hi, lo uint64) netip.Addr {
	r := rule{hi: hi, lo: lo}
	return r.pair().V6.Addr()
}

// A scan answers like a Table, by asking every pair and moving every bit.
type scan []Pair

func (s scan) to6(a netip.Addr) (netip.Addr, bool) {
	p, ok := s.longest(a, func(p Pair) netip.Prefix { return p.V4 })
	if !ok {
		return addr6(0, 0), false
	}
	out := p.V6.Addr().As16()
	from := a.As4()
	carry(from[:], p.V4.Bits(), out[:], p.V6.Bits())
	return netip.AddrFrom16(out), true
}

func (s scan) to4(a netip.Addr) (netip.Addr, bool) {
	p, ok := s.longest(a, func(p Pair) netip.Prefix { return p.V6 })
	if !ok {
		return addr4(0), false
	}
	out := p.V4.Addr().As4()
	from := a.As16()
	carry(from[:], p.V6.Bits(), out[:], p.V4.Bits())
	return netip.AddrFrom4(out), true
}

func (s scan) longest(a netip.Addr, side func(Pair) netip.Prefix) (best Pair, ok bool) {
	for _, p := range s {
		if side(p).Contains(a) && (!ok || side(p).Bits() > side(best).Bits()) {
			best, ok = p, true
		}
	}
	return best, ok
}

// carry copies bits of src from i on to dst from j on, until either ends.
func carry(src []byte, i int, dst []byte, j int) {
	for ; i < 8*len(src) && j < 8*len(dst); i, j = i+1, j+1 {
		dst[j/8] |= src[i/8] >> (7 - i%8) & 1 << (7 - j%8)
	}
}

// check holds every answer of a table to that of a scan, at both ends of every
// prefix, one past them, and at more random addresses.
func check(t *testing.T, pairs []Pair, rng *rand.Rand, more int) {
	t.Helper()
	table, slow := build(t, pairs), scan(pairs)
	ask := func(a netip.Addr) {
		t.Helper()
		if a.Is4() {
			want6, ok6 := slow.to6(a)
			if got, ok := to6(table, a); got != want6 || ok != ok6 || table.Has4(number4(a)) != ok6 {
				t.Fatalf("To6(%v) = %v, %v; want %v, %v; pairs %v", a, got, ok, want6, ok6, pairs)
			}
			return
		}
		want4, ok4 := slow.to4(a)
		if got, ok := to4(table, a); got != want4 || ok != ok4 || table.Has6(halves(a)) != ok4 {
			t.Fatalf("To4(%v) = %v, %v; want %v, %v; pairs %v", a, got, ok, want4, ok4, pairs)
		}
	}
	for _, p := range pairs {
		for _, side := range []netip.Prefix{p.V4, p.V6} {
			first, last := side.Addr(), lastOf(side)
			for _, a := range []netip.Addr{first.Prev(), first, first.Next(), last.Prev(), last, last.Next()} {
				if a.IsValid() { // and not past the end of its family
					ask(a)
				}
			}
		}
	}
	for range more {
		ask(addr4(rng.Uint32()))
		ask(addr6(rng.Uint64(), rng.Uint64()))
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
