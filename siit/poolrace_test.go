package siit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"taygo/translate/wire"
)

func host6(i int) wire.Addr { return wire.Addr{Hi: 0x20010db8 << 32, Lo: uint64(i + 1)} }

func dynamicPool(t testing.TB, pool string, reserved ...string) *DynamicPool {
	t.Helper()
	o := DynamicOptions{
		Pools:    []PoolRange{{V4: netip.MustParsePrefix(pool)}},
		Lifetime: DefaultLifetime, Dormant: DefaultDormant,
	}
	for _, r := range reserved {
		o.Reserved = append(o.Reserved, netip.MustParsePrefix(r))
	}
	d, err := NewDynamicPool(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// get sends a packet from a host.
func (d *DynamicPool) get(v6 wire.Addr, now time.Duration) (uint32, reason) {
	if v4, why := d.to4(v6, now, true); why == mapped {
		return v4, mapped
	}
	return d.assign(v6, now)
}

// TestPoolUnderManyGoroutines: workers send, others reload, sweep, save and
// explain, while time flies so that leases fall asleep, are woken and taken over.
// No address is held twice, and no host has two.
func TestPoolUnderManyGoroutines(t *testing.T) {
	t.Parallel()
	d := dynamicPool(t, "192.0.2.0/26")
	var clock atomic.Int64
	now := func() time.Duration { return time.Duration(clock.Load()) }
	var done atomic.Bool
	var wg sync.WaitGroup
	run := func(f func(*rand.Rand)) {
		rng := rand.New(rand.NewPCG(uint64(clock.Add(1)), 9))
		wg.Go(func() {
			for !done.Load() {
				f(rng)
			}
		})
	}
	var sent, refused atomic.Int64
	for range 4 {
		run(func(rng *rand.Rand) {
			host := host6(rng.IntN(90))
			t0 := now()
			v4, why := d.get(host, t0)
			sent.Add(1)
			if why != mapped {
				refused.Add(1)
				return
			}
			// Somebody else may have it by now, but never a host that is none.
			if back, why := d.to6(v4, t0, true); why == mapped && (back.Hi != host.Hi || back.Lo > 90) {
				t.Errorf("%v holds %x", back, v4)
			}
		})
	}
	run(func(rng *rand.Rand) {
		clock.Add(int64(rng.IntN(int(time.Minute))))
		d.Sweep(now())
		time.Sleep(time.Millisecond)
	})
	run(func(rng *rand.Rand) {
		checkLeases(t, d.Leases(now()))
		d.explain6(&Explanation{Addr: host6(rng.IntN(90)).Netip()})
		d.Find(netip.MustParseAddr("192.0.2.7"))
	})
	run(func(rng *rand.Rand) {
		o := DynamicOptions{Pools: []PoolRange{{V4: netip.MustParsePrefix("192.0.2.0/26")}}, Lifetime: time.Hour, Dormant: 2 * time.Hour}
		o.Reserved = append(o.Reserved, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(64))}), 32))
		if _, err := d.Configure(o, now()); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Millisecond)
	})
	run(func(*rand.Rand) { <-d.Events() })
	time.Sleep(700 * time.Millisecond)
	done.Store(true)
	d.tell(Loaded, wire.Addr{}, wire.Addr{}) // for the reader of events
	wg.Wait()
	checkLeases(t, d.Leases(now()))
	checkTables(t, d)
	if sent.Load() == refused.Load() || refused.Load() == 0 {
		t.Errorf("%d packets, %d refused: nothing was tried", sent.Load(), refused.Load())
	}
}

func checkLeases(t *testing.T, all []Lease) {
	t.Helper()
	seen := map[netip.Addr]bool{}
	for _, l := range all {
		if seen[l.V4] || seen[l.V6] {
			t.Errorf("%v is there twice", l)
		}
		seen[l.V4], seen[l.V6] = true, true
	}
}

// checkTables compares the tables and the queues, which say the same.
func checkTables(t *testing.T, d *DynamicPool) {
	t.Helper()
	n := 0
	for _, p := range d.config.Load().pools {
		for _, q := range []queue{p.awake, p.asleep} {
			for i, l := range q {
				n++
				if d.by4.find(l.addr[side4]) != l || d.by6.find(l.addr[side6]) != l || l.at != i || l.owner != p {
					t.Errorf("%v is not where it should be", l.addr)
				}
				if free, _ := p.free.next(p.offset(l.addr[side4])); free == p.offset(l.addr[side4]) {
					t.Errorf("%v is free", l.addr)
				}
			}
		}
	}
	if d.by4.live != n || d.by6.live != n {
		t.Errorf("%d and %d leases in the tables, %d in queues", d.by4.live, d.by6.live, n)
	}
}

// TestMappedLeasesNeedNoLock: neither they nor a full pool wait for the lock.
func TestMappedLeasesNeedNoLock(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/30")
	for i := range 3 {
		if _, why := d.get(host6(i), 0); why != mapped {
			t.Fatal(fmt.Sprint("refused: ", why))
		}
	}
	if _, why := d.get(host6(3), time.Second); why != poolFull {
		t.Fatal("a fourth host got an address")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range 100 {
		at := time.Duration(i) * time.Minute
		for h := range 3 {
			v4, why := d.get(host6(h), at)
			if back, whyBack := d.to6(v4, at, true); why != mapped || whyBack != mapped || back != host6(h) {
				t.Fatalf("host %d: reasons %d, %d, back to %v", h, why, whyBack, back)
			}
		}
		if _, why := d.get(host6(3), at); why != poolFull {
			t.Fatal("a fourth host got an address")
		}
	}
}

func TestMappedLeasesAllocateNothing(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/24")
	now := time.Duration(0)
	v4, _ := d.get(host6(1), now)
	if n := testing.AllocsPerRun(1000, func() {
		now += time.Second
		if _, why := d.get(host6(1), now); why != mapped {
			t.Error("not mapped")
		}
		if _, why := d.to6(v4, now, true); why != mapped {
			t.Error("not mapped")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMappedLease(b *testing.B) {
	for _, n := range []int{1, 1000, 60_000, 1_000_000} {
		d := dynamicPool(b, "10.0.0.0/8")
		hosts := make([]wire.Addr, n)
		addrs := make([]uint32, n)
		for i := range hosts {
			hosts[i] = host6(i * 7919)
			addrs[i], _ = d.get(hosts[i], 0)
		}
		for _, f := range []struct {
			name string
			do   func(i int)
		}{
			{"6to4", func(i int) { d.to4(hosts[i], 0, true) }},
			{"4to6", func(i int) { d.to6(addrs[i], 0, true) }},
		} {
			b.Run(fmt.Sprintf("%s/leases=%d", f.name, n), func(b *testing.B) {
				for i := range b.N {
					f.do(int(uint32(i)*2654435761) % n)
				}
			})
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	d := dynamicPool(b, "10.0.0.0/8")
	for i := range b.N {
		if i&(1<<23-1) == 0 {
			d = dynamicPool(b, "10.0.0.0/8")
		}
		d.get(host6(i), 0)
	}
}
