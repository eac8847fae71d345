package tayga

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// built is the path of the binary once it is built.
var built string

// binary builds taygo once and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "taygo-test-")
	if err != nil {
		return "", err
	}
	built = filepath.Join(dir, "taygo")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", built, "taygo/cmd/taygo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return built, nil
})

// A place is a site whose program is the whole taygo, called tayga, on a host of
// its own.
type place struct {
	*site
	host *netlab.Host
}

func newPlace(t *testing.T) *place {
	t.Helper()
	netlab.Require(t)
	path, err := binary()
	must(t, err)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	p := &place{site: newSite(t, "")}
	p.host, err = lab.Host("tayga")
	must(t, err)
	p.exe = filepath.Join(p.dir, "tayga")
	must(t, os.Symlink(path, p.exe))
	return p
}

// command is that of the site, on the host.
func (p *place) command(args ...string) *netlab.Cmd {
	cmd := p.host.Command(context.Background(), p.exe, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}

// run runs the program to its end.
func (p *place) run(args ...string) result {
	p.t.Helper()
	cmd := p.command(args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	return p.finish(cmd.Cmd, cmd.Run(), &out, &log)
}

// good runs the program, which must succeed.
func (p *place) good(args ...string) {
	p.t.Helper()
	if r := p.run(args...); r.code != good {
		p.t.Fatalf("%q: %+v", args, r)
	}
}

// daemon runs the program into the background and returns its process id.
func (p *place) daemon(args ...string) int {
	p.t.Helper()
	path := filepath.Join(p.dir, "pid")
	p.good(append([]string{"-c", p.conf, "-p", path}, args...)...)
	var pid int
	_, err := fmt.Sscan(p.read(path), &pid)
	must(p.t, err)
	p.t.Cleanup(func() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		awaitGone(p.t, pid)
	})
	return pid
}

// own is the translator's address, and here an address of the host on the device.
var own, here = netip.MustParseAddr("192.0.2.1"), netip.MustParsePrefix("198.51.100.1/32")

// route sets the device up and routes the own address to it.
func (p *place) route() {
	p.t.Helper()
	must(p.t, p.host.Up("nat64"))
	must(p.t, p.host.Addr("nat64", here))
	must(p.t, p.host.Route(netip.PrefixFrom(own, 32), netip.Addr{}, "nat64"))
}

// answers fails the test unless the translator answers a datagram to its own
// address, with the ICMP error that such a datagram gets.
func (p *place) answers() {
	p.t.Helper()
	c, err := p.host.Dial(p.t.Context(), "udp4", netip.AddrPortFrom(own, 9).String())
	must(p.t, err)
	defer c.Close()
	waitFor(p.t, "an answer", func() error {
		if _, err := c.Write([]byte("a")); err != nil {
			return refused(err)
		}
		must(p.t, c.SetReadDeadline(time.Now().Add(time.Second)))
		_, err := c.Read(make([]byte, 1))
		return refused(err)
	})
}

// refused returns nil for the error of a socket that got an ICMP error.
func refused(err error) error {
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no ICMP error: %w", err)
	}
	if errors.Is(err, syscall.ENOPROTOOPT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	return err
}

// TestNetnsBackground: a whole life in the background.
func TestNetnsBackground(t *testing.T) {
	p := newPlace(t)
	p.good("-c", p.conf, "--mktun")
	p.route()
	pid := p.daemon()
	p.answers()
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE} {
		must(t, syscall.Kill(pid, sig))
	}
	p.answers()
	must(t, syscall.Kill(pid, syscall.SIGTERM))
	awaitGone(t, pid)
	if err := isFile(filepath.Join(p.dir, "pid")); err == nil {
		t.Error("the pid file is still there")
	}
	p.good("-c", p.conf, "--rmtun")
	p.good("-c", p.conf, "--rmtun") // there is none
}

// TestNetnsRemoveAtOnceAfterTheEnd, as scripts do: the process has the device for
// some time yet. While it goes on running the device stays.
func TestNetnsRemoveAtOnceAfterTheEnd(t *testing.T) {
	p := newPlace(t)
	for range 5 {
		p.good("-c", p.conf, "--mktun")
		pid := p.daemon()
		must(t, syscall.Kill(pid, syscall.SIGTERM))
		p.good("-c", p.conf, "--rmtun")
	}
	p.good("-c", p.conf, "--mktun")
	pid := p.daemon()
	p.route()
	if r := p.run("-c", p.conf, "--rmtun"); r.code != bad || !strings.Contains(r.stderr, fmt.Sprint("process ", pid)) || r.stdout == "" {
		t.Errorf("while it runs: %+v", r)
	}
	p.answers()
}

