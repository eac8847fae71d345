package siit

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"time"

	"taygo/translate/wire"
)

// sweepWork is how many leases one Sweep looks at.
const sweepWork = 4096

// Sweep marks leases dormant and frees those that have expired. It is to be
// called every few seconds, and at once again while it returns that there is
// more to do: one call holds up packets that need a new lease for a few
// milliseconds at most.
func (d *DynamicPool) Sweep(now time.Duration) (more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.see(now)
	c := d.config.Load()
	n := sweepWork
	for _, p := range c.pools {
		n = d.settle(p, now, n)
		for ; n > 0 && len(p.asleep) > 0 && now-p.asleep[0].stamp >= c.dormant; n-- {
			l := heap.Pop(&p.asleep).(*lease)
			p.free.release(p.offset(l.addr[side4]))
			d.forget(l)
		}
	}
	return n == 0
}

// forget takes a lease out of the tables.
func (d *DynamicPool) forget(l *lease) {
	d.by4.remove(l.addr[side4])
	d.by6.remove(l.addr[side6])
	d.version.Add(1)
}

// Leases returns all leases: those that are mapped, the one used last first, then
// those that are dormant, in the same order.
func (d *DynamicPool) Leases(now time.Duration) []Lease {
	d.mu.Lock()
	d.see(now)
	var found []*lease
	c := d.config.Load()
	for _, p := range c.pools {
		found = append(append(found, p.awake...), p.asleep...)
	}
	d.mu.Unlock()
	all := make([]Lease, len(found))
	for i, l := range found {
		all[i] = l.public(now, c.lifetime)
	}
	sortLeases(all)
	return all
}

func sortLeases(all []Lease) {
	slices.SortFunc(all, func(a, b Lease) int {
		switch {
		case a.Dormant && !b.Dormant:
			return 1
		case b.Dormant && !a.Dormant:
			return -1
		}
		return cmp.Or(cmp.Compare(a.Idle, b.Idle), a.V4.Compare(b.V4))
	})
}

// Configure replaces the options, of which it keeps the slices. Leases that they
// leave room for stay as they are, the others end and are returned. Options that
// Check refuses change nothing.
//
// To give all packets the old options or the new ones, put the new
// DynamicOptions.Ranges in force first, then call Configure.
func (d *DynamicPool) Configure(o DynamicOptions, now time.Duration) (dropped []Lease, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	next := newPoolConfig(o)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.see(now)
	if old := d.config.Load(); old.sameAddresses(o) {
		next.pools = old.pools
		for _, p := range next.pools {
			p.full.Store(never)
		}
		d.config.Store(next)
		return nil, nil
	}
	for _, p := range d.config.Load().pools {
		for _, l := range slices.Concat(p.awake, p.asleep) {
			if err := next.adopt(l); err != nil {
				dropped = append(dropped, l.public(now, next.lifetime))
				d.forget(l)
			}
		}
	}
	next.order()
	d.config.Store(next)
	sortLeases(dropped)
	return dropped, nil
}

// sameAddresses reports whether the options o give the same addresses to the same
// hosts.
func (c *poolConfig) sameAddresses(o DynamicOptions) bool {
	return slices.Equal(c.options.Reserved, o.Reserved) && slices.EqualFunc(c.options.Pools, o.Pools, func(a, b PoolRange) bool {
		return a.V4 == b.V4 && slices.Equal(a.V6, b.V6)
	})
}

// adopt makes room for a lease, and puts it at the end of its queue.
func (c *poolConfig) adopt(l *lease) error {
	v4, v6 := l.addr[side4].Netip(), l.addr[side6].Netip()
	p := c.pool(v4)
	if p == nil {
		return fmt.Errorf("siit: lease %v %v: the IPv4 address lies in no pool", v4, v6)
	}
	if r, ok := c.reserved.find(v4); ok && r.Bits() > p.V4.Bits() {
		return fmt.Errorf("siit: lease %v %v: the IPv4 address belongs to %v", v4, v6, r)
	}
	if r, ok := c.reserved.find(v6); ok {
		return fmt.Errorf("siit: lease %v %v: the IPv6 address belongs to %v", v4, v6, r)
	}
	if !p.serves(v6) {
		return fmt.Errorf("siit: lease %v %v: the pool %v does not serve the IPv6 address", v4, v6, p.PoolRange)
	}
	offset := p.offset(l.addr[side4])
	if free, ok := p.free.next(offset); !ok || free != offset {
		return fmt.Errorf("siit: lease %v %v: the IPv4 address is never given", v4, v6)
	}
	p.free.take(offset, 0)
	l.owner = p
	if _, dormant := l.last(); dormant {
		p.asleep.Push(l)
	} else {
		p.awake.Push(l)
	}
	return nil
}

// order puts the queues in order.
func (c *poolConfig) order() {
	for _, p := range c.pools {
		heap.Init(&p.awake)
		heap.Init(&p.asleep)
	}
}

// Restore takes over leases of an earlier run, in the order of their last use as
// Leases returns them. It returns as many errors: nil for a lease that is there
// now or has expired, else what keeps it out, of which the IPv4 address or the
// host having a lease already is one reason. If one of them is dated in the
// future, the clock was wrong then or is now; all of them become dormant, as if
// their lifetime had just ended.
func (d *DynamicPool) Restore(leases []Lease, now time.Duration) []error {
	future := slices.ContainsFunc(leases, func(l Lease) bool { return l.Idle < 0 })
	errs := make([]error, len(leases))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.see(now)
	lifetime := d.config.Load().lifetime
	for i, x := range leases {
		if future {
			x.Idle = lifetime
		}
		errs[i] = d.restore(x, now, uint64(len(leases)-i))
	}
	d.turn += uint64(len(leases))
	d.config.Load().order()
	return errs
}

// restore takes over one lease; of several with one last use, that with the
// lowest turn is the first to go.
func (d *DynamicPool) restore(x Lease, now time.Duration, turn uint64) error {
	v4, v6 := wire.AddrFrom(x.V4), wire.AddrFrom(x.V6)
	switch {
	case !x.V4.Is4() || !x.V6.Is6() || wire.IllegalSource6(v6):
		return fmt.Errorf("siit: lease %v %v: it needs the IPv4 address of a host and the IPv6 address of a host", x.V4, x.V6)
	case d.by4.find(v4) != nil:
		return fmt.Errorf("siit: lease %v %v: %v has the IPv4 address already", x.V4, x.V6, d.by4.find(v4).addr[side6])
	case d.by6.find(v6) != nil:
		return fmt.Errorf("siit: lease %v %v: the host has %v already", x.V4, x.V6, d.by6.find(v6).addr[side4])
	}
	c := d.config.Load()
	if x.Idle >= c.dormant {
		return nil
	}
	l := newLease(v4, v6, now-x.Idle)
	l.turn = d.turn + turn
	if err := c.adopt(l); err != nil {
		return err
	}
	d.by6.put(l)
	d.by4.put(l)
	d.tell(Loaded, v4, v6)
	return nil
}
