package routemap

import (
	"net/netip"
	"testing"
	"time"
)

// TestNetnsManyRoutes: ten thousand maps are ten thousand routes, made and
// compared again in a time that a start and a reload may take.
func TestNetnsManyRoutes(t *testing.T) {
	b := newBench(t)
	before := b.state()
	s := Setup{Up: true}
	for i := range 10000 {
		a := netip.AddrFrom4([4]byte{100, 64, byte(i >> 7), byte(2 * i)}) // no two are halves of one
		s.Routes = append(s.Routes, netip.PrefixFrom(a, 32))
	}
	const limit = 20 * time.Second // it takes a fraction of a second on an idle machine
	begun := time.Now()
	l := b.apply(s)
	if n := len(b.routes()); n != len(s.Routes) {
		t.Errorf("%d routes, want %d", n, len(s.Routes))
	}
	made := time.Since(begun)
	for range 10 {
		must(t, l.Update(s))
	}
	compared := time.Since(begun) - made
	must(t, l.Remove())
	if took := time.Since(begun); took > limit {
		t.Errorf("it took %v: %v to make them, %v to compare them ten times", took, made, compared)
	}
	t.Logf("made in %v, compared ten times in %v, removed in %v", made, compared, time.Since(begun)-made-compared)
	b.unchanged(before)
}
