package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// A Link is what matters to routes of a network device.
type Link struct {
	Index uint32
	Flags uint32 // IFF_…
	Name  string
}

// Usable tells whether the kernel lets next hops lead there: it is up and has a
// carrier.
func (l Link) Usable() bool {
	return l.Flags&unix.IFF_UP != 0 && l.Flags&(unix.IFF_RUNNING|unix.IFF_LOWER_UP) != 0
}

// ParseLink reads the payload of RTM_NEWLINK or RTM_DELLINK. It returns false for
// octets that are no such message.
func ParseLink(b []byte) (Link, bool) {
	if len(b) < unix.SizeofIfInfomsg {
		return Link{}, false
	}
	l := Link{Index: native.Uint32(b[4:]), Flags: native.Uint32(b[8:])}
	for kind, value := range attrs(b[unix.SizeofIfInfomsg:]) {
		if kind == unix.IFLA_IFNAME {
			l.Name = unix.ByteSliceToString(value)
		}
	}
	return l, l.Index != 0
}

// An Address is one of a device.
type Address struct {
	Link   uint32
	Prefix netip.Prefix // with the host bits
}

// ParseAddress reads the payload of RTM_NEWADDR or RTM_DELADDR. It returns false
// for octets that are no such message, or of no address of IPv4 or IPv6.
func ParseAddress(b []byte) (Address, bool) {
	if len(b) < unix.SizeofIfAddrmsg {
		return Address{}, false
	}
	var local, far netip.Addr // of this end and, without that, of the other
	for kind, value := range attrs(b[unix.SizeofIfAddrmsg:]) {
		switch kind {
		case unix.IFA_LOCAL:
			local = address(value)
		case unix.IFA_ADDRESS:
			far = address(value)
		}
	}
	if !local.IsValid() {
		local = far
	}
	if local.BitLen() < int(b[1]) || !local.IsValid() {
		return Address{}, false
	}
	return Address{Link: native.Uint32(b[4:]), Prefix: netip.PrefixFrom(local, int(b[1]))}, true
}
