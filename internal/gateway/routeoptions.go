package gateway

import (
	"fmt"
	"path/filepath"
	"slices"

	"taygo/conf"
	"taygo/internal/routemap"
	"taygo/translate/pref64"
)

// RouteOptions returns what route mapping works by. The configuration must have a
// route-source. The error names the line. Each time a file of routes is loaded, warn
// is called if it has lines that do not count.
func RouteOptions(c *conf.Config, warn func([]conf.Problem)) (routemap.Options, error) {
	r := &c.Routes
	prefix := r.Prefix
	if !prefix.IsValid() {
		prefix = c.Prefix
	}
	p, err := pref64.New(prefix)
	if err != nil {
		return routemap.Options{}, fmt.Errorf("%v: route-prefix: %w", c.At("route-prefix"), err)
	}
	o := routemap.Options{
		Prefix: p, Table: r.Table, Protocol: r.Protocol, Metric: r.Metric, MetricCopy: r.MetricCopy,
		Default: gatewayOf(r.Default), IPv6NextHops: r.IPv6NextHops, NonGlobal: !c.WKPFStrict,
		DefaultRoute: defaultRoutes[r.DefaultRoute], Aggregate: aggregations[r.Aggregate], Unrouted: unrouted[r.Unrouted],
		Hold: r.Hold, Max: r.Max, ReceiveBuffer: r.ReceiveBuffer, Audit: r.Audit, FlushOnExit: r.Flush,
	}
	for _, s := range r.Sources {
		o.Sources = append(o.Sources, routeSource(c, s, warn))
	}
	for _, h := range r.NextHops {
		o.NextHops = append(o.NextHops, routemap.GatewayRow{V4: h.V4, Gateway: gatewayOf(h)})
	}
	for _, f := range r.Filters {
		o.Filter = append(o.Filter, routemap.Rule{Permit: f.Permit, Prefix: f.V4, Ge: f.Min, Le: f.Max, Protocol: f.Protocol})
	}
	return o, nil
}

// The words of the configuration, as the route mapper has them.
var (
	defaultRoutes = [...]routemap.DefaultRoute{
		conf.RouteDefaultPermit: routemap.DefaultPermit, conf.RouteDefaultDeny: routemap.DefaultDeny, conf.RouteDefaultOnly: routemap.DefaultOnly,
	}
	aggregations = [...]routemap.Aggregation{
		conf.RouteAggregateOff: routemap.AggregateOff, conf.RouteAggregateExact: routemap.AggregateExact,
		conf.RouteAggregateLoose: routemap.AggregateLoose,
	}
	unrouted = [...]routemap.Kind{
		conf.RouteUnroutedIgnore: routemap.Unicast, conf.RouteUnroutedUnreachable: routemap.Unreachable,
		conf.RouteUnroutedBlackhole: routemap.Blackhole,
	}
	routeKinds = [...]routemap.Kind{
		conf.RouteUnicast: routemap.Unicast, conf.RouteBlackhole: routemap.Blackhole,
		conf.RouteUnreachable: routemap.Unreachable, conf.RouteProhibit: routemap.Prohibit,
	}
)

func gatewayOf(h conf.RouteNextHop) routemap.Gateway {
	return routemap.Gateway{Addr: h.Gateway, Device: h.Device, Onlink: h.OnLink}
}

// routeSource returns a table of the kernel, or the routes of a file, whose wrong
// lines count as not there.
func routeSource(c *conf.Config, s conf.RouteSource, warn func([]conf.Problem)) routemap.Source {
	if s.File == "" {
		return routemap.Source{Table: s.Table, Protocols: s.Protocols}
	}
	return routemap.Source{Load: func() ([]routemap.StaticRoute, error) {
		lines, problems, err := conf.LoadRoutes(routeFile(c, s), s)
		if err != nil {
			return nil, err
		}
		if len(problems) > 0 {
			warn(problems)
		}
		all := make([]routemap.StaticRoute, len(lines))
		for i, l := range lines {
			all[i] = routemap.StaticRoute{Prefix: l.V4, Kind: routeKinds[l.Kind]}
			for _, via := range l.Via {
				all[i].Legs = append(all[i].Legs, routemap.Leg{Via: via.Gateway, Weight: uint16(via.Weight)})
			}
		}
		return all, nil
	}}
}

// routeFile returns the path of a file of routes.
func routeFile(c *conf.Config, s conf.RouteSource) string {
	if filepath.IsAbs(s.File) {
		return s.File
	}
	return filepath.Join(DataDir(c), s.File)
}

// withRoutes checks what is set for route mapping, and returns c with what is wrong
// in its files of routes among the warnings.
func withRoutes(c *conf.Config) (*conf.Config, error) {
	if len(c.Routes.Sources) == 0 {
		return c, nil
	}
	if _, err := RouteOptions(c, nil); err != nil {
		return nil, err
	}
	both := *c
	for _, s := range c.Routes.Sources {
		if s.File == "" {
			continue
		}
		_, problems, err := conf.LoadRoutes(routeFile(c, s), s)
		if err != nil {
			return nil, err
		}
		both.Warnings = slices.Concat(both.Warnings, problems)
	}
	return &both, nil
}
