package tayga

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// A manager is a service manager to which the program reports.
type manager struct {
	t testing.TB
	*net.UnixConn
}

// manage lets the programs of s report to a manager at a path, or at an abstract
// name if that begins with @.
func (s *site) manage(name string) *manager {
	s.t.Helper()
	_ = os.Remove(name) // of one before
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	must(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	if name[0] == '/' {
		must(s.t, os.Chmod(name, 0o777)) // as systemd does
	}
	s.env = append(s.env, "NOTIFY_SOCKET="+name)
	return &manager{s.t, c}
}

// hears fails the test unless the next message is that pattern.
func (m *manager) hears(pattern string) {
	m.t.Helper()
	must(m.t, m.SetReadDeadline(time.Now().Add(patience)))
	b := make([]byte, 4096)
	n, err := m.Read(b)
	must(m.t, err)
	if !regexp.MustCompile("^" + pattern + "$").Match(b[:n]) {
		m.t.Fatalf("heard %q, want %q", b[:n], pattern)
	}
}

// TestManager: what the service manager hears, in order, whatever the log target.
func TestManager(t *testing.T) {
	for i, target := range []string{"--syslog", "--stdout", "--journal", "-d"} {
		s := newSite(t, "")
		name := filepath.Join(s.dir, "notify")
		if i%2 == 1 {
			name = "@" + name
		}
		m := s.manage(name)
		f := s.start(target)
		m.hears("READY=1\nSTATUS=translating, on nothing")
		f.signal(syscall.SIGHUP)
		m.hears(`RELOADING=1\nMONOTONIC_USEC=\d+`)
		m.hears("READY=1\nSTATUS=translating, on nothing")
		s.write(s.conf, "")
		f.signal(syscall.SIGHUP)
		m.hears(`RELOADING=1\nMONOTONIC_USEC=\d+`)
		m.hears("READY=1\nSTATUS=translating, on nothing; the last reload failed: fake: the configuration is empty")
		f.signal(syscall.SIGTERM)
		m.hears("STOPPING=1\nSTATUS=ending: terminated")
		if r := f.wait(); r.code != good {
			t.Errorf("%s: %+v", target, r)
		}
	}
}

// TestManagerOfAFailedStart hears why.
func TestManagerOfAFailedStart(t *testing.T) {
	s := newSite(t, "fails")
	m := s.manage(filepath.Join(s.dir, "notify"))
	s.run("-n", "-c", s.conf)
	m.hears("STOPPING=1\nSTATUS=fake: no device: nothing works")
}

// TestManagerOfABackground hears which process is meant.
func TestManagerOfABackground(t *testing.T) {
	s := newSite(t, "")
	m := s.manage(filepath.Join(s.dir, "notify"))
	pid := s.daemon()
	m.hears(fmt.Sprintf("READY=1\nMAINPID=%d\nSTATUS=translating, on nothing", pid))
	must(t, syscall.Kill(pid, syscall.SIGTERM))
	m.hears("STOPPING=1\nSTATUS=.*")
}

// TestWatchdog: signs of life come while it translates.
func TestWatchdog(t *testing.T) {
	s := newSite(t, "")
	m := s.manage(filepath.Join(s.dir, "notify"))
	s.env = append(s.env, "WATCHDOG_USEC=20000")
	s.start()
	m.hears("READY=1\n.*")
	for range 5 {
		m.hears("WATCHDOG=1")
	}
}

// TestNoManager: a service manager that is not there ends nothing.
func TestNoManager(t *testing.T) {
	s := newSite(t, "")
	s.env = append(s.env, "NOTIFY_SOCKET="+s.dir+"/nowhere")
	f := s.start("-d")
	f.says(`level=WARN msg="no service manager"`)
	f.says("translating")
}
