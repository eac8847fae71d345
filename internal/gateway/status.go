package gateway

import (
	"os"

	"taygo/internal/control"
)

// Status returns the state and the counters.
func (g *Gateway) Status() control.Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := control.Status{
		Version: g.options.Version,
		PID:     os.Getpid(),
		Uptime:  g.clock(),
		Config:  g.options.Config,
		Reloads: g.reloads,
		Device:  control.Device{Name: g.config.TUNDevice, State: g.state},
		Maps:    len(g.config.Maps),
	}
	if r := g.rules.Load(); r != nil {
		s.IPv4, s.IPv6 = r.policy.Own4.String(), r.policy.Own6.String()
		s.MTU4, s.MTU6 = r.policy.MTU4, r.policy.MTU6
		if r.mapper.Prefix.Valid() {
			s.Prefix = r.mapper.Prefix.String()
		}
		s.Device.Workers = r.workers
	}
	s.NAT64 = g.natStatus()
	if d := g.device; d != nil {
		s.Device.Name, s.Device.Mode, s.Device.Queues = d.Name(), d.mode(), d.stats()
		if mtu, err := d.MTU(); err == nil {
			s.Device.MTU = mtu
		}
	}
	directions := [2]control.Direction{}
	for _, w := range g.workers {
		w.counts.addTo(&directions)
	}
	g.sweeper.counts.addTo(&directions)
	s.FromIP4, s.FromIP6 = directions[0], directions[1]
	return s
}
