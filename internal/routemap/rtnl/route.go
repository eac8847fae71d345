package rtnl

import (
	"encoding/binary"
	"iter"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A Route is a route of the kernel's, or one to be written.
type Route struct {
	Family   uint8 // AF_INET, AF_INET6
	Type     uint8 // RTN_…
	Protocol uint8 // RTPROT_…: who made it
	TOS      uint8 // or, in IPv4, DSCP: only packets with it take the route
	Scope    uint8 // RT_SCOPE_…, of IPv4 only
	Flags    uint32
	Table    uint32
	Dst      netip.Prefix // of the family; host bits are as the kernel has them
	Metric   uint32       // the lowest counts
	NextHop  uint32       // id of the nexthop object; 0: none
	Leg                   // where it leads, if there is one leg and no object
	// Multipath is where it leads if there are several legs, as the kernel has it:
	// part of the message. Legs reads it.
	Multipath []byte
	Source    bool // it is for packets from some addresses only (RTA_SRC)
}

// A Leg is a next hop of a Route.
type Leg struct {
	Gateway netip.Addr // of either family (RFC 8950); the zero Addr if there is none
	Link    uint32     // index of the device; 0: none
	Weight  uint16     // share of the packets, from 1
	Flags   uint8      // RTNH_F_…
	Encap   bool       // it puts packets into others (RTA_ENCAP)
}

const (
	rtaNextHop       = 30 // RTA_NH_ID
	sizeofRtMsg      = unix.SizeofRtMsg
	sizeofRtNextHop  = unix.SizeofRtNexthop
	maxTableInHeader = 255
)

// ParseRoute reads the payload of RTM_NEWROUTE or RTM_DELROUTE. It returns false
// for another family than IPv4 and IPv6, and for octets that are no such message.
func ParseRoute(b []byte) (Route, bool) {
	if len(b) < sizeofRtMsg {
		return Route{}, false
	}
	r := Route{
		Family: b[0], TOS: b[3], Table: uint32(b[4]), Protocol: b[5], Scope: b[6], Type: b[7],
		Flags: native.Uint32(b[8:]), Leg: Leg{Weight: 1}, Source: b[2] != 0,
	}
	r.Leg.Flags = uint8(r.Flags)
	dst, length := netip.IPv4Unspecified(), int(b[1])
	switch r.Family {
	case unix.AF_INET:
	case unix.AF_INET6:
		dst = netip.IPv6Unspecified()
	default:
		return Route{}, false
	}
	for kind, value := range attrs(b[sizeofRtMsg:]) {
		if kind == unix.RTA_DST {
			dst = address(value)
			continue
		}
		r.attr(kind, value)
	}
	if !dst.IsValid() || dst.BitLen() < length || dst.Is4() != (r.Family == unix.AF_INET) {
		return Route{}, false
	}
	r.Dst = netip.PrefixFrom(dst, length)
	return r, true
}

func (r *Route) attr(kind uint16, value []byte) {
	switch kind {
	case unix.RTA_TABLE:
		r.Table = number(value)
	case unix.RTA_PRIORITY:
		r.Metric = number(value)
	case rtaNextHop:
		r.NextHop = number(value)
	case unix.RTA_MULTIPATH:
		r.Multipath = value
	default:
		r.Leg.attr(kind, value)
	}
}

func (l *Leg) attr(kind uint16, value []byte) {
	switch kind {
	case unix.RTA_GATEWAY:
		l.Gateway = address(value)
	case unix.RTA_VIA:
		l.Gateway = via(value)
	case unix.RTA_OIF:
		l.Link = number(value)
	case unix.RTA_ENCAP:
		l.Encap = true
	}
}

// Legs returns where the route leads if it has no nexthop object: nothing if it
// has no gateway and no device either.
func (r *Route) Legs() iter.Seq[Leg] {
	return func(yield func(Leg) bool) {
		if r.Multipath == nil {
			if r.Gateway.IsValid() || r.Link != 0 {
				yield(r.Leg)
			}
			return
		}
		for b := r.Multipath; len(b) >= sizeofRtNextHop; {
			length := int(native.Uint16(b))
			if length < sizeofRtNextHop || length > len(b) {
				return
			}
			l := Leg{Flags: b[2], Weight: uint16(b[3]) + 1, Link: native.Uint32(b[4:])}
			for kind, value := range attrs(b[sizeofRtNextHop:length]) {
				l.attr(kind, value)
			}
			if !yield(l) {
				return
			}
			b = b[min(align(length), len(b)):]
		}
	}
}

// address reads an address of 4 or 16 octets; others are the zero Addr.
func address(value []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(value)
	return a
}

// via reads an RTA_VIA: a family and an address of it.
func via(value []byte) netip.Addr {
	if len(value) < 2 {
		return netip.Addr{}
	}
	return address(value[2:])
}

// Route appends a request about r: RTM_NEWROUTE, RTM_DELROUTE with NLM_F_… flags.
// Of r's legs only the first is written, if it has no nexthop object, and its
// gateway must be of the family of the route.
func (b *Batch) Route(request, flags uint16, r *Route) {
	at := b.begin(request, flags)
	table := r.Table
	if table > maxTableInHeader {
		table = unix.RT_TABLE_COMPAT
	}
	b.buf = append(b.buf, r.Family, uint8(r.Dst.Bits()), 0, r.TOS, uint8(table), r.Protocol, r.Scope, r.Type)
	b.buf = native.AppendUint32(b.buf, r.Flags)
	if r.Family == unix.AF_INET6 {
		a := r.Dst.Addr().As16()
		b.attr(unix.RTA_DST, a[:])
	} else {
		a := r.Dst.Addr().As4()
		b.attr(unix.RTA_DST, a[:])
	}
	if table != r.Table {
		b.attr32(unix.RTA_TABLE, r.Table)
	}
	if r.Metric != 0 {
		b.attr32(unix.RTA_PRIORITY, r.Metric)
	}
	if r.NextHop != 0 {
		b.attr32(rtaNextHop, r.NextHop)
	} else {
		b.leg(r.Family, &r.Leg)
	}
	b.end(at)
}

func (b *Batch) leg(family uint8, l *Leg) {
	switch {
	case !l.Gateway.IsValid():
	case l.Gateway.Is4() == (family == unix.AF_INET):
		b.attr(unix.RTA_GATEWAY, l.Gateway.AsSlice())
	default:
		value := binary.NativeEndian.AppendUint16(nil, unix.AF_INET6)
		b.attr(unix.RTA_VIA, append(value, l.Gateway.AsSlice()...))
	}
	if l.Link != 0 {
		b.attr32(unix.RTA_OIF, l.Link)
	}
}
