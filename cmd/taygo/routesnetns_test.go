package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"taygo/internal/control"
	"taygo/internal/netlab"
	"taygo/internal/routemap"
)

// A routeWorld is a host that maps routes, with links to the borders a and b.
type routeWorld struct {
	t      *testing.T
	host   *netlab.Host
	dir    string
	conf   string
	socket string
}

// routeLines are in the configuration of every routeWorld.
const routeLines = commonLines + `route-source kernel table 464
route-nexthop 192.0.2.1 2001:db8:a::1
route-nexthop 192.0.2.65 2001:db8:b::1
`

func newRouteWorld(t *testing.T, lines string) *routeWorld {
	t.Helper()
	netlab.Require(t)
	_, err := builtBinary()
	must(t, err)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	w := &routeWorld{t: t}
	w.host, err = lab.Host("mapper")
	must(t, err)
	for name, addrs := range map[string][4]string{
		"a": {"192.0.2.2/26", "2001:db8:a::2/64", "192.0.2.1/26", "2001:db8:a::1/64"},
		"b": {"192.0.2.66/26", "2001:db8:b::2/64", "192.0.2.65/26", "2001:db8:b::1/64"},
	} {
		border, err := lab.Host(name)
		must(t, err)
		must(t, lab.Link(w.host.End(prefix(addrs[0]), prefix(addrs[1])), border.End(prefix(addrs[2]), prefix(addrs[3])), 1500))
	}
	w.dir, err = os.MkdirTemp("", "taygo-") // t.TempDir is too long for a socket
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(w.dir)) })
	w.conf, w.socket = filepath.Join(w.dir, "conf"), filepath.Join(w.dir, "s")
	w.configure(lines)
	return w
}

func (w *routeWorld) configure(lines string) {
	w.t.Helper()
	must(w.t, os.WriteFile(w.conf, []byte(routeLines+lines), 0o644))
}

// run runs taygo routes run until the test ends.
func (w *routeWorld) run() *process {
	w.t.Helper()
	p := start(w.t, w.host, nil, built, "routes", "run", "-c", w.conf, "-s", w.socket)
	p.log.wait(w.t, "mapping routes", 1)
	p.mustBeGood = true
	return p
}

// ip runs the ip command.
func (w *routeWorld) ip(args string) {
	w.t.Helper()
	tool(w.t, w.host, "ip", strings.Fields(args)...)
}

// routes runs a command of taygo routes, and returns what it says.
func (w *routeWorld) routes(args string) string {
	w.t.Helper()
	return good(w.t, w.host, routesLine(w.socket, args)...)
}

// mapped waits until these IPv4 prefixes are mapped, and the kernel has a route for
// each, and proves that the tables are equal. It bears that nothing is mapped for a
// moment, as at the start and while a reload replaces what maps.
func (w *routeWorld) mapped(want ...string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%v mapped", want), func() error {
		r := taygo(w.t, w.host, routesLine(w.socket, "show --json 0.0.0.0/0")...)
		if r.code != 0 {
			return errors.New(r.stderr)
		}
		var got []string
		for line := range strings.Lines(r.stdout) {
			var r routemap.RouteInfo
			must(w.t, json.Unmarshal([]byte(line), &r))
			got = append(got, r.Prefix.String())
		}
		kernel := 0
		for line := range strings.Lines(w.table()) {
			if !strings.HasPrefix(line, "\t") { // or it is one more next hop
				kernel++
			}
		}
		if !slices.Equal(got, want) || kernel != len(want) {
			return fmt.Errorf("mapped are %v, and the kernel has %d routes", got, kernel)
		}
		return nil
	})
	if said := w.routes("verify --full"); !strings.Contains(said, "equal, route by route") {
		w.t.Errorf("verify says\n%s", said)
	}
}

// table returns the IPv6 routes of the kernel that are mapped.
func (w *routeWorld) table() string {
	w.t.Helper()
	out, err := tryTool(w.t, w.host, "ip", "-6", "route", "show", "table", "6464")
	if err != nil && strings.Contains(err.Error(), "FIB table does not exist") {
		return ""
	}
	must(w.t, err)
	return out
}

