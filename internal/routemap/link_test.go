package routemap

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// whole is a setup of every kind.
func whole() Setup {
	return Setup{
		Up: true, MTU: 1400,
		Addrs:  prefixes("192.168.255.2/24", "192.168.254.2/32", "2001:db8:1::3/64", "2001:db8:2::3/128"),
		Routes: prefixes("198.51.100.0/24", "203.0.113.7/32", "2001:db8:64::/96", "2001:db8:3::1/128"),
	}
}

var (
	wholeAddresses = []string{"192.168.254.2/32 46", "192.168.255.2/24 46", "2001:db8:1::3/64 46", "2001:db8:2::3/128 46"}
	wholeRoutes    = []string{"198.51.100.0/24 46", "2001:db8:3::1/128 46", "2001:db8:64::/96 46", "203.0.113.7/32 46"}
)

func TestNetnsApplyAndRemove(t *testing.T) {
	b := newBench(t)
	before := b.state()
	l := b.apply(whole())
	b.has("addresses", b.addresses(), wholeAddresses...)
	b.has("routes", b.routes(), wholeRoutes...)
	if out := b.ip("link", "show", tun); !strings.Contains(out, "UP") || !strings.Contains(out, "mtu 1400") {
		t.Errorf("the device is %s", out)
	}
	if out := b.ip("route", "get", "198.51.100.9"); !strings.Contains(out, "dev "+tun) {
		t.Errorf("packets go %s", out)
	}
	if out := b.ip("-6", "route", "get", "2001:db8:64::1"); !strings.Contains(out, "dev "+tun) {
		t.Errorf("packets go %s", out)
	}
	if out := b.ip("-4", "route", "show", "proto", "46"); !strings.Contains(out, "198.51.100.0/24 dev nat64 scope link") {
		t.Errorf("routes are %s", out)
	}
	applied := b.state()
	must(t, l.Update(whole()))
	b.unchanged(applied)
	must(t, l.Remove())
	b.unchanged(before)
}

func TestNetnsNothingAskedForIsNothingDone(t *testing.T) {
	b := newBench(t)
	before := b.state()
	l := b.apply(Setup{})
	b.unchanged(before)
	must(t, l.Remove())
	b.unchanged(before)
}

// TestNetnsApplyWhereNoRouteEverWas: the kernel has no table of IPv4 routes then,
// and answers a dump of it with an error and words.
func TestNetnsApplyWhereNoRouteEverWas(t *testing.T) {
	const loopback = 1
	must(t, newBench(t).Do(func() error {
		must(t, unix.Unshare(unix.CLONE_NEWNET))
		l, err := Apply(loopback, Setup{})
		must(t, err)
		return l.Remove()
	}))
}

// TestNetnsWhatIsThereStays: what somebody else has set up is left, before and
// after.
func TestNetnsWhatIsThereStays(t *testing.T) {
	b := newBench(t)
	b.ip("link", "set", tun, "up", "mtu", "1400")
	b.ip("addr", "add", "192.168.255.2/24", "dev", tun)
	b.ip("addr", "add", "2001:db8:1::3/64", "dev", tun)
	b.ip("addr", "add", "2001:db8:2::3/64", "dev", tun) // with another length
	b.ip("route", "add", "198.51.100.0/24", "dev", tun)
	b.ip("-6", "route", "add", "2001:db8:64::/96", "dev", tun, "metric", "5")
	before := b.state()
	l := b.apply(whole())
	b.has("addresses", b.addresses(), "192.168.254.2/32 46", "192.168.255.2/24 0", "2001:db8:1::3/64 0", "2001:db8:2::3/64 0")
	b.has("routes", b.routes(), "198.51.100.0/24 3", "2001:db8:3::1/128 46", "2001:db8:64::/96 3", "203.0.113.7/32 46")
	if c := l.Conflicts(); len(c) != 0 {
		t.Errorf("conflicts %v", c)
	}
	must(t, l.Remove())
	b.unchanged(before)
}

