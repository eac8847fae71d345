package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taygo/docs/examples/routing"
	"taygo/internal/netlab"
)

// A daemonWorld is a host with taygo and a routing daemon, between a border that
// gives it IPv4 routes and a neighbour that takes the mapped ones, both with BIRD.
type daemonWorld struct {
	t                       *testing.T
	host, border, neighbour *netlab.Host
	dir                     string
}

func newDaemonWorld(t *testing.T) *daemonWorld {
	t.Helper()
	netlab.Require(t)
	_, err := builtBinary()
	must(t, err)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	w := &daemonWorld{t: t}
	for name, host := range map[string]**netlab.Host{"host": &w.host, "border": &w.border, "neighbour": &w.neighbour} {
		*host, err = lab.Host(name)
		must(t, err)
		must(t, (*host).Forward())
	}
	must(t, lab.Link(w.host.End(prefix("192.0.2.1/30"), prefix("2001:db8:a::1/64")),
		w.border.End(prefix("192.0.2.2/30"), prefix("2001:db8:a::2/64")), 1500))
	must(t, lab.Link(w.host.End(prefix("2001:db8:b::1/64")), w.neighbour.End(prefix("2001:db8:b::2/64")), 1500))
	w.dir, err = os.MkdirTemp("", "taygo-") // t.TempDir is too long for a socket
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(w.dir)) })
	must(t, os.Chmod(w.dir, 0o777)) // FRR makes its sockets as a user of its own
	files, err := routing.Files.ReadDir(".")
	must(t, err)
	for _, f := range files {
		text, err := routing.Files.ReadFile(f.Name())
		must(t, err)
		must(t, os.WriteFile(w.path(f.Name()), text, 0o644))
	}
	w.bird(w.border, "border")
	w.bird(w.neighbour, "neighbour")
	return w
}

func (w *daemonWorld) path(name string) string { return filepath.Join(w.dir, name) }

// bird starts BIRD with the configuration of that name.
func (w *daemonWorld) bird(host *netlab.Host, name string) *process {
	w.t.Helper()
	return start(w.t, host, nil, "bird", "-f", "-c", w.path(name+".bird.conf"), "-s", w.path(name+".s"), "-P", w.path(name+".pid"))
}

// birdc gives a command to a BIRD.
func (w *daemonWorld) birdc(host *netlab.Host, name, command string) {
	w.t.Helper()
	tool(w.t, host, "birdc", append([]string{"-s", w.path(name + ".s")}, strings.Fields(command)...)...)
}

// taygo starts taygo routes run.
func (w *daemonWorld) taygo(conf string) {
	w.t.Helper()
	p := start(w.t, w.host, nil, built, "routes", "run", "-c", w.path(conf), "-s", w.path("s"))
	p.log.wait(w.t, "mapping routes", 1)
	p.mustBeGood = true
}

// has waits until a table of a host has all these routes, and none whose destination
// is in without.
func (w *daemonWorld) has(host *netlab.Host, table string, want []string, without ...string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%v without %v in table %s of %s", want, without, table, host.Name()), func() error {
		out, err := tryTool(w.t, host, "ip", "-6", "route", "show", "table", table)
		if err != nil && !strings.Contains(err.Error(), "FIB table does not exist") {
			return err
		}
		for _, route := range want {
			if !strings.Contains(out, route) {
				return fmt.Errorf("no %q in\n%s", route, out)
			}
		}
		for _, dst := range without {
			if strings.Contains(out, dst) {
				return fmt.Errorf("%s is in\n%s", dst, out)
			}
		}
		return nil
	})
}

// verified proves both tables equal.
func (w *daemonWorld) verified() {
	w.t.Helper()
	if said := good(w.t, w.host, routesLine(w.path("s"), "verify --full")...); !strings.Contains(said, "equal, route by route") {
		w.t.Errorf("verify says\n%s", said)
	}
}

// contains returns an error unless the text has that in it.
func contains(text, want string) error {
	if !strings.Contains(text, want) {
		return fmt.Errorf("no %q in\n%s", want, text)
	}
	return nil
}

// exists returns an error unless the file is there.
func exists(path string) error {
	_, err := os.Stat(path)
	return err
}
