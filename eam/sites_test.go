package eam

import (
	"net/netip"
	"testing"
)

// TestSitesHoldEveryAddressOfAPrefix: whatever the length of a prefix, the first,
// the last and a middle address of it lie in a site that is known; an address far
// away lies in none.
func TestSitesHoldEveryAddressOfAPrefix(t *testing.T) {
	for bits4 := range 33 {
		for _, more := range []int{0, 7, 64, 96} {
			p := Pair{
				netip.PrefixFrom(addr4(198<<24|51<<16|100<<8|7), bits4).Masked(),
				netip.PrefixFrom(addr6(0x20010db800010002, 3), min(128-32+bits4, bits4+more)).Masked(),
			}
			table, err := New([]Pair{p})
			if err != nil {
				t.Fatal(err)
			}
			last4 := number4(p.V4.Addr()) | uint32(1<<(32-bits4)-1)
			for _, a := range []uint32{number4(p.V4.Addr()), number4(p.V4.Addr()) | (last4-number4(p.V4.Addr()))/2, last4} {
				hi, lo, ok := table.To6(a)
				if back, ok6 := table.To4(hi, lo); !ok || !ok6 || back != a {
					t.Errorf("%v: %v maps to %x %x, %v, and back to %x, %v", p, addr4(a), hi, lo, ok, back, ok6)
				}
			}
		}
	}
}

// TestFarSitesAreKnownAtOnce: a table of one site sends nearly no other address to
// its index.
func TestFarSitesAreKnownAtOnce(t *testing.T) {
	table, err := New([]Pair{{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/120")}})
	if err != nil {
		t.Fatal(err)
	}
	near := 0
	for site := range uint64(1 << 16) {
		if !table.Far4(uint32(site << 16)) {
			near++
		}
	}
	if near > 1<<16/1000 {
		t.Errorf("%d of 65,536 sites count as near", near)
	}
}
