package tayga

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBackground: what the process in the background is like once the one that
// started it has ended.
func TestBackground(t *testing.T) {
	s := newSite(t, "slow")
	start := time.Now()
	pid := s.daemon("--pidfile=/nowhere")
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("it was waited for only %v", took)
	}
	proc := fmt.Sprintf("/proc/%d/", pid)
	for fd := range 3 {
		if to, err := os.Readlink(fmt.Sprint(proc, "fd/", fd)); err != nil || to != "/dev/null" {
			t.Errorf("descriptor %d is %s (%v)", fd, to, err)
		}
	}
	if got := s.read(proc + "comm"); got != "tayga\n" {
		t.Errorf("it is called %q", got)
	}
	if got := s.read(proc + "cmdline"); !strings.HasPrefix(got, "tayga\x00--pidfile=/nowhere\x00-c\x00") {
		t.Errorf("its command line is %q", got)
	}
	const session = 5
	if got := strings.Fields(s.read(proc + "stat"))[session]; got != fmt.Sprint(pid) {
		t.Errorf("its session is %s, not of its own (%d)", got, pid)
	}
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE} {
		must(t, syscall.Kill(pid, sig))
	}
	waitFor(t, "the reload", func() error { return isFile(s.data + "/reloads") })
	must(t, syscall.Kill(pid, syscall.SIGTERM))
	awaitGone(t, pid)
	if err := isFile(filepath.Join(s.dir, "pid")); err == nil {
		t.Error("the pid file is still there")
	}
}

// TestBackgroundKeepsNothingOfTheStart: who waits for the end of the output of the
// start does not wait for the process in the background.
func TestBackgroundKeepsNothingOfTheStart(t *testing.T) {
	s := newSite(t, "")
	cmd := s.command("-c", s.conf, "-p", filepath.Join(s.dir, "pid"))
	out, err := cmd.CombinedOutput() // reads a pipe to its end
	if err != nil || len(out) != 0 {
		t.Errorf("%v: %s", err, out)
	}
	var pid int
	_, err = fmt.Sscan(s.read(filepath.Join(s.dir, "pid")), &pid)
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

// TestAConfigurationFromStandardInput: it is not /dev/null yet.
func TestAConfigurationFromStandardInput(t *testing.T) {
	s := newSite(t, "")
	f, err := os.Open(s.conf)
	must(t, err)
	defer f.Close()
	path := filepath.Join(s.dir, "pid")
	cmd := s.command("-c", "/dev/stdin", "-p", path)
	cmd.Stdin = f
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var pid int
	_, err = fmt.Sscan(s.read(path), &pid)
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

// TestAStartThatDies is a failed start too.
func TestAStartThatDies(t *testing.T) {
	s := newSite(t, "dies")
	if r := s.run("-c", s.conf); r.code != bad || r.stderr != "tayga: the start ended by signal: killed\n" {
		t.Errorf("%+v", r)
	}
}

// TestAStartThatIsInterrupted ends in the background too, and well.
func TestAStartThatIsInterrupted(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := newSite(t, "")
		s.env = append(s.env, fakeVariable+"=hold="+s.dir+"/never")
		path := filepath.Join(s.dir, "pid")
		cmd := s.command("-c", s.conf, "-p", path)
		must(t, cmd.Start())
		waitFor(t, "it starts", func() error { return isFile(path) })
		must(t, cmd.Process.Signal(syscall.SIGHUP))
		must(t, cmd.Process.Signal(syscall.SIGUSR1))
		must(t, cmd.Process.Signal(sig))
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
		waitFor(t, "the pid file goes", func() error {
			if isFile(path) == nil {
				return fmt.Errorf("%v: it is there", sig)
			}
			return nil
		})
	}
}

// TestTheVariableOfAnotherProcessIsNotBelieved, one that was inherited.
func TestTheVariableOfAnotherProcessIsNotBelieved(t *testing.T) {
	for _, value := range []string{"3:1", "3:x", "4:" + fmt.Sprint(os.Getpid()), "3", ""} {
		s := newSite(t, "")
		s.env = append(s.env, backVariable+"="+value)
		pid := s.daemon()
		if env := s.read(fmt.Sprintf("/proc/%d/environ", pid)); strings.Count(env, backVariable+"=") != 1 {
			t.Errorf("%q: environment %q", value, env)
		}
	}
}

// TestALogThatWillEndIsTold: standard output is /dev/null in the background.
func TestALogThatWillEndIsTold(t *testing.T) {
	s := newSite(t, "")
	path := filepath.Join(s.dir, "pid")
	r := s.run("--stdout", "-c", s.conf, "-p", path)
	if r.code != good || !strings.Contains(r.stdout, "level=WARN msg=\"the log ends when") {
		t.Errorf("%+v", r)
	}
	var pid int
	_, err := fmt.Sscan(s.read(path), &pid)
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}
