package netlab

import (
	"fmt"
	"net/netip"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Offload lets a device carry super-packets, as the end of a new link does, or
// makes it carry single packets only: TCP is cut into segments before it leaves
// (neither TSO nor GSO), and what arrives is not put together (no GRO).
func (h *Host) Offload(dev string, on bool) error {
	return h.Do(func() error {
		features, value := []uint32{ethtoolSetTSO, ethtoolSetGSO}, uint32(1)
		if !on { // a new veth device has no GRO either way
			value = 0
			features = append(features, ethtoolSetGRO)
		}
		for _, feature := range features {
			if _, err := ethtool(dev, feature, value); err != nil {
				return fmt.Errorf("netlab: host %q: offloads of %q: %w", h.name, dev, err)
			}
		}
		return nil
	})
}

// Commands of SIOCETHTOOL (linux/ethtool.h).
const (
	ethtoolGetTSO = 0x1e
	ethtoolSetTSO = 0x1f
	ethtoolGetGSO = 0x23
	ethtoolSetGSO = 0x24
	ethtoolGetGRO = 0x2b
	ethtoolSetGRO = 0x2c
)

// ethtool gives a command with its value to a device in the namespace of the
// thread, and returns the value that the kernel leaves.
func ethtool(dev string, command, value uint32) (uint32, error) {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(s)
	v := struct{ command, value uint32 }{command, value} // struct ethtool_value
	ifr := struct {                                      // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&v)}
	copy(ifr.name[:unix.IFNAMSIZ-1], dev)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifr))); errno != 0 {
		return 0, errno
	}
	return v.value, nil
}

// Divert sends packets that enter by the device in, and are not for the host
// itself, to the device out, whatever their destination.
func (h *Host) Divert(in, out string) error {
	return h.onLink("divert "+in+" to", out, func(link netlink.Link) error {
		index := link.Attrs().Index
		for _, all := range []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")} {
			route := &netlink.Route{Dst: ipNet(all), LinkIndex: index, Table: divertTable + index}
			if err := h.netlink.RouteReplace(route); err != nil {
				return err
			}
			rule := netlink.NewRule()
			rule.IifName, rule.Table, rule.Family = in, route.Table, unix.AF_INET
			if all.Addr().Is6() {
				rule.Family = unix.AF_INET6
			}
			if err := h.netlink.RuleAdd(rule); err != nil {
				return err
			}
		}
		return nil
	})
}

// divertTable plus the index of a device is the table of what is diverted to it.
const divertTable = 1000
