package rib

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"taygo/translate/pref64"
)

// FuzzRIB takes each eight octets as a change: an address, a length, what to do and
// a next hop. It compares with the model.
func FuzzRIB(f *testing.F) {
	f.Fuzz(func(t *testing.T, changes []byte) {
		got, want := New(), newModel()
		rng := rand.New(rand.NewPCG(1, 1))
		for ; len(changes) >= 8; changes = changes[8:] {
			p := Prefix{binary.BigEndian.Uint32(changes), changes[4] % 33}.Masked()
			nh := NextHop(binary.BigEndian.Uint16(changes[6:]) % (MaxSets + 1))
			switch changes[5] % 8 {
			case 0:
				resync(t, got, want)
			case 1, 2:
				old, existed := got.Delete(p)
				if wantOld, wantExisted := want.delete(p); old != wantOld || existed != wantExisted {
					t.Fatalf("Delete(%v) = %d, %v, want %d, %v", p, old, existed, wantOld, wantExisted)
				}
			case 3: // a run of neighbours, to fill a bucket
				for i := range uint32(changes[7]) {
					q := Prefix{p.Addr + i, 32}
					got.Set(q, nh)
					want.set(q, nh)
				}
			default:
				old, existed := got.Set(p, nh)
				if wantOld, wantExisted := want.set(p, nh); old != wantOld || existed != wantExisted {
					t.Fatalf("Set(%v) = %d, %v, want %d, %v", p, old, existed, wantOld, wantExisted)
				}
			}
		}
		agree(t, got, want, rng)
	})
}

// FuzzMapping holds for any prefix and any route: what Extract takes, Embed gives
// again, and it takes all that Embed gives.
func FuzzMapping(f *testing.F) {
	f.Fuzz(func(t *testing.T, octets []byte, length uint8, hi, lo uint64, bits uint8) {
		var a [16]byte
		copy(a[:], octets)
		a[8] = 0
		net, err := netip.AddrFrom16(a).Prefix(int([]uint8{32, 40, 48, 56, 64, 96}[length%6]))
		if err != nil {
			t.Fatal(err)
		}
		pref, err := pref64.New(net)
		if err != nil {
			return
		}
		m := NewMapping(pref)
		if p, ok := m.Extract(hi, lo, int(bits)); ok {
			if hi2, lo2, bits2 := m.Embed(p); hi != hi2 || lo != lo2 || int(bits) != bits2 {
				t.Fatalf("%v: Extract(%x, %x, %d) = %v, which is %x, %x, %d", net, hi, lo, bits, p, hi2, lo2, bits2)
			}
		}
		p := Prefix{uint32(hi), bits % 33}.Masked()
		if q, ok := m.Extract(m.Embed(p)); q != p || !ok {
			t.Fatalf("%v: Extract of Embed(%v) = %v, %v", net, p, q, ok)
		}
	})
}
