package routemap

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestNetnsReload takes one Link from setup to setup, and back to nothing.
func TestNetnsReload(t *testing.T) {
	b := newBench(t)
	before := b.state()
	l := b.apply(Setup{})
	for _, tt := range []struct {
		name              string
		setup             Setup
		addresses, routes []string
	}{
		{"everything", whole(), wholeAddresses, wholeRoutes},
		{"nothing but up", Setup{Up: true}, nil, nil},
		{
			"one of each kind",
			Setup{Up: true, Addrs: prefixes("192.168.255.2/24", "2001:db8:1::3/64"), Routes: prefixes("198.51.100.0/24", "2001:db8:64::/96")},
			[]string{"192.168.255.2/24 46", "2001:db8:1::3/64 46"},
			[]string{"198.51.100.0/24 46", "2001:db8:64::/96 46"},
		},
		{
			"the same addresses with other lengths",
			Setup{Up: true, Addrs: prefixes("192.168.255.2/25", "2001:db8:1::3/128"), Routes: prefixes("198.51.100.0/24", "2001:db8:64::/96")},
			[]string{"192.168.255.2/25 46", "2001:db8:1::3/128 46"},
			[]string{"198.51.100.0/24 46", "2001:db8:64::/96 46"},
		},
		{
			"another address of the subnet, other routes",
			Setup{Up: true, Addrs: prefixes("192.168.255.3/25"), Routes: prefixes("198.51.100.0/25", "198.51.100.128/25", "2001:db8:64::/97")},
			[]string{"192.168.255.3/25 46"},
			[]string{"198.51.100.0/25 46", "198.51.100.128/25 46", "2001:db8:64::/97 46"},
		},
		{
			"no address any more, the same routes",
			Setup{Up: true, Routes: prefixes("198.51.100.0/25", "198.51.100.128/25", "2001:db8:64::/97")},
			nil,
			[]string{"198.51.100.0/25 46", "198.51.100.128/25 46", "2001:db8:64::/97 46"},
		},
		{"the same prefix twice, and with host bits", Setup{Up: true, Routes: prefixes("198.51.100.7/24", "198.51.100.0/24")}, nil, []string{"198.51.100.0/24 46"}},
		{"everything again", whole(), wholeAddresses, wholeRoutes},
	} {
		must(t, l.Update(tt.setup))
		b.has("addresses with "+tt.name, b.addresses(), tt.addresses...)
		b.has("routes with "+tt.name, b.routes(), tt.routes...)
	}
	must(t, l.Update(Setup{}))
	b.unchanged(before)
	must(t, l.Remove())
}

// TestNetnsNoGap listens to what the kernel tells of its routes: one that stays is
// never gone, not even while the device gets another address, its only one, and
// one that takes the place of others is there before they go.
func TestNetnsNoGap(t *testing.T) {
	b := newBench(t)
	l := b.apply(Setup{Up: true, Addrs: prefixes("192.168.255.2/32"), Routes: prefixes("198.51.100.0/25", "198.51.100.128/25", "203.0.113.0/24", "2001:db8:64::/96")})
	events, done := make(chan netlink.RouteUpdate, 1000), make(chan struct{})
	defer close(done)
	must(t, netlink.RouteSubscribeAt(b.Namespace(), events, done))
	must(t, l.Update(Setup{Up: true, Addrs: prefixes("192.168.255.3/32"), Routes: prefixes("198.51.100.0/24", "203.0.113.0/24", "2001:db8:64::/96")}))
	b.ip("route", "add", "198.51.102.0/24", "dev", tun)
	var told []string
	for e := range events {
		if e.Dst.String() == "198.51.102.0/24" {
			break
		}
		if e.Protocol == Protocol {
			told = append(told, map[uint16]string{unix.RTM_NEWROUTE: "new ", unix.RTM_DELROUTE: "gone "}[e.Type]+e.Dst.String())
		}
	}
	b.has("events", told, "new 198.51.100.0/24", "gone 198.51.100.0/25", "gone 198.51.100.128/25")
}

// TestNetnsNotMarked: of an address whose origin the kernel does not tell, as none
// did before 5.18, the Link knows that it made it.
func TestNetnsNotMarked(t *testing.T) {
	b := newBench(t)
	b.ip("link", "set", tun, "up")
	before := b.state()
	l := b.apply(Setup{Addrs: prefixes("192.168.255.2/24")})
	b.ip("addr", "change", "192.168.255.2/24", "dev", tun)
	b.has("addresses", b.addresses(), "192.168.255.2/24 0")
	must(t, l.Remove())
	b.unchanged(before)
}

