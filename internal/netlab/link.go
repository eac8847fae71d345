package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
)

// An End is one end of a link: a host, and the addresses it has there.
type End struct {
	Host  *Host
	Addrs []netip.Prefix
}

// End returns an end of a link at h.
func (h *Host) End(addrs ...netip.Prefix) End { return End{h, addrs} }

// carrierTime is how long a new link may take until both ends have carrier. The
// kernel needs milliseconds; a machine under load more.
const carrierTime = 10 * time.Second

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

// carrier waits until dev is operational: until then the kernel throws away
// what is sent there. It learns of the carrier in a task of its own.
func (h *Host) carrier(dev string) error {
	for end := time.Now().Add(carrierTime); time.Now().Before(end); time.Sleep(time.Millisecond) {
		link, err := h.netlink.LinkByName(dev)
		if err != nil {
			return fmt.Errorf("look at %q: %w", dev, err)
		}
		if link.Attrs().OperState == netlink.OperUp {
			return nil
		}
	}
	return fmt.Errorf("%q at %s has no carrier after %v", dev, h.name, carrierTime)
}
