package store

import (
	"math/rand/v2"
	"sync"
	"testing"

	"taygo/translate/wire"
)

// TestGoroutinesShareAStore lets workers, of which each knows what its own part
// must hold, use the same shards beside a sweeper and a reader of counts. The
// memory is of the Go heap, so that the race detector sees it.
func TestGoroutinesShareAStore(t *testing.T) {
	s := newStore(Options{Shards: 4, PortShift: 1, Seed: seed}, heap(64<<20))
	var workers, others sync.WaitGroup
	for region := range 4 {
		workers.Go(func() {
			u := universe{hosts: 200, ports6: 50, addrs: 4, ports4: 3000, peers: 30, peerPorts: 10, region: region}
			m := machineOn(s, t, u, rand.New(rand.NewPCG(uint64(region), 5)).IntN)
			for _, growth := range []int{14, 8, 2} {
				for range max(4000, rounds(4000)) {
					m.change(growth)
				}
			}
		})
	}
	stop := make(chan bool)
	others.Go(func() { lookAround(s, stop) })
	workers.Wait()
	close(stop)
	others.Wait()
	s.check(t)
}

// change is step without what needs the store for itself.
func (m *machine) change(growth int) {
	switch op := m.pick(8); {
	case op < 2:
		m.ask()
	case op == 2:
		m.compare()
	case m.pick(16) < growth:
		m.add()
	default:
		m.take()
	}
}

func lookAround(s *Store, stop chan bool) {
	cursors := make([]Cursor, s.Shards())
	for i := 0; ; i = (i + 1) % s.Shards() {
		select {
		case <-stop:
			return
		default:
		}
		sh := s.Shard(i)
		sh.Lock()
		sh.Sweep(&cursors[i], 100, func(Ref, *Binding, *Session) Action { return Keep })
		sh.Unlock()
		var l Lookups
		for !l.Full() {
			l.AddOut(sh, wire.ProtoTCP, wire.Addr{Lo: uint64(i)}, uint16(i))
			l.AddIn(sh, wire.ProtoUDP, uint32(i), uint16(i))
		}
		l.Fetch()
		s.Prepare()
		s.Memory()
		s.Count()
	}
}
