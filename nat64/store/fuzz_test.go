package store

import "testing"

// FuzzOperations holds any sequence of operations to what maps say.
func FuzzOperations(f *testing.F) {
	f.Fuzz(func(t *testing.T, kind, growth uint8, data []byte) {
		u := []universe{
			{shards: 2, hosts: 2, ports6: 3, addrs: 1, ports4: 8, peers: 2, peerPorts: 2},
			{shards: 1, hosts: 1, ports6: 1, addrs: 1, ports4: 1, peers: 200, peerPorts: 200},
			{shards: 1, hosts: 200, ports6: 200, addrs: 4, ports4: 250, peers: 2, peerPorts: 2},
		}[kind%3]
		at := 0
		pick := func(n int) int {
			if at == len(data) {
				return 0
			}
			at++
			return int(data[at-1]) % n
		}
		m := newMachine(t, u, heap(3*hugePage), pick)
		if kind >= 128 { // little memory is left
			a := m.store.arena
			a.reserve()
			a.used.Store(int64(len(a.memory)/hugePage*hugePage - recordSize<<chunkBits - 2*chunkSize))
		}
		for at < len(data) {
			m.step(int(growth % 17))
		}
		m.finish()
	})
}
