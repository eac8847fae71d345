package demo

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"taygo/internal/netlab"
)

// The names, addresses and links of the demo.
var (
	host6Addr   = netip.MustParseAddr("2001:db8:1::10") // the IPv6-only host, which has a map
	host6Other  = netip.MustParseAddr("2001:db8:1::20") // its other address, which has none
	router6Addr = netip.MustParseAddr("2001:db8:1::1")
	router4Addr = netip.MustParseAddr("192.0.2.1")
	host4Addr   = netip.MustParseAddr("192.0.2.80") // the IPv4-only server

	host6AsIPv4 = netip.MustParseAddr("198.51.100.10") // by the map
	pool        = netip.MustParseAddr("198.51.100.64") // that addresses without a map share
	prefix      = netip.MustParsePrefix("2001:db8:64::/96")
	own4        = netip.MustParseAddr("203.0.113.1")
	own6        = netip.MustParseAddr("2001:db8::64")
)

const (
	device = "nat64"
	mtu6   = 1500 // octets
	mtu4   = 1400
)

const diagram = `
  IPv6-only host               router                IPv4-only server
  2001:db8:1::10, mapped       taygo on              192.0.2.80
  2001:db8:1::20               TUN nat64                   |
        |  MTU 1500                |             MTU 1400  |
        +----------- 2001:db8:1::1 | 192.0.2.1 ------------+
`

// What the web servers say.
const (
	greeting4 = "Hello from the IPv4-only server"
	greeting6 = "Hello from the IPv6-only host"
)

// A network is the three hosts and what lies between them, with a web server on
// each end.
type network struct {
	lab                  *netlab.Lab
	host6, router, host4 *netlab.Host
	servers              []*http.Server
}

// newNetwork builds the hosts, the links, and the routes that have nothing to do
// with taygo.
func newNetwork() (*network, error) {
	lab, err := netlab.New()
	if err != nil {
		return nil, err
	}
	n := &network{lab: lab}
	err = n.build()
	if err == nil {
		err = errors.Join(n.serve(n.host4, host4Addr, greeting4), n.serve(n.host6, host6Addr, greeting6))
	}
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *network) build() error {
	for _, h := range []struct {
		host **netlab.Host
		name string
	}{{&n.host6, "host6"}, {&n.router, "router"}, {&n.host4, "host4"}} {
		var err error
		if *h.host, err = n.lab.Host(h.name); err != nil {
			return err
		}
	}
	on6 := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 64) }
	on4 := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 24) }
	if err := n.lab.Link(n.host6.End(on6(host6Addr), on6(host6Other)), n.router.End(on6(router6Addr)), mtu6); err != nil {
		return err
	}
	if err := n.lab.Link(n.router.End(on4(router4Addr)), n.host4.End(on4(host4Addr)), mtu4); err != nil {
		return err
	}
	return errors.Join(
		n.host6.Route(netip.MustParsePrefix("::/0"), router6Addr, "router"),
		n.host4.Route(netip.MustParsePrefix("0.0.0.0/0"), router4Addr, "router"),
	)
}

// serve runs a web server on a host.
func (n *network) serve(h *netlab.Host, at netip.Addr, greeting string) error {
	l, err := h.Listen("tcp", netip.AddrPortFrom(at, 80).String())
	if err != nil {
		return err
	}
	server := &http.Server{Handler: pages(greeting), ReadHeaderTimeout: stepTime}
	n.servers = append(n.servers, server)
	go func() { _ = server.Serve(l) }() // until it is closed
	return nil
}

// close ends all; what an error leaves open the end of the process frees.
func (n *network) close() {
	for _, server := range n.servers {
		_ = server.Close()
	}
	_ = n.lab.Close()
}

// as6 returns the IPv6 address of an IPv4 host, in the prefix (RFC 6052 §2.2).
func as6(v4 netip.Addr) netip.Addr {
	a, b := prefix.Addr().As16(), v4.As4()
	copy(a[12:], b[:])
	return netip.AddrFrom16(a)
}

// write returns an address as people write it: an IPv4 address in the prefix as
// such (RFC 6052 §2.4).
func write(a netip.Addr) string {
	if !prefix.Contains(a) {
		return a.String()
	}
	b := a.As16()
	return fmt.Sprintf("%v%v", prefix.Addr(), netip.AddrFrom4([4]byte(b[12:])))
}
