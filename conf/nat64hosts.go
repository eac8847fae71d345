package conf

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// checkNAT64Hosts checks that static bindings and dedicated addresses are of a
// pool on one side, and of a host that goes by it on the other.
func (p *parser) checkNAT64Hosts() {
	n := &p.conf.NAT64
	mapped := coversOf(p.conf.Maps)
	for _, s := range n.Static {
		p.turnTo("nat64-static", s.At)
		p.checkPoolAddress(s.V4.Addr())
		p.checkPoolHost(s.V6.Addr(), mapped)
	}
	for _, d := range n.Dedicated {
		p.turnTo("nat64-dedicated", d.At)
		p.checkPoolAddress(d.V4)
		p.checkPoolHost(d.V6, mapped)
		if d.V4 == p.conf.IPv4Addr {
			p.fail(fmt.Sprintf("%v is the translator's own address, ipv4-addr in line %d", d.V4, p.conf.At("ipv4-addr").Line), "dedicate another address of a pool")
		}
	}
	if len(n.Dedicated) > 0 && len(p.errs) == 0 && len(n.Dedicated) == addressesOf(n.Pools) {
		p.fail("no address of a pool is left for hosts to share", "add a nat64-pool, or write map lines instead of nat64-pool and nat64-dedicated")
	}
}

// CheckStatic returns why a static binding could not stand in the file beside what
// does, or nil. Other static bindings are not looked at.
func (c *Config) CheckStatic(s NAT64Static) error {
	p := &parser{conf: c}
	p.checkPoolAddress(s.V4.Addr())
	p.checkPoolHost(s.V6.Addr(), coversOf(c.Maps))
	p.usable(host(s.V6.Addr()), inside, unusableIPv6)
	if s.Protocol != NAT64ICMP && (s.V6.Port() == 0 || s.V4.Port() == 0) {
		p.fail("there is no port 0", "write ports from 1 to 65535")
	}
	if len(p.errs) == 0 {
		return nil
	}
	return fmt.Errorf("conf: static binding: %s: %s", p.errs[0].What, p.errs[0].Do)
}

// checkPoolAddress refuses an IPv4 address that is in no pool, unless a pool was
// refused, which may have been its own.
func (p *parser) checkPoolAddress(a netip.Addr) {
	if _, found := poolOf(p.conf.NAT64.Pools, a); !found && !p.failed("nat64-pool") && !p.unread {
		p.fail(a.String()+" is in no nat64-pool", fmt.Sprintf("add nat64-pool %v, or take an address of a pool", a))
	}
}

// checkPoolHost refuses an IPv6 address whose packets do not go by a pool.
func (p *parser) checkPoolHost(a netip.Addr, mapped covers) {
	c := p.conf
	if m, found := mapped.longest(a); found {
		p.fail(fmt.Sprintf("%v goes by %v, map in line %d, and not by a pool", a, m.V6, m.At.Line), "remove one")
	}
	switch {
	case a == c.IPv6Addr:
		p.fail(fmt.Sprintf("%v is the translator's own address, ipv6-addr in line %d", a, c.At("ipv6-addr").Line), "write the address of a host, or change ipv6-addr")
	case c.Prefix.IsValid() && c.Prefix.Contains(a):
		p.fail(fmt.Sprintf("%v lies in %v, prefix in line %d, and stands for an IPv4 host", a, c.Prefix, c.At("prefix").Line), "write the address of an IPv6 host")
	}
}

// covers finds the map that an IPv6 address goes by.
type covers struct {
	by      map[netip.Prefix]Map
	lengths []int // of the prefixes, longest first
}

func coversOf(maps []Map) covers {
	c := covers{by: make(map[netip.Prefix]Map, len(maps))}
	for _, m := range maps {
		c.by[m.V6] = m
		if !slices.Contains(c.lengths, m.V6.Bits()) {
			c.lengths = append(c.lengths, m.V6.Bits())
		}
	}
	slices.SortFunc(c.lengths, func(a, b int) int { return cmp.Compare(b, a) })
	return c
}

func (c covers) longest(a netip.Addr) (Map, bool) {
	for _, n := range c.lengths {
		if m, found := c.by[netip.PrefixFrom(a, n).Masked()]; found {
			return m, true
		}
	}
	return Map{}, false
}

// checkStaticOnce refuses static bindings that have a transport address of a
// protocol in common on one side (RFC 6146 §3.1).
func (p *parser) checkStaticOnce(what string, side func(NAT64Static) netip.AddrPort) {
	static := p.conf.NAT64.Static
	order := make([]int, len(static))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := static[i], static[j]
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), side(a).Addr().Compare(side(b).Addr()), cmp.Compare(side(a).Port(), side(b).Port()), cmp.Compare(i, j))
	})
	end := func(s NAT64Static) int { return int(side(s).Port()) + s.Ports }
	for k, i := range order {
		if k == 0 {
			continue
		}
		j := order[k-1]
		a, b := static[j], static[i]
		if a.Protocol != b.Protocol || side(a).Addr() != side(b).Addr() || int(side(b).Port()) >= end(a) {
			continue
		}
		later, earlier := static[max(i, j)], static[min(i, j)]
		p.turnTo("nat64-static", later.At)
		p.fail(fmt.Sprintf("the %s side has %v port %d, which line %d has as well", what, later.Protocol, side(b).Port(), earlier.At.Line), "take other ports, or remove one")
		if end(a) > end(b) {
			order[k] = j // the longer run goes on to be compared
		}
	}
}