// TestNetnsMended: what somebody took away is there again after an Update, and
// what is gone at the end is no error.
func TestNetnsMended(t *testing.T) {
	b := newBench(t)
	before := b.state()
	l := b.apply(whole())
	for _, cut := range [][]string{
		{"addr", "flush", "dev", tun},
		{"-6", "route", "flush", "dev", tun},
		{"link", "set", tun, "down"},
	} {
		b.ip(cut...)
		must(t, l.Update(whole()))
		b.has("addresses", b.addresses(), wholeAddresses...)
		b.has("routes", b.routes(), wholeRoutes...)
	}
	b.ip("addr", "flush", "dev", tun)
	b.ip("route", "flush", "dev", tun)
	must(t, l.Remove())
	b.unchanged(before)
}

// TestNetnsTakenOver: what somebody made his own since is his.
func TestNetnsTakenOver(t *testing.T) {
	b := newBench(t)
	b.ip("link", "set", tun, "up")
	l := b.apply(whole())
	b.ip("route", "replace", "198.51.100.0/24", "dev", tun, "proto", "static")
	must(t, l.Remove())
	b.has("routes", b.routes(), "198.51.100.0/24 4")
	b.has("addresses", b.addresses())
}

// TestNetnsNeighboursStay: with an address of ours the kernel takes away addresses
// and routes that depend on it; those of others are put back.
func TestNetnsNeighboursStay(t *testing.T) {
	for _, up := range []bool{true, false} {
		b := newBench(t)
		if up {
			b.ip("link", "set", tun, "up")
		}
		l := b.apply(Setup{Up: true, Addrs: prefixes("192.168.255.2/24", "2001:db8:1::3/64")})
		b.ip("route", "add", "198.51.100.0/24", "dev", tun, "metric", "7", "mtu", "1300")
		b.ip("route", "add", "203.0.113.0/24", "via", "198.51.100.1", "dev", tun, "onlink", "table", "200")
		b.ip("addr", "add", "192.168.255.3/24", "dev", tun)
		b.ip("addr", "add", "192.168.255.4/24", "dev", tun, "label", tun+":x")
		b.ip("addr", "add", "2001:db8:1::4/64", "dev", tun)
		must(t, l.Remove())
		b.has("addresses", b.addresses(), "192.168.255.3/24 0", "192.168.255.4/24 0", "2001:db8:1::4/64 0")
		b.has("routes", b.routes(), "198.51.100.0/24 3")
		all := b.ip("-4", "route", "show", "table", "all") + b.ip("addr", "show", "dev", tun)
		for _, want := range []string{
			"198.51.100.0/24 dev nat64 scope link metric 7 mtu 1300", "203.0.113.0/24 via 198.51.100.1 dev nat64 table 200 onlink",
			"nat64:x", "192.168.255.0/24 dev nat64 proto kernel scope link src 192.168.255.3",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("up %v: %q is lost of\n%s", up, want, all)
			}
		}
	}
}

// TestNetnsLastAddress: without its last IPv4 address a device loses its routes,
// but not those of others, nor those that stay in the setup; also where no process
// holds the device, so that it has no carrier.
func TestNetnsLastAddress(t *testing.T) {
	for _, carrier := range []bool{true, false} {
		b := newBench(t)
		b.ip("link", "set", tun, "up")
		b.ip("route", "add", "198.51.100.0/24", "dev", tun)
		b.ip("route", "add", "192.88.99.0/24", "via", "198.51.100.1", "dev", tun) // it needs the one that comes after it
		if !carrier {
			must(t, b.queue.Close())
		}
		before := b.state()
		l := b.apply(Setup{Addrs: prefixes("192.168.255.2/32"), Routes: prefixes("198.51.101.0/24")})
		must(t, l.Update(Setup{Routes: prefixes("198.51.101.0/24")}))
		b.has("routes", b.routes(), "192.88.99.0/24 3", "198.51.100.0/24 3", "198.51.101.0/24 46")
		must(t, l.Remove())
		b.unchanged(before)
	}
}

// TestNetnsSourceGone: a route that prefers an address of ours as its source goes
// with that address, and does not keep it from going.
func TestNetnsSourceGone(t *testing.T) {
	b := newBench(t)
	b.ip("link", "set", tun, "up")
	before := b.state()
	l := b.apply(Setup{Addrs: prefixes("192.168.255.2/32")})
	b.ip("route", "add", "198.51.100.0/24", "dev", tun, "src", "192.168.255.2")
	must(t, l.Remove())
	b.unchanged(before)
}

