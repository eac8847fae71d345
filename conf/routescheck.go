package conf

import (
	"fmt"
	"slices"
)

// mostSources is how many sources routes have at most.
const mostSources = 16

// checkRoutes compares what is set for route mapping with itself and with the
// rest of the file.
func (p *parser) checkRoutes() {
	c := p.conf
	r := &c.Routes
	if len(r.Sources) == 0 {
		if !p.tried["route-source"] && !p.unread {
			p.warnIdle("route-", "route-source")
		}
		return
	}
	p.turnTo("route-source", r.Sources[0].At)
	if !p.tried["prefix"] && !p.tried["route-prefix"] && !p.unread {
		p.fail("routes have no IPv6 form without a prefix", "add prefix or route-prefix")
	}
	if len(r.NextHops) == 0 && !r.IPv6NextHops && !r.Default.Gateway.IsValid() && !p.tried["route-nexthop"] && !p.unread {
		p.warn("no route has an IPv6 next hop, so none is mapped", "add route-nexthop, or write route-nexthop-ipv6 accept")
	}
	if len(r.Sources) > mostSources {
		p.turnTo("route-source", r.Sources[mostSources].At)
		p.fail(fmt.Sprintf("is one more than the %d that are possible", mostSources), "put the routes of several files into one")
	}
	if r.MetricCopy && r.Aggregate != RouteAggregateOff {
		p.turnTo("route-metric", c.At("route-metric"))
		p.fail("aggregated routes have one metric for all, and no copies", "write a number, or route-aggregate off")
	}
	for i, f := range r.Filters {
		asked := func(e RouteFilter) bool {
			return inside(f.V4, e.V4) && e.Min <= f.Min && f.Max <= e.Max && (e.Protocol == 0 || e.Protocol == f.Protocol)
		}
		if j := slices.IndexFunc(r.Filters[:i], asked); j >= 0 {
			p.turnTo("route-filter", f.At)
			p.warn(fmt.Sprintf("is never asked: line %d has all of its routes", r.Filters[j].At.Line), "put it before that line, or remove it")
		}
	}
	p.checkRouteTable()
}

// checkRouteTable warns if the mapped default route is where a route to the TUN
// device stands.
func (p *parser) checkRouteTable() {
	c := p.conf
	r := &c.Routes
	prefix := r.Prefix
	if !prefix.IsValid() {
		prefix = c.Prefix
	}
	auto := c.TUNRouteAuto && prefix == c.Prefix
	if r.Table != mainTable || r.DefaultRoute == RouteDefaultDeny || !auto && !slices.Contains(c.TUNRoutes, prefix) {
		return
	}
	p.turnTo("route-table", c.At("route-table"))
	p.warn(fmt.Sprintf("0.0.0.0/0 becomes %v in main, where tun-route in line %d has its own", prefix, c.At("tun-route").Line), "add route-default deny, or take another table")
}
