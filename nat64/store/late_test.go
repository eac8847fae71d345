package store

import (
	"testing"

	"taygo/translate/wire"
)

// TestBindingWithoutRoomInItsIndexIsFound: one that by4 has no memory for is found
// by both sides all the same, can be removed, and is entered when there is memory.
func TestBindingWithoutRoomInItsIndexIsFound(t *testing.T) {
	late := 0
	for i := range uint64(20) {
		seed := seed
		seed[3] += i
		s, sh := oneShard(seed)
		h := hoard{slab: &sh.slab}
		var refs []Ref
		for n := 0; ; n++ {
			if n == 500 {
				h.take(0)
			}
			r, ok := sh.Bind(numbered(n))
			if !ok {
				break
			}
			refs = append(refs, r)
		}
		for n, r := range refs {
			if sh.In(wire.ProtoTCP, 0xcb007101, uint16(n)) != r || sh.Out(wire.ProtoTCP, wire.Addr{Lo: uint64(n)}, 0) != r {
				t.Fatalf("binding %d is not found", n)
			}
		}
		if sh.late.record != 0 {
			late++
			if i%2 == 0 {
				sh.Unbind(refs[len(refs)-1])
				if sh.In(wire.ProtoTCP, 0xcb007101, uint16(len(refs)-1)) != 0 {
					t.Fatal("a binding that is gone is found")
				}
			}
		}
		h.giveBack()
		s.check(t)
	}
	if late < 4 {
		t.Errorf("%d times by4 was full first", late)
	}
}
