// Package netlab builds small networks inside one process: hosts, which are
// network namespaces of the kernel, joined by virtual Ethernet links. It needs
// neither the ip command nor names under /run: namespaces are held by
// descriptors, so laboratories of parallel processes never meet, and nothing is
// left behind when a process dies.
//
// It wants root, or uid 0 of a user namespace (`unshare -Urn`), and says in
// Available what is missing. Tests ask Require.
package netlab

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A Lab is a set of hosts. Its methods may be called from several goroutines.
type Lab struct {
	mu     sync.Mutex
	hosts  map[string]*Host
	closed bool
}

// New returns an empty laboratory, or the error of Available.
func New() (*Lab, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	return &Lab{hosts: map[string]*Host{}}, nil
}

// Host makes a host: a network namespace with only the loopback interface, up.
// It forwards nothing, its IPv6 addresses are good at once (no duplicate address
// detection), and reverse path filters are off. The name is at most 15 octets,
// because the far ends of its links bear it.
func (l *Lab) Host(name string) (*Host, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, fmt.Errorf("netlab: host %q: %w", name, os.ErrClosed)
	case name == "" || len(name) >= unix.IFNAMSIZ:
		return nil, fmt.Errorf("netlab: host %q: a name has 1 to %d octets", name, unix.IFNAMSIZ-1)
	case l.hosts[name] != nil:
		return nil, fmt.Errorf("netlab: host %q: exists already", name)
	}
	h := &Host{name: name, space: netns.None()}
	if err := inThread(h.create); err != nil {
		return nil, errors.Join(fmt.Errorf("netlab: host %q: %w", name, err), h.close())
	}
	l.hosts[name] = h
	return h, nil
}

// Close gives up all hosts. A namespace ends, with its links and routes, when
// also the last socket opened and the last process started in it are gone.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, h := range l.hosts {
		errs = append(errs, h.close())
	}
	clear(l.hosts)
	l.closed = true
	return errors.Join(errs...)
}

// create enters a new namespace with the calling thread and prepares it.
func (h *Host) create() error {
	space, err := netns.New()
	if err != nil {
		return fmt.Errorf("new network namespace: %w", err)
	}
	h.space = space
	if h.netlink, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	// A new namespace takes some of these from the first one, whatever that says.
	for _, s := range [...]struct{ key, value string }{
		{"net.ipv4.ip_forward", "0"},
		{"net.ipv4.conf.all.rp_filter", "0"},
		{"net.ipv4.conf.default.rp_filter", "0"},
		{"net.ipv6.conf.all.disable_ipv6", "0"},
		{"net.ipv6.conf.default.disable_ipv6", "0"},
		{"net.ipv6.conf.all.accept_dad", "0"},
		{"net.ipv6.conf.default.accept_dad", "0"},
	} {
		if err := setSysctl(s.key, s.value); err != nil {
			return err
		}
	}
	return h.Up("lo")
}

// close gives up what h holds; also of a host that was only half made.
func (h *Host) close() error {
	if h.netlink != nil {
		h.netlink.Close()
	}
	if !h.space.IsOpen() {
		return nil
	}
	if err := h.space.Close(); err != nil {
		return fmt.Errorf("netlab: host %q: close: %w", h.name, err)
	}
	return nil
}
