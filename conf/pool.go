package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A DynamicPool is a range of IPv4 addresses that are lent, one to a host, to
// IPv6 hosts without an address of their own.
type DynamicPool struct {
	// V4 has no host bits and a length of at most 31. What a map or ipv4-addr
	// takes of it is never lent, nor is its first address.
	V4 netip.Prefix
	// V6 are the sources that get an address of this pool, in the order of the
	// line. Empty: any.
	V6 []netip.Prefix
	At Place
}

// setDynamicPool takes a pool, and the sources that it is for.
func setDynamicPool(p *parser, args []string) {
	if !p.hasLength(ipv4, args[0]) {
		return
	}
	v4, ok := p.prefix(ipv4, args[0])
	switch {
	case !ok:
		return
	case v4.Bits() > 31:
		p.fail(v4.String()+" has no address to lend, for the first one never is", "write a length of at most 31")
		return
	case !p.usable(v4, beginning, unmappableIPv4):
		return
	}
	pool := DynamicPool{V4: v4, At: p.at}
	for _, arg := range args[1:] {
		v6, ok := p.prefix(ipv6, arg)
		switch {
		case !ok:
			return
		case slices.Contains(pool.V6, v6):
			p.fail(v6.String()+" is given twice", "remove one")
			return
		}
		pool.V6 = append(pool.V6, v6)
	}
	p.conf.DynamicPools = append(p.conf.DynamicPools, pool)
	if b, found := find(v4, overlapping, unmappableIPv4); found {
		p.warn(fmt.Sprintf("%v holds %v, which is %s and never given out", v4, b.prefix, b.what), "leave it if there are addresses enough, else take another pool")
	}
	p.warnLinkLocal(v4)
}

// setPoolLifetime takes both times of a lease, or the first alone, which then
// raises the second to itself.
func setPoolLifetime(p *parser, args []string) {
	const most = 10 * 365 * 24 * 60 * 60
	times := []time.Duration{p.conf.PoolLifetime, p.conf.PoolDormant}
	for i, arg := range args {
		n, ok := p.number(arg, 1, most)
		if !ok {
			return
		}
		times[i] = time.Duration(n) * time.Second
	}
	if times[1] < times[0] && len(args) == 2 {
		p.fail(args[1]+" seconds are over before the first "+args[0]+" are, and both count from the last packet",
			"write at least "+args[0]+" for the second")
		return
	}
	p.conf.PoolLifetime, p.conf.PoolDormant = times[0], max(times[0], times[1])
}

// seconds sets a time.
func seconds(low, high int, field func(*Config) *time.Duration) setter {
	return func(p *parser, args []string) {
		if n, ok := p.number(args[0], low, high); ok {
			*field(p.conf) = time.Duration(n) * time.Second
		}
	}
}

// checkPools compares the pools with one another and with the maps.
func (p *parser) checkPools() {
	maps := make(map[netip.Prefix]Place, len(p.conf.Maps))
	for _, m := range p.conf.Maps {
		maps[m.V4] = m.At
	}
	for i, pool := range p.conf.DynamicPools {
		p.turnTo("dynamic-pool", pool.At)
		if at, found := maps[pool.V4]; found {
			p.fail(fmt.Sprintf("%v is mapped in line %d", pool.V4, at.Line), "take another pool, or remove the map")
		}
		for _, earlier := range p.conf.DynamicPools[:i] {
			if pool.V4.Overlaps(earlier.V4) {
				p.fail(fmt.Sprintf("%v overlaps %v in line %d", pool.V4, earlier.V4, earlier.At.Line), "take a pool outside the other, or remove one")
				break
			}
		}
	}
	if p.tried["dynamic-pool"] || p.unread {
		return
	}
	for _, idle := range []string{"dynamic-pool-lifetime", "dynamic-pool-write"} {
		if at, set := p.conf.places[idle]; set {
			p.turnTo(idle, at)
			p.warn("has no effect without dynamic-pool", "add a pool, or remove the line")
		}
	}
}