// says fails the test unless a command says all of that.
func (w *routeWorld) says(args string, want ...string) {
	w.t.Helper()
	said := w.routes(args)
	for _, text := range want {
		if !strings.Contains(said, text) {
			w.t.Errorf("taygo routes %s does not say %q:\n%s", args, text, said)
		}
	}
}

// The whole life of taygo routes run: what the kernel is told it maps, and tells.
func TestNetnsRoutesRun(t *testing.T) {
	t.Parallel()
	w := newRouteWorld(t, "")
	for _, r := range []string{
		"198.51.100.0/24 via 192.0.2.1", "198.51.100.128/25 via 192.0.2.65", "203.0.113.0/24 via 192.0.2.9",
		"203.0.113.64/26 nexthop via 192.0.2.1 weight 1 nexthop via 192.0.2.65 weight 3", "unreachable 203.0.113.128/26",
	} {
		w.ip("route add table 464 " + r)
	}
	p := w.run()
	all := []string{"198.51.100.0/24", "198.51.100.128/25", "203.0.113.64/26", "203.0.113.128/26"}
	w.mapped(all...)
	w.says("summary", "mapping    to 2001:db8:64::/96, table 6464, protocol 64", "in step", "mapped     4 routes", "kernel     4 IPv6 routes")
	w.says("show 198.51.100.0/24", "2001:db8:64::c633:6400/120  2001:db8:a::1 dev a", "2001:db8:64::c633:6480/121  2001:db8:b::1 dev")
	w.says("show --limit 1 203.0.113.0/24", "203.0.113.64/26", "2001:db8:a::1 dev", " weight 1, 2001:db8:b::1 dev", " weight 3")
	w.says("lookup 198.51.100.1", "IPv4 route  198.51.100.0/24, of kernel table 464", "carried by  2001:db8:64::c633:6400/120 metric 1024", "next hop    2001:db8:a::1 dev", "verdict     forwarded")
	w.says("lookup 2001:db8:64::c633:6481", "IPv4 route  198.51.100.128/25", "2001:db8:b::1")
	w.says("lookup 203.0.113.129", "verdict     answered as unreachable")
	w.says("lookup 203.0.113.1", "verdict  no route: the sources have none that is mapped")
	w.says("nexthops", "up     1       2001:db8:b::1 dev b\n", "up     1       2001:db8:a::1 dev a weight 1, 2001:db8:b::1 dev b weight 3")
	w.says("rejected", "192.0.2.9  unknown-gateway  1       203.0.113.0/24", "add route-nexthop")

	w.ip("route del table 464 198.51.100.128/25")
	w.mapped(all[0], all[2], all[3])
	w.says("flush", "3 IPv6 routes removed")
	if got := w.table(); got != "" {
		t.Errorf("after a flush there are\n%s", got)
	}
	w.says("summary", "flushed: nothing is mapped")
	w.says("lookup 198.51.100.1", "all were flushed")
	w.ip("route add table 464 198.51.100.128/25 via 192.0.2.65")
	w.says("resync", "4 routes mapped, by 4 IPv6 routes")
	w.mapped(all...)
	before := w.table()
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	if after := w.table(); after != before {
		t.Errorf("at exit the routes change from\n%sto\n%s", before, after)
	}
}

