package routemap

import (
	"errors"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A route is one of the kernel's.
type route struct {
	dst     netip.Prefix
	index   int // of the device; zero if there is none, or several
	metric  int
	proto   uint8      // who made it (RTPROT_…)
	source  netip.Addr // the preferred one, if it has that
	message []byte     // what the kernel says of it, without the state it is in
}

// ours reports whether a route to the device of that index is one of ours.
func (r route) ours(index int) bool { return r.index == index && r.proto == Protocol }

// routes returns the routes of a family in a table, all for RT_TABLE_UNSPEC, to a
// device.
func (k *kernel) routes(family uint8, table uint8, index int) ([]route, error) {
	var all []route
	err := k.eachRoute(family, table, index, func() { all = nil }, func(r route) {
		if r.index == index {
			all = append(all, r)
		}
	})
	return all, err
}

// eachRoute calls each with the routes of a family in a table, to the device or,
// for index 0, all; a kernel before 4.20 shows all anyway. It calls restart before
// it begins, which may be more than once.
func (k *kernel) eachRoute(family uint8, table uint8, index int, restart func(), each func(route)) error {
	m := &nl.RtMsg{}
	m.Family, m.Table = family, table
	parts := []nl.NetlinkRequestData{m}
	if index != 0 {
		parts = append(parts, nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(index))))
	}
	err := k.dump(unix.RTM_GETROUTE, parts, restart, func(payload []byte) {
		head := nl.DeserializeRtMsg(payload)
		if head.Family != family || table != unix.RT_TABLE_UNSPEC && head.Table != table || head.Flags&unix.RTM_F_CLONED != 0 {
			return
		}
		each(readRoute(head, payload))
	})
	if errors.Is(err, unix.ENOENT) { // the table was never used
		return nil
	}
	return err
}

func readRoute(head *nl.RtMsg, payload []byte) route {
	head.Flags &= unix.RTNH_F_ONLINK // the others are the state it is in
	r := route{proto: head.Protocol, message: payload}
	a := netip.IPv4Unspecified()
	if head.Family == unix.AF_INET6 {
		a = netip.IPv6Unspecified()
	}
	eachAttr(payload[head.Len():], func(kind uint16, value []byte) {
		switch kind {
		case unix.RTA_DST:
			a, _ = netip.AddrFromSlice(value)
		case unix.RTA_OIF:
			r.index = int(number(value))
		case unix.RTA_PRIORITY:
			r.metric = int(number(value))
		case unix.RTA_PREFSRC:
			r.source, _ = netip.AddrFromSlice(value)
		}
	})
	r.dst = netip.PrefixFrom(a, int(head.Dst_len))
	return r
}

// addRoute makes a route to a device in the main table, marked as ours, with the
// kernel's metric for one (0 for IPv4, 1024 for IPv6). The error is EEXIST if
// there is one to dst with that metric, to whatever.
func (k *kernel) addRoute(index int, dst netip.Prefix) error {
	return k.tell(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, routeMessage(index, dst)...)
}

// removeRoute takes a route to a device away, if it is one of ours.
func (k *kernel) removeRoute(index int, dst netip.Prefix) error {
	return k.tell(unix.RTM_DELROUTE, 0, routeMessage(index, dst)...)
}

func routeMessage(index int, dst netip.Prefix) []nl.NetlinkRequestData {
	m := nl.NewRtMsg()
	m.Family, m.Dst_len, m.Protocol = familyOf(dst), uint8(dst.Bits()), Protocol
	if dst.Addr().Is4() {
		m.Scope = unix.RT_SCOPE_LINK // IPv6 has no scopes of routes
	}
	return []nl.NetlinkRequestData{
		m, nl.NewRtAttr(unix.RTA_DST, dst.Addr().AsSlice()), nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(index))),
	}
}

// isThere and isGone recognise what need not be done.
func isThere(err error) bool { return errors.Is(err, unix.EEXIST) }

func isGone(err error) bool {
	return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
}
