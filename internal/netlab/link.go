package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An End is one end of a link: a host, and the addresses it has there.
type End struct {
	Host  *Host
	Addrs []netip.Prefix
}

// End returns an end of a link at h.
func (h *Host) End(addrs ...netip.Prefix) End { return End{h, addrs} }

// patience is how long the kernel may take for what it does in tasks of its own.
// It needs milliseconds; a machine under load more.
const patience = 10 * time.Second

// Link joins two hosts with a virtual Ethernet cable of the given MTU, in octets.
// Each end is a device named after the host at the other end, so two hosts have
// one link at most. When Link returns, both ends are up and carry packets.
func (l *Lab) Link(a, b End, mtu int) error {
	veth := netlink.NewVeth(netlink.NewLinkAttrs())
	veth.Name, veth.PeerName = b.Host.name, a.Host.name
	veth.MTU, veth.PeerMTU = mtu, uint32(mtu)
	veth.Namespace = netlink.NsFd(a.Host.space)
	veth.PeerNamespace = netlink.NsFd(b.Host.space)
	err := a.Host.netlink.LinkAdd(veth)
	if err == nil {
		err = errors.Join(a.raise(b.Host.name), b.raise(a.Host.name))
	}
	if err == nil {
		err = errors.Join(a.Host.carrier(b.Host.name), b.Host.carrier(a.Host.name))
	}
	if err != nil {
		return fmt.Errorf("netlab: link %s to %s: %w", a.Host.name, b.Host.name, err)
	}
	return nil
}

// raise gives the end's device its addresses and sets it up.
func (e End) raise(dev string) error {
	for _, addr := range e.Addrs {
		if err := e.Host.Addr(dev, addr); err != nil {
			return err
		}
	}
	return e.Host.Up(dev)
}

// carrier waits until dev is operational and ready: until then the kernel throws
// away what is sent there.
func (h *Host) carrier(dev string) error {
	link, err := h.netlink.LinkByName(dev)
	if err != nil {
		return fmt.Errorf("look at %q: %w", dev, err)
	}
	err = wait("carrier", func() (bool, error) {
		now, err := h.netlink.LinkByIndex(link.Attrs().Index)
		return err == nil && now.Attrs().OperState == netlink.OperUp, err
	})
	if err == nil {
		err = h.ready(link)
	}
	if err != nil {
		return fmt.Errorf("%q at %s: %w", dev, h.name, err)
	}
	return nil
}

// ready waits until a link that carries packets takes those to its own IPv6
// addresses, for which the kernel makes the routes some time after the addresses.
func (h *Host) ready(link netlink.Link) error {
	return wait("a route to each of its addresses", func() (bool, error) {
		now, err := h.netlink.LinkByIndex(link.Attrs().Index)
		if err != nil || now.Attrs().RawFlags&unix.IFF_RUNNING == 0 {
			return true, err
		}
		addrs, err := h.netlink.AddrList(link, netlink.FAMILY_V6)
		if err != nil {
			return false, err
		}
		local := &netlink.Route{Table: unix.RT_TABLE_LOCAL}
		routes, err := h.netlink.RouteListFiltered(netlink.FAMILY_V6, local, netlink.RT_FILTER_TABLE)
		for _, a := range addrs {
			if !slices.ContainsFunc(routes, func(r netlink.Route) bool { return r.Dst != nil && r.Dst.IP.Equal(a.IP) }) {
				return false, err
			}
		}
		return true, err
	})
}

// wait calls done until it is true or an error.
func wait(what string, done func() (bool, error)) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok, err := done(); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("no %s after %v", what, patience)
}
