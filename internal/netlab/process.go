package netlab

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
)

// A Cmd is an exec.Cmd whose process starts inside a host. Its fields are set,
// and it is waited for, like those of any exec.Cmd; SysProcAttr.Pdeathsig must
// not be set, for the thread that starts the process ends.
//
// /sys of the process is that of this process, so tools that look there for
// devices (not those that use netlink or ioctls) see the wrong ones.
type Cmd struct {
	*exec.Cmd
	host *Host
}

// Command returns the command to run a program inside the host. The end of ctx
// kills the process.
func (h *Host) Command(ctx context.Context, name string, args ...string) *Cmd {
	return &Cmd{exec.CommandContext(ctx, name, args...), h}
}

// Start starts the process, like exec.Cmd.Start.
func (c *Cmd) Start() error { return c.host.Do(c.Cmd.Start) }

// Run starts the process and waits for its end, like exec.Cmd.Run.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the process and returns its standard output. Unlike that of
// exec.Cmd it leaves standard error alone.
func (c *Cmd) Output() ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := c.Run()
	return out.Bytes(), err
}

// CombinedOutput runs the process and returns its standard output and error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.Bytes(), err
}

// Run runs a program inside the host to its end, and returns what it wrote to
// standard output and error. An error quotes it.
func (h *Host) Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	c := h.Command(ctx, name, args...)
	out, err := c.CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("netlab: host %q: %s: %w: %s", h.name, c, err, bytes.TrimSpace(out))
	}
	return out, nil
}
