package store

import (
	"testing"

	"taygo/translate/wire"
)

var seed = [4]uint64{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0x2545f4914f6cdd1d}

func TestBindingIsFoundByEitherSide(t *testing.T) {
	s := New(Options{PortShift: 1, Seed: seed})
	b := Binding{V6: wire.Addr{Hi: 0x20010db8 << 32, Lo: 1}, V4: 0xc0000201, Port6: 5000, Port4: 1024, Proto: wire.ProtoUDP}
	sh := s.OfPort(b.Port4)
	sh.Lock()
	defer sh.Unlock()
	r, ok := sh.Bind(b)
	if !ok || *sh.Binding(r) != b {
		t.Fatalf("Bind: %v, stored %+v", ok, sh.Binding(r))
	}
	if got := sh.Out(b.Proto, b.V6, b.Port6); got != r {
		t.Errorf("Out: %d, want %d", got, r)
	}
	if got := sh.In(b.Proto, b.V4, b.Port4); got != r {
		t.Errorf("In: %d, want %d", got, r)
	}
	if got := s.Count(wire.ProtoUDP); got != (Count{Bindings: 1}) {
		t.Errorf("Count: %+v", got)
	}
	sh.Unbind(r)
	if sh.Out(b.Proto, b.V6, b.Port6) != 0 || sh.In(b.Proto, b.V4, b.Port4) != 0 {
		t.Error("found after Unbind")
	}
}
