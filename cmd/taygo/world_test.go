package main

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// The addresses of a world. A name of IPv4 hosts ends in 4, of IPv6 hosts in 6,
// and as6 is what the other side sees.
const (
	own4    = "203.0.113.1" // the translator's
	own6    = "2001:db8::64"
	four    = "192.0.2.80" // of the host four
	fourAs6 = "2001:db8:64::c000:250"
	six     = "2001:db8:1::10" // of the host six, by a map
	sixAs4  = "198.51.100.10"
	plain   = "2001:db8:64::c633:6442" // of the host six, by the prefix
	plainAs = "198.51.100.66"
	seven   = "2001:db8:2::10" // of the host seven, by a map
	sevenAs = "198.51.100.20"
)

// commonLines are in the configuration of every world.
const commonLines = `tun-device nat64
ipv4-addr 203.0.113.1
ipv6-addr 2001:db8::64
prefix 2001:db8:64::/96
map 198.51.100.10 2001:db8:1::10
map 198.51.100.20 2001:db8:2::10
`

// A plan says how a world differs from the simplest one:
//
//	six ── xlat ── four
type plan struct {
	lines      string // added to the configuration
	routers    bool   // put r6 and r4 between the hosts and xlat
	seven      bool   // add the IPv6 host seven
	mtu6, mtu4 int    // of the links of xlat, in octets; 0 is 1500
	unjudged   bool   // the test makes the kernels of the hosts meet bad packets
}

// A world is an IPv6-only host and an IPv4-only host, with a translator between
// them that runs on a host of its own.
type world struct {
	t                      *testing.T
	lab                    *netlab.Lab
	six, xlat, four, seven *netlab.Host
	dir, conf              string
}

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// newWorld makes the hosts and the configuration. Nothing translates yet.
func newWorld(t *testing.T, p plan) *world {
	t.Helper()
	netlab.Require(t)
	_, err := builtBinary()
	must(t, err)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	w := &world{t: t, lab: lab}
	w.dir, err = os.MkdirTemp("", "taygo-") // t.TempDir is too long for a socket
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(w.dir) })
	w.conf = filepath.Join(w.dir, "tayga.conf")
	w.configure(p.lines)

	w.six, w.xlat, w.four = w.host("six"), w.host("xlat"), w.host("four")
	must(t, w.xlat.Forward())
	w.joinSix(p)
	w.joinFour(p)
	if p.seven {
		w.seven = w.host("seven")
		w.link(w.xlat.End(prefix("2001:db8:2::1/64")), w.seven.End(prefix(seven+"/64")), 1500)
		must(t, w.seven.Route(prefix("::/0"), addr("2001:db8:2::1"), ""))
	}
	if !p.unjudged {
		t.Cleanup(w.judge)
	}
	return w
}

func (w *world) host(name string) *netlab.Host {
	w.t.Helper()
	h, err := w.lab.Host(name)
	must(w.t, err)
	// Tests provoke more ICMP errors in a second than a kernel sends by itself.
	must(w.t, h.Sysctl("net.ipv4.icmp_ratelimit", "0"))
	must(w.t, h.Sysctl("net.ipv6.icmp.ratelimit", "0"))
	// Old kernels have one such limit for all namespaces.
	if err := h.Sysctl("net.ipv4.icmp_msgs_per_sec", "100000"); !errors.Is(err, os.ErrNotExist) {
		must(w.t, err)
	}
	return h
}

func (w *world) link(a, b netlab.End, mtu int) {
	w.t.Helper()
	if mtu == 0 {
		mtu = 1500
	}
	must(w.t, w.lab.Link(a, b, mtu))
}

// joinSix makes the links and routes of the IPv6 side.
func (w *world) joinSix(p plan) {
	t, near, mtu := w.t, w.xlat, p.mtu6
	via := addr(six)
	if p.routers {
		r6 := w.host("r6")
		must(t, r6.Forward())
		w.link(r6.End(prefix("2001:db8:6::2/64")), w.xlat.End(prefix("2001:db8:6::1/64")), p.mtu6)
		must(t, r6.Route(prefix("::/0"), addr("2001:db8:6::1"), ""))
		via = addr("2001:db8:6::2")
		must(t, w.xlat.Route(prefix("2001:db8:1::/64"), via, ""))
		near, mtu = r6, 0
	}
	w.link(w.six.End(prefix(six+"/64")), near.End(prefix("2001:db8:1::1/64")), mtu)
	must(t, w.six.Addr("lo", prefix(plain+"/128")))
	must(t, w.six.Route(prefix("::/0"), addr("2001:db8:1::1"), ""))
	must(t, w.xlat.Route(prefix(plain+"/128"), via, ""))
	if p.routers {
		must(t, near.Route(prefix(plain+"/128"), addr(six), ""))
	}
}

// joinFour makes the links and routes of the IPv4 side.
func (w *world) joinFour(p plan) {
	t, near, mtu := w.t, w.xlat, p.mtu4
	if p.routers {
		r4 := w.host("r4")
		must(t, r4.Forward())
		w.link(r4.End(prefix("192.0.2.2/26")), w.xlat.End(prefix("192.0.2.1/26")), p.mtu4)
		must(t, r4.Route(prefix("0.0.0.0/0"), addr("192.0.2.1"), ""))
		must(t, w.xlat.Route(prefix("192.0.2.64/26"), addr("192.0.2.2"), ""))
		near, mtu = r4, 0
	}
	w.link(w.four.End(prefix(four+"/26")), near.End(prefix("192.0.2.65/26")), mtu)
	must(t, w.four.Route(prefix("0.0.0.0/0"), addr("192.0.2.65"), ""))
}

// configure writes the configuration: the common lines, the control socket, and
// the given ones.
func (w *world) configure(lines string) {
	w.t.Helper()
	text := commonLines + "control-socket " + w.dir + "/socket\n" + lines
	must(w.t, os.WriteFile(w.conf, []byte(text), 0o644))
}

// device makes the TUN device and gives it its routes.
func (w *world) device() {
	w.t.Helper()
	good(w.t, w.xlat, "mktun", "-c", w.conf)
	w.routes()
}

// routes sets the device up and routes to it what it is to translate.
func (w *world) routes() {
	w.t.Helper()
	must(w.t, w.xlat.Up("nat64"))
	for _, dst := range []string{"198.51.100.0/24", own4 + "/32", "2001:db8:64::/96", own6 + "/128"} {
		must(w.t, w.xlat.Route(prefix(dst), netip.Addr{}, "nat64"))
	}
}

// start makes the device and runs taygo until the test ends.
func (w *world) start() *process {
	w.t.Helper()
	w.device()
	return w.run()
}

// status asks the running taygo.
func (w *world) status() control.Status {
	w.t.Helper()
	var s control.Status
	out := good(w.t, w.xlat, "status", "--json", "-c", w.conf)
	must(w.t, json.Unmarshal([]byte(out), &s))
	return s
}

// ping sends n echo requests from a host, each once the last one has been
// answered, and fails the test unless all are. Each has a ping of its own: one for
// all would hardly wait for the last answer.
func (w *world) ping(from *netlab.Host, to string, n int, args ...string) {
	w.t.Helper()
	args = append([]string{"-n", "-q", "-c", "1", "-W", "20"}, args...)
	for range n {
		tool(w.t, from, "ping", append(args, to)...)
	}
}
