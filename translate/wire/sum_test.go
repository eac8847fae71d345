package wire

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"testing"
)

// naive sums up as RFC 1071 §1 says: word by word, carry by carry.
func naive(b []byte) uint16 {
	sum := 0
	for i, x := range b {
		if i%2 == 0 {
			sum += int(x) << 8
		} else {
			sum += int(x)
		}
		if sum > 0xffff {
			sum -= 0xffff
		}
	}
	return uint16(sum)
}

func TestAddBytesEqualsWordByWord(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 200 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		if got, want := Sum(0).AddBytes(b).Fold(), naive(b); got != want {
			t.Fatalf("%d octets: %04x, want %04x", n, got, want)
		}
	}
}

// Words of all ones carry at each step; the sum before is one more of them.
func TestAddBytesLosesNoCarry(t *testing.T) {
	for n := range 200 {
		ones := bytes.Repeat([]byte{0xff}, n)
		for _, before := range []Sum{0, 1, 0xffff, 1 << 63, ^Sum(0), ^Sum(0) - 1} {
			b := binary.BigEndian.AppendUint64(nil, uint64(before))
			if got, want := before.AddBytes(ones).Fold(), naive(append(b, ones...)); got != want {
				t.Fatalf("%d octets of ones after %#x: %04x, want %04x", n, uint64(before), got, want)
			}
		}
	}
}

// Addresses of all ones carry at each step.
func TestDifferenceIsTheSumOfTheNewLessThatOfTheOld(t *testing.T) {
	some := []Addr{{}, Addr4(0), Addr4(0xc0000221), Addr4(0xffffffff), {0x20010db8_00010002, 0x00030004_00050006}, {^uint64(0), ^uint64(0)}, {1 << 63, 1}}
	for _, src := range some {
		for _, dst := range some {
			for _, oldSrc := range some {
				for _, oldDst := range some {
					got := Difference(src, dst, oldSrc, oldDst).AddAddr(oldSrc).AddAddr(oldDst).Fold()
					if want := Sum(0).AddAddr(src).AddAddr(dst).Fold(); got%0xffff != want%0xffff {
						t.Fatalf("%v, %v less %v, %v: %04x, want %04x", src, dst, oldSrc, oldDst, got, want)
					}
				}
			}
		}
	}
}

func TestFoldIsZeroForZerosOnly(t *testing.T) {
	tests := map[Sum]uint16{
		0: 0, 1: 1, 0xffff: 0xffff, 0x10000: 1, 0x1ffff: 1, 0xffffffff: 0xffff,
		0xffff0000: 0xffff, 1 << 63: 0x8000, ^Sum(0): 0xffff, 0xfffffffffffffffe: 0xfffe,
	}
	for s, want := range tests {
		if got := s.Fold(); got != want {
			t.Errorf("Sum(%#x).Fold() = %04x, want %04x", uint64(s), got, want)
		}
	}
}

// TestUpdateEqualsRecomputation goes through all values of a word that changes
// (RFC 1624 §4 shows where other formulas fail).
func TestUpdateEqualsRecomputation(t *testing.T) {
	rest := Sum(0x1234).Add(0xfedc)
	for _, from := range []uint64{0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x5555} {
		old := rest.Add(from).Checksum()
		for to := range uint64(0x10000) {
			got := Update(old, Sum(0).Add(to).Sub(from))
			if want := rest.Add(to).Checksum(); got != want && !(got^want == 0xffff && rest.Add(to).Fold() == 0xffff) {
				t.Fatalf("%04x becomes %04x: checksum %04x, want %04x", from, to, got, want)
			}
		}
	}
}

// It goes through all old checksums.
func TestUpdateIsTheComplementOfTheSumOfAll(t *testing.T) {
	for old := range 0x10000 {
		for _, delta := range []Sum{1, 0x7fff, 0x8000, 0xfffe, 0x10000, 0x123456789abcdef0, 1 << 63, ^Sum(0) - 1} {
			want := ^uint16((uint64(^uint16(old))+uint64(delta.Fold())-1)%0xffff + 1) // in 1 to ffff: the sum is not of zeros
			if got := Update(uint16(old), delta); got != want {
				t.Fatalf("Update(%04x, %#x) = %04x, want %04x", old, uint64(delta), got, want)
			}
		}
	}
}

func TestUpdateKeepsAWrongChecksumWrong(t *testing.T) {
	delta := Sum(0).Add(0x20010db8).Sub(0xcb007105)
	for old := range 0x10000 {
		right := Sum(0xabcd).Checksum()
		if uint16(old) == right || old == 0xffff || old == 0 {
			continue
		}
		if Update(uint16(old), delta) == Update(right, delta) {
			t.Fatalf("the wrong checksum %04x becomes the right one", old)
		}
	}
}

func TestUpdateByNothingChangesNothing(t *testing.T) {
	for old := range 0x10000 {
		for _, zero := range []Sum{0, 0xffff, Sum(0).Add(0x0064).Add(0xff9b), Sum(0).Add(77).Sub(77)} {
			if got := Update(uint16(old), zero); got != uint16(old) {
				t.Fatalf("Update(%04x, %#x) = %04x", old, uint64(zero), got)
			}
		}
	}
}

func TestUpdatePartialIsTheSumItself(t *testing.T) {
	s := Sum(0x1111).Add(0x2222)
	delta := Sum(0).Add(0x4444).Sub(0x2222)
	if got, want := UpdatePartial(s.Fold(), delta), uint16(0x1111+0x4444); got != want {
		t.Errorf("%04x, want %04x", got, want)
	}
}

func BenchmarkAddBytes(b *testing.B) {
	for _, n := range []int{8, 44, 108, 556, 1480} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			data, sum := make([]byte, n), Sum(0)
			b.SetBytes(int64(n))
			for b.Loop() {
				sum = sum.AddBytes(data)
			}
		})
	}
}
