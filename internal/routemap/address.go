package routemap

import (
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Attributes of an address that name who made it, from Linux 5.18 on. An older
// kernel passes over the one we send.
const (
	ifaProto       = 11 // IFA_PROTO
	ifaProtoKernel = 3  // IFAPROT_KERNEL_LL: up to here, the kernel itself
)

// An address is one of a device.
type address struct {
	prefix  netip.Prefix // with the host bits, and the length of the subnet
	proto   uint8        // who made it; zero if that is not known
	message []byte       // what the kernel says of it
}

// isKernels reports whether the kernel made the address by itself. Before 5.18 it
// does not say so, and link-local ones are taken for its own.
func (a address) isKernels() bool {
	if a.proto == 0 {
		return a.prefix.Addr().Is6() && a.prefix.Addr().IsLinkLocalUnicast()
	}
	return a.proto <= ifaProtoKernel
}

// addresses returns those of a device, the oldest first, as the kernel sees them.
func (k *kernel) addresses(index int) ([]address, error) {
	m := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	m.Index = uint32(index)
	var all []address
	err := k.dump(unix.RTM_GETADDR, []nl.NetlinkRequestData{m}, func() { all = nil }, func(payload []byte) {
		if a, of := readAddress(payload); of == index {
			all = append(all, a)
		}
	})
	return all, err
}

// readAddress returns an address and the index of its device, zero if it is not
// one of IPv4 or IPv6.
func readAddress(payload []byte) (address, int) {
	head := nl.DeserializeIfAddrmsg(payload)
	a := address{message: payload}
	var local, far netip.Addr
	eachAttr(payload[head.Len():], func(kind uint16, value []byte) {
		switch kind {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(value)
		case unix.IFA_ADDRESS: // of the other end, if that is not IFA_LOCAL
			far, _ = netip.AddrFromSlice(value)
		case ifaProto:
			a.proto = value[0]
		}
	})
	if !local.IsValid() {
		local = far
	}
	if !local.IsValid() {
		return a, 0
	}
	a.prefix = netip.PrefixFrom(local, int(head.Prefixlen))
	return a, int(head.Index)
}

// addAddress gives a device an address, marked as ours, and good at once: behind
// a TUN nobody can have the same. The error is EEXIST if it has that.
func (k *kernel) addAddress(index int, x netip.Prefix) error {
	return k.tell(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, append(addressMessage(index, x), nl.NewRtAttr(ifaProto, []byte{Protocol}))...)
}

// removeAddress takes an address from a device, whoever made it.
func (k *kernel) removeAddress(index int, x netip.Prefix) error {
	return k.tell(unix.RTM_DELADDR, 0, addressMessage(index, x)...)
}

func addressMessage(index int, x netip.Prefix) []nl.NetlinkRequestData {
	m := nl.NewIfAddrmsg(int(familyOf(x)))
	m.Index, m.Prefixlen = uint32(index), uint8(x.Bits())
	if x.Addr().Is6() {
		m.Flags = unix.IFA_F_NODAD
	}
	a := x.Addr().AsSlice()
	return []nl.NetlinkRequestData{m, nl.NewRtAttr(unix.IFA_LOCAL, a), nl.NewRtAttr(unix.IFA_ADDRESS, a)}
}

// dropAddresses takes addresses from a device, and puts back what the kernel
// takes with them and nobody asked for: with the first IPv4 address of a subnet
// the later ones of it, and with the last IPv4 address all IPv4 routes.
func (k *kernel) dropAddresses(index int, gone []netip.Prefix) error {
	addresses, routes, err := k.dependent(index, gone)
	if err != nil {
		return err
	}
	for _, x := range gone {
		if err := k.removeAddress(index, x); err != nil && !isGone(err) {
			return err
		}
	}
	return k.putBack(index, addresses, routes)
}

// dependent returns what a device has of IPv4, but for the addresses in gone and
// what belongs to them.
func (k *kernel) dependent(index int, gone []netip.Prefix) ([]address, []route, error) {
	if !slices.ContainsFunc(gone, func(x netip.Prefix) bool { return x.Addr().Is4() }) {
		return nil, nil, nil
	}
	addresses, err := k.addresses(index)
	if err != nil {
		return nil, nil, err
	}
	routes, err := k.routes(unix.AF_INET, unix.RT_TABLE_UNSPEC, index)
	if err != nil {
		return nil, nil, err
	}
	of := func(a netip.Addr) bool {
		return slices.ContainsFunc(gone, func(x netip.Prefix) bool { return x.Addr() == a })
	}
	addresses = slices.DeleteFunc(addresses, func(a address) bool { return !a.prefix.Addr().Is4() || slices.Contains(gone, a.prefix) })
	routes = slices.DeleteFunc(routes, func(r route) bool { return r.proto == unix.RTPROT_KERNEL || of(r.source) })
	return addresses, routes, nil
}

// putBack makes those anew that are not there. Routes by way of others need
// these to be there, so they have a second try.
func (k *kernel) putBack(index int, addresses []address, routes []route) error {
	if err := k.putBackAddresses(addresses); err != nil || len(routes) == 0 {
		return err
	}
	left, err := k.routes(unix.AF_INET, unix.RT_TABLE_UNSPEC, index)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, r := range left {
		have[string(r.message)] = true
	}
	routes = slices.DeleteFunc(routes, func(r route) bool { return have[string(r.message)] })
	for range 2 {
		err = nil
		routes = slices.DeleteFunc(routes, func(r route) bool {
			failed := k.again(unix.RTM_NEWROUTE, r.message)
			if failed != nil && !isThere(failed) {
				err = failed
				return false
			}
			return true
		})
	}
	return err
}

func (k *kernel) putBackAddresses(addresses []address) error {
	for _, a := range addresses {
		if err := k.again(unix.RTM_NEWADDR, a.message); err != nil && !isThere(err) {
			return err
		}
	}
	return nil
}
