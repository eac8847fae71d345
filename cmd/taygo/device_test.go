package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// What an operator does to the device while packets flow is followed, and they
// flow on as soon as the kernel lets them.
func TestNetnsDeviceUnderTraffic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	p := w.start()
	ways := w.ways()
	flows := []*flow{
		startFlow(t, ways[0], "7", 50*time.Millisecond),
		startFlow(t, ways[1], "8", 50*time.Millisecond),
	}
	flowOn := func() {
		t.Helper()
		for _, f := range flows {
			f.goesOn(20)
		}
	}
	flowOn()
	ip := func(args ...string) {
		t.Helper()
		tool(t, w.xlat, "ip", args...)
	}

	ip("link", "set", "nat64", "mtu", "1400")
	p.log.wait(t, "MTU changed", 1)
	if s := w.status(); s.Device.MTU != 1400 || s.MTU6 != 1400 || s.MTU4 != 1380 {
		t.Errorf("after mtu 1400 the device has MTU %d, IPv6 %d, IPv4 %d", s.Device.MTU, s.MTU6, s.MTU4)
	}
	if got := learned(t, way{from: w.four, to: w.six, dial: sixAs4, listen: six}, 1472); got != 1380 {
		t.Errorf("a host learns the MTU %d, want 1380", got)
	}
	flowOn()

	ip("link", "set", "nat64", "mtu", "1000")
	p.log.wait(t, "the old one stays in force", 1)
	ip("link", "set", "nat64", "mtu", "1500") // the kernel has taken IPv6 from the device
	p.log.wait(t, "MTU changed", 3)
	w.restoreRoutes()
	flowOn()

	for i := range 3 {
		ip("link", "set", "nat64", "down")
		p.log.wait(t, "device down", i+1)
		if s := w.status(); s.Device.State != "down" {
			t.Errorf("a device that is down is %q", s.Device.State)
		}
		ip("link", "set", "nat64", "up")
		p.log.wait(t, "device up", i+1)
		w.restoreRoutes()
		flowOn()
	}
	if s := w.status(); s.Device.State != "up" {
		t.Errorf("a device that is up is %q", s.Device.State)
	}

	if _, err := tryTool(t, w.xlat, "ip", "link", "set", "nat64", "name", "siit"); err != nil {
		ip("link", "set", "nat64", "down") // before Linux 6.2
		ip("link", "set", "nat64", "name", "siit")
		ip("link", "set", "siit", "up")
	}
	p.log.wait(t, "device renamed", 1)
	if s := w.status(); s.Device.Name != "siit" {
		t.Errorf("the renamed device is %q", s.Device.Name)
	}
	w.restoreRoutes()
	flowOn()
}

// restoreRoutes routes to the device again what the kernel may have forgotten.
func (w *world) restoreRoutes() {
	w.t.Helper()
	device := w.status().Device.Name
	for _, dst := range []string{"198.51.100.0/24", own4, "2001:db8:64::/96", own6} {
		tool(w.t, w.xlat, "ip", "route", "replace", dst, "dev", device)
	}
}

// deviceOpen is logged when the device has been opened; another process that has
// "the device open" is something else.
const deviceOpen = `msg="device open"`

// A device that is deleted is made anew, waited for, or ends the process.
func TestNetnsDeviceLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action   string
		makeIt   bool // somebody else has to make the device
		goesOn   bool
		whatSaid string
	}{
		{"recreate", false, true, "device lost"},
		{"wait", true, true, "device lost"},
		{"exit", false, false, "gone"},
	} {
		t.Run(c.action, func(t *testing.T) {
			w := newWorld(t, plan{lines: "tun-lost " + c.action + "\n"})
			w.device()
			p := w.run()
			w.ping(w.six, fourAs6, 2)
			before := w.status().FromIP6.Packets["translated"]
			tool(t, w.xlat, "ip", "link", "del", "nat64")
			if !c.goesOn {
				p.mustBeGood = false
				if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), c.whatSaid) {
					t.Errorf("status %d, and it says\n%s", code, &p.log)
				}
				if _, err := os.Stat(w.dir + "/socket"); err == nil {
					t.Error("the control socket stays")
				}
				return
			}
			p.log.wait(t, c.whatSaid, 1)
			if c.makeIt {
				if s := w.status(); s.Device.State != "lost" || s.Device.Name != "nat64" {
					t.Errorf("a lost device is %+v", s.Device)
				}
				good(t, w.xlat, "reload", "-c", w.conf)
				good(t, w.xlat, "mktun", "-c", w.conf)
			}
			p.log.wait(t, deviceOpen, 2)
			w.routes()
			w.ping(w.six, fourAs6, 2)
			w.ping(w.four, sixAs4, 2)
			p.log.wait(t, "device up", 1)
			if s := w.status(); s.Device.State != "up" || s.FromIP6.Packets["translated"] < before+4 {
				t.Errorf("state %q, %d packets translated after %d", s.Device.State, s.FromIP6.Packets["translated"], before)
			}
		})
	}
}

