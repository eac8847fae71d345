package siit

import (
	"container/heap"
	"net/netip"
	"time"

	"taygo/translate/wire"
)

// settleWork is how many leases are looked at while a packet waits for one.
const settleWork = 4096

// assign finds the IPv4 address of a host that sends a packet and has no lease
// that is mapped: the one that it had, or the first free one of a pool that
// serves it, or the one of the host that was silent for longest.
func (d *DynamicPool) assign(v6 wire.Addr, now time.Duration) (uint32, reason) {
	host := v6.Netip()
	if d.by6.find(v6) == nil {
		if why := d.config.Load().refuses(host, now); why != mapped {
			return 0, why
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.see(now)
	if l := d.by6.find(v6); l != nil {
		d.wake(l, now)
		return l.addr[side4].V4(), mapped
	}
	c := d.config.Load()
	if why := c.refuses(host, now); why != mapped {
		return 0, why
	}
	if p, v4 := c.offer(v6, host); p != nil {
		d.add(p, newLease(v4, v6, now))
		d.tell(Assigned, v4, v6)
		return v4.V4(), mapped
	}
	l := d.longestDormant(host, now)
	if l == nil {
		return 0, poolFull
	}
	d.by6.remove(l.addr[side6])
	heap.Remove(&l.owner.asleep, l.at)
	d.add(l.owner, newLease(l.addr[side4], v6, now))
	d.tell(Reassigned, l.addr[side4], v6)
	return l.addr[side4].V4(), mapped
}

// refuses tells, without a lock, whether a host without a lease gets none.
func (c *poolConfig) refuses(host netip.Addr, now time.Duration) reason {
	why := unmapped
	for _, p := range c.pools {
		if !p.serves(host) {
			continue
		}
		why = poolFull
		if int64(now) >= p.full.Load() {
			why = mapped
			break
		}
	}
	if _, reserved := c.reserved.find(host); reserved {
		return unmapped
	}
	return why
}

// offer returns the address that is free for a new host, and its pool; nil if
// there is none.
func (c *poolConfig) offer(v6 wire.Addr, host netip.Addr) (*leasePool, wire.Addr) {
	for _, p := range c.pools {
		if !p.serves(host) {
			continue
		}
		found, ok := p.free.next(offsetOf(v6, p.bits))
		if !ok {
			found, ok = p.free.next(0)
		}
		if ok {
			return p, p.addr(found)
		}
	}
	return nil, wire.Addr{}
}

// longestDormant returns the lease that a new host takes over, or nil.
func (d *DynamicPool) longestDormant(host netip.Addr, now time.Duration) *lease {
	var found *lease
	c := d.config.Load()
	for _, p := range c.pools {
		if !p.serves(host) {
			continue
		}
		d.settle(p, now, settleWork)
		switch {
		case len(p.asleep) > 0:
			if l := p.asleep[0]; found == nil || l.compare(found) < 0 {
				found = l
			}
		case len(p.awake) > 0:
			p.full.Store(int64(p.awake[0].stamp + c.lifetime))
		default: // all of it is reserved
			p.full.Store(-never)
		}
	}
	return found
}

// add puts a new lease into the tables, in the place of the lease of the same
// IPv4 address if there is one.
func (d *DynamicPool) add(p *leasePool, l *lease) {
	d.turn++
	l.turn, l.owner = d.turn, p
	p.free.take(p.offset(l.addr[side4]), 0)
	heap.Push(&p.awake, l)
	d.by6.put(l)
	d.by4.put(l)
	d.version.Add(1)
}

// wake uses a lease, and maps it if it is dormant.
func (d *DynamicPool) wake(l *lease, now time.Duration) {
	if l.use(now, d.config.Load().lifetime) {
		return // another worker was first
	}
	if _, dormant := l.last(); dormant {
		heap.Remove(&l.owner.asleep, l.at)
	} else {
		heap.Remove(&l.owner.awake, l.at)
	}
	l.stamp = now
	l.used.Store(int64(now) << 1)
	heap.Push(&l.owner.awake, l)
	d.version.Add(1)
	d.tell(Reactivated, l.addr[side4], l.addr[side6])
}

// settle puts leases that have become dormant to sleep. It looks at n leases at
// most, and returns how many it might still look at.
func (d *DynamicPool) settle(p *leasePool, now time.Duration, n int) int {
	lifetime := d.config.Load().lifetime
	for ; n > 0 && len(p.awake) > 0 && now-p.awake[0].stamp >= lifetime; n-- {
		l := p.awake[0]
		if !l.retire(now, lifetime) {
			heap.Fix(&p.awake, 0)
			continue
		}
		heap.Pop(&p.awake)
		heap.Push(&p.asleep, l)
		d.tell(Dormant, l.addr[side4], l.addr[side6])
	}
	return n
}

// see remembers the time.
func (d *DynamicPool) see(now time.Duration) {
	d.seen.Store(max(d.seen.Load(), int64(now)))
}
