package gateway

import (
	"net/netip"
	"slices"

	"taygo/conf"
	"taygo/internal/routemap"
)

// setup returns how the configuration wants the device to be set up.
func (r *rules) setup(c *conf.Config) routemap.Setup {
	s := routemap.Setup{Up: c.TUNUp, Addrs: c.TUNIPs, Routes: slices.Clone(c.TUNRoutes)}
	if !c.TUNRouteAuto {
		return s
	}
	var v4 []netip.Prefix
	for _, m := range c.Maps {
		v4 = append(v4, m.V4)
	}
	for _, p := range c.DynamicPools {
		v4 = append(v4, p.V4)
	}
	for _, p := range c.NAT64.Pools {
		v4 = append(v4, p.V4)
	}
	auto := routemap.AutoRoutes(c.Prefix, v4, r.policy.Own4.Netip(), r.policy.Own6.Netip())
	s.Routes = append(s.Routes, auto...)
	return s
}

// linkUp sets up the device that was opened, and takes away what a process that
// was killed has left on it. g.mu is held.
func (g *Gateway) linkUp(d device) error {
	if g.setUp == nil {
		return nil
	}
	link, err := g.setUp(d.Index(), g.rules.Load().setup(g.config))
	if err != nil {
		return err
	}
	g.link = link
	g.tellConflicts()
	return nil
}

// relink gives the device the setup of a new configuration, which is in force
// already. What the kernel refuses is told, and translation goes on. g.mu is held.
func (g *Gateway) relink(c *conf.Config) {
	if g.link == nil {
		return // a new device gets it
	}
	if err := g.link.Update(g.rules.Load().setup(c)); err != nil {
		g.options.Log.Error("addresses and routes of the device are not all as configured", "error", err)
		return
	}
	g.tellConflicts()
}

func (g *Gateway) tellConflicts() {
	if g.link == nil {
		return
	}
	for _, c := range g.link.Conflicts() {
		g.options.Log.Warn("somebody else has that route", "conflict", c.String())
	}
}

// unlink takes away from the device what was added to it, unless the
// configuration keeps it.
func (g *Gateway) unlink() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.link == nil {
		return
	}
	if g.config.TUNKeep {
		g.link.Close()
	} else if err := g.link.Remove(); err != nil {
		g.options.Log.Warn("addresses and routes are left on the device", "error", err)
	}
	g.link = nil
}
