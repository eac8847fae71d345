package store

import (
	"testing"

	"taygo/translate/wire"
)

// TestDeepIndexFindsAll also looks again when half of all is gone.
func TestDeepIndexFindsAll(t *testing.T) {
	s := New(Options{Shards: 1, Seed: seed})
	sh := s.Shard(0)
	const n = 200_000
	of := func(i int) *Binding {
		return &Binding{V6: wire.Addr{Hi: uint64(i), Lo: 1}, V4: uint32(i >> 16), Port4: uint16(i), Port6: 5000, Proto: wire.ProtoUDP}
	}
	var refs [n]Ref
	for i := range refs {
		var ok bool
		if refs[i], ok = sh.Bind(of(i)); !ok {
			t.Fatalf("binding %d refused", i)
		}
	}
	s.check(t)
	if depth := sh.by6.dir.Load().depth; depth < 2*tagSplits {
		t.Fatalf("depth %d: no tag was used up twice", depth)
	}
	for i := 0; i < n; i += 2 {
		sh.Unbind(refs[i])
		refs[i] = 0
	}
	s.check(t)
	for i, r := range refs {
		b := of(i)
		if sh.Out(b.Proto, b.V6, b.Port6) != r || sh.In(b.Proto, b.V4, b.Port4) != r {
			t.Fatalf("binding %d is not found as %d", i, r)
		}
	}
}
