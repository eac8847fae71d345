package siit

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"taygo/translate/wire"
)

// TestFirstOffsetIsTaygas: what Tayga gives in an empty pool.
func TestFirstOffsetIsTaygas(t *testing.T) {
	for _, tt := range []struct {
		v6   string
		bits int
		want uint32
	}{
		{"2001:db8::69", 8, 80},
		{"2001:db8:1234::1", 8, 46},
		{"2001:db8:abcd:1:2:3:4:5", 8, 111},
		{"fd00::1", 8, 254},
		{"2001:db8::100:0", 8, 231},
		{"::", 8, 0},
		{"ff:ff:ff:ff:ff:ff:ff:ff", 1, 1},
	} {
		if got := offsetOf(wire.AddrFrom(netip.MustParseAddr(tt.v6)), tt.bits); got != tt.want {
			t.Errorf("%s in a pool of %d bits: %d, want %d", tt.v6, tt.bits, got, tt.want)
		}
	}
}

func TestFirstOffsetEqualsItsModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, n := wire.Addr{Hi: rng.Uint64(), Lo: rng.Uint64()}, 1+rng.IntN(31)
		if got, want := offsetOf(a, n), firstOffset(netip.MustParseAddr(a.String()), n); int(got) != want {
			t.Fatalf("%v in a pool of %d bits: %d, want %d", a, n, got, want)
		}
	}
}

// TestOffsetsEqualAList compares the tree with a list of what is taken, for trees
// of one, two, three and four levels.
func TestOffsetsEqualAList(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 3, 6, 7, 12, 13, 19} {
		tree, taken := newOffsets(n), make([]bool, 1<<n)
		alone := map[uint32]bool{}       // may be released
		for range 3000 >> max(0, n-10) { // the list is slow
			switch at := uint32(rng.IntN(1 << n)); rng.IntN(4) {
			case 0:
				size := rng.IntN(n + 1)
				if rng.IntN(40) > 0 {
					size = 0
				}
				first := at >> size << size
				if size == 0 && !taken[first] {
					alone[first] = true
				}
				tree.take(first, size)
				for i := first; i < first+1<<size; i++ {
					taken[i] = true
					if size > 0 {
						delete(alone, i)
					}
				}
			case 1:
				for at := range alone {
					tree.release(at)
					taken[at] = false
					delete(alone, at)
					break
				}
			default:
				got, ok := tree.next(at)
				want := at
				for want < 1<<n && taken[want] {
					want++
				}
				if ok != (want < 1<<n) || ok && got != want {
					t.Fatalf("%d bits: next free after %d is %d, %v; want %d", n, at, got, ok, want)
				}
			}
		}
		checkNode(t, &tree.root)
	}
}

// checkNode finds nodes that say that something is free below a child where
// nothing is: to search there takes long.
func checkNode(t *testing.T, n *offsetNode) {
	if n.kids == nil {
		return
	}
	for i := range n.kids {
		kid := &n.kids[i]
		if n.full>>i&1 == 0 && kid.full == ^uint64(0) {
			t.Errorf("child %d is full and not marked", i)
		}
		checkNode(t, kid)
	}
}
