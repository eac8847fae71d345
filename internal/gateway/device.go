package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/tundev"
)

// A device is the TUN device as the gateway sees it.
type device interface {
	Name() string
	Index() int
	MTU() (int, error)
	Close() error
	queues() []queue
	mode() string
	state() string
	events() <-chan tundev.Event
	stats() control.Queues
}

// The states of a device, as the status shows them.
const (
	stateUp   = "up"
	stateDown = "down"
	stateLost = "lost"
)

// A tun is the real device.
type tun struct{ *tundev.Device }

func openTUN(c *conf.Config) (device, error) {
	d, err := tundev.Open(tundev.Options{
		Name:       c.TUNDevice,
		Queues:     workersWanted(c),
		Offload:    c.Offload,
		TxQueueLen: tundev.DefaultTxQueueLen,
		RPS:        c.RPSCPUs,
	})
	if err != nil {
		return nil, err
	}
	return tun{d}, nil
}

func (t tun) queues() []queue {
	var all []queue
	for _, q := range t.Queues() {
		all = append(all, q)
	}
	return all
}

func (t tun) mode() string                { return t.Mode().String() }
func (t tun) events() <-chan tundev.Event { return t.Events() }

func (t tun) state() string {
	if i, err := net.InterfaceByIndex(t.Index()); err == nil && i.Flags&net.FlagUp == 0 {
		return stateDown
	}
	return stateUp
}

func (t tun) stats() (s control.Queues) {
	s.Missed, _ = t.Missed() // none are known of a device that is gone
	for _, q := range t.Queues() {
		one := q.Stats()
		s.Read += one.Read
		s.Written += one.Written
		s.Merged += one.Merged
		s.BadHeader += one.BadHeader
		s.Refused += one.BadFrame + one.Refused
		s.Down += one.Down
		s.Full += one.Full
	}
	return s
}

// exists reports whether there is a network device of that name.
func exists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// openDevice opens the device and puts the rules for it in force.
func (g *Gateway) openDevice() (device, error) {
	d, err := g.open(g.configuration())
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.device = d
	err = g.apply(g.config)
	if err == nil {
		err = g.linkUp(d)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	g.state = d.state()
	g.options.Log.Info("device open", "device", d.Name(), "mode", d.mode(), "mtu", g.rules.Load().policy.MTU6)
	return d, nil
}

// keepDevice translates over d, and over a new device when d is lost, as the
// directive tun-lost says.
func (g *Gateway) keepDevice(ctx context.Context, d device) error {
	for {
		err := g.serveDevice(ctx, d)
		if ctx.Err() != nil {
			return nil
		}
		if !errors.Is(err, tundev.ErrGone) || g.configuration().TUNLost == conf.TUNLostExit {
			return err
		}
		g.options.Log.Error("device lost", "device", d.Name(), "tun-lost", g.configuration().TUNLost.String())
		if d, err = g.awaitDevice(ctx); d == nil {
			return err
		}
	}
}

// serveDevice runs a worker for each queue of d until one fails or ctx ends.
func (g *Gateway) serveDevice(ctx context.Context, d device) error {
	stop := context.AfterFunc(ctx, func() { d.Close() })
	defer stop()
	tasks := []task{func(ctx context.Context) error { return g.watch(ctx, d) }}
	queues := d.queues()
	for i, q := range queues {
		w := g.worker(i, len(queues))
		tasks = append(tasks, func(context.Context) error {
			err := w.carry(q)
			if errors.Is(err, os.ErrClosed) && ctx.Err() != nil {
				return nil
			}
			d.Close() // wakes the other workers
			return err
		})
	}
	err := runTasks(ctx, tasks)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.device, g.state = nil, stateLost
	if g.link != nil && errors.Is(err, tundev.ErrGone) {
		g.link.Close() // its addresses and routes went with it
		g.link = nil
	}
	return err
}

// watch follows what happens to d, until ctx ends.
func (g *Gateway) watch(ctx context.Context, d device) error {
	for {
		select {
		case e, ok := <-d.events():
			if !ok {
				return nil
			}
			g.see(d, e)
		case <-ctx.Done():
			return nil
		}
	}
}

// see acts on an event of d.
func (g *Gateway) see(d device, e tundev.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	log := g.options.Log.With("device", d.Name())
	switch e.Kind {
	case tundev.Up:
		g.state = stateUp
		log.Info("device up")
	case tundev.Down:
		g.state = stateDown
		log.Warn("device down: no packets until it is set up (ip link set up)")
	case tundev.Renamed:
		log.Info("device renamed")
	case tundev.Moved:
		log.Info("device moved to another network namespace")
	case tundev.MTUChanged:
		if err := g.apply(g.config); err != nil {
			log.Error("MTU changed, the old one stays in force", "error", err)
			return
		}
		log.Info("MTU changed", "ipv6-mtu", g.rules.Load().policy.MTU6, "ipv4-mtu", g.rules.Load().policy.MTU4)
	case tundev.Gone: // the workers notice
	}
}

// awaitDevice opens the device again: makes it, or waits until somebody else has
// made it. It returns nil if ctx ends first, and an error if this process may not
// open devices any more.
func (g *Gateway) awaitDevice(ctx context.Context) (device, error) {
	pause := 10 * time.Millisecond
	for {
		if c := g.configuration(); c.TUNLost == conf.TUNLostRecreate || exists(c.TUNDevice) {
			d, err := g.openDevice()
			switch {
			case err == nil:
				return d, nil
			case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist): // given up, with --user or --chroot
				return nil, fmt.Errorf("gateway: the device is lost, and cannot be opened again: %w", err)
			}
			g.options.Log.Error("device not opened, trying again", "error", err)
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		case <-ctx.Done():
			return nil, nil
		}
	}
}
