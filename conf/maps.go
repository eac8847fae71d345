package conf

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// setMap takes one pair that no line before has.
func setMap(p *parser, args []string) {
	m, ok := p.pair(args)
	if !ok {
		return
	}
	ok4, ok6 := p.notTwice(m.V4.String()), p.notTwice(m.V6.String())
	if !ok4 || !ok6 {
		return
	}
	p.conf.Maps = append(p.conf.Maps, m)
	p.warnLinkLocal(m.V4)
	p.warnWKP(m.V6)
}

// pair reads one pair of RFC 7757 §3.2.
func (p *parser) pair(args []string) (Map, bool) {
	if strings.Contains(args[0], ":") && !strings.Contains(args[1], ":") {
		p.fail("the IPv6 side comes first", "write "+p.directive+" V4[/n] V6[/m]")
		return Map{}, false
	}
	v4, ok4 := p.prefix(ipv4, args[0])
	ok4 = ok4 && p.usable(v4, inside, unmappableIPv4)
	v6, ok6 := p.prefix(ipv6, args[1])
	ok6 = ok6 && p.usable(v6, overlapping, unusableIPv6)
	if !ok4 || !ok6 {
		return Map{}, false
	}
	if have, need := v6.Addr().BitLen()-v6.Bits(), v4.Addr().BitLen()-v4.Bits(); have < need {
		fit := netip.PrefixFrom(v6.Addr(), 128-need).Masked()
		p.fail(fmt.Sprintf("%v leaves %d bits for hosts, %v only %d (RFC 7757 §3.2)", v4, need, v6, have),
			fmt.Sprintf("write %v, or a shorter length", fit))
		return Map{}, false
	}
	return Map{v4, v6, p.at}, true
}

// checkMaps compares the maps with one another, with the prefix and with the
// translator's own addresses.
func (p *parser) checkMaps() {
	c := p.conf
	p.warnNested(func(m Map) netip.Prefix { return m.V4 })
	p.warnNested(func(m Map) netip.Prefix { return m.V6 })
	for _, m := range c.Maps {
		p.turnTo("map", m.At)
		for _, own := range []struct {
			addr      netip.Addr
			prefix    netip.Prefix
			directive string
		}{
			{c.IPv4Addr, m.V4, "ipv4-addr"},
			{c.IPv6Addr, m.V6, "ipv6-addr"},
		} {
			if own.addr.IsValid() && own.prefix == host(own.addr) {
				p.fail(fmt.Sprintf("%v is the translator's own address, %s in line %d", own.addr, own.directive, c.At(own.directive).Line),
					"map another address, or change "+own.directive)
			}
		}
		if m.V4.Bits() == 0 && rfc6052Length(m.V6.Bits()) && c.Prefix.IsValid() && m.V6 != c.Prefix {
			p.warn(fmt.Sprintf("IPv4 addresses go into %v, and out of %v as well, prefix in line %d (RFC 6052 §3.3)", m.V6, c.Prefix, c.At("prefix").Line),
				"leave it for a CLAT, else remove one")
		}
	}
}

// warnNested warns of each map whose prefix overlaps that of an earlier one.
func (p *parser) warnNested(side func(Map) netip.Prefix) {
	prefixes := make([]netip.Prefix, len(p.conf.Maps))
	for i, m := range p.conf.Maps {
		prefixes[i] = side(m)
	}
	for i, j := range firstOverlaps(prefixes) {
		if i == j {
			continue
		}
		where := "lies in"
		if prefixes[i].Bits() < prefixes[j].Bits() {
			where = "holds"
		}
		p.turnTo("map", p.conf.Maps[i].At)
		p.warn(fmt.Sprintf("%v %s %v of line %d; an address goes by its longest prefix (RFC 7757 §5)", prefixes[i], where, prefixes[j], p.conf.Maps[j].At.Line),
			"leave it if that is meant, else remove one")
	}
}

// firstOverlaps returns for each prefix the index of the first one in the list
// that overlaps it, which may be its own. No prefix occurs twice.
func firstOverlaps(prefixes []netip.Prefix) []int {
	order := make([]int, len(prefixes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { // each prefix before those in it
		a, b := prefixes[i], prefixes[j]
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})

	around := slices.Clone(order) // by position in order: the first prefix around it, itself included
	within := slices.Clone(order) // the first prefix within it, itself included
	parent := make([]int, len(order))
	var open []int // the positions of the prefixes around the current one, outermost first
	for pos, i := range order {
		for len(open) > 0 && !prefixes[order[open[len(open)-1]]].Contains(prefixes[i].Addr()) {
			open = open[:len(open)-1]
		}
		parent[pos] = pos
		if len(open) > 0 {
			parent[pos] = open[len(open)-1]
			around[pos] = min(i, around[parent[pos]])
		}
		open = append(open, pos)
	}
	first := make([]int, len(order))
	for pos, i := range slices.Backward(order) {
		within[parent[pos]] = min(within[parent[pos]], within[pos])
		first[i] = min(around[pos], within[pos])
	}
	return first
}
