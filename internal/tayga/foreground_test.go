package tayga

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A buffer keeps what is written to it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A foreground is a program that runs in the foreground.
type foreground struct {
	site     *site
	cmd      *exec.Cmd
	out, log buffer
	ended    chan struct{}
	err      error
}

// start starts the program in the foreground. It is killed when the test ends.
func (s *site) start(args ...string) *foreground {
	s.t.Helper()
	f := &foreground{site: s, cmd: s.command(append(args, "-c", s.conf, "-n")...), ended: make(chan struct{})}
	f.cmd.Stdout, f.cmd.Stderr = &f.out, &f.log
	must(s.t, f.cmd.Start())
	go func() {
		f.err = f.cmd.Wait()
		close(f.ended)
	}()
	s.t.Cleanup(func() { _ = f.cmd.Process.Kill() })
	return f
}

// says waits until standard output holds a text.
func (f *foreground) says(text string) {
	f.site.t.Helper()
	waitFor(f.site.t, fmt.Sprintf("%q", text), func() error {
		if got := f.out.String(); !strings.Contains(got, text) {
			return fmt.Errorf("there is only:\n%s%s", got, f.log.String())
		}
		return nil
	})
}

func (f *foreground) signal(sig syscall.Signal) {
	f.site.t.Helper()
	must(f.site.t, f.cmd.Process.Signal(sig))
}

// wait waits for the end of the program.
func (f *foreground) wait() result {
	f.site.t.Helper()
	select {
	case <-f.ended:
	case <-time.After(patience):
		f.site.t.Fatalf("%s does not end:\n%s%s", f.cmd, f.out.String(), f.log.String())
	}
	return f.site.finish(f.cmd, f.err, &f.out, &f.log)
}

// TestSignals: those that end it end it well, and the others do not end it, also
// while it starts.
func TestSignals(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		s := newSite(t, "")
		f := s.start("-d")
		f.says("translating")
		for _, other := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGPIPE} {
			f.signal(other)
		}
		waitFor(t, "the reload", func() error { return isFile(s.data + "/reloads") })
		f.says("signal without effect")
		f.signal(end)
		r := f.wait()
		if r.code != good || !strings.Contains(r.stdout, "msg=ending signal="+end.String()) && !strings.Contains(r.stdout, `msg=ending signal="`+end.String()) || r.stderr != "" {
			t.Errorf("%v: %+v", end, r)
		}
	}
}

func TestSignalsDuringTheStart(t *testing.T) {
	s := newSite(t, "")
	s.env = append(s.env, fakeVariable+"=hold="+s.dir+"/go")
	f := s.start("-d")
	f.says("data-dir made")
	for _, other := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP} {
		f.signal(other)
	}
	s.touch("go")
	f.says("translating")
	waitFor(t, "a SIGHUP of the start counts", func() error { return isFile(s.data + "/reloads") })
	f.signal(syscall.SIGTERM)
	if r := f.wait(); r.code != good {
		t.Errorf("%+v", r)
	}

	s = newSite(t, "")
	s.env = append(s.env, fakeVariable+"=hold="+s.dir+"/go")
	f = s.start("-d")
	f.says("data-dir made")
	f.signal(syscall.SIGTERM)
	if r := f.wait(); r.code != good || !strings.Contains(r.stdout, "msg=ended") {
		t.Errorf("SIGTERM during the start: %+v", r)
	}
}

// TestAStormOfSignals: it reloads at least once after the last, and not a thousand
// times at once.
func TestAStormOfSignals(t *testing.T) {
	s := newSite(t, "")
	f := s.start("-d")
	f.says("translating")
	const storm = 1000
	for range storm {
		f.signal(syscall.SIGHUP)
		f.signal(syscall.SIGUSR1)
	}
	waitFor(t, "a reload", func() error { return isFile(s.data + "/reloads") })
	f.signal(syscall.SIGTERM)
	if r := f.wait(); r.code != good || strings.Contains(r.stdout, "ERROR") {
		t.Errorf("%+v", r)
	}
	if n := len(s.read(s.data + "/reloads")); n > storm {
		t.Errorf("%d reloads", n)
	}
}

// TestAFailedReloadIsTold and ends nothing.
func TestAFailedReloadIsTold(t *testing.T) {
	s := newSite(t, "")
	f := s.start("--stdout")
	f.says("translating")
	s.write(s.conf, "")
	f.signal(syscall.SIGHUP)
	f.says(`level=ERROR msg="configuration not replaced, the running one stays" error="fake: the configuration is empty"`)
	f.signal(syscall.SIGTERM)
	if r := f.wait(); r.code != good {
		t.Errorf("%+v", r)
	}
}

// TestLogToStandardOutput: -d in detail, --stdout not, and lines as they are.
func TestLogToStandardOutput(t *testing.T) {
	for flag, detail := range map[string]bool{"-d": true, "--debug": true, "--stdout": false} {
		f := newSite(t, "").start(flag)
		f.says("\nDROP: a line\n")
		f.signal(syscall.SIGTERM)
		if r := f.wait(); strings.Contains(r.stdout, "in detail") != detail || r.stderr != "" {
			t.Errorf("%s: %+v", flag, r)
		}
	}
}

// TestTheReaderOfTheLogMayGo: translation goes on.
func TestTheReaderOfTheLogMayGo(t *testing.T) {
	s := newSite(t, "")
	cmd := s.command("-d", "-c", s.conf)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	_, err = out.Read(make([]byte, 1))
	must(t, err)
	must(t, out.Close())
	for range 100 {
		must(t, cmd.Process.Signal(syscall.SIGUSR1)) // each is a line for nobody
		time.Sleep(time.Millisecond)
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
