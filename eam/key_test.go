package eam

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestKeysAreNumbersOf128Bits(t *testing.T) {
	number := func(k key) *big.Int {
		n := new(big.Int).SetUint64(k.hi)
		return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(k.lo))
	}
	rng := rand.New(rand.NewPCG(9, 10))
	some := func() key { // of any length, the halves often equal to others
		word := func() uint64 { return rng.Uint64() >> rng.IntN(65) >> rng.IntN(65) }
		return key{word(), word()}
	}
	whole := new(big.Int).Lsh(big.NewInt(1), 128)
	for range 20_000 {
		k, l, by := some(), some(), rng.IntN(128)
		order := number(k).Cmp(number(l))
		if k.compare(l) != order || k.less(l) != (order < 0) {
			t.Fatalf("%x, %x: compare %d, less %v; want %d", k, l, k.compare(l), k.less(l), order)
		}
		if diff := new(big.Int).Sub(number(k), number(l)); order >= 0 && number(k.minus(l)).Cmp(diff) != 0 {
			t.Fatalf("%x - %x = %x, want %x", k, l, k.minus(l), diff)
		}
		if next := new(big.Int).Add(number(k), big.NewInt(1)); number(k.next()).Cmp(next.Mod(next, whole)) != 0 {
			t.Fatalf("%x + 1 = %x, want %x", k, k.next(), next)
		}
		if k.len() != number(k).BitLen() {
			t.Fatalf("length of %x = %d, want %d", k, k.len(), number(k).BitLen())
		}
		want := uint64(math.MaxUint64)
		if shifted := new(big.Int).Rsh(number(k), uint(by)); shifted.IsUint64() {
			want = shifted.Uint64()
		}
		if got := k.shifted(uint8(by)); got != want {
			t.Fatalf("%x >> %d = %x, want %x", k, by, got, want)
		}
	}
	if last := (key{math.MaxUint64, math.MaxUint64}); last.next() != (key{}) {
		t.Errorf("the key after the last is %x", last.next())
	}
}
