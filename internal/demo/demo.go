// Package demo shows taygo at work on one machine: an IPv6-only host, a router
// with taygo on a TUN device, and an IPv4-only server, each a network namespace,
// and traffic between them that is checked as it is shown. The IPv6-only host is a
// web server with two addresses: one has a map, by which IPv4 hosts reach it, and
// the other goes out through the pool of stateful NAT64. It needs no other program,
// and leaves nothing behind.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// wholeTime bounds the whole demo; it takes about ten seconds.
const wholeTime = 90 * time.Second

// Run shows the demo on out until its end or that of ctx. self is the path of
// this program, as the user typed it. Where the process may not make networks,
// Run starts the program once more in a user namespace.
//
// The error names the step that failed, or what is missing and what to type. It
// wraps ErrTold if all of that is on errOut already.
func Run(ctx context.Context, self string, out, errOut *os.File) error {
	// A pipe that nobody reads, or a terminal that is gone, ends the demo in
	// good order, too.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, wholeTime, fmt.Errorf("not done after %v", wholeTime))
	defer cancel()
	switch inside, err := enter(ctx, self, out, errOut); {
	case err != nil:
		return err
	case inside:
		return nil
	}
	s := newScreen(out)
	if err := show(ctx, s); err != nil {
		return err
	}
	s.line("\nAll of it was shown and checked. taygo has stopped, and nothing is left behind.")
	return nil
}

// show builds everything, shows the steps, and takes everything down.
func show(ctx context.Context, s *screen) error {
	dir, err := temporary()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir)
	n, err := newNetwork()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer n.close()
	s.line("%s", diagram)

	t := newTranslator(n.router, dir)
	if err := t.prepare(ctx, s); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := t.start(ctx, s); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	err = runSteps(t.alive(ctx), s, t, steps(n, t))
	s.clear()
	if ended := t.stop(); err == nil && ended != nil {
		err = fmt.Errorf("demo: taygo did not stop as told: %w", ended)
	}
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		s.line("\nThe last lines of taygo's log:\n%s\n", t.log)
	}
	return err
}

// temporary returns a new directory whose path leaves room for that of a unix
// socket, which has 107 octets.
func temporary() (string, error) {
	parent := os.TempDir()
	if len(parent) > 60 || !filepath.IsAbs(parent) {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "taygo-demo-")
}
