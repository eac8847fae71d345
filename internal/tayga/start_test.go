package tayga

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func (s *site) touch(name string) { s.write(filepath.Join(s.dir, name), "") }

func (s *site) write(path, text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(path, []byte(text), 0o644))
}

func isFile(path string) error {
	_, err := os.Stat(path)
	return err
}

// TestFailedStarts: exit code 1, and a reason on standard error, whatever the log
// target, in the foreground and in the background alike.
func TestFailedStarts(t *testing.T) {
	for _, c := range []struct {
		name, fake, lines, args string
		want                    []string
	}{
		{"no configuration", "", "", "-c /nowhere/tayga.conf", []string{"tayga: conf: open /nowhere/tayga.conf: no such file"}},
		{"an empty name of a configuration", "", "", "--config=", []string{"tayga: conf: open"}},
		{"two mistakes", "", "prefix 2001:db8::/33\nmap x y\n", "", []string{"tayga.conf:5: prefix", "tayga.conf:6: map"}},
		{"no such user", "", "", "-u no-such-user", []string{"tayga: --user: ", "no-such-user"}},
		{"a number as a user", "", "", "-u 12345678", []string{"tayga: --user: ", "12345678"}},
		{"no such group", "", "", "-g no-such-group", []string{"tayga: --group: ", "no-such-group"}},
		{"root in a jail", "", "", "-r -u root", []string{"tayga: --chroot keeps nothing"}},
		{"nobody in a jail", "", "", "-r", []string{"tayga: --chroot keeps nothing"}},
		{"a jail without a directory", "", "", "-r -u daemon", []string{"tayga: --chroot: there is no directory for it: set data-dir"}},
		{"a data directory that root would have to make", "", "data-dir /nowhere/data\n", "", []string{"tayga: data-dir: mkdir /nowhere/data"}},
		{"a data directory for another user", "", "data-dir /nowhere\n", "-u daemon", []string{"tayga: data-dir: chdir /nowhere: no such file"}},
		{"a pid file in no directory", "", "", "-p /nowhere/pid", []string{"tayga: --pidfile: open /nowhere/pid: no such file"}},
		{"the Runner fails", "fails", "", "", []string{"tayga: fake: no device:\n", "tayga: nothing works\n"}},
		{"a mistake on the command line", "", "", "--bogus", []string{`tayga: there is no option "--bogus" (tayga --help lists the options)`}},
	} {
		for _, how := range []string{"", "-n", "-d", "--journal"} {
			s := newSite(t, c.fake)
			s.configure(c.lines)
			args := append([]string{"-c", s.conf}, strings.Fields(c.args+" "+how)...)
			r := s.run(args...)
			if r.code != bad {
				t.Errorf("%s: %v: exit code %d", c.name, args, r.code)
			}
			for _, want := range c.want {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("%s: %v: no %q in %q", c.name, args, want, r.stderr)
				}
			}
			if logged := how == "-d" && !strings.HasSuffix(r.stderr, "lists the options)\n"); logged != (r.stdout != "") {
				t.Errorf("%s: %v: standard output %q", c.name, args, r.stdout)
			}
		}
	}
}

