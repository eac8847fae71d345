package tayga

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeVariable makes the test binary a whole program: Main with a Runner without
// a device, which does what the words of the variable say.
const fakeVariable = "TAYGA_TEST_FAKE"

func TestMain(m *testing.M) {
	if how, ok := os.LookupEnv(fakeVariable); ok {
		os.Exit(Main(context.Background(), os.Args, fake(strings.Fields(how))))
	}
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

// fake returns a Runner that does, one after another:
//
//	fails      return an error
//	slow       wait a little, or for ctx
//	dies       end at once
//	hold=FILE  wait until the file is there, or for ctx
//
// and then translates nothing until ctx ends. A reload fails if the configuration
// is empty, and counts in the file reloads of the data directory.
func fake(how []string) Runner {
	return func(ctx context.Context, o RunOptions) error {
		for _, what := range how {
			what, arg, _ := strings.Cut(what, "=")
			switch what {
			case "fails":
				return errors.New("fake: no device:\nnothing works")
			case "dies":
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			case "slow":
				await(ctx, 300*time.Millisecond, func() bool { return false })
			case "hold":
				await(ctx, patience, func() bool { _, err := os.Stat(arg); return err == nil })
			}
		}
		if err := o.Opened(); err != nil {
			return err
		}
		o.Log.Info("translating")
		o.Ready(Running{
			Status: "translating, on nothing",
			Reload: func() error {
				ended := o.Reloading()
				err := fakeReload(o)
				ended(err)
				return err
			},
			Alive: func() bool { return true },
		})
		o.Log.Debug("in detail", "data-dir", o.DataDir)
		o.PacketLog.Line(0, "DROP: a line")
		<-ctx.Done()
		return nil
	}
}

func fakeReload(o RunOptions) error {
	f, err := o.Open(o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || len(text) == 0 {
		return errors.Join(errors.New("fake: the configuration is empty"), err)
	}
	out, err := os.OpenFile("reloads", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = out.WriteString(".")
	return err
}

func await(ctx context.Context, most time.Duration, holds func() bool) {
	for end := time.Now().Add(most); ctx.Err() == nil && !holds() && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
}

// patience is how long a test waits for what takes milliseconds on an idle
// machine, before it fails.
const patience = 30 * time.Second

// waitFor waits until f returns nil.
func waitFor(t testing.TB, what string, f func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: after %v still: %v", what, patience, err)
}

// A site is a directory with a configuration, whose data directory is in it, and
// where programs of the test run.
type site struct {
	t         testing.TB
	dir       string
	conf      string
	data      string
	env       []string
	exe, call string // the program, and as what it is called
}

func newSite(t testing.TB, fake string) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "tayga-") // t.TempDir is too long for a socket
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	s := &site{t: t, dir: dir, conf: filepath.Join(dir, "tayga.conf"), data: filepath.Join(dir, "data")}
	s.exe, err = os.Executable()
	must(t, err)
	s.call = "tayga"
	s.env = append(os.Environ(), fakeVariable+"="+fake, "GORACE=atexit_sleep_ms=0")
	s.configure("data-dir " + s.data + "\n")
	return s
}

// configure writes the configuration: what there must be, and the given lines.
func (s *site) configure(lines string) {
	s.t.Helper()
	const common = "tun-device nat64\nipv4-addr 192.0.2.1\nprefix 2001:db8:64::/96\n"
	must(s.t, os.WriteFile(s.conf, []byte(common+"control-socket "+s.dir+"/socket\n"+lines), 0o644))
}

// command returns the command to run the program in the directory of the site.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.exe)
	cmd.Args = append([]string{s.call}, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// A result is how a program ended.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the program to its end.
func (s *site) run(args ...string) result {
	s.t.Helper()
	cmd := s.command(args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	return s.finish(cmd, cmd.Run(), &out, &log)
}

func (s *site) finish(cmd *exec.Cmd, err error, out, log fmt.Stringer) result {
	s.t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return result{out.String(), log.String(), cmd.ProcessState.ExitCode()}
}

// daemon runs the program with a pid file, which has to go to the background, and
// returns the process there. It is killed when the test ends.
func (s *site) daemon(args ...string) int {
	s.t.Helper()
	pidFile := filepath.Join(s.dir, "pid")
	r := s.run(append(args, "-c", s.conf, "-p", pidFile)...)
	if r.code != good || r.stdout+r.stderr != "" {
		s.t.Fatalf("%v: %+v", args, r)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(s.read(pidFile)))
	must(s.t, err)
	s.t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	return pid
}

func (s *site) read(path string) string {
	s.t.Helper()
	text, err := os.ReadFile(path)
	must(s.t, err)
	return string(text)
}

// awaitGone waits until there is no such process, or only what nobody has waited
// for.
func awaitGone(t testing.TB, pid int) {
	t.Helper()
	waitFor(t, "the process ends", func() error {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil || len(threads) == 0 {
			return nil
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || len(threads) == 1 && strings.Contains(string(status), ") Z ") {
			return nil
		}
		return fmt.Errorf("process %d is there", pid)
	})
}
