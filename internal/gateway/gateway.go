// Package gateway builds the translator from a configuration, runs it over a TUN
// device, replaces its rules while it runs, and stops it. It is the one package
// that knows all others.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/internal/natlog"
	"taygo/internal/natstate"
	"taygo/internal/routemap"
	"taygo/nat64"
	"taygo/nat64/fragment"
	"taygo/siit"
)

// Options are what a Gateway needs besides its configuration.
type Options struct {
	Version   string
	Config    string       // path of the configuration file, read again by Reload
	DataDir   string       // directory of dynamic.map and of a relative map-file; "" if there is none
	Log       *slog.Logger // for the operator
	PacketLog Lines        // for the lines that the directive log asks for

	// Open opens a file for reading; nil is os.Open. A process that has left its
	// root directory needs another way.
	Open func(path string) (*os.File, error)
	// Opened is called once when all is open that needs privileges, to give them
	// up; nil keeps them. Its error ends the start.
	Opened func() error
	// Reloading is called when a reload begins, and what it returns when it has
	// ended; nil tells nobody.
	Reloading func() (ended func(error))
}

// A Gateway is one running translator. Reload and Status may be called at any
// time, from any goroutine.
type Gateway struct {
	options Options
	start   time.Time
	open    func(*conf.Config) (device, error)
	setUp   func(index int, s routemap.Setup) (*routemap.Link, error) // nil: the device is left as it is

	rules     atomic.Pointer[rules]
	packetLog *packetLog
	pool      *siit.DynamicPool
	fragments *fragment.Store
	table     atomic.Pointer[nat64.Table] // nil: no stateful translation
	sweeper   *sweeper
	sessions  atomic.Pointer[natstate.Keeper] // nil: nothing keeps them over a restart
	key       [32]byte                        // of the table that the process before had; zero if there was none
	moments   natstate.Clock
	routes    *routeKeeper
	feedLost  atomic.Uint64 // changes that those who follow did not get
	natLog    *natlog.Log   // nil: nothing is logged; set before the first task
	natFeed   natFeed       // of natLog

	mu      sync.Mutex // guards what follows
	config  *conf.Config
	device  device         // nil while it is lost
	link    *routemap.Link // nil: the device is left as it is
	state   string
	workers []*worker
	reloads int
}

// New returns a Gateway for the configuration, which was read from the file that
// the options name. It opens nothing yet but the map-file.
func New(c *conf.Config, o Options) (*Gateway, error) {
	c, err := o.withMaps(c)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		options: o, config: c, open: openTUN, setUp: routemap.Apply, start: time.Now(), state: stateLost,
		fragments: fragment.NewStore(fragmentOptions(c)), moments: natstate.NewClock(), routes: newRouteKeeper(c, o.Log),
	}
	g.packetLog, g.sweeper = newPacketLog(o.PacketLog), newSweeper(g)
	// The MTU is not known yet; this shows what a configuration alone can show.
	if _, err := build(c, 1500, 1); err != nil {
		return nil, err
	}
	if g.pool, err = siit.NewDynamicPool(poolOptions(c)); err != nil {
		return nil, err
	}
	return g, nil
}

// clock is the time since the start. It only grows.
func (g *Gateway) clock() time.Duration { return time.Since(g.start) }

// Run opens the device and translates until ctx ends, or until it cannot go on.
// ready is called once packets are translated and the control socket is there.
func (g *Gateway) Run(ctx context.Context, ready func()) error {
	g.warn(g.config)
	g.loadLeases()
	g.loadKey()
	first, err := g.openDevice()
	if err != nil {
		return err
	}
	g.loadSessions()
	defer g.saveLeases() // not before: with the device goes the right to the file
	defer g.saveSessions()
	defer g.unlink()
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { // what was added to the device goes before it does
		g.unlink()
		stop()
	})()
	tasks := []task{
		g.packetLog.run,
		g.keepLeases,
		g.sweepNAT64,
		g.keepSessions,
		g.routes.Run,
		func(ctx context.Context) error { return g.keepDevice(ctx, first) },
	}
	if g.natLog = g.newNATLog(g.config); g.natLog != nil {
		tasks = append(tasks, g.natLog.Run)
	}
	l, err := g.listen(first.Name())
	if err != nil {
		g.noControl(err)
	}
	if l != nil {
		tasks = append(tasks, func(ctx context.Context) error { return g.serveControl(ctx, l) })
	}
	if err := g.opened(); err != nil {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
		return errors.Join(err, first.Close())
	}
	ready()
	return runTasks(inner, tasks)
}

// opened tells that all is open that needs privileges.
func (g *Gateway) opened() error {
	if g.options.Opened == nil {
		return nil
	}
	return g.options.Opened()
}

// listen makes the control socket; nil if there is to be none.
func (g *Gateway) listen(device string) (net.Listener, error) {
	path := g.config.ControlSocket
	switch path {
	case conf.ControlSocketOff:
		return nil, nil
	case "":
		path = SocketPath(device)
	}
	return control.Listen(path)
}

