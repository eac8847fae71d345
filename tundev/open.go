package tundev

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrBusy says that another process has the device open. Two processes on one
// device would share its packets out between them.
var ErrBusy = errors.New("another process has the device open")

var errNoTUN = errors.New("no TUN device can have that name, or another kind of device has it: choose another")

// offers is what to ask the kernel for, the best first.
type offers struct {
	flags    []uint16 // of TUNSETIFF, besides IFF_TUN and IFF_NO_PI
	offloads []int    // of TUNSETOFFLOAD, if super-packets are wanted
}

// Super-packets of UDP need Linux 6.2, and both versions at once.
const (
	tsoOffload = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	usoOffload = tsoOffload | unix.TUN_F_USO4 | unix.TUN_F_USO6
)

// A device that was made without IFF_MULTI_QUEUE takes no descriptor with it, and
// the reverse: EINVAL. Virtio headers belong to each opening.
var allOffers = offers{
	flags:    []uint16{unix.IFF_VNET_HDR | unix.IFF_MULTI_QUEUE, unix.IFF_VNET_HDR, unix.IFF_MULTI_QUEUE, 0},
	offloads: []int{usoOffload, tsoOffload},
}

// tunNode is the node of all TUN devices.
const tunNode = "/dev/net/tun"

// openNode opens the node of all TUN devices, or says what to type.
func openNode(node string) (int, error) {
	fd, err := unix.Open(node, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return -1, fmt.Errorf("%s: %w: type `modprobe tun`; start a container with `--device %s --cap-add NET_ADMIN`", node, err, node)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return -1, fmt.Errorf("%s: %w: run as root, or let this user read and write %s; start a container with `--device %[1]s --cap-add NET_ADMIN`", node, err, node)
	}
	return -1, fmt.Errorf("%s: %w", node, err)
}

// attach opens a descriptor for the device of that name with the first flags that
// the kernel takes, and returns it with these flags. The device is made if there
// is none.
func attach(name string, flags []uint16) (int, uint16, error) {
	fd, err := openNode(tunNode)
	if err != nil {
		return -1, 0, err
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		_ = unix.Close(fd)
		return -1, 0, fmt.Errorf("%w: %w", err, errNoTUN)
	}
	for _, f := range flags {
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | f)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
		if err == nil {
			return fd, f, nil
		}
		if !errors.Is(err, unix.EINVAL) {
			break
		}
	}
	_ = unix.Close(fd)
	switch {
	case errors.Is(err, unix.EBUSY):
		err = busy(name)
	case errors.Is(err, unix.EPERM):
		err = fmt.Errorf("%w: run as root or with CAP_NET_ADMIN, or as the owner of the device", err)
	case errors.Is(err, unix.ENOTTY):
		err = fmt.Errorf("%s: %w: another file has its place: type `rm %s && mknod %[1]s c 10 200`", tunNode, err, tunNode)
	case errors.Is(err, unix.E2BIG):
		err = fmt.Errorf("%w: the kernel has no more queues for a device", err)
	case errors.Is(err, unix.EINVAL):
		err = fmt.Errorf("%w: %w", err, errNoTUN)
	}
	return -1, 0, err
}

// check looks at the device of that name before it is opened, for to open it
// changes it for those who have it open already. There need not be one.
func check(name string) (l link, exists bool, err error) {
	if len(name) >= unix.IFNAMSIZ {
		return link{}, false, fmt.Errorf("a name has at most %d octets", unix.IFNAMSIZ-1)
	}
	l, err = findLink(name)
	switch {
	case errors.Is(err, errNoLink):
		return link{}, false, nil
	case err != nil:
		return link{}, false, err
	case l.kind != "" && l.kind != "tun", l.tun.tap:
		return l, true, errNoTUN
	case l.tun.known && (l.tun.queues > 0 || !l.tun.persist):
		return l, true, busy(name)
	}
	return l, true, nil
}
