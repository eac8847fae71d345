package pref64

import (
	"errors"
	"net/netip"
	"testing"
)

// FuzzEmbedExtract holds for every length, every u octet and every suffix:
// Embed agrees with its oracle, and Extract takes out what Embed put in.
func FuzzEmbedExtract(f *testing.F) {
	f.Fuzz(func(t *testing.T, length uint8, hi uint64, mid, v4 uint32, u uint8, suffix uint64) {
		lay := layouts[int(length)%len(layouts)]
		whole := addr6(hi, uint64(mid&0x00ffffff)<<32) // u octet zero, as a prefix must have it
		net := netip.PrefixFrom(whole, int(lay.bits)).Masked()
		p, err := New(net)
		if err != nil {
			if !errors.Is(err, ErrWellKnown) {
				t.Fatalf("New(%v): %v", net, err)
			}
			return
		}
		there := addr6(p.Embed(v4))
		if want := embedByOctets(net, v4); there != want {
			t.Fatalf("%v: Embed(%#x) = %v, want %v", p, v4, there, want)
		}
		last := octets[net.Bits()][3]
		b := there.As16()
		if net.Bits() < 96 {
			b[8] = u
		}
		for i := last + 1; i < 16; i++ {
			if i != 8 {
				b[i] = byte(suffix >> (8 * (i % 8)))
			}
		}
		if back, ok := p.Extract(halves(netip.AddrFrom16(b))); back != v4 || !ok {
			t.Errorf("%v: Extract(%v) = %#x, %v; want %#x", p, netip.AddrFrom16(b), back, ok, v4)
		}
	})
}

// FuzzNew holds New to its rules for any IPv6 prefix: what it takes can be
// written and read again, what it refuses breaks a rule.
func FuzzNew(f *testing.F) {
	f.Fuzz(func(t *testing.T, hi, lo uint64, bits int) {
		net := netip.PrefixFrom(addr6(hi, lo), bits)
		p, err := New(net)
		_, length := octets[bits]
		legal := length && net == net.Masked() && lo>>56 == 0 && (hi != wellKnownHi || lo != 0 || bits == 96)
		if (err == nil) != legal || p.Valid() != legal {
			t.Fatalf("New(%v) = %v, %v; legal: %v", net, p, err, legal)
		}
		if again, err := New(p.Netip()); legal && (again != p || err != nil) {
			t.Errorf("New(%v) = %v, %v", p.Netip(), again, err)
		}
	})
}
