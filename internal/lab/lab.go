// Package lab shows route mapping at work on one machine: two border routers, each
// with an upstream IPv4 network, a translator and BIRD, a reflector with BIRD and
// taygo routes run, and an IPv6-only host, each a network namespace. The host
// reaches IPv4 addresses by the border that routes them, and when a border loses a
// route, by the other one. It wants BIRD 2 and ip, and leaves nothing behind.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// wholeTime bounds the whole lab; it takes about fifteen seconds.
const wholeTime = 90 * time.Second

// stepTime bounds a step: sessions of BGP, that the daemons open again after a
// second or some.
const stepTime = 20 * time.Second

// Run shows the lab on out until its end or that of ctx. program is taygo. The error
// names the step that failed, or what is missing and what to type.
func Run(ctx context.Context, program string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, wholeTime, fmt.Errorf("not done after %v", wholeTime))
	defer cancel()
	for _, tool := range []string{"bird", "birdc", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("lab: %w: type `make tools` (Debian: apt-get install bird2 iproute2)", err)
		}
	}
	dir, err := os.MkdirTemp("", "taygo-lab-")
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	defer os.RemoveAll(dir)
	if len(filepath.Join(dir, "border1.taygo.sock")) > 107 {
		return fmt.Errorf("lab: %s: too long for the paths of sockets: set TMPDIR to a shorter one", dir)
	}
	n, err := newNetwork(program, dir)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	fmt.Fprint(out, diagram, "\n")
	err = n.start()
	if err == nil {
		err = n.show(ctx, out)
	}
	if err != nil {
		n.printLogs(out)
	}
	if err = errors.Join(err, n.close()); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	fmt.Fprintln(out, "\nAll of it was shown and checked. The daemons have stopped, and nothing is left behind.")
	return nil
}

// show runs the steps up to the first that fails.
func (n *network) show(ctx context.Context, out io.Writer) error {
	for _, s := range n.steps() {
		limited, cancel := context.WithTimeout(ctx, stepTime)
		text, err := s.run(limited)
		cancel()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			fmt.Fprintf(out, "✗ %-20s  %v\n", s.name, err)
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(out, "✓ %-20s  %s\n", s.name, text)
	}
	return nil
}
