package netlab

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A Host is one network namespace. Its methods may be called from several
// goroutines, until the Lab is closed.
type Host struct {
	name    string
	space   netns.NsHandle
	netlink *netlink.Handle
}

// Name returns the name that Lab.Host was given.
func (h *Host) Name() string { return h.name }

// Netlink returns the host's own rtnetlink handle, for what the methods of Host
// do not offer. It belongs to the Lab.
func (h *Host) Netlink() *netlink.Handle { return h.netlink }

// Namespace returns the descriptor of the host's network namespace, for instance
// to move a device there. It belongs to the Lab.
func (h *Host) Namespace() netns.NsHandle { return h.space }

// Do calls f on a thread inside the host and returns its error. Sockets and
// devices that f opens, and processes that it starts, are the host's and stay so;
// goroutines that it starts are not inside. The thread ends with f. A panic in f,
// or the FailNow of a test, goes on in the caller.
func (h *Host) Do(f func() error) error {
	return inThread(func() error {
		if err := netns.Set(h.space); err != nil {
			return fmt.Errorf("netlab: host %q: enter: %w", h.name, err)
		}
		return f()
	})
}

// Up sets a device up. If it has carrier, it is ready when Up returns.
func (h *Host) Up(dev string) error {
	return h.onLink("set up", dev, func(link netlink.Link) error {
		if err := h.netlink.LinkSetUp(link); err != nil {
			return err
		}
		return h.ready(link)
	})
}

// Down sets a device down.
func (h *Host) Down(dev string) error {
	return h.onLink("set down", dev, h.netlink.LinkSetDown)
}

// MTU sets the MTU of a device, in octets.
func (h *Host) MTU(dev string, octets int) error {
	return h.onLink("set the MTU of", dev, func(link netlink.Link) error {
		return h.netlink.LinkSetMTU(link, octets)
	})
}

// Addr gives a device an address with the length of its subnet. An IPv6 address
// is good at once.
func (h *Host) Addr(dev string, addr netip.Prefix) error {
	return h.onLink("give "+addr.String()+" to", dev, func(link netlink.Link) error {
		a := &netlink.Addr{IPNet: ipNet(addr)}
		if addr.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD
		}
		if err := h.netlink.AddrAdd(link, a); err != nil {
			return err
		}
		return h.ready(link)
	})
}

// Route adds a route to dst by the router via, or onto the device dev if via is
// the zero Addr. With a via that a subnet of the host contains, dev may be "".
func (h *Host) Route(dst netip.Prefix, via netip.Addr, dev string) error {
	route := &netlink.Route{Dst: ipNet(dst.Masked())}
	if via.IsValid() {
		route.Gw = via.AsSlice()
	}
	add := func(link netlink.Link) error {
		route.LinkIndex = link.Attrs().Index
		return h.netlink.RouteAdd(route)
	}
	if dev != "" {
		return h.onLink("add the route "+dst.String()+" on", dev, add)
	}
	if err := h.netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("netlab: host %q: add the route %s via %s: %w", h.name, dst, via, err)
	}
	return nil
}

// Forward makes the host a router of IPv4 and IPv6.
func (h *Host) Forward() error {
	if err := h.Sysctl("net.ipv4.ip_forward", "1"); err != nil {
		return err
	}
	return h.Sysctl("net.ipv6.conf.all.forwarding", "1")
}

// Sysctl sets a kernel parameter of the host, such as net.ipv4.ip_forward.
func (h *Host) Sysctl(key, value string) error {
	return h.Do(func() error { return setSysctl(key, value) })
}

func setSysctl(key, value string) error {
	// The file shows the namespace of the thread that opens it.
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		return fmt.Errorf("netlab: set %s to %s: %w", key, value, err)
	}
	return nil
}

func (h *Host) onLink(what, dev string, f func(netlink.Link) error) error {
	link, err := h.netlink.LinkByName(dev)
	if err == nil {
		err = f(link)
	}
	if err != nil {
		return fmt.Errorf("netlab: host %q: %s %q: %w", h.name, what, dev, err)
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	a := p.Addr()
	return &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(p.Bits(), a.BitLen())}
}
