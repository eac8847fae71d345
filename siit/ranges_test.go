package siit

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"taygo/translate/wire"
)

func addr4(v4 uint32) netip.Addr { return wire.Addr4(v4).Netip() }

// wantRanges compares Contain with a look at every prefix, at all ends of the
// prefixes and at the addresses given.
func wantRanges(t *testing.T, prefixes []netip.Prefix, more ...uint32) {
	t.Helper()
	r := NewRanges(prefixes)
	asked := append(more, 0, 1, 1<<32-1)
	for _, p := range prefixes {
		first := v4(p.Masked().Addr())
		last := first | uint32(uint64(1)<<(32-p.Bits())-1)
		asked = append(asked, first-1, first, first+1, last-1, last, last+1)
	}
	for _, a := range asked {
		want := slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr4(a)) })
		if got := r.Contain(a); got != want {
			t.Fatalf("%v of %v: %v, want %v", addr4(a), prefixes, got, want)
		}
	}
}

// TestRangesEqualTheirPrefixes: overlapping, nested, adjacent and equal prefixes in
// any order hold what one of them holds.
func TestRangesEqualTheirPrefixes(t *testing.T) {
	wantRanges(t, nil)
	for _, list := range [][]string{
		{"0.0.0.0/0"},
		{"0.0.0.0/32"},
		{"255.255.255.255/32"},
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"10.1.0.0/16", "10.0.0.0/8", "10.255.255.255/32"},
		{"10.0.0.0/9", "10.128.0.0/9"},
		{"224.0.0.0/4", "240.0.0.0/4", "0.0.0.0/8"},
		{"0.0.0.0/1", "128.0.0.0/1"},
	} {
		var prefixes []netip.Prefix
		for _, s := range list {
			prefixes = append(prefixes, netip.MustParsePrefix(s))
		}
		wantRanges(t, prefixes, 0x0a000000, 0x0affffff, 0x7fffffff, 0x80000000)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var prefixes []netip.Prefix
		base := rng.Uint32() // near one another, so that they meet
		for range rng.IntN(12) {
			a := base ^ rng.Uint32N(1<<rng.UintN(17))
			prefixes = append(prefixes, netip.PrefixFrom(addr4(a), 14+rng.IntN(19)).Masked())
		}
		wantRanges(t, prefixes, base, rng.Uint32(), base^rng.Uint32N(1<<18))
	}
}

// FuzzRanges takes five octets as a prefix each.
func FuzzRanges(f *testing.F) {
	f.Add([]byte{10, 0, 0, 0, 8, 10, 128, 0, 0, 9}, uint32(0x0a800000))
	f.Add([]byte{0, 0, 0, 0, 0}, uint32(0))
	f.Add([]byte{255, 255, 255, 255, 32, 255, 255, 255, 254, 32}, uint32(0xffffffff))
	f.Fuzz(func(t *testing.T, octets []byte, a uint32) {
		var prefixes []netip.Prefix
		for ; len(octets) >= 5; octets = octets[5:] {
			prefixes = append(prefixes, netip.PrefixFrom(addr4(binary.BigEndian.Uint32(octets)), int(octets[4]%33)))
		}
		wantRanges(t, prefixes, a)
	})
}

// TestPoolGivesEachPrefixTheSameChance: and of a prefix each address.
func TestPoolGivesEachPrefixTheSameChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, list := range [][]string{
		{"192.0.2.1/32"},
		{"192.0.2.0/30", "198.51.100.7/32"},
		{"192.0.2.0/28", "198.51.100.0/24", "203.0.113.9/32"},
		{"2001:db8::1/128", "2001:db8:1::/64"},
		{"2001:db8::/124"},
		{"2001:db8::/32", "64:ff9b:1::/126"},
		{"0.0.0.0/0"},
	} {
		var prefixes []netip.Prefix
		for _, s := range list {
			prefixes = append(prefixes, netip.MustParsePrefix(s))
		}
		pool := NewPool(prefixes...)
		const n = 200_000
		times, seen := map[netip.Addr]int{}, make([]int, len(prefixes))
		for range n {
			a := pool.pick(rng.Uint64()).Netip()
			times[a]++
			in := slices.IndexFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
			if in < 0 {
				t.Fatalf("%v is not in %v", a, list)
			}
			seen[in]++
		}
		for i, p := range prefixes {
			if want := n / len(prefixes); seen[i] < want*9/10 || seen[i] > want*11/10 {
				t.Errorf("%v of %v: %d times, want about %d", p, list, seen[i], want)
			}
			hosts := p.Addr().BitLen() - p.Bits()
			if hosts > 8 {
				continue
			}
			for a := p.Addr(); p.Contains(a); a = a.Next() {
				want := n / len(prefixes) >> hosts
				if got := times[a]; got < want/2 || got > want*3/2 {
					t.Errorf("%v of %v: %d times, want about %d", a, list, got, want)
				}
			}
		}
	}
}
