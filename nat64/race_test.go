package nat64_test

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
)

// TestManyGoroutines lets workers send packets of the same hosts while rules change,
// listeners come and go and everything is listed: nothing contradicts itself behind
// it, and the race detector has nothing to say.
func TestManyGoroutines(t *testing.T) {
	o := options(func(o *nat64.Options) {
		o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.0/31"), First: 2000, Last: 2700, TCP: true, UDP: true, ICMP: true}}
		o.SoftPairing, o.PortHold = true, time.Second
		o.Limits.Sessions, o.Limits.SourceSessions = 3000, 500
	})
	table := newTable(t, o)
	var now atomic.Int64
	var workers, others sync.WaitGroup
	var stop atomic.Bool
	for w := range 4 {
		k := newKit(t, table)
		rng := rand.New(rand.NewPCG(1, uint64(w)))
		workers.Go(func() {
			for range 20_000 {
				k.now = time.Duration(now.Add(int64(time.Millisecond)))
				sendAnything(k, rng)
			}
		})
	}
	task := func(f func(i int)) {
		others.Go(func() {
			for i := 0; !stop.Load(); i++ {
				f(i)
			}
		})
	}
	at := func() time.Duration { return time.Duration(now.Load()) }
	task(func(int) { table.Sweep(at(), &counter{}) })
	task(func(i int) {
		changed := o
		changed.Pools = []ports.Range{o.Pools[0]}
		changed.Pools[0].Last -= uint16(i % 3 * 200)
		changed.Limits.SourceBits = 64 - i%2
		if _, err := table.Configure(changed, at()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
	})
	task(func(i int) {
		b := static(17, "[2001:db8:1::12]:1024", "192.0.2.1:2100", 10)
		if _, err := table.AddStatic(b, at()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
		if _, err := table.RemoveStatic(b, at()); err != nil {
			t.Error(err)
		}
	})
	task(func(int) {
		f := table.Feed(100)
		buf := make([]nat64.Change, 100)
		for range 10 {
			f.Next(buf)
		}
		f.Close()
		table.Status(at())
		sessionsOf(table, at())
		exported(table, at())
		time.Sleep(time.Millisecond)
	})
	workers.Wait()
	stop.Store(true)
	others.Wait()
	if _, err := table.Configure(o, at()); err != nil {
		t.Error(err)
	}
	table.SweepAll(at(), &counter{})
	table.SweepAll(at(), &counter{})
	check(t, table)
}

// sendAnything sends a packet of a few hosts, servers and ports.
func sendAnything(k *kit, rng *rand.Rand) {
	proto := rng.IntN(nat64.NumProtos)
	flags := []uint8{pkttest.SYN, pkttest.SYN | pkttest.ACK, pkttest.ACK, pkttest.ACK, pkttest.FIN, pkttest.RST}[rng.IntN(6)]
	peer := v4(far4, uint16(rng.IntN(5)))
	peer.addr.Lo += uint64(rng.IntN(5))
	if proto == nat64.ICMP {
		peer.port = 0
	}
	if rng.IntN(3) == 0 {
		pool := v4("192.0.2.0", uint16(2000+rng.IntN(700)))
		pool.addr.Lo += uint64(rng.IntN(2))
		k.sendIn(proto, peer, pool, flags)
		return
	}
	if rng.IntN(10) == 0 {
		peer.addr, peer.port = addr("192.0.2.1"), uint16(2000+rng.IntN(700))
	}
	h := v6(host6, uint16(1024+rng.IntN(300)))
	h.addr.Lo += uint64(rng.IntN(5))
	h.addr.Hi += uint64(rng.IntN(3))
	k.sendOut(proto, h, peer, flags)
}
