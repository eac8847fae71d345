package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"taygo/conf"
	"taygo/internal/poolfile"
	"taygo/siit"
)

// loadLeases restores the leases of the dynamic pool from the data directory. It
// is to be called before the first packet, which might get an address that
// another host had.
func (g *Gateway) loadLeases() {
	if len(g.configuration().DynamicPools) == 0 {
		return
	}
	if g.options.DataDir == "" {
		g.options.Log.Warn("no data-dir: the leases of the dynamic pool are lost at the end")
		return
	}
	file := g.leaseFile()
	entries, errs := file.Load(time.Now())
	for _, err := range errs {
		g.options.Log.Warn("lease not loaded", "error", err)
	}
	leases := make([]siit.Lease, len(entries))
	for i, e := range entries {
		leases[i] = e.Lease
	}
	loaded := 0
	for i, err := range g.pool.Restore(leases, g.clock()) {
		if err == nil {
			loaded++
			continue
		}
		g.options.Log.Warn("lease not loaded", "error", fmt.Errorf("%s:%d: %w", file.Name(), entries[i].Line, err))
	}
	g.options.Log.Info("leases loaded", "file", file.Name(), "leases", loaded)
}

// sweepInterval is how often leases are looked through for those that have ended.
const sweepInterval = time.Second

// keepLeases ends leases when their time is over, saves them, and tells what
// happens to them if the directive log asks for it, until ctx ends. The last save
// is saveLeases'.
func (g *Gateway) keepLeases(ctx context.Context) error {
	k := g.keeper()
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	written, lost := 0, uint64(0)
	for {
		events := g.pool.Events()
		if written >= maxLines {
			events = nil // until the second is over
		}
		select {
		case e := <-events:
			if g.configuration().Log.Dyn {
				g.packetLog.sink.Line(slog.LevelInfo, e.String())
				written++
			}
		case <-tick.C:
			written = 0
			c := g.configuration()
			if n := g.pool.EventsLost(); n > lost && c.Log.Dyn {
				g.packetLog.sink.Line(slog.LevelWarn, fmt.Sprintf("packet log: %d lines about leases lost: more than %d in a second", n-lost, maxLines))
				lost = n
			}
			for g.pool.Sweep(g.clock()) && ctx.Err() == nil { // bit by bit, for the sake of packets
			}
			k.keep(c)
		case <-ctx.Done():
			return nil
		}
	}
}

// saveLeases saves the leases. It is to be called once no packet is translated
// any more.
func (g *Gateway) saveLeases() {
	g.keeper().finish(g.configuration())
}

// configuration returns the configuration in force.
func (g *Gateway) configuration() *conf.Config {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.config
}

// leaseFile returns the file in the data directory, which the operator may know by
// another path than this process, as the root directory of both may differ.
func (g *Gateway) leaseFile() poolfile.File {
	f := poolfile.In(g.options.DataDir)
	if name := DataDir(g.configuration()); name != "" {
		return f.Called(name)
	}
	return f
}

func (g *Gateway) keeper() *leaseKeeper {
	k := &leaseKeeper{pool: g.pool, log: g.options.Log, clock: g.clock}
	if g.options.DataDir != "" {
		f := g.leaseFile()
		k.file = &f
	}
	return k
}

// A leaseKeeper saves the leases of a pool.
type leaseKeeper struct {
	pool  *siit.DynamicPool
	file  *poolfile.File // nil: they are not saved
	log   *slog.Logger
	clock func() time.Duration

	tried   time.Duration // when leases were saved last, or could not be
	saved   time.Duration // when they were
	version uint64        // of what is saved
	failing bool
}

// keep saves the leases if a host has got an address since they were saved, and
// else so often that none that is in use is dormant for those who read the file.
// Without pools it leaves the file as it is.
func (k *leaseKeeper) keep(c *conf.Config) {
	now := k.clock()
	old := k.pool.Version() != k.version || now-k.saved >= c.PoolLifetime/4
	if k.file != nil && len(c.DynamicPools) > 0 && old && now-k.tried >= c.PoolWrite {
		k.save()
	}
}

// finish saves the leases for the last time. If there never were any, a file that
// was right for other pools than these stays as it is.
func (k *leaseKeeper) finish(c *conf.Config) {
	some := k.pool.Version() > 0 || len(k.pool.Leases(k.clock())) > 0
	if k.file != nil && len(c.DynamicPools) > 0 && some {
		k.save()
	}
}

// save saves the leases. It tells of the first of several failures only, and of
// their end.
func (k *leaseKeeper) save() {
	now, version := k.clock(), k.pool.Version()
	k.tried = now
	err := k.file.Save(k.pool.Leases(now), time.Now())
	switch {
	case err == nil && k.failing:
		k.log.Info("leases are saved again", "file", k.file.Name())
	case err != nil && !k.failing:
		k.log.Error("leases are not saved, translation goes on", "error", err)
	}
	k.failing = err != nil
	if err == nil {
		k.saved, k.version = now, version
	}
}