// The process ends well when it is asked to, and takes its socket with it. A device
// that it made goes too; one that was there stays.
func TestNetnsStop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		signal     syscall.Signal
		persistent bool
	}{
		{syscall.SIGTERM, true},
		{syscall.SIGTERM, false},
		{syscall.SIGINT, true},
	} {
		t.Run(fmt.Sprint(c.signal, ", persistent ", c.persistent), func(t *testing.T) {
			w := newWorld(t, plan{})
			if c.persistent {
				w.device()
			}
			p := w.run()
			socket := filepath.Join(w.dir, "socket")
			if info, err := os.Stat(socket); err != nil || info.Mode() != os.ModeSocket|0o600 {
				t.Errorf("the control socket is %v, %v", info, err)
			}
			if !c.persistent {
				w.routes()
			}
			w.ping(w.six, fourAs6, 2)
			p.signal(c.signal)
			if code := p.wait(); code != 0 || !strings.Contains(p.log.String(), "msg=ended") {
				t.Errorf("status %d", code)
			}
			if _, err := os.Stat(socket); err == nil {
				t.Error("the control socket stays")
			}
			if _, err := tryTool(t, w.xlat, "ip", "link", "show", "nat64"); (err == nil) != c.persistent {
				t.Errorf("the device: %v", err)
			}
		})
	}
}

// A second process for the same device, or the same socket, does no harm.
func TestNetnsSecondInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	for _, args := range [][]string{{"run", "-c", w.conf}, {"rmtun", "-c", w.conf}, {"rmtun", "nat64"}} {
		r := taygo(t, w.xlat, args...)
		if r.code != 1 || !strings.Contains(r.stderr, `"nat64": another process has the device open`) {
			t.Errorf("taygo %v: status %d, and it says %q", args, r.code, r.stderr)
		}
	}
	w.ping(w.six, fourAs6, 2)
	other := *w
	other.conf = filepath.Join(w.dir, "other.conf")
	text := strings.Replace(commonLines, "nat64", "other", 1) + "control-socket " + w.dir + "/socket\n"
	must(t, os.WriteFile(other.conf, []byte(text), 0o644))
	p := other.run()
	p.log.wait(t, "another taygo answers there", 1)
	if code := p.stop(); code != 0 {
		t.Errorf("the process without a socket ends with status %d", code)
	}
	if s := w.status(); s.Device.Name != "nat64" {
		t.Errorf("the socket now shows %q", s.Device.Name)
	}
}

// Devices are used as others made them, and stay.
func TestNetnsForeignDevice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		maker string
		mode  string
		make  func(*testing.T, *netlab.Host)
	}{
		{"ip tuntap add", "single queue", tuntap()},
		{"ip tuntap add multi_queue", "multi-queue", tuntap("multi_queue")},
		{"ip tuntap add vnet_hdr", "single queue", tuntap("vnet_hdr")},
		{"ip tuntap add pi", "single queue", tuntap("pi")},
		{"tayga --mktun", "single queue", func(t *testing.T, h *netlab.Host) {
			file := filepath.Join(t.TempDir(), "tayga.conf")
			must(t, os.WriteFile(file, []byte("tun-device nat64\nipv4-addr 203.0.113.1\nprefix 2001:db8:64::/96\n"), 0o644))
			tool(t, h, "tayga", "-c", file, "--mktun")
		}},
	} {
		t.Run(c.maker, func(t *testing.T) {
			w := newWorld(t, plan{})
			c.make(t, w.xlat)
			w.routes()
			p := w.run()
			w.ping(w.six, fourAs6, 2)
			transfer(t, w.ways()[1], 1<<20)
			if s := w.status(); !strings.HasPrefix(s.Device.Mode, c.mode) {
				t.Errorf("the mode is %q, not %q", s.Device.Mode, c.mode)
			}
			if code := p.stop(); code != 0 {
				t.Errorf("status %d", code)
			}
			tool(t, w.xlat, "ip", "link", "show", "nat64")
			good(t, w.xlat, "rmtun", "-c", w.conf)
			if _, err := tryTool(t, w.xlat, "ip", "link", "show", "nat64"); err == nil {
				t.Error("rmtun leaves the device")
			}
		})
	}
}

// tuntap returns what makes a device as the ip command does.
func tuntap(flags ...string) func(*testing.T, *netlab.Host) {
	return func(t *testing.T, h *netlab.Host) {
		tool(t, h, "ip", append([]string{"tuntap", "add", "dev", "nat64", "mode", "tun"}, flags...)...)
	}
}

// What keeps taygo from starting is told, with what to do.
func TestNetnsRefusesToStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(t *testing.T, w *world)
		says string
	}{
		{"a device whose MTU is too small for IPv6", func(t *testing.T, w *world) {
			w.device()
			must(t, w.xlat.MTU("nat64", 1000))
		}, "the MTU 1000 is less than IPv6 needs"},
		{"a device of another kind", func(t *testing.T, w *world) {
			tool(t, w.xlat, "ip", "link", "add", "nat64", "type", "bridge")
		}, "another kind of device has it"},
		{"a file that is not there", func(t *testing.T, w *world) { must(t, os.Remove(w.conf)) }, "no such file"},
		{"a file with a mistake", func(_ *testing.T, w *world) { w.configure("hairpin perhaps\n") }, "tayga.conf:8: hairpin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, plan{})
			c.make(t, w)
			r := taygo(t, w.xlat, "run", "-c", w.conf)
			if r.code != 1 || !strings.Contains(r.stderr, c.says) {
				t.Errorf("status %d, and it says %q, not %q", r.code, r.stderr, c.says)
			}
			if _, err := os.Stat(w.dir + "/socket"); err == nil {
				t.Error("there is a control socket")
			}
		})
	}
}