// TestNetnsAllOrNothing: what cannot be done is named, with what to do, and
// nothing of the rest stays; nor is anything of the old setup lost.
func TestNetnsAllOrNothing(t *testing.T) {
	impossible := []struct {
		name, does, do string
		edit           func(*Setup)
		prepare        []string
		err            error
	}{
		{"a multicast address", "give it the address ff02::1/64", "take it out of the configuration", func(s *Setup) { s.Addrs = append(s.Addrs, prefixes("ff02::1/64")...) }, nil, unix.EADDRNOTAVAIL},
		{"a device that is down", "add the route", "ip link set dev nat64 up", func(s *Setup) { s.Up = false }, []string{"link", "set", tun, "down"}, unix.ENETDOWN},
		{"an MTU that is too long", "set the MTU 70000", "take it out", func(s *Setup) { s.MTU = 70000 }, nil, unix.EINVAL},
	}
	for _, tt := range impossible {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.ip("link", "set", tun, "up")
			old := b.apply(Setup{Addrs: prefixes("192.168.255.2/25", "2001:db8:1::3/128"), Routes: prefixes("203.0.113.0/24")})
			if tt.prepare != nil {
				b.ip(tt.prepare...)
			}
			before := b.state()
			s := whole()
			tt.edit(&s)
			err := old.Update(s)
			if !errors.Is(err, tt.err) || !strings.Contains(err.Error(), "routemap: nat64: "+tt.does) || !strings.Contains(err.Error(), tt.do) {
				t.Errorf("the error is %v", err)
			}
			b.unchanged(before)
			old.Close()
			if _, err := b.try(s); !errors.Is(err, tt.err) {
				t.Errorf("the error of a new Link is %v", err)
			}
			b.unchanged(before)
		})
	}
}

// TestNetnsDownAgain: a device that was set up in vain is down again, with the
// IPv6 addresses that it had when it was down.
func TestNetnsDownAgain(t *testing.T) {
	b := newBench(t)
	b.ip("addr", "add", "2001:db8:9::9/64", "dev", tun)
	l := b.apply(Setup{Addrs: prefixes("2001:db8:1::3/128")})
	s := whole()
	s.Addrs = append(s.Addrs, prefixes("ff02::1/64")...)
	if err := l.Update(s); err == nil {
		t.Fatal("a multicast address is taken")
	}
	b.has("addresses", b.addresses(), "2001:db8:1::3/128 46", "2001:db8:9::9/64 0")
	b.has("routes", b.routes())
	if out := b.ip("link", "show", tun); strings.Contains(out, ",UP") || !strings.Contains(out, "mtu 1500") {
		t.Errorf("the device is %s", out)
	}
	must(t, l.Update(whole()))
	must(t, l.Remove())
	b.has("addresses", b.addresses(), "2001:db8:9::9/64 0")
}

// TestNetnsNotPermitted: a thread without rights changes nothing, and says what it
// lacks, both to begin and to end.
func TestNetnsNotPermitted(t *testing.T) {
	b := newBench(t)
	before := b.state()
	unprivileged := func(f func() error) error {
		return b.Do(func() error { // on a thread that ends with it
			head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var none [2]unix.CapUserData
			if err := unix.Capset(&head, &none[0]); err != nil {
				return err
			}
			return f()
		})
	}
	err := unprivileged(func() error { _, err := Apply(b.index, whole()); return err })
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "routemap: nat64: set the MTU 1400") || !strings.Contains(err.Error(), "CAP_NET_ADMIN") {
		t.Errorf("Apply without rights: %v", err)
	}
	b.unchanged(before)
	l := b.apply(whole())
	applied := b.state()
	if err := unprivileged(l.Remove); !errors.Is(err, os.ErrPermission) {
		t.Errorf("Remove without rights: %v", err)
	}
	b.unchanged(applied)
}

// TestNetnsWithoutIPv6: a device without IPv6 is refused what needs it.
func TestNetnsWithoutIPv6(t *testing.T) {
	b := newBench(t)
	must(t, b.Sysctl("net.ipv6.conf."+tun+".disable_ipv6", "1"))
	before := b.state()
	_, err := b.try(whole())
	if !errors.Is(err, unix.EACCES) || !strings.Contains(err.Error(), "sysctl -w net.ipv6.conf.nat64.disable_ipv6=0") {
		t.Errorf("the error is %v", err)
	}
	b.unchanged(before)
	l := b.apply(Setup{Up: true, Addrs: prefixes("192.168.255.2/24"), Routes: prefixes("198.51.100.0/24")})
	b.has("routes", b.routes(), "198.51.100.0/24 46")
	must(t, l.Remove())
	b.unchanged(before)
}
