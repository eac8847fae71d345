package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// taygo builds the program and returns its path.
func taygo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "taygo")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, "taygo/cmd/taygo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// A demonstration is a running `taygo demo`.
type demonstration struct {
	*exec.Cmd
	temp        string // where it makes its directory
	out, errOut *bytes.Buffer
}

// begin starts the demo, as the user and in the environment given.
func begin(t *testing.T, program string, as *syscall.SysProcAttr, env ...string) *demonstration {
	t.Helper()
	temp, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	ctx, cancel := context.WithTimeout(context.Background(), 2*wholeTime)
	t.Cleanup(cancel)
	d := &demonstration{exec.CommandContext(ctx, program, "demo"), temp, new(bytes.Buffer), new(bytes.Buffer)}
	d.Env = append(append(os.Environ(), "TMPDIR="+temp), env...)
	d.Stdout, d.Stderr, d.SysProcAttr = d.out, d.errOut, as
	if err := d.Start(); err != nil {
		t.Fatalf("start the demo, as root or in a user namespace: %v", err)
	}
	return d
}

// end waits for the end, and wants nothing left behind.
func (d *demonstration) end(t *testing.T, code int) {
	t.Helper()
	_ = d.Wait() // the code says it
	if got := d.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	if left, _ := filepath.Glob(filepath.Join(d.temp, "*")); len(left) > 0 {
		t.Errorf("the demo leaves %v", left)
	}
	if t.Failed() {
		t.Logf("output:\n%s\n%s", d.out, d.errOut)
	}
}

// translatorOf waits until the demo runs a taygo that has its device, and returns
// its process id.
func (d *demonstration) translatorOf(t *testing.T) int {
	t.Helper()
	for end := time.Now().Add(wholeTime); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if sockets, _ := filepath.Glob(filepath.Join(d.temp, "*", "control.sock")); len(sockets) == 0 {
			continue
		}
		for _, pid := range children(d.Process.Pid) {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if bytes.Contains(line, []byte("\x00run\x00")) {
				return pid
			}
		}
	}
	t.Fatal("the demo runs no taygo")
	return 0
}

// children returns the ids of the processes that a process has started.
func children(parent int) []int {
	var all []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, _ := os.ReadFile(name)
		_, rest, _ := strings.Cut(string(text), ") ") // behind the name: state, parent
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			all = append(all, pid)
		}
	}
	return all
}

// gone waits for the end of a process that nobody here may wait for.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(text, []byte(") Z ")) {
			return
		}
	}
	t.Errorf("process %d lives on", pid)
}

// ordinary makes a process a user without any rights, but in a user namespace
// where it may make more of them.
func ordinary() *syscall.SysProcAttr {
	const user = 1000
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getgid(), Size: 1}},
	}
}

func TestNetnsDemo(t *testing.T) {
	netlab.Require(t)
	program := taygo(t)
	t.Run("shows all", func(t *testing.T) { showsAll(t, program) })
	t.Run("ends", func(t *testing.T) { ends(t, program) })
	t.Run("is killed", func(t *testing.T) { killed(t, program) })
	t.Run("is refused", func(t *testing.T) { refused(t, program) })
}

func showsAll(t *testing.T, program string) {
	for _, who := range []struct {
		name string
		as   *syscall.SysProcAttr
	}{
		{"as root", nil},
		{"as an ordinary user, in a user namespace of its own", ordinary()},
	} {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			d := begin(t, program, who.as)
			d.end(t, 0)
			rest := d.out.String()
			for _, step := range steps(&network{}, &translator{}) {
				_, after, ok := strings.Cut(rest, fmt.Sprintf("\n✓ %-11s  ", step.name))
				if !ok {
					t.Fatalf("%q is not shown, or not in its place, in\n%s", step.name, d.out)
				}
				rest = after
			}
			for _, want := range []string{"$ taygo mktun -c ", "map            198.51.100.10 2001:db8:1::10\n", " s  translated ", "All of it was shown"} {
				if !strings.Contains(d.out.String(), want) {
					t.Errorf("%q is missing in\n%s", want, d.out)
				}
			}
			if d.errOut.Len() > 0 {
				t.Errorf("it prints errors:\n%s", d.errOut)
			}
		})
	}
}

// A demo that is stopped, or whose taygo ends, tidies up and says why.
func ends(t *testing.T, program string) {
	for _, c := range []struct {
		name        string
		demo        os.Signal // sent to the demo
		taygo       os.Signal // sent to its taygo
		out, errOut string    // what is said of it
	}{
		{"by Ctrl-C", syscall.SIGINT, nil, "\n✗ ", "interrupt signal received"},
		{"by SIGTERM", syscall.SIGTERM, nil, "\n✗ ", "terminated signal received"},
		{"with its terminal", syscall.SIGHUP, nil, "\n✗ ", "hangup signal received"},
		{"with taygo, and shows its log", nil, syscall.SIGKILL, "log:\n    time=", "taygo ended: signal: killed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := begin(t, program, nil)
			pid := d.translatorOf(t)
			target, signal := d.Process, c.demo
			if c.taygo != nil {
				signal = c.taygo
				target, _ = os.FindProcess(pid)
			}
			if err := target.Signal(signal); err != nil {
				t.Error(err)
			}
			d.end(t, 1)
			gone(t, pid)
			if !strings.Contains(d.out.String(), c.out) || !strings.Contains(d.errOut.String(), c.errOut) {
				t.Errorf("%q and %q are not in\n%s\n%s", c.out, c.errOut, d.out, d.errOut)
			}
		})
	}
}

// Nobody can tidy up after a demo that is killed; but its taygo ends with it.
func killed(t *testing.T, program string) {
	d := begin(t, program, nil)
	pid := d.translatorOf(t)
	if err := d.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = d.Wait()
	gone(t, pid)
}

// Where a user namespace does not help either, the user is told what to type.
func refused(t *testing.T, program string) {
	d := begin(t, program, ordinary(), userEnv+"=1000")
	d.end(t, 1)
	for _, want := range []string{"taygo: demo: user 1000 may not build a network here: ", "Type `sudo make demo`, or `sudo "} {
		if !strings.Contains(d.errOut.String(), want) {
			t.Errorf("%q is not in\n%s", want, d.errOut)
		}
	}
	if d.out.Len() > 0 {
		t.Errorf("it shows something:\n%s", d.out)
	}
}
