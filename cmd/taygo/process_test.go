package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// A record keeps what is written to it.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// wait waits until the text has been written n times.
func (r *record) wait(t testing.TB, text string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%q %d times", text, n), func() error {
		if got := r.String(); strings.Count(got, text) < n {
			return fmt.Errorf("there is only:\n%s", got)
		}
		return nil
	})
}

// A process is a running taygo, or another program that runs until it is stopped.
type process struct {
	t          testing.TB
	cmd        *netlab.Cmd
	out, log   record // standard output and standard error
	ended      chan struct{}
	err        error // how it ended
	mustBeGood bool  // ends with status 0 when the test ends
}

// start starts a program inside host. It is stopped when the test ends. If sink
// is not nil it is the program's standard output.
func start(t testing.TB, host *netlab.Host, sink io.Writer, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, ended: make(chan struct{})}
	p.cmd = host.Command(context.Background(), name, args...)
	p.cmd.Stdout, p.cmd.Stderr = sink, &p.log
	if sink == nil {
		p.cmd.Stdout = &p.out
	}
	must(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.cleanup)
	return p
}

// run runs taygo and waits until it translates. It must end well.
func (w *world) run() *process {
	w.t.Helper()
	p := w.launch()
	p.log.wait(w.t, "translating", 1)
	p.mustBeGood = true
	return p
}

// launch runs taygo.
func (w *world) launch() *process {
	w.t.Helper()
	path, err := builtBinary()
	must(w.t, err)
	return start(w.t, w.xlat, nil, path, "run", "-c", w.conf)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Errorf("%v to %s: %v", s, p.cmd, err)
	}
}

// wait waits for the end of the process and returns its exit status, or -1 if it
// was killed.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Errorf("%s does not end", p.cmd)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		p.t.Errorf("%s: %v", p.cmd, p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop ends the process with SIGTERM and returns its exit status.
func (p *process) stop() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait()
}

func (p *process) cleanup() {
	select {
	case <-p.ended:
	default:
		if code := p.stop(); code != 0 && p.mustBeGood {
			p.t.Errorf("%s ends with status %d", p.cmd, code)
		}
	}
	if p.t.Failed() {
		p.t.Logf("%s wrote:\n%s%s", p.cmd, &p.out, &p.log)
	}
}
