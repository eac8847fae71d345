package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// The addresses of a world with stateful translation. There only the first
// address of six has a map; all others share the pool.
const (
	sixToo     = "2001:db8:1::20" // of the host six as well
	eight      = "2001:db8:3::10" // of the host eight
	fourToo    = "192.0.2.81"     // of the host four as well
	fourTooAs6 = "2001:db8:64::c000:251"
	natPool    = "198.51.100.128/30"
	natPool4   = "198.51.100.128" // the first address of the pool
	natPool6   = "2001:db8:64::c633:6480"
)

// natLines are in the configuration of every world with stateful translation.
const natLines = `tun-device nat64
ipv4-addr 203.0.113.1
ipv6-addr 2001:db8::64
prefix 2001:db8:64::/96
map 198.51.100.10 2001:db8:1::10
`

// A natWorld is a world whose translator has a pool, with two hosts that have no
// map: seven, and eight, in different networks.
type natWorld struct {
	*world
	eight *netlab.Host
}

// newNATWorld makes the hosts and the configuration. Nothing translates yet. The
// lines of the plan name the pool, or it is natPool.
func newNATWorld(t *testing.T, p plan) *natWorld {
	t.Helper()
	lines := p.lines
	p.lines, p.seven = "", true
	w := &natWorld{world: newWorld(t, p)}
	w.eight = w.host("eight")
	w.link(w.xlat.End(prefix("2001:db8:3::1/64")), w.eight.End(prefix(eight+"/64")), 1500)
	must(t, w.eight.Route(prefix("::/0"), addr("2001:db8:3::1"), ""))
	if !p.routers {
		// Only programs that ask for it have this one.
		tool(t, w.six, "ip", "addr", "add", sixToo+"/64", "dev", "xlat", "preferred_lft", "0")
		must(t, w.four.Addr("xlat", prefix(fourToo+"/26")))
	}
	w.configure(lines)
	return w
}

// configure writes the configuration: natLines, the given ones, and what they do
// not say of the pool and of files.
func (w *natWorld) configure(lines string) {
	w.t.Helper()
	if !strings.Contains(lines, "nat64-pool") {
		lines += "nat64-pool " + natPool + "\n"
	}
	text := natLines + "data-dir " + w.dir + "\ncontrol-socket " + w.dir + "/socket\n" + lines
	must(w.t, os.WriteFile(w.conf, []byte(text), 0o644))
}

func (w *natWorld) client() control.Client { return control.Client{Path: w.dir + "/socket"} }

// counted waits until a counter of packets is n. What counts them may be a little
// behind what the hosts see.
func (w *natWorld) counted(family int, name string, n uint64) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%s from IPv%d is %d", name, family, n), func() error {
		s := w.status()
		got := s.FromIP4.Packets[name]
		if family == 6 {
			got = s.FromIP6.Packets[name]
		}
		if got != n {
			return fmt.Errorf("it is %d", got)
		}
		return nil
	})
}

// sessions returns what the running taygo lists for q.
func (w *natWorld) sessions(q control.Query) (all []control.Session) {
	w.t.Helper()
	must(w.t, w.client().Sessions(within(w.t), q, func(s control.Session) bool {
		all = append(all, s)
		return true
	}))
	return all
}

// bindings returns what the running taygo lists for q.
func (w *natWorld) bindings(q control.Query) (all []control.Binding) {
	w.t.Helper()
	must(w.t, w.client().Bindings(within(w.t), q, func(b control.Binding) bool {
		all = append(all, b)
		return true
	}))
	return all
}

// out is from a host without a map to the IPv4 host.
func (w *natWorld) out(from *netlab.Host) way {
	return way{"from " + from.Name() + " to IPv4", from, w.four, fourAs6, four}
}

// staticLines bind every port of seven from 5000 to 5999, and 7, to that of the
// first address of the pool.
const staticLines = `nat64-static tcp [2001:db8:2::10]:5000-5999 198.51.100.128:5000-5999
nat64-static udp [2001:db8:2::10]:5000-5999 198.51.100.128:5000-5999
nat64-static udp [2001:db8:2::10]:7 198.51.100.128:7
`

// listenBound has seven listen at ports of staticLines where it may choose one.
func (w *natWorld) listenBound() {
	w.t.Helper()
	must(w.t, w.seven.Sysctl("net.ipv4.ip_local_port_range", "5000 5999"))
}

// bound is from the IPv4 host to the static bindings of seven.
func (w *natWorld) bound() way {
	return way{"from IPv4 to a binding", w.four, w.seven, natPool4, seven}
}

// in4 returns an address of the pool as IPv6 hosts write it.
func in4(pool netip.Addr) string {
	return "2001:db8:64::" + pool.String()
}

// dialFrom connects from an address of a host.
func dialFrom(ctx context.Context, h *netlab.Host, network, local, remote string) (net.Conn, error) {
	var c net.Conn
	err := h.Do(func() error {
		d := net.Dialer{LocalAddr: localAddr(network, local)}
		var err error
		c, err = d.DialContext(ctx, network, remote)
		return err
	})
	return c, err
}

// localAddr returns an address, with any port, for a Dialer.
func localAddr(network, local string) net.Addr {
	if strings.HasPrefix(network, "udp") {
		return &net.UDPAddr{IP: addr(local).AsSlice()}
	}
	return &net.TCPAddr{IP: addr(local).AsSlice()}
}
