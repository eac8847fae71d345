package store

import (
	"testing"
	"unsafe"
)

// TestLookupsFetchTheirRecords: but for a few, whose tag another record has.
func TestLookupsFetchTheirRecords(t *testing.T) {
	l := newLoad()
	var next Lookups
	next.Fetch() // of nothing
	const n = 20_000
	for ; l.past < n; l.past++ {
		l.add(l.past)
	}
	right, away := 0, 0
	for i := range n {
		proto, v6, port := v6Of(i)
		sh := l.OfHash(l.Hash(proto, v6, port))
		r := sh.Out(proto, v6, port)
		b := sh.Binding(r)
		next.AddOut(sh, proto, v6, port)
		next.AddIn(sh, proto, b.V4, b.Port4)
		for k := range next.of[:next.n] {
			x := &next.of[k]
			if next.record(x); x.other {
				next.fetch()
				next.record(x)
				away++
			}
			if next.wanted > 0 && next.at[0] == uintptr(unsafe.Pointer(b)) {
				right++
			}
			next.fetch()
		}
		next.Fetch()
		if next.n != 0 || next.Full() {
			t.Fatal("not forgotten")
		}
		sh.Lock()
		next.AddOut(sh, proto, v6, port)
		next.Fetch() // does not wait
		sh.Unlock()
	}
	if fetches && (right < 2*n*9/10 || away == 0) {
		t.Errorf("%d of %d records, %d by their other lines", right, 2*n, away)
	}
}