// TestAnErrorIsSeenOnce where standard output and standard error are one.
func TestAnErrorIsSeenOnce(t *testing.T) {
	s := newSite(t, "fails")
	cmd := s.command("-d", "-c", s.conf)
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(out), "no device") != 1 {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestHelp(t *testing.T) {
	s := newSite(t, "")
	for _, args := range [][]string{{"--help"}, {"-h"}, {"-c", "/nowhere", "--he", "--bogus"}} {
		r := s.run(args...)
		if r.code != good || r.stdout != "" || !strings.HasPrefix(r.stderr, "Usage: tayga [") {
			t.Errorf("%v: %+v", args, r)
		}
		for i := range table {
			if !strings.Contains(r.stderr, "--"+table[i].long) {
				t.Errorf("--%s is not explained", table[i].long)
			}
		}
	}
}

// TestDataDir: where the process works, and what it makes.
func TestDataDir(t *testing.T) {
	for _, c := range []struct {
		name         string
		lines, state string // DIR is that of the site
		want         string
	}{
		{"none", "", "", "/"},
		{"of the configuration", "data-dir DIR/data\n", "", "DIR/data"},
		{"of the configuration before that of the service manager", "data-dir DIR/data\n", "DIR/state", "DIR/data"},
		{"of the service manager", "", "DIR/state", "DIR/state"},
		{"the first of the service manager", "", "DIR/state:DIR/other", "DIR/state"},
	} {
		s := newSite(t, "")
		in := strings.NewReplacer("DIR", s.dir)
		s.configure(in.Replace(c.lines))
		s.env = append(s.env, "STATE_DIRECTORY="+in.Replace(c.state))
		pid := s.daemon()
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || cwd != in.Replace(c.want) {
			t.Errorf("%s: works in %s (%v), want %s", c.name, cwd, err, in.Replace(c.want))
		}
	}
	s := newSite(t, "")
	s.configure("")
	s.env = append(s.env, "STATE_DIRECTORY=relative:/absolute")
	if r := s.run("-n", "-c", s.conf); r.code != bad || !strings.Contains(r.stderr, `"relative" is not absolute`) {
		t.Errorf("a relative state directory: %+v", r)
	}
}

// TestDataDirIsMadeForAll, as far as the umask lets them.
func TestDataDirIsMadeForAll(t *testing.T) {
	s := newSite(t, "fails")
	cmd := s.command()
	cmd.Path = "/bin/sh"
	cmd.Args = []string{"sh", "-c", `umask 027; exec "$0" -n -c "$1"`, s.exe, s.conf}
	if out, err := cmd.CombinedOutput(); !strings.Contains(string(out), "no device") {
		t.Errorf("%v: %s", err, out)
	}
	info, err := os.Stat(s.data)
	must(t, err)
	if got := info.Mode().Perm(); got != 0o750 {
		t.Errorf("made with mode %o", got)
	}
}

// TestPIDFile: who writes it, with what, and who removes it.
func TestPIDFile(t *testing.T) {
	s := newSite(t, "")
	path := filepath.Join(s.data, "relative.pid")
	f := s.start("-p", "relative.pid", "-d")
	f.says("translating")
	if got, want := s.read(path), fmt.Sprintln(f.cmd.Process.Pid); got != want {
		t.Errorf("it holds %q, want %q", got, want)
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm()&0o133 != 0 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	f.signal(syscall.SIGTERM)
	f.wait()
	if err := isFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}

	s.write(path, "a longer text of somebody else\n")
	f = s.start("-p", "relative.pid", "-d")
	f.says("translating")
	if got, want := s.read(path), fmt.Sprintln(f.cmd.Process.Pid); got != want {
		t.Errorf("it holds %q, want %q", got, want)
	}
	s.write(path, "1\n")
	f.signal(syscall.SIGTERM)
	f.wait()
	if got := s.read(path); got != "1\n" {
		t.Errorf("that of another process is gone: %q", got)
	}
}

// TestPIDFileOfAFailedStart: that of a running process stays, a new one goes.
func TestPIDFileOfAFailedStart(t *testing.T) {
	s := newSite(t, "fails")
	path := filepath.Join(s.dir, "pid")
	for _, how := range []string{"-n", "--syslog"} {
		s.run("-p", path, "-c", s.conf, how)
		if err := isFile(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", how, err)
		}
	}
	s.write(path, "123\n")
	s.run("-p", path, "-c", s.conf)
	if got := s.read(path); got != "123\n" {
		t.Errorf("it holds %q", got)
	}
	s.run("-p", "/dev/null", "-c", s.conf)
	if err := isFile("/dev/null"); err != nil {
		t.Fatal(err)
	}
}