// TestNetnsRoutesOfOthersStay: a route elsewhere to the same prefix is left and
// reported, whether or not ours can stand beside it.
func TestNetnsRoutesOfOthersStay(t *testing.T) {
	b := newBench(t)
	b.ip("route", "add", "198.51.100.0/24", "dev", elsewhere)
	b.ip("route", "add", "203.0.113.7/32", "dev", elsewhere, "metric", "9")
	b.ip("-6", "route", "add", "2001:db8:64::/96", "dev", elsewhere)
	b.ip("-6", "route", "add", "blackhole", "2001:db8:3::1/128", "metric", "7")
	b.ip("route", "add", "198.51.100.0/24", "dev", elsewhere, "table", "100")
	before := b.state()
	l := b.apply(whole())
	b.has("routes", b.routes(), "2001:db8:3::1/128 46", "203.0.113.7/32 46")
	route := func(i int) netip.Prefix { return whole().Routes[i] }
	want := []Conflict{
		{route(0), elsewhere, 0, false},
		{route(1), elsewhere, 9, true},
		{route(2), elsewhere, 1024, false},
		{route(3), "lo", 7, true},
	}
	if got := l.Conflicts(); !slices.Equal(got, want) {
		t.Errorf("conflicts are\n%v, want\n%v", got, want)
	}
	for i, want := range []string{"far, so there is none to the translator", "far, and the one with the lower metric counts"} {
		if got := l.Conflicts()[i].String(); !strings.Contains(got, want) || !strings.Contains(got, route(i).String()) {
			t.Errorf("conflict %d says %q", i, got)
		}
	}
	b.ip("link", "set", tun, "down")
	if err := l.Update(Setup{Routes: prefixes("198.51.101.0/24")}); err == nil || !slices.Equal(l.Conflicts(), want) {
		t.Errorf("after an error, %v, conflicts are %v", err, l.Conflicts())
	}
	b.ip("route", "del", "198.51.100.0/24", "dev", elsewhere)
	must(t, l.Update(whole()))
	if len(l.Conflicts()) != 3 || !slices.Contains(b.routes(), "198.51.100.0/24 46") {
		t.Errorf("after the other is gone: %v, %v", l.Conflicts(), b.routes())
	}
	must(t, l.Remove())
	b.ip("route", "add", "198.51.100.0/24", "dev", elsewhere)
	b.unchanged(before)
}

// TestNetnsDefaultRoutes: routes to everything, beside a default route of the
// host with another metric.
func TestNetnsDefaultRoutes(t *testing.T) {
	b := newBench(t)
	b.ip("route", "add", "default", "via", "192.0.2.130", "metric", "100")
	b.ip("-6", "route", "add", "default", "via", "2001:db8:f::2", "metric", "100")
	before := b.state()
	l := b.apply(Setup{Up: true, Routes: prefixes("0.0.0.0/0", "::/0")})
	b.has("routes", b.routes(), "0.0.0.0/0 46", "::/0 46")
	want := []Conflict{{prefixes("0.0.0.0/0")[0], elsewhere, 100, true}, {prefixes("::/0")[0], elsewhere, 100, true}}
	if got := l.Conflicts(); !slices.Equal(got, want) {
		t.Errorf("conflicts are %v", got)
	}
	must(t, l.Remove())
	b.unchanged(before)
}

func TestNetnsDeviceGone(t *testing.T) {
	b := newBench(t)
	before := b.state()
	l := b.apply(whole())
	b.ip("link", "del", tun)
	err := l.Update(whole())
	if !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), "nat64: look at it") {
		t.Errorf("Update without a device: %v", err)
	}
	must(t, l.Remove())
	if _, err := b.try(whole()); !errors.Is(err, unix.ENODEV) {
		t.Errorf("Apply without a device: %v", err)
	}
	if out := b.ip("route", "show", "proto", "46") + b.ip("-6", "route", "show", "proto", "46"); out != "" {
		t.Errorf("routes are left: %s", out)
	}
	b.makeTUN()
	again := b.apply(whole())
	b.has("routes", b.routes(), wholeRoutes...)
	must(t, again.Remove())
	b.ip("link", "del", tun)
	if strings.Contains(diff(b.state(), before), "proto 46") {
		t.Error("something is left")
	}
}

// TestNetnsRename: a device keeps its index.
func TestNetnsRename(t *testing.T) {
	b := newBench(t)
	l := b.apply(whole())
	b.ip("link", "set", tun, "name", "other")
	must(t, l.Update(Setup{Up: true, Routes: prefixes("198.51.100.0/25")}))
	b.has("routes", b.routes(), "198.51.100.0/25 46")
	must(t, l.Remove())
	b.has("routes", b.routes())
	b.has("addresses", b.addresses())
}

// TestNetnsLeftBehind: what a process leaves that was killed, the next one takes
// over: it keeps what it has to set up, and removes the rest, at once or at its end.
func TestNetnsLeftBehind(t *testing.T) {
	b := newBench(t)
	b.ip("link", "set", tun, "up")
	before := b.state()
	b.apply(Setup{
		Addrs:  prefixes("192.168.255.2/24", "2001:db8:9::9/128"),
		Routes: prefixes("198.51.100.0/24", "198.51.101.0/24", "2001:db8:64::/96"),
	}).Close()
	l := b.apply(Setup{Addrs: prefixes("192.168.255.2/24"), Routes: prefixes("198.51.100.0/24", "2001:db8:64::/96")})
	b.has("addresses", b.addresses(), "192.168.255.2/24 46")
	b.has("routes", b.routes(), "198.51.100.0/24 46", "2001:db8:64::/96 46")
	must(t, l.Remove())
	b.unchanged(before)
}
