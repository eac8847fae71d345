package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"taygo/docs/examples/routing"
	"taygo/internal/control"
	"taygo/internal/netlab"
)

const diagram = `
   isp1, AS 64511                isp2, AS 64512      both have 198.51.100.80 and 203.0.113.80;
 near: 198.51.100.0/24         near: 203.0.113.0/24  what is near has the shorter path
        | eBGP                        | eBGP
     border1                       border2           BIRD, and taygo with 2001:db8:64::/96:
  192.0.2.2, 2001:db8:a::2      192.0.2.6, 2001:db8:b::2      the host is 192.0.2.65, or 192.0.2.81
        |            iBGP             |
        +----------- core -----------+               BIRD -> table 464 -> taygo -> table 6464
                       |
                     inner                           IPv6 only: 2001:db8:1::10
`

// mtu is that of all links, in octets.
const mtu = 1500

// names are those of all hosts.
var names = []string{"isp1", "isp2", "border1", "border2", "core", "inner"}

// links are the links, with the addresses of both ends.
var links = []struct{ a, aAddrs, b, bAddrs string }{
	{"inner", "2001:db8:1::10/64", "core", "2001:db8:1::1/64"},
	{"core", "192.0.2.1/30 2001:db8:a::1/64", "border1", "192.0.2.2/30 2001:db8:a::2/64"},
	{"core", "192.0.2.5/30 2001:db8:b::1/64", "border2", "192.0.2.6/30 2001:db8:b::2/64"},
	{"border1", "192.0.2.9/30", "isp1", "192.0.2.10/30"},
	{"border2", "192.0.2.13/30", "isp2", "192.0.2.14/30"},
}

// servers are the IPv4 addresses that each upstream network has.
var servers = []string{"198.51.100.80", "203.0.113.80"}

// A network is the hosts, what lies between them, and the daemons on them.
type network struct {
	lab     *netlab.Lab
	hosts   map[string]*netlab.Host
	dir     string // of configurations and sockets
	program string // taygo
	daemons map[string]*daemon
	mapper  control.Client
	doors   []net.Listener // of the servers
}

// newNetwork builds the hosts, the links, and the routes of those who do not speak
// BGP.
func newNetwork(program, dir string) (*network, error) {
	lab, err := netlab.New()
	if err != nil {
		return nil, err
	}
	n := &network{
		lab: lab, hosts: map[string]*netlab.Host{}, dir: dir, program: program, daemons: map[string]*daemon{},
		mapper: control.Client{Path: filepath.Join(dir, "core.taygo.sock")},
	}
	if err := errors.Join(n.build(), n.copyFiles()); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *network) build() error {
	for _, name := range names {
		host, err := n.lab.Host(name)
		if err != nil {
			return err
		}
		if n.hosts[name] = host; name == "inner" {
			continue
		}
		if err := host.Forward(); err != nil {
			return err
		}
	}
	for _, l := range links {
		if err := n.lab.Link(n.hosts[l.a].End(prefixes(l.aAddrs)...), n.hosts[l.b].End(prefixes(l.bAddrs)...), mtu); err != nil {
			return err
		}
	}
	inner := netip.MustParsePrefix("2001:db8:1::/64")
	for name, via := range map[string]string{"border1": "2001:db8:a::1", "border2": "2001:db8:b::1"} {
		if err := n.hosts[name].Route(inner, netip.MustParseAddr(via), "core"); err != nil {
			return err
		}
	}
	if err := n.hosts["inner"].Route(netip.MustParsePrefix("::/0"), netip.MustParseAddr("2001:db8:1::1"), "core"); err != nil {
		return err
	}
	if _, err := n.hosts["core"].Run(context.Background(), "ip", "-6", "rule", "add", "pref", "1000", "lookup", "6464"); err != nil {
		return err
	}
	return errors.Join(n.serve("isp1"), n.serve("isp2"))
}

// serve gives an upstream network its servers: each says which network it is and by
// which address it sees the client.
func (n *network) serve(name string) error {
	host := n.hosts[name]
	for _, server := range servers {
		if err := host.Addr("lo", netip.MustParsePrefix(server+"/32")); err != nil {
			return err
		}
		l, err := host.Listen("tcp", server+":7")
		if err != nil {
			return err
		}
		n.doors = append(n.doors, l)
		go answer(l, name)
	}
	return nil
}

// answer answers connections until the listener is closed.
func answer(l net.Listener, name string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		from, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		_, _ = fmt.Fprintf(c, "%s sees %s", name, from)
		_ = c.Close()
	}
}

// copyFiles writes the configurations to the directory.
func (n *network) copyFiles() error {
	entries, err := routing.Files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := routing.Files.ReadFile(e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(n.dir, e.Name()), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// printLogs prints the last lines of each daemon.
func (n *network) printLogs(out io.Writer) {
	for name, d := range n.daemons {
		fmt.Fprintf(out, "\nThe end of the log of %s:\n%s\n", name, d.log.String())
	}
}

// close ends the daemons and servers, and gives up the hosts.
func (n *network) close() error {
	var errs []error
	for name, d := range n.daemons {
		if err := d.stop(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, door := range n.doors {
		_ = door.Close()
	}
	return errors.Join(append(errs, n.lab.Close())...)
}

// prefixes returns addresses with the lengths of their subnets.
func prefixes(text string) []netip.Prefix {
	var all []netip.Prefix
	for field := range strings.FieldsSeq(text) {
		all = append(all, netip.MustParsePrefix(field))
	}
	return all
}
