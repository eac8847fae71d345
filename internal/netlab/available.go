package netlab

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Available returns nil if network namespaces, virtual Ethernet links and TUN
// devices can be made here; else an error that tells what is missing and what to
// type. It tries it once, in a namespace that it gives up again.
func Available() error { return available() }

var available = sync.OnceValue(func() error {
	return inThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return missing("a new network namespace", err,
				"run as root (sudo), or with `unshare -Urn` where user namespaces are allowed")
		}
		return errors.Join(tryTUN(), tryLink(), trySysctl())
	})
})

func missing(what string, err error, remedy string) error {
	return fmt.Errorf("netlab: %s: %w: %s", what, err, remedy)
}

func tryTUN() error {
	const node = "/dev/net/tun"
	fd, err := unix.Open(node, unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return missing(node, err, "type `modprobe tun`; in a container, start it with `--device /dev/net/tun --cap-add NET_ADMIN`")
	case err != nil:
		return missing(node, err, "run as root (sudo), or type `chmod 666 /dev/net/tun`")
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lab%d")
	if err != nil {
		return missing("a TUN device", err, "this is a fault of netlab")
	}
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		return missing("a TUN device", err, "run as root (sudo); in a container, start it with `--cap-add NET_ADMIN`")
	}
	return nil
}

func tryLink() error {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return missing("a netlink socket", err, "the sandbox must allow AF_NETLINK")
	}
	defer handle.Close()
	veth := netlink.NewVeth(netlink.NewLinkAttrs())
	veth.Name, veth.PeerName = "a", "b"
	if err := handle.LinkAdd(veth); err != nil {
		return missing("a virtual Ethernet link", err, "type `modprobe veth`")
	}
	return nil
}

func trySysctl() error {
	const key = "net.ipv6.conf.default.accept_dad"
	err := setSysctl(key, "0")
	switch {
	case errors.Is(err, os.ErrNotExist):
		return missing("IPv6", err, "the kernel has none: boot without ipv6.disable=1")
	case err != nil:
		return missing("the parameters of a new namespace", err, "mount /proc/sys writable; in a container, start it with `--privileged`")
	}
	return nil
}

// MustHave is the environment variable that, set to 1, makes Require fail a test
// instead of skipping it.
const MustHave = "TAYGO_REQUIRE_NETNS"

// A TB is what Require needs of a testing.TB.
type TB interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Require skips a test that needs a Lab where there can be none, with the
// reason; or fails it, if TAYGO_REQUIRE_NETNS=1. It is the only place of this
// module that may skip a test.
func Require(t TB) {
	t.Helper()
	require(t, Available(), os.Getenv(MustHave) == "1")
}

func require(t TB, err error, must bool) {
	t.Helper()
	switch {
	case err == nil:
	case must:
		t.Fatalf("%s=1, but: %v", MustHave, err)
	default:
		t.Skipf("%v (%s=1 makes this a failure)", err, MustHave)
	}
}
