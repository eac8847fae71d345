package conf

import (
	"fmt"
	"net/netip"
	"slices"
)

// check makes the checks that need the whole file. What is missing is missing in
// the file as a whole, its line 0; a directive that is there but wrong, or
// misspelt, is not missing, and what a line that could not be taken in may say is
// not held against the others.
func (p *parser) check() {
	if !p.unread {
		p.checkMissing()
		p.checkWKP()
	}
	p.checkMaps()
	p.checkPools()
	p.checkNAT64()
	p.checkRoutes()
	p.checkTUN()
	p.checkMTUs()
	p.conf.MTUPlateaus = plateaus(p.conf.MTUPlateaus)
}

func (p *parser) checkMissing() {
	if !p.tried["ipv4-addr"] {
		p.turnTo("ipv4-addr", Place{p.file, 0})
		p.fail("is missing", "add it, with an IPv4 address that no host has")
	}
	switch {
	case p.tried["prefix"]:
	case !p.tried["map"]:
		p.turnTo("prefix", Place{p.file, 0})
		p.fail("is missing, and there is no map either, so nothing can be translated", "add prefix or map")
	case !p.tried["ipv6-addr"]:
		p.turnTo("ipv6-addr", Place{p.file, 0})
		p.fail("is missing, and without prefix it cannot be made of ipv4-addr", "add it, with an IPv6 address that no host has, or add prefix")
	}
}

// checkWKP refuses an own IPv6 address that holds an IPv4 address which may not
// stand in the well-known prefix (RFC 6052 §3.1), and warns if one that is to be
// made would.
func (p *parser) checkWKP() {
	c := p.conf
	_, set := c.places["wkpf-strict"]
	if !c.WKPFStrict || p.failed("wkpf-strict") || p.tried["wkpf-strict"] && !set {
		return
	}
	const do = "write an ipv6-addr outside 64:ff9b::/96, or wkpf-strict no"
	if p.tried["ipv6-addr"] {
		if !wkp.Contains(c.IPv6Addr) {
			return
		}
		a := c.IPv6Addr.As16()
		v4 := netip.AddrFrom4([4]byte(a[12:]))
		if b, found := find(host(v4), inside, notGlobalIPv4); found {
			p.turnTo("ipv6-addr", c.At("ipv6-addr"))
			p.fail(fmt.Sprintf("%v holds %v, which is %s, not global (RFC 6052 §3.1)", c.IPv6Addr, v4, b.what), do)
		}
		return
	}
	if c.Prefix != wkp || !c.IPv4Addr.IsValid() {
		return
	}
	if b, found := find(host(c.IPv4Addr), inside, notGlobalIPv4); found {
		p.turnTo("ipv4-addr", c.At("ipv4-addr"))
		p.warn(fmt.Sprintf("%v is %s, not global, so the ipv6-addr made of it lies in 64:ff9b:1::/96, not in prefix %v (RFC 6052 §3.1, RFC 8215)", c.IPv4Addr, b.what, wkp),
			"write an ipv6-addr of your own")
	}
}

func (p *parser) checkMTUs() {
	c := p.conf
	if c.IPv6MTU > 0 && c.OfflinkMTU > c.IPv6MTU {
		p.turnTo("offlink-mtu", c.At("offlink-mtu"))
		p.warn(fmt.Sprintf("%d is more than ipv6-mtu %d in line %d, so %[2]d is used", c.OfflinkMTU, c.IPv6MTU, c.At("ipv6-mtu").Line),
			"make it no larger than ipv6-mtu")
	}
}

// plateaus returns the MTU plateaus in falling order, each once, and those of
// RFC 1191 §7.1 if there are none.
func plateaus(given []int) []int {
	if len(given) == 0 {
		return []int{65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}
	}
	slices.Sort(given)
	given = slices.Compact(given)
	slices.Reverse(given)
	return given
}
