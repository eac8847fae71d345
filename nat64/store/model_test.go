package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// universes are what the model tests choose from.
var universes = map[string]universe{
	"few of everything":        {shards: 2, hosts: 3, ports6: 4, addrs: 2, ports4: 16, peers: 3, peerPorts: 3},
	"many bindings":            {shards: 4, hosts: 3000, ports6: 60000, addrs: 200, ports4: 60000, peers: 5, peerPorts: 5},
	"many sessions of a host":  {shards: 1, hosts: 1, ports6: 2, addrs: 1, ports4: 4, peers: 200000, peerPorts: 65536},
	"many ports of a peer":     {shards: 1, hosts: 2, ports6: 2, addrs: 1, ports4: 4, peers: 2, peerPorts: 65536},
	"some sessions of a host":  {shards: 2, hosts: 20, ports6: 4, addrs: 2, ports4: 100, peers: 10, peerPorts: 20},
	"one shard, many bindings": {shards: 1, hosts: 100, ports6: 60000, addrs: 20, ports4: 60000, peers: 2, peerPorts: 2},
}

// rounds returns n, and so many times more in a long test.
func rounds(n int) int {
	if os.Getenv("TAYGO_LONG") != "" {
		return 30 * n
	}
	if testing.Short() || raced {
		return n / 10
	}
	return n
}

func TestStoreAgreesWithMaps(t *testing.T) {
	for name, u := range universes {
		t.Run(name, func(t *testing.T) {
			for i := range uint64(2) {
				rng := rand.New(rand.NewPCG(i, 1))
				m := newMachine(t, u, kernel, rng.IntN)
				for _, growth := range []int{15, 9, 1, 13, 0} { // fills, lives, empties, fills again, empties
					for range rounds(40_000) {
						m.step(growth)
					}
					m.finish()
				}
				if m.refused > 0 {
					t.Errorf("%d refused", m.refused)
				}
			}
		})
	}
}

// heap is memory of the Go heap, which the race detector watches, of which all
// past size is refused.
func heap(size int) system {
	return system{
		reserve: func() []byte { return make([]byte, size) },
		grant:   func([]byte) bool { return true },
		back:    func([]byte) bool { return true },
		touch:   func([]byte) {},
		release: func([]byte) {},
	}
}

func TestRefusalsLoseNothing(t *testing.T) {
	for name, u := range universes {
		for _, size := range []int{0, 2 << 20, 3 << 20, 4 << 20} {
			t.Run(fmt.Sprintf("%s in %d", name, size), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(7, 1))
				memory := heap(size)
				if size == 0 {
					memory.reserve = func() []byte { return nil }
				}
				m := newMachine(t, u, memory, rng.IntN)
				for _, growth := range []int{16, 8, 16, 0} {
					for range rounds(20_000) {
						m.step(growth)
					}
					m.finish()
				}
				if size == 0 && (m.refused == 0 || len(m.oracle.order) > 0) {
					t.Error("nothing was refused without any memory")
				}
			})
		}
	}
}
