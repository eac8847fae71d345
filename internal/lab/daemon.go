package lab

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"taygo/internal/netlab"
)

// stopTime is how long a daemon may take to stop before it is killed.
const stopTime = 5 * time.Second

// A tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailSize is how much a tail keeps, in octets.
const tailSize = 4096

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

// A daemon is a process in the foreground, a child of this one and on a host.
type daemon struct {
	log   tail
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // valid once ended is closed
}

// startDaemon starts a program on a host. Should this process be killed, so is it.
func startDaemon(host *netlab.Host, program string, args ...string) (*daemon, error) {
	d := &daemon{ended: make(chan struct{})}
	d.cmd = exec.Command(program, args...)
	d.cmd.Stdout, d.cmd.Stderr = &d.log, &d.log
	// A Ctrl-C at the terminal is for the lab, which then stops its daemons.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 2)
	go func() {
		defer close(d.ended)
		// To the kernel the thread that starts a process is its parent: it stays.
		d.err = host.Do(func() error {
			err := d.cmd.Start()
			started <- err
			if err != nil {
				return err
			}
			return d.cmd.Wait()
		})
		started <- d.err // in case it could not enter the host
	}()
	return d, <-started
}

// stop ends the process with SIGTERM and returns how it ended.
func (d *daemon) stop() error {
	if d.cmd.Process != nil {
		_ = d.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-d.ended:
		return d.err
	case <-time.After(stopTime):
		_ = d.cmd.Process.Kill()
		<-d.ended
		return fmt.Errorf("still there %v after SIGTERM, and killed", stopTime)
	}
}

// start starts all daemons.
func (n *network) start() error {
	for _, name := range []string{"isp1", "isp2", "border1", "border2", "core"} {
		if err := n.startBIRD(name); err != nil {
			return err
		}
	}
	for _, name := range []string{"border1", "border2", "core"} {
		socket := filepath.Join(n.dir, name+".taygo.sock")
		command := []string{"run"}
		if name == "core" {
			command = []string{"routes", "run", "-s", socket}
		}
		d, err := startDaemon(n.hosts[name], n.program, append(command, "-c", filepath.Join(n.dir, "lab-"+name+".tayga.conf"))...)
		if err != nil {
			return fmt.Errorf("taygo on %s: %w", name, err)
		}
		n.daemons["taygo on "+name] = d
	}
	return nil
}

// startBIRD starts BIRD on a host.
func (n *network) startBIRD(name string) error {
	base := filepath.Join(n.dir, name+".bird")
	d, err := startDaemon(n.hosts[name], "bird", "-f", "-c", filepath.Join(n.dir, "lab-"+name+".bird.conf"), "-s", base+".sock", "-P", base+".pid")
	if err != nil {
		return fmt.Errorf("BIRD on %s: %w", name, err)
	}
	n.daemons["BIRD on "+name] = d
	return nil
}

// stopBIRD ends BIRD on a host.
func (n *network) stopBIRD(name string) error {
	d := n.daemons["BIRD on "+name]
	delete(n.daemons, "BIRD on "+name)
	if err := d.stop(); err != nil {
		return fmt.Errorf("BIRD on %s: %w", name, err)
	}
	return nil
}

// birdc gives a command to BIRD on a host.
func (n *network) birdc(ctx context.Context, name string, command ...string) error {
	args := append([]string{"-s", filepath.Join(n.dir, name+".bird.sock")}, command...)
	_, err := n.hosts[name].Run(ctx, "birdc", args...)
	return err
}
