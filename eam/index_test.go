package eam

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestPrefixesThatHalveTheSpace puts every cut at twice the distance of the one
// before it: the deepest index there is.
func TestPrefixesThatHalveTheSpace(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var hosts, ranges []Pair
	for i := range 128 {
		at := key{0, 1 << i}
		if i >= 64 {
			at = key{1 << (i - 64), 0}
		}
		hosts = append(hosts, Pair{netip.PrefixFrom(addr4(0xc0000200+uint32(i)), 32), netip.PrefixFrom(addr6(at.hi, at.lo), 128)})
		if i < 32 {
			ranges = append(ranges, Pair{
				netip.PrefixFrom(addr4(1<<i), 32-i), // 1<<i to 2<<i - 1
				netip.PrefixFrom(addr6(at.hi, at.lo), 128-i),
			})
		}
	}
	check(t, hosts, rng, 1000)
	check(t, ranges, rng, 1000)
}

// TestBothEndsOfBothFamilies has prefixes that begin at the first and end at
// the last address, where a cut past the end would wrap around.
func TestBothEndsOfBothFamilies(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	check(t, []Pair{pair("0.0.0.0/0", "::/0")}, rng, 1000)
	check(t, []Pair{pair("0.0.0.0/32", "::/128"), pair("255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")}, rng, 1000)
	check(t, []Pair{pair("0.0.0.0/1", "::/1"), pair("128.0.0.0/1", "8000::/1")}, rng, 1000)
	check(t, []Pair{pair("0.0.0.0/0", "8000::/1"), pair("128.0.0.0/1", "c000::/2"), pair("255.255.255.255/32", "ffff::/16")}, rng, 1000)
}

func TestHundredThousandPairsAnswerAtTheirEnds(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			pairs := make([]Pair, 100_000)
			for i := range pairs {
				pairs[i] = layout(uint32(i))
			}
			rand.New(rand.NewPCG(7, 8)).Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
			table := build(t, pairs)
			for _, p := range pairs {
				alone := scan{p}
				for _, a := range []netip.Addr{p.V4.Addr(), lastOf(p.V4)} {
					want, _ := alone.to6(a)
					if got, ok := to6(table, a); got != want || !ok {
						t.Fatalf("To6(%v) = %v, %v; want %v", a, got, ok, want)
					}
					if got, ok := to4(table, want); got != a || !ok {
						t.Fatalf("To4(%v) = %v, %v; want %v", want, got, ok, a)
					}
				}
			}
		})
	}
}

// TestDepthFollowsSpreadNotNumber holds a look-up to few steps at any size.
func TestDepthFollowsSpreadNotNumber(t *testing.T) {
	want := map[string]int{"dense": 1, "hosts": 2} // hosts lie in ranges far apart
	for name, layout := range layouts {
		for _, n := range sizes {
			pairs := make([]Pair, n)
			for i := range pairs {
				pairs[i] = layout(uint32(i))
			}
			table := build(t, pairs)
			for side, x := range map[string]*index{"IPv4": &table.by4, "IPv6": &table.by6} {
				if got := x.depth(x.root); got > want[name] || got < want[name] && n >= 1000 {
					t.Errorf("%s, %d pairs, %s: depth %d, want %d", name, n, side, got, want[name])
				}
			}
		}
	}
}

// depth returns the number of nodes between s and the farthest cut.
func (x *index) depth(s slot) int {
	if s&inner == 0 {
		return 0
	}
	n, deepest := x.nodes[s&^inner], 0
	for _, s := range x.slots[n.first : n.first+n.last+1] {
		deepest = max(deepest, x.depth(s))
	}
	return 1 + deepest
}
