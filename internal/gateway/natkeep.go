package gateway

import (
	"context"
	"net/netip"
	"path/filepath"
	"time"

	"taygo/conf"
	"taygo/internal/natstate"
	"taygo/nat64"
)

// stateFile returns the file that keeps sessions over a restart, and whether there
// is one. The operator may know its directory by another path than this process.
func (g *Gateway) stateFile(c *conf.Config) (natstate.File, bool) {
	path := c.NAT64.StateFile
	switch {
	case path == conf.NAT64StateOff, len(c.NAT64.Pools) == 0:
		return natstate.File{}, false
	case filepath.IsAbs(path):
		return natstate.At(path), true
	case g.options.DataDir == "":
		return natstate.File{}, false
	}
	f := natstate.At(filepath.Join(g.options.DataDir, path))
	if name := DataDir(c); name != "" {
		f = f.Called(filepath.Join(name, path))
	}
	return f, true
}

// loadSessions restores the bindings and sessions of the process before. It is to
// be called before the first packet.
func (g *Gateway) loadSessions() {
	c, t := g.configuration(), g.table.Load()
	if t == nil || c.NAT64.StateFile == conf.NAT64StateOff {
		return
	}
	f, ok := g.stateFile(c)
	if !ok {
		g.options.Log.Warn("no data-dir: a restart ends all sessions of stateful translation")
		return
	}
	g.newStateKeeper() // even a short life is saved
	now := g.clock()
	restore := func(all []nat64.Entry) (restored, refused int) { return t.Restore(all, now) }
	l, err := f.Load(natstate.Options{Now: g.moments.Now(), Hold: c.NAT64.PortHold, Closing: c.NAT64.Timeouts.Closing, Prefix: c.Prefix}, restore)
	switch {
	case err != nil:
		g.options.Log.Error("starting without the sessions of before", "error", err)
	case l.Octets > 0:
		g.options.Log.Info("sessions restored", "file", f.Name(), "bindings", l.Restored, "refused", l.Refused, "ended", l.Ended,
			"age", l.Age.Round(time.Millisecond))
	}
}

// loadKey reads the key of the table of the process before, so that hosts are in
// the new one where they were.
func (g *Gateway) loadKey() {
	if f, ok := g.stateFile(g.configuration()); ok {
		g.key = f.Key()
	}
}

// keepSessions saves the sessions now and then, until ctx ends. There may be a table
// only after a reload.
func (g *Gateway) keepSessions(ctx context.Context) error {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for g.table.Load() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	if k := g.newStateKeeper(); k != nil {
		return k.Run(ctx)
	}
	return nil
}

// newStateKeeper returns what saves the sessions of the table there is, or nil if
// nothing is to.
func (g *Gateway) newStateKeeper() *natstate.Keeper {
	if k := g.sessions.Load(); k != nil {
		return k
	}
	f, ok := g.stateFile(g.configuration())
	if !ok {
		return nil
	}
	k := &natstate.Keeper{
		File: f, Now: g.moments.Now, Every: g.configuration().NAT64.StateInterval, Key: g.table.Load().Key(),
		Prefix: func() netip.Prefix { return g.configuration().Prefix },
		Export: func(yield func(nat64.Entry) bool) {
			if t := g.table.Load(); t != nil {
				t.Export(yield, g.clock())
			}
		},
		Tell: func(err error) {
			if err != nil {
				g.options.Log.Error("sessions are not saved, translation goes on", "error", err)
				return
			}
			g.options.Log.Info("sessions are saved again", "file", f.Name())
		},
	}
	g.sessions.Store(k)
	return k
}

// saveSessions saves the sessions. It is to be called once no packet is translated
// any more.
func (g *Gateway) saveSessions() {
	if k := g.sessions.Load(); k != nil {
		_ = k.Save(context.Background()) // it tells
	}
}
