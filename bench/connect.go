package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"taygo/bench/load"
)

// connectScenario is short TCP connections, one behind another in a few threads:
// each is opened, carries an octet each way, and is closed.
func connectScenario(name string, way func(*line) *direction) scenario {
	return scenario{name, []row{{name, "1/s"}}, func(ctx context.Context, l *line, p pace) (values, error) {
		n, took, err := way(l).connections(ctx, p.time)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errors.New("no connection was made")
		}
		return values{name: float64(n) / took.Seconds()}, nil
	}}
}

// connectors is how many connections are open at a time.
const connectors = 8

// connections makes connections for a time, and returns how many.
func (d *direction) connections(ctx context.Context, t time.Duration) (int64, time.Duration, error) {
	server, err := d.to.Listen("tcp", netip.AddrPortFrom(d.at, 0).String())
	if err != nil {
		return 0, 0, err
	}
	defer server.Close()
	go answer(server)
	at := netip.AddrPortFrom(d.dst, server.Addr().(*net.TCPAddr).AddrPort().Port()).String()
	ctx, cancel := context.WithTimeout(ctx, t+patience)
	defer cancel()
	var n atomic.Int64
	errs := make([]error, connectors)
	start := time.Now()
	var all sync.WaitGroup
	for i := range connectors {
		all.Go(func() {
			errs[i] = load.On(loadCPU, func() error {
				for time.Since(start) < t {
					if err := d.once(ctx, at); err != nil {
						return err
					}
					n.Add(1)
				}
				return nil
			})
		})
	}
	all.Wait()
	return n.Load(), time.Since(start), errors.Join(errs...)
}

// once makes one connection. It is reset at the end, so that the host's ports do
// not run out: its other end has been closed by then.
func (d *direction) once(ctx context.Context, at string) error {
	c, err := d.from.Dial(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("bench: connect: %w", err)
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	octet := []byte{1}
	if _, err := c.Write(octet); err != nil {
		return err
	}
	if _, err := c.Read(octet); err != nil {
		return err
	}
	return c.(*net.TCPConn).SetLinger(0)
}

// answer sends back the octet of each connection, until l is closed.
func answer(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			octet := make([]byte, 1)
			if _, err := c.Read(octet); err == nil {
				_, _ = c.Write(octet)
			}
			_, _ = c.Read(octet) // until it is closed
		}()
	}
}
