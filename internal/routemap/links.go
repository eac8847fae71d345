package routemap

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rtnl"
)

// Reasons for which a next hop is not usable.
var (
	errNoDevice    = errors.New("there is no such device")
	errNoNeighbour = errors.New("it is not on a link of this host")
)

// links are the network devices, and what the kernel said of the way to gateways.
type links struct {
	conn    *rtnl.Conn
	byIndex map[uint32]rtnl.Link
	byName  map[string]uint32
	ways    map[netip.Addr]way
}

// A way is the answer by which device a gateway is reached.
type way struct {
	link uint32
	err  error
}

func newLinks(conn *rtnl.Conn) *links {
	l := &links{conn: conn}
	l.clear()
	return l
}

func (l *links) clear() {
	l.byIndex, l.byName, l.ways = map[uint32]rtnl.Link{}, map[string]uint32{}, map[netip.Addr]way{}
}

// read asks the kernel for all devices.
func (l *links) read() error {
	return l.conn.Dump((*rtnl.Batch).Links, l.clear, func(m rtnl.Message) {
		if link, ok := rtnl.ParseLink(m.Payload); ok {
			l.put(link)
		}
	})
}

// put takes in what a device is now. It tells whether routes can have vanished or
// come back with that.
func (l *links) put(link rtnl.Link) bool {
	const matters = unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOWER_UP
	old, known := l.byIndex[link.Index]
	if known && old.Name != link.Name && l.byName[old.Name] == link.Index {
		delete(l.byName, old.Name)
	}
	l.byIndex[link.Index], l.byName[link.Name] = link, link.Index
	return !known || old.Name != link.Name || (old.Flags^link.Flags)&matters != 0
}

// remove takes in that a device is gone.
func (l *links) remove(link rtnl.Link) {
	old := l.byIndex[link.Index]
	delete(l.byIndex, link.Index)
	if l.byName[old.Name] == link.Index {
		delete(l.byName, old.Name)
	}
}

// forgetWays makes the next find ask the kernel again.
func (l *links) forgetWays() { clear(l.ways) }

// find returns the index of the device that a leg with an IPv6 gateway leads to.
func (l *links) find(leg Leg) (uint32, error) {
	if leg.Device != "" {
		if index, ok := l.byName[leg.Device]; ok {
			return index, nil
		}
		return 0, fmt.Errorf("routemap: device %s: %w: make it, or name another", leg.Device, errNoDevice)
	}
	w, known := l.ways[leg.Via]
	if !known {
		w.link, w.err = l.ask(leg.Via)
		l.ways[leg.Via] = w
	}
	return w.link, w.err
}

func (l *links) ask(gateway netip.Addr) (uint32, error) {
	link, via := uint32(0), netip.Addr{}
	err := l.conn.Ask(func(b *rtnl.Batch) { b.RouteTo(gateway) }, func(m rtnl.Message) {
		if r, ok := rtnl.ParseRoute(m.Payload); ok && r.Type == unix.RTN_UNICAST {
			link, via = r.Link, r.Gateway
		}
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("routemap: gateway %v: %w", gateway, err)
	case link == 0 || via.IsValid() && via != gateway:
		return 0, fmt.Errorf("routemap: gateway %v: %w: name a neighbour, or add dev NAME onlink", gateway, errNoNeighbour)
	}
	return link, nil
}

// changed asks anew for all gateways that were asked for, and tells whether an
// answer is another.
func (l *links) changed() bool {
	other := false
	for gateway, old := range l.ways {
		var now way
		now.link, now.err = l.ask(gateway)
		l.ways[gateway] = now
		other = other || now.link != old.link
	}
	return other
}
