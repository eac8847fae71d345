package siit

import (
	"fmt"
	"net/netip"
	"time"

	"taygo/translate"
	"taygo/translate/wire"
)

// Find returns the lease of an address of either family, as it was at the latest
// time that the pool was told, by Sweep at least.
func (d *DynamicPool) Find(a netip.Addr) (Lease, bool) {
	t := d.by6
	if a.Is4() {
		t = d.by4
	}
	l := t.find(wire.AddrFrom(a))
	if l == nil {
		return Lease{}, false
	}
	return l.public(d.now(), d.config.Load().lifetime), true
}

// now returns the latest time that the pool was told with the lock held.
func (d *DynamicPool) now() time.Duration { return time.Duration(d.seen.Load()) }

// mappingRFC is the clause on mapping addresses. A pool is the operator's own
// choice of how.
const mappingRFC = "RFC 7915 §6"

// explain4 explains an address that the pool gives.
func (d *DynamicPool) explain4(e *Explanation) {
	e.Rule, e.RFC = d.config.Load().rule(e.Addr), mappingRFC
	if l, ok := d.Find(e.Addr); ok {
		e.tell(l)
		return
	}
	e.Rule += ": no host has a lease of this address"
}

// explain6 explains an address that has a lease or may get one.
func (d *DynamicPool) explain6(e *Explanation) {
	e.RFC = mappingRFC
	if l, ok := d.Find(e.Addr); ok {
		e.Rule = d.config.Load().rule(l.V4)
		e.tell(l)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.config.Load()
	switch p, v4 := c.offer(wire.AddrFrom(e.Addr), e.Addr); {
	case c.refuses(e.Addr, never) == unmapped:
		e.Rule, e.RFC = "outside the prefix and every map, and no dynamic-pool is for it", translate.DestinationUnmapped.RFC()
	case p != nil:
		e.Rule = fmt.Sprintf("dynamic-pool %v: no lease yet", p.PoolRange)
		e.Note = fmt.Sprintf("the next packet from there gets the address %v", v4.Netip())
	default:
		e.Rule = "dynamic-pool: no address is free"
		e.Note = "a packet from there takes over the lease that has been dormant for longest, if there is one"
	}
}

// rule returns the directive that v4 is a dynamic address by.
func (c *poolConfig) rule(v4 netip.Addr) string {
	p := c.pool(v4)
	if p == nil {
		return "dynamic-pool" // a reload has just taken it away
	}
	return "dynamic-pool " + p.String()
}

// tell says how the lease is.
func (e *Explanation) tell(l Lease) {
	idle := l.Idle.Round(time.Second)
	if l.Dormant {
		e.Rule += ": the lease is dormant"
		e.Note = fmt.Sprintf("%v belongs to %v, silent for %v: packets to it are refused until one comes from there", l.V4, l.V6, idle)
		return
	}
	e.Note = fmt.Sprintf("lease last used %v ago", idle)
}
