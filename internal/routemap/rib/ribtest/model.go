package ribtest

import (
	"math/rand/v2"

	"taygo/internal/routemap/rib"
)

// A Model gives each route of the table a next hop.
type Model struct {
	Name   string
	Shares []int // percent of the origin networks that each next hop, from 1 on, has
	Random int   // percent of the routes that have any next hop instead, each as likely
}

// Models returns the models that aggregation is measured with, from one next hop
// to the worst case.
func Models() []Model {
	return []Model{
		{"1", []int{100}, 0},
		{"2 by origin 80/20", []int{80, 20}, 0},
		{"2 by origin 50/50", []int{50, 50}, 0},
		{"4 by origin 60/25/10/5", []int{60, 25, 10, 5}, 0},
		Four(),
		{"16 by origin", even(16), 0},
		{"60 by origin", even(60), 0},
		{"4 by origin, 10 % of the routes at random", even(4), 10},
		{"4 at random", even(4), 100},
	}
}

// Four is the model of four borders that have a quarter of the origin networks
// each.
func Four() Model { return Model{"4 by origin", even(4), 0} }

func even(n int) []int {
	shares := make([]int, n)
	for i := range shares {
		shares[i] = 1
	}
	return shares
}

// How often in a thousand a prefix has the origin network of another: a
// more-specific that of the prefix around it, or else that of its neighbour before
// it, and a prefix with nothing around it that of the last such before it. With
// these figures aggregation gives about as many routes as with the origin networks
// of the real Internet.
const (
	sameAsAround    = 855
	sameAsNeighbour = 500
	sameAsBefore    = 650
	networks        = 84_159
)

// NextHops returns the next hops of prefixes, which are in the order of
// rib.Prefix.Compare: 1 to len(Shares).
func (m Model) NextHops(prefixes []rib.Prefix) []rib.NextHop {
	rng := rand.New(rand.NewPCG(uint64(len(m.Shares)), uint64(m.Random)))
	of := m.byNetwork(rng)
	out := make([]rib.NextHop, len(prefixes))
	for i, network := range origins(prefixes) {
		out[i] = of[network]
		if rng.IntN(100) < m.Random {
			out[i] = rib.NextHop(1 + rng.IntN(len(m.Shares)))
		}
	}
	return out
}

// byNetwork draws the next hop of each origin network.
func (m Model) byNetwork(rng *rand.Rand) []rib.NextHop {
	sum := 0
	for _, share := range m.Shares {
		sum += share
	}
	of := make([]rib.NextHop, networks)
	for network := range of {
		at := rng.IntN(sum)
		for i, share := range m.Shares {
			if at -= share; at < 0 {
				of[network] = rib.NextHop(i + 1)
				break
			}
		}
	}
	return of
}

// origins draws the origin network of each prefix.
func origins(prefixes []rib.Prefix) []int {
	rng := rand.New(rand.NewPCG(6052, 7915))
	often := func(n int) bool { return rng.IntN(1000) < n }
	out := make([]int, len(prefixes))
	var around []int // the prefixes around the current one, the shortest first
	before := 0      // origin of the last prefix with nothing around it
	for i, p := range prefixes {
		for len(around) > 0 && !prefixes[around[len(around)-1]].Covers(p) {
			around = around[:len(around)-1]
		}
		inside := len(around) > 0
		switch {
		case inside && often(sameAsAround):
			out[i] = out[around[len(around)-1]]
		case inside && often(sameAsNeighbour):
			out[i] = out[i-1]
		case !inside && i > 0 && often(sameAsBefore):
			out[i] = before
		default:
			out[i] = rng.IntN(networks)
		}
		if !inside {
			before = out[i]
		}
		around = append(around, i)
	}
	return out
}
