package siit

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"taygo/translate/wire"
)

// A DynamicPool gives IPv6 hosts that have no other counterpart an IPv4 address
// each, as Tayga's dynamic-pool does. A host keeps its address: while packets
// flow, for a lifetime after that (the lease is mapped), and for as long as
// nobody else needs it until it expires (the lease is dormant: only a packet from
// the host itself finds it). The pool takes times from its caller, by any clock
// that only grows.
//
// All methods may be called from any goroutine. A packet of a lease that is
// mapped takes no lock; one that needs a new lease or wakes a dormant one does.
type DynamicPool struct {
	by4, by6 *table
	config   atomic.Pointer[poolConfig]
	version  atomic.Uint64
	seen     atomic.Int64 // the latest time that was told with the lock held
	events   chan Event
	lost     atomic.Uint64

	mu   sync.Mutex // guards changes of the tables, and all of leasePool
	turn uint64
}

// A poolConfig is a DynamicOptions made ready.
type poolConfig struct {
	options           DynamicOptions
	lifetime, dormant time.Duration
	pools             []*leasePool
	reserved          *prefixSet
}

// A leasePool is the leases of a PoolRange.
type leasePool struct {
	PoolRange
	first wire.Addr // of V4
	bits  int       // of an address past the length of V4
	free  *offsets

	awake  queue // leases that may be mapped
	asleep queue // leases that are marked dormant

	full atomic.Int64 // until then no address is free and no lease dormant
}

// NewDynamicPool returns a pool without leases.
func NewDynamicPool(o DynamicOptions) (*DynamicPool, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	d := &DynamicPool{by4: newTable(side4), by6: newTable(side6), events: make(chan Event, eventsHeld)}
	d.config.Store(newPoolConfig(o))
	return d, nil
}

func newPoolConfig(o DynamicOptions) *poolConfig {
	c := &poolConfig{options: o, lifetime: o.Lifetime, dormant: max(o.Lifetime, o.Dormant), reserved: newPrefixSet(o.Reserved)}
	for _, r := range o.Pools {
		p := &leasePool{PoolRange: r, first: wire.AddrFrom(r.V4.Addr()), bits: 32 - r.V4.Bits()}
		p.full.Store(never)
		p.free = newOffsets(p.bits)
		p.free.take(0, 0)
		for _, out := range o.reservedIn(r.V4) {
			p.free.take(p.offset(wire.AddrFrom(out.Addr())), 32-out.Bits())
		}
		c.pools = append(c.pools, p)
	}
	return c
}

// never is before all times.
const never = -1 << 62

func (p *leasePool) offset(v4 wire.Addr) uint32 { return uint32(v4.Lo - p.first.Lo) }

func (p *leasePool) addr(offset uint32) wire.Addr {
	return wire.Addr{Lo: p.first.Lo + uint64(offset)}
}

// serves reports whether the pool is for the host v6.
func (p *leasePool) serves(v6 netip.Addr) bool {
	for _, x := range p.V6 {
		if x.Contains(v6) {
			return true
		}
	}
	return len(p.V6) == 0
}

// pool returns the pool that v4 lies in, or nil.
func (c *poolConfig) pool(v4 netip.Addr) *leasePool {
	for _, p := range c.pools {
		if p.V4.Contains(v4) {
			return p
		}
	}
	return nil
}

// to6 maps an IPv4 address that a host holds. use says that a packet is sent.
func (d *DynamicPool) to6(v4 uint32, now time.Duration, use bool) (wire.Addr, reason) {
	l := d.by4.find(wire.Addr4(v4))
	if !d.mapped(l, now, use) {
		return wire.Addr{}, unmapped
	}
	return l.addr[side6], mapped
}

// to4 maps an IPv6 address that has a lease. use says that a packet is sent.
func (d *DynamicPool) to4(v6 wire.Addr, now time.Duration, use bool) (uint32, reason) {
	l := d.by6.find(v6)
	if !d.mapped(l, now, use) {
		return 0, unmapped
	}
	return l.addr[side4].V4(), mapped
}

func (d *DynamicPool) mapped(l *lease, now time.Duration, use bool) bool {
	lifetime := d.config.Load().lifetime
	switch {
	case l == nil:
		return false
	case use:
		return l.use(now, lifetime)
	}
	return l.mapped(now, lifetime)
}

// Version is another number whenever the leases or their states have become
// others than they were, so that a file of them is out of date. That they are
// used, or have become dormant, which their last use says too, does not count.
func (d *DynamicPool) Version() uint64 { return d.version.Load() }
