// Package routemap sets up, in the kernel, what leads packets to a translator: the
// TUN device's own link, the host's addresses on it, and routes to it.
//
// What it makes it marks as its own, and takes away nothing else: routes bear the
// protocol number Protocol, addresses too from Linux 5.18 on. By that mark a
// process knows what one before it left behind when it was killed.
package routemap

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Protocol is the number that routes and addresses of this package bear as their
// origin (RTPROT_…, IFAPROT_…), which no other program is known to use: "ip route
// show proto 46".
const Protocol = 46

// A Setup is what a device shall have. The zero Setup asks for nothing.
type Setup struct {
	Up     bool           // set up; else left as it is
	MTU    int            // in octets; 0 leaves it
	Addrs  []netip.Prefix // of this host, each with the length of its subnet
	Routes []netip.Prefix // to the device, in the main table; host bits do not count
}

// A Link keeps a device set up. Its methods are for one goroutine at a time, but
// any goroutine and thread: it stays in the network namespace it was made in.
type Link struct {
	kernel *kernel
	index  int
	name   string // at the last look

	raised    bool                  // it was down before
	mtu       int                   // what the MTU was before we set it; 0 if we did not
	added     map[netip.Prefix]bool // addresses of ours, where the kernel cannot tell
	conflicts []Conflict
}

// Apply sets up the device with the given index. What it has already of the setup
// is left as it is, and stays when the Link is removed; of what an earlier process
// of ours left on it, only what the setup has stays.
//
// If something cannot be done, nothing is, and the error names it, wraps the
// kernel's (ENODEV if there is no such device, EPERM for want of CAP_NET_ADMIN)
// and says what to do. A route that somebody else has is no error, see Conflicts.
// A Link without error is to be ended by Remove or Close.
func Apply(index int, s Setup) (*Link, error) {
	k, err := dial()
	if err != nil {
		return nil, err
	}
	l := &Link{kernel: k, index: index, name: fmt.Sprintf("device %d", index), added: map[netip.Prefix]bool{}}
	if err := l.Update(s); err != nil {
		k.close()
		return nil, err
	}
	return l, nil
}

// Update gives the device a new setup: what it lacks is added, also what somebody
// took away since, and what we added and the new one has no more is removed. New
// routes are there before old ones go. An error leaves the old setup.
func (l *Link) Update(s Setup) error {
	c := &change{Link: l}
	if err := c.make(s); err != nil {
		return errors.Join(err, c.undo())
	}
	return nil
}

// Remove takes away what was added, and ends the Link. The device is set down if
// we set it up, unless that would take routes of others with it. It is no error if
// something, or the whole device, is gone. It needs the rights that Apply needed;
// without them nothing is done, and the error says so.
func (l *Link) Remove() error {
	defer l.Close()
	if err := l.Update(Setup{}); err != nil && !errors.Is(err, unix.ENODEV) {
		return err
	}
	return nil
}

// Close ends the Link and leaves the device as it is. The next Apply for the
// device takes over what stays.
func (l *Link) Close() { l.kernel.close() }

// Conflicts returns the routes of the setup that somebody else has a route for,
// as the last Apply or Update found them, in the order of the setup. The other
// routes were not touched.
func (l *Link) Conflicts() []Conflict { return slices.Clone(l.conflicts) }

// A Conflict is a route of a Setup, and another to the same prefix in the main
// table that does not lead to the device.
type Conflict struct {
	Route  netip.Prefix
	Device string // where the other leads; empty if nowhere, or to several devices
	Metric int    // of the other
	// Added tells that ours was added beside it: the one with the lower metric
	// counts, and ours has 0 for IPv4 and 1024 for IPv6. Else there can be only
	// one, and it is the other.
	Added bool
}

// String says what to do about it, in one line.
func (c Conflict) String() string {
	other := fmt.Sprintf("another route to %v (metric %d)", c.Route, c.Metric)
	if c.Device != "" {
		other += " leads to " + c.Device
	}
	if c.Added {
		return other + ", and the one with the lower metric counts: remove it if translated packets go astray"
	}
	return other + ", so there is none to the translator: remove it, or take it out of tun-route"
}

// fail says what could not be done, and what to do.
func (l *Link) fail(what string, err error) error {
	do := "take it out of the configuration, if the device cannot have it"
	switch {
	case errors.Is(err, unix.EPERM):
		do = "run as root, or with CAP_NET_ADMIN"
	case errors.Is(err, unix.ENODEV):
		do = "make the device first; somebody may have deleted it"
	case errors.Is(err, unix.ENETDOWN):
		do = "add tun-up yes, or type: ip link set dev " + l.name + " up"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EOPNOTSUPP):
		do = "IPv6 may be off: sysctl -w net.ipv6.conf." + l.name + ".disable_ipv6=0, or take it out of the configuration"
	}
	return fmt.Errorf("routemap: %s: %s: %w: %s", l.name, what, err, do)
}
