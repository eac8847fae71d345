package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"sync"
	"time"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/internal/routemap"
)

// A routeKeeper runs a route mapper by the configuration in force, and another one
// when a reload changes what it works by. A packet never waits for it. Its methods
// may be called from any goroutine, Run only once.
type routeKeeper struct {
	log     *slog.Logger
	alone   bool // nothing else is done: the want of rights ends Run
	changed chan struct{}
	first   chan struct{} // closed when there is a mapper for the first time

	mu     sync.Mutex
	config *conf.Config
	mapper *routemap.Mapper // that runs; nil if there is none
	began  bool             // there was one
}

func newRouteKeeper(c *conf.Config, log *slog.Logger) *routeKeeper {
	return &routeKeeper{log: log, config: c, changed: make(chan struct{}, 1), first: make(chan struct{})}
}

// Mapper returns the mapper that runs, or nil if none does.
func (k *routeKeeper) Mapper() *routemap.Mapper {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.mapper
}

// Reconfigure has Run go on by another configuration. If routes are mapped by it as
// they were, that goes on, and only the files of routes are read again.
func (k *routeKeeper) Reconfigure(c *conf.Config) {
	k.mu.Lock()
	old := k.config
	k.config = c
	same := reflect.DeepEqual(routesOf(old), routesOf(c))
	m := k.mapper
	k.mu.Unlock()
	if same && m != nil {
		go func() {
			if err := m.Resync(context.Background()); err != nil {
				k.log.Error("routes not read again", "error", err)
			}
		}()
		return
	}
	if same {
		return
	}
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// routesOf returns all of a configuration that routes depend on.
func routesOf(c *conf.Config) any {
	return []any{c.Routes, c.Prefix, c.WKPFStrict, DataDir(c)}
}

// Run maps routes until ctx ends. What cannot go on is told and tried again: packets
// are translated all the same. If there are none, the want of rights is an error.
func (k *routeKeeper) Run(ctx context.Context) error {
	pause := time.Second
	for ctx.Err() == nil {
		k.mu.Lock()
		c := k.config
		k.mu.Unlock()
		again := make(<-chan time.Time)
		if len(c.Routes.Sources) > 0 {
			began := time.Now()
			if err := k.runOne(ctx, c); err != nil {
				if k.alone && errors.Is(err, os.ErrPermission) {
					return err
				}
				k.log.Error("routes are not mapped, trying again", "error", err, "pause", pause)
				again = time.After(pause)
				if pause = min(2*pause, time.Minute); time.Since(began) > time.Minute {
					pause = time.Second
				}
			} else if ctx.Err() == nil {
				continue // by a new configuration
			}
		}
		select {
		case <-k.changed:
		case <-again:
		case <-ctx.Done():
		}
	}
	return nil
}

// runOne maps routes by one configuration, until there is another or ctx ends.
func (k *routeKeeper) runOne(ctx context.Context, c *conf.Config) error {
	o, err := RouteOptions(c, func(problems []conf.Problem) {
		k.log.Warn("lines of a file of routes do not count", "lines", len(problems), "first", problems[0].Error())
	})
	if err != nil {
		return err
	}
	m, err := routemap.New(o, k.log)
	if err != nil {
		return err
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	k.setMapper(m)
	defer k.setMapper(nil)
	ended := make(chan error, 1)
	go func() { ended <- m.Run(inner) }()
	select {
	case err = <-ended:
	case <-k.changed:
		stop()
		err = <-ended
	}
	return errors.Join(err, m.Close())
}

func (k *routeKeeper) setMapper(m *routemap.Mapper) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mapper = m
	if m != nil && !k.began {
		k.began = true
		close(k.first)
	}
}

// RunRoutes maps routes without translating packets, by the configuration at path,
// until ctx ends. It answers at a control socket, and a reload there reads the
// configuration again. ready is called once it has begun.
func RunRoutes(ctx context.Context, path string, log *slog.Logger, socket string, ready func(reload func() error)) error {
	c, err := Load(path)
	if err != nil {
		return err
	}
	if len(c.Routes.Sources) == 0 {
		return fmt.Errorf("gateway: %s: no routes to map: say with route-source where they come from", path)
	}
	k := newRouteKeeper(c, log)
	k.alone = true
	reload := func() error {
		c, err := Load(path)
		if err != nil {
			return err
		}
		k.Reconfigure(c)
		log.Info("configuration replaced", "config", path)
		return nil
	}
	tasks := []task{k.Run}
	if socket != conf.ControlSocketOff {
		l, err := control.Listen(socket)
		if err != nil {
			return err
		}
		s := control.Server{Status: func() control.Status { return control.Status{Config: path} }, Reload: reload, Routes: k.Mapper}
		tasks = append(tasks, func(ctx context.Context) error { return s.Serve(ctx, l) })
	}
	tasks = append(tasks, func(ctx context.Context) error {
		select {
		case <-k.first:
			ready(reload)
		case <-ctx.Done():
		}
		return nil
	})
	return runTasks(ctx, tasks)
}
