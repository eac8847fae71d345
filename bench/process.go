package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"taygo/bench/load"
	"taygo/internal/netlab"
)

// A process is a peer's program that runs on one host and one CPU.
type process struct {
	cmd   *exec.Cmd
	kill  context.CancelFunc // SIGTERM, and SIGKILL later
	said  *tail
	ended chan struct{} // closed when it is
	err   error         // valid once ended is closed
}

// stopTime is how long a process may take to end before it is killed.
const stopTime = 3 * time.Second

// start starts a program. It ends with stop, and with this process.
func start(h *netlab.Host, cpu int, name string, args ...string) (*process, error) {
	ctx, kill := context.WithCancel(context.Background())
	p := &process{cmd: exec.CommandContext(ctx, name, args...), kill: kill, said: new(tail), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopTime
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 2)
	go func() {
		defer close(p.ended)
		// To the kernel, the thread that starts a process is its parent.
		p.err = h.Do(func() error {
			err := load.Bind(cpu)
			if err == nil {
				err = p.cmd.Start()
			}
			started <- err
			if err != nil {
				return err
			}
			return p.cmd.Wait()
		})
		started <- p.err // in case it could not enter the host
	}()
	if err := <-started; err != nil {
		kill()
		return nil, fmt.Errorf("bench: start %s: %w", name, err)
	}
	return p, nil
}

// stop ends the process.
func (p *process) stop() {
	p.kill()
	<-p.ended
}

// alive returns an error that tells the last words of a process that has ended.
func (p *process) alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("bench: %s has ended: %w: %s", p.cmd, errors.Join(p.err, errEnded), p.said)
	default:
		return nil
	}
}

var errEnded = errors.New("nobody asked it to")

// cpu returns the CPU time that all threads of the process have used, those of
// the kernel's work for it included.
func (p *process) cpu() (time.Duration, error) {
	clock := int32(^p.cmd.Process.Pid)<<3 | 2 // of a process, by the scheduler: see clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("bench: CPU time of %s: %w", p.cmd, err)
	}
	return time.Duration(t.Nano()), nil
}

// memory returns how much of the process is resident, in octets.
func (p *process) memory() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("bench: memory of %s: %w", p.cmd, err)
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("bench: memory of %s: statm is %q", p.cmd, text)
	}
	pages, err := strconv.Atoi(string(fields[1]))
	return float64(pages * os.Getpagesize()), err
}

// A tail keeps the last that was written to it. The zero tail is empty.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 2000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if drop := len(t.b) - most; drop > 0 {
		t.b = append(t.b[:0], t.b[drop:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.b))
}