// A signal and taygo reload have it read the configuration again; a wrong one
// changes nothing.
func TestNetnsRoutesReload(t *testing.T) {
	t.Parallel()
	w := newRouteWorld(t, "route-on-exit flush\n")
	w.ip("route add table 464 198.51.100.0/24 via 192.0.2.1")
	w.ip("route add table 464 203.0.113.0/24 via 192.0.2.9")
	p := w.run()
	w.mapped("198.51.100.0/24")
	w.configure("route-nexthop 192.0.2.9 192.0.2.1\n")
	p.signal(syscall.SIGHUP)
	p.log.wait(t, "configuration not replaced, the running one stays", 1)
	if r := taygo(t, w.host, "reload", "-s", w.socket); r.code != 1 || !strings.Contains(r.stderr, w.conf+":") {
		t.Errorf("a reload of a wrong configuration: %+v", r)
	}
	w.mapped("198.51.100.0/24")
	w.configure("route-on-exit flush\nroute-nexthop 192.0.2.9 2001:db8:b::1\n")
	p.signal(syscall.SIGHUP)
	w.mapped("198.51.100.0/24", "203.0.113.0/24")

	var s control.Status
	must(t, json.Unmarshal([]byte(good(t, w.host, "status", "--json", "-s", w.socket)), &s))
	if s.Routes == nil || s.Routes.Mapped != 2 || !s.Routes.Running {
		t.Errorf("the status of routes is %+v", s.Routes)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	if got := w.table(); got != "" {
		t.Errorf("with route-on-exit flush there are left\n%s", got)
	}
}

// Whatever happened while it was dead, or could not look, it is in step at once: what
// is marked as its own and is not needed goes.
func TestNetnsRoutesKilledAndStopped(t *testing.T) {
	t.Parallel()
	w := newRouteWorld(t, "")
	w.ip("route add table 464 198.51.100.0/24 via 192.0.2.1")
	p := w.run()
	w.mapped("198.51.100.0/24")
	p.signal(syscall.SIGKILL)
	w.mustBeKilled(p)
	w.ip("-6 route add table 6464 2001:db8:64::cb00:7100/120 via 2001:db8:b::1 proto 64") // as if it had been ours
	w.ip("route add table 464 192.0.2.128/26 via 192.0.2.65")
	p = w.run()
	w.mapped("192.0.2.128/26", "198.51.100.0/24")

	p.signal(syscall.SIGSTOP)
	w.ip("route del table 464 192.0.2.128/26")
	p.signal(syscall.SIGCONT)
	w.mapped("198.51.100.0/24")
}

func (w *routeWorld) mustBeKilled(p *process) {
	w.t.Helper()
	p.mustBeGood = false
	if code := p.wait(); code != -1 {
		w.t.Errorf("status %d of what was killed", code)
	}
}

// A table of a collector becomes a file of routes, which is mapped.
func TestNetnsRoutesImported(t *testing.T) {
	t.Parallel()
	w := newRouteWorld(t, "")
	routes := filepath.Join(w.dir, "routes")
	w.configure("route-source file " + routes + "\n")
	table := mrtFile(t, mrtRoute("198.51.100.0/24", "192.0.2.1"), mrtRoute("203.0.113.0/24", "2001:db8:b::1"), mrtRoute("192.0.2.128/26", "192.0.2.9"))
	good(t, w.host, "routes", "import-mrt", "--output", routes, table)
	w.run()
	w.mapped("198.51.100.0/24", "203.0.113.0/24")
	w.says("lookup 203.0.113.1", "of file (source 2)", "2001:db8:b::1", "forwarded")
	w.says("rejected", "192.0.2.9  unknown-gateway")
	good(t, w.host, "routes", "import-mrt", "--output", routes, mrtFile(t, mrtRoute("0.0.0.0/0", "192.0.2.65")))
	w.says("resync", "1 routes mapped")
	w.mapped("0.0.0.0/0")
}

// Without a socket it maps all the same, and who cannot map is told why.
func TestNetnsRoutesRefusals(t *testing.T) {
	t.Parallel()
	w := newRouteWorld(t, "")
	w.ip("route add table 464 198.51.100.0/24 via 192.0.2.1")
	p := start(t, w.host, nil, built, "routes", "run", "-c", w.conf, "-s", "off", "--log", "stdout", "--log-format", "json")
	eventually(t, "a route is mapped", func() error {
		if got := w.table(); !strings.Contains(got, "2001:db8:64::c633:6400/120") {
			return fmt.Errorf("there is only %q", got)
		}
		return nil
	})
	p.out.wait(t, `"msg":"mapping routes"`, 1)
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	p = start(t, w.host, nil, "setpriv", "--bounding-set=-all", "--inh-caps=-all", built, "routes", "run", "-c", w.conf, "-s", w.socket)
	if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), "operation not permitted: run as root, or with CAP_NET_ADMIN") {
		t.Errorf("without rights: status %d, and it says %s", code, &p.log)
	}
	none := file(t, commonLines)
	if r := taygo(t, w.host, "routes", "run", "-c", none, "-s", w.socket); r.code != 1 || !strings.Contains(r.stderr, "no routes to map: say with route-source") {
		t.Errorf("without a source: %+v", r)
	}
	w.run()
	if r := taygo(t, w.host, "routes", "run", "-c", w.conf, "-s", w.socket); r.code != 1 || !strings.Contains(r.stderr, "another taygo answers there") {
		t.Errorf("a second one: %+v", r)
	}
}