// serveControl serves the control socket.
func (g *Gateway) serveControl(ctx context.Context, l net.Listener) error {
	s := control.Server{
		Status: g.Status, Reload: g.Reload, ExplainFlow: g.ExplainFlow,
		Sessions: g.listSessions, Bindings: g.listBindings, Follow: g.followChanges,
		AddBinding: g.addBinding, RemoveBinding: g.removeBinding,
		Routes: g.routes.Mapper,
	}
	if err := s.Serve(ctx, l); err != nil {
		g.noControl(err)
	}
	return nil
}

// noControl tells that nobody can ask for the status. Translation goes on.
func (g *Gateway) noControl(err error) { g.options.Log.Warn("no control socket", "error", err) }

// SocketPath returns the default path of the control socket for a device.
func SocketPath(device string) string { return "/run/taygo/" + device + ".sock" }

// Reload reads the configuration file again, and its map-file. If all of it is
// right, it is in force for the next packets; else the error says why not, and
// nothing changes.
func (g *Gateway) Reload() (err error) {
	if g.options.Reloading != nil {
		ended := g.options.Reloading()
		defer func() { ended(err) }()
	}
	c, err := g.options.load()
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keepFixed(c)
	if err := g.apply(c); err != nil {
		return err
	}
	g.relink(c)
	g.config = c
	g.routes.Reconfigure(c)
	g.reloads++
	if g.natLog != nil {
		g.natLog.Reopen() // somebody may have moved its file away
	}
	g.warn(c)
	g.options.Log.Info("configuration replaced", "config", g.options.Config)
	return nil
}

// keepFixed tells what of c cannot change at run time, and leaves it as it was.
// g.mu is held.
func (g *Gateway) keepFixed(c *conf.Config) {
	keep := func(name string, same bool) {
		if !same {
			g.options.Log.Warn("not changed: it takes a restart", "at", c.At(name), "directive", name)
		}
	}
	old := g.config
	keep("tun-device", c.TUNDevice == old.TUNDevice)
	keep("workers", c.Workers == old.Workers)
	keep("offload", c.Offload == old.Offload)
	keep("rps-cpus", slices.Equal(c.RPSCPUs, old.RPSCPUs))
	keep("control-socket", c.ControlSocket == old.ControlSocket)
	keep("data-dir", c.DataDir == old.DataDir)
	keep("nat64-log", c.NAT64.Log == old.NAT64.Log)
	keep("nat64-log-to", c.NAT64.LogTo == old.NAT64.LogTo)
	keep("nat64-state-file", c.NAT64.StateFile == old.NAT64.StateFile)
	keep("nat64-state-interval", c.NAT64.StateInterval == old.NAT64.StateInterval)
	c.NAT64.Log, c.NAT64.LogTo = old.NAT64.Log, old.NAT64.LogTo
	c.NAT64.StateFile, c.NAT64.StateInterval = old.NAT64.StateFile, old.NAT64.StateInterval
	c.TUNDevice, c.Workers, c.Offload, c.RPSCPUs = old.TUNDevice, old.Workers, old.Offload, old.RPSCPUs
	c.ControlSocket, c.DataDir = old.ControlSocket, old.DataDir
}

// apply puts the configuration in force, for the device there is. g.mu is held.
func (g *Gateway) apply(c *conf.Config) error {
	mtu, queues := 1500, 1
	if g.device != nil {
		var err error
		if mtu, err = g.device.MTU(); err != nil {
			return fmt.Errorf("gateway: %w", err)
		}
		queues = len(g.device.queues())
	}
	r, err := build(c, mtu, queues)
	if err != nil {
		return err
	}
	leases := poolOptions(c)
	if err := leases.Check(); err != nil {
		return err
	}
	if len(c.DynamicPools) > 0 {
		r.mapper.Dynamic = g.pool
	}
	old, err := g.applyNAT64(c, r)
	if err != nil { // nothing has changed
		return err
	}
	g.rules.Store(r) // before the pool: no packet meets old rules with new leases
	if old != nil {
		g.tellRemoved(old.Close(g.clock()))
	}
	dropped, err := g.pool.Configure(leases, g.clock())
	if len(dropped) > 0 {
		g.options.Log.Info("leases that no dynamic-pool has room for any more are gone", "leases", len(dropped))
	}
	return err
}

// warn tells the operator what is legal but hardly meant.
func (g *Gateway) warn(c *conf.Config) {
	for _, w := range c.Warnings {
		g.options.Log.Warn(w.Error())
	}
}

// workersWanted returns how many workers a configuration asks for.
func workersWanted(c *conf.Config) int {
	const most = 64
	if c.Workers > 0 {
		return min(c.Workers, most)
	}
	return min(runtime.NumCPU(), most)
}

// worker returns worker i of n, which keeps its counters when a device is
// opened anew.
func (g *Gateway) worker(i, n int) *worker {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i == len(g.workers) {
		g.workers = append(g.workers, newWorker(g, newSeed(), i, n))
	}
	return g.workers[i]
}