// TestNetnsADeviceThatIsTaken: the start fails, also in the background, and the
// process that has the device keeps its pid file.
func TestNetnsADeviceThatIsTaken(t *testing.T) {
	p := newPlace(t)
	pid := p.daemon()
	p.route()
	for _, how := range []string{"-n", "--syslog"} {
		r := p.run(how, "-c", p.conf, "-p", filepath.Join(p.dir, "pid"))
		if r.code != bad || !strings.Contains(r.stderr, "another process has the device open") || !strings.Contains(r.stderr, fmt.Sprintf("%d (tayga)", pid)) {
			t.Errorf("%s: %+v", how, r)
		}
	}
	if got := p.read(filepath.Join(p.dir, "pid")); got != fmt.Sprintln(pid) {
		t.Errorf("the pid file holds %q, want %d", got, pid)
	}
	p.answers()
}

// TestNetnsADeviceThatCannotBeOpened is a failed start of the parent as well.
func TestNetnsADeviceThatCannotBeOpened(t *testing.T) {
	p := newPlace(t)
	p.write(p.conf, strings.Replace(p.read(p.conf), "nat64\n", "a/b\n", 1))
	path := filepath.Join(p.dir, "pid")
	if r := p.run("-c", p.conf, "-p", path); r.code != bad || !strings.Contains(r.stderr, `"a/b"`) {
		t.Errorf("%+v", r)
	}
	if err := isFile(path); err == nil {
		t.Error("there is a pid file")
	}
}

// TestNetnsSequences: what Tayga's callers do, step by step; & stands for a daemon
// in the background, $ for one in the foreground, as which it is stopped then.
func TestNetnsSequences(t *testing.T) {
	for caller, steps := range map[string][]string{
		"Debian":        {"--mktun", "route", "--pidfile PID &", "--rmtun"},
		"OpenWrt":       {"-c CONF --mktun", "route", "-n -c CONF -p PID $", "-c CONF --rmtun"},
		"clatd":         {"--config CONF --mktun ''", "route", "--config CONF --nodetach '' $", "--config CONF --rmtun ''"},
		"OPNsense":      {"-p PID &"},
		"the container": {"-c CONF -d --mktun", "route", "-c CONF -d $"},
		"OpenRC":        {"--mktun", "route", "-p PID &", "--rmtun"},
		"taygo":         {"-c CONF --mktun", "route", "-c CONF -p PID &", "-c CONF --rmtun"},
	} {
		p := newPlace(t)
		if caller == "taygo" { // called by its own name
			p.exe = built
		}
		for _, step := range steps {
			if step == "route" {
				p.route()
				continue
			}
			if !strings.Contains(step, "CONF") {
				step = "-c CONF " + step // for them it is the default
			}
			p.step(caller, step)
		}
	}
}

func (p *place) step(caller, line string) {
	p.t.Helper()
	pidFile := filepath.Join(p.dir, "pid")
	var args []string
	for a := range strings.FieldsSeq(strings.NewReplacer("CONF", p.conf, "PID", pidFile).Replace(line)) {
		args = append(args, strings.Trim(a, "'"))
	}
	last := args[len(args)-1]
	switch last {
	case "&", "$":
		args = args[:len(args)-1]
	default:
		p.good(args...)
		return
	}
	cmd := p.command(args...)
	var log buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	must(p.t, cmd.Start())
	pid := cmd.Process.Pid
	if last == "&" {
		if err := cmd.Wait(); err != nil {
			p.t.Fatalf("%s: %s: %v: %s", caller, line, err, log.String())
		}
		_, err := fmt.Sscan(p.read(pidFile), &pid)
		must(p.t, err)
	}
	if strings.Contains(caller, "OPNsense") { // makes no device before
		p.route()
	}
	p.answers()
	must(p.t, syscall.Kill(pid, syscall.SIGTERM))
	if last == "$" {
		if err := cmd.Wait(); err != nil {
			p.t.Errorf("%s: %s: %v: %s", caller, line, err, log.String())
		}
	}
	awaitGone(p.t, pid)
}
