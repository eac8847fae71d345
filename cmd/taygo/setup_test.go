package main

import (
	"strings"
	"syscall"
	"testing"
)

// ownRoutes lists the routes of the device that taygo has set.
func (w *world) ownRoutes() string {
	w.t.Helper()
	four := tool(w.t, w.xlat, "ip", "-4", "route", "show", "proto", "46")
	return four + tool(w.t, w.xlat, "ip", "-6", "route", "show", "proto", "46")
}

// With tun-up and tun-route auto nothing has to be typed: the device is up, the
// routes that translation needs are there, follow a reload, and go at the end.
func TestNetnsTUNRouteAuto(t *testing.T) {
	t.Parallel()
	const lines = "tun-up yes\ntun-route auto\ntun-ip 192.0.2.200/32\n"
	w := newWorld(t, plan{lines: lines})
	good(t, w.xlat, "mktun", "-c", w.conf) // so that it outlives taygo
	before := tool(t, w.xlat, "ip", "-6", "route") + tool(t, w.xlat, "ip", "-4", "route") + tool(t, w.xlat, "ip", "-4", "addr", "show", "nat64")

	p := w.run()
	w.ping(w.six, fourAs6, 2)
	w.ping(w.four, sixAs4, 2)
	got := w.ownRoutes()
	for _, want := range []string{"198.51.100.10 ", "198.51.100.20 ", own4, "2001:db8:64::/96", own6 + " "} {
		if !strings.Contains(got, want) {
			t.Errorf("no route to %s in\n%s", want, got)
		}
	}

	w.configure(lines + "map 198.51.100.99 2001:db8:1::99\n")
	good(t, w.xlat, "reload", "-c", w.conf)
	if got := w.ownRoutes(); !strings.Contains(got, "198.51.100.99 ") {
		t.Errorf("after a reload no route to 198.51.100.99 in\n%s", got)
	}

	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	after := tool(t, w.xlat, "ip", "-6", "route") + tool(t, w.xlat, "ip", "-4", "route") + tool(t, w.xlat, "ip", "-4", "addr", "show", "nat64")
	if strip(after) != strip(before) {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
}

// strip leaves of a listing what does not change by itself.
func strip(s string) string {
	var kept []string
	for line := range strings.Lines(s) {
		if !strings.Contains(line, "fe80::") { // the kernel's own address comes late
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A device that is made anew gets its addresses and routes again.
func TestNetnsLostDeviceIsSetUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{lines: "tun-up yes\ntun-route auto\n"})
	p := w.run()
	w.ping(w.six, fourAs6, 1)
	tool(t, w.xlat, "ip", "link", "del", "nat64")
	p.log.wait(t, "device open", 2)
	w.ping(w.six, fourAs6, 2)
	w.ping(w.four, sixAs4, 2)
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 0 {
		t.Errorf("status %d", code)
	}
}
