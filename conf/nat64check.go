package conf

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// checkNAT64 compares what is set for stateful translation with itself and with
// the rest of the file.
func (p *parser) checkNAT64() {
	n := &p.conf.NAT64
	if !p.unread && !p.tried["nat64-pool"] {
		p.warnIdle("nat64-", "nat64-pool", "nat64-static", "nat64-dedicated")
	}
	p.checkNAT64Pools()
	p.checkNAT64Hosts()
	if len(n.Pools) > 0 {
		p.checkNAT64Log()
	}
	if len(n.Pools) > 0 && !p.failed("nat64-pool") {
		p.checkNAT64Blocks()
	}
	p.checkStaticOnce("IPv4", func(s NAT64Static) netip.AddrPort { return s.V4 })
	p.checkStaticOnce("IPv6", func(s NAT64Static) netip.AddrPort { return s.V6 })
}

// warnIdle warns of each directive whose name begins so and that is set in vain
// without the directive that turns all of them on. Some are left out, for others
// tell what is wrong with them.
func (p *parser) warnIdle(start, without string, but ...string) {
	for name, at := range p.conf.places {
		if strings.HasPrefix(name, start) && !slices.Contains(but, name) {
			p.turnTo(name, at)
			p.warn("has no effect without "+without, "add "+without+", or remove the line")
		}
	}
}

// checkNAT64Pools compares the pools with one another, with the maps and with the
// dynamic pools.
func (p *parser) checkNAT64Pools() {
	c := p.conf
	pools := c.NAT64.Pools
	if len(pools) == 0 {
		return
	}
	p.turnTo("nat64-pool", pools[0].At)
	if p.tried["map"] && !p.tried["prefix"] && !p.unread {
		p.fail("IPv4 hosts have no IPv6 address without prefix", "add prefix, such as prefix 64:ff9b::/96")
	}
	for i, pool := range pools {
		p.turnTo("nat64-pool", pool.At)
		p.checkNAT64Pool(pool, pools[:i])
	}
	if n := addressesOf(pools); n > MaxNAT64Addresses {
		p.fail(fmt.Sprintf("all pools have %d addresses, %d is the most", n, MaxNAT64Addresses), "write longer prefixes, or remove a pool")
	}
	if len(c.DynamicPools) > 0 {
		p.turnTo("dynamic-pool", c.DynamicPools[0].At)
		p.warn(fmt.Sprintf("lends nothing beside nat64-pool in line %d, which all hosts without a map go by", pools[0].At.Line), "remove it, or nat64-pool")
	}
	for _, x := range c.TUNIPs {
		if pool, found := poolOf(pools, x.Addr()); found {
			p.turnTo("tun-ip", p.given[value{"tun-ip", x.String()}])
			p.warn(fmt.Sprintf("%v is in nat64-pool of line %d, and as an address of this host it never gets there", x.Addr(), pool.At.Line), "give the host another address")
		}
	}
}

// checkNAT64Pool compares one pool with those before it and with what else owns
// IPv4 addresses.
func (p *parser) checkNAT64Pool(pool NAT64Pool, earlier []NAT64Pool) {
	c := p.conf
	for _, e := range earlier {
		protocol, same := sharedProtocol(pool, e)
		if same && pool.V4.Overlaps(e.V4) && pool.First <= e.Last && e.First <= pool.Last {
			p.fail(fmt.Sprintf("%s %d-%d for %v overlaps %s %d-%d in line %d", textOf(pool.V4), pool.First, pool.Last, protocol, textOf(e.V4), e.First, e.Last, e.At.Line),
				"take other addresses or ports, or remove one")
			break
		}
	}
	for _, m := range c.Maps {
		if pool.V4.Overlaps(m.V4) {
			p.fail(fmt.Sprintf("%s overlaps %s, map in line %d", textOf(pool.V4), textOf(m.V4), m.At.Line), "take other addresses for one of them")
			break
		}
	}
	for _, d := range c.DynamicPools {
		if pool.V4.Overlaps(d.V4) {
			p.fail(fmt.Sprintf("%s overlaps %v, dynamic-pool in line %d", textOf(pool.V4), d.V4, d.At.Line), "remove dynamic-pool, which lends nothing beside nat64-pool")
			break
		}
	}
}

// sharedProtocol returns a protocol that both pools are for.
func sharedProtocol(a, b NAT64Pool) (NAT64Protocol, bool) {
	switch {
	case a.TCP && b.TCP:
		return NAT64TCP, true
	case a.UDP && b.UDP:
		return NAT64UDP, true
	case a.ICMP && b.ICMP:
		return NAT64ICMP, true
	}
	return 0, false
}

// poolOf returns the first pool that has the address.
func poolOf(pools []NAT64Pool, a netip.Addr) (NAT64Pool, bool) {
	i := slices.IndexFunc(pools, func(pool NAT64Pool) bool { return pool.V4.Contains(a) })
	if i < 0 {
		return NAT64Pool{}, false
	}
	return pools[i], true
}

// addressesOf returns how many addresses the pools have, each counted once.
func addressesOf(pools []NAT64Pool) int {
	prefixes := make([]netip.Prefix, len(pools))
	for i, pool := range pools {
		prefixes[i] = pool.V4
	}
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int { // each before those in it
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	n := 0
	var last netip.Prefix
	for _, x := range prefixes {
		if !last.IsValid() || !last.Overlaps(x) {
			n += 1 << (32 - x.Bits())
			last = x
		}
	}
	return n
}

// checkNAT64Log warns of what is logged nowhere, or never happens.
func (p *parser) checkNAT64Log() {
	c := p.conf
	l := c.NAT64.Log
	at, set := c.places["nat64-log"]
	if to, toSet := c.places["nat64-log-to"]; toSet && !set && !p.tried["nat64-log"] && !p.unread {
		p.turnTo("nat64-log-to", to)
		p.warn("has no effect without nat64-log", "add nat64-log, or remove the line")
	}
	if interval, intervalSet := c.places["nat64-state-interval"]; intervalSet && c.NAT64.StateFile == NAT64StateOff {
		p.turnTo("nat64-state-interval", interval)
		p.warn("has no effect with nat64-state-file off", "remove one")
	}
	if !set {
		return
	}
	p.turnTo("nat64-log", at)
	if !p.tried["nat64-log-to"] && !p.unread {
		p.warn("goes nowhere without nat64-log-to", "add nat64-log-to, or remove the line")
	}
	if l.Destinations && !l.Sessions {
		p.warn("destinations has no effect without sessions", "add sessions, or remove destinations")
	}
	if l.Blocks && c.NAT64.BlockSize == 0 && !c.NAT64.Deterministic.Overflow && !p.failed("nat64-port-blocks") {
		p.warn("blocks has no effect without nat64-port-blocks", "add nat64-port-blocks, or remove blocks")
	}
}
