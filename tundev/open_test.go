package tundev

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
)

func TestNetnsOpenMakesADeviceThatGoesWithIt(t *testing.T) {
	for _, c := range []struct {
		options Options
		name    string
		mode    string
		packets int // the transmit queue
	}{
		{Options{}, "nat64", "multi-queue 1, vnet header, no offload", 500},
		{Options{Name: "nat64", Queues: 2, Offload: true}, "nat64", "multi-queue 2, vnet header, tso+uso", 500},
		{Options{Name: "fifteen-octets-", TxQueueLen: DefaultTxQueueLen}, "fifteen-octets-", "multi-queue 1, vnet header, no offload", 4096},
		{Options{Name: "tun%d", TxQueueLen: 100}, "tun", "multi-queue 1, vnet header, no offload", 500},
	} {
		t.Run(fmt.Sprint(c.options), func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, c.options, allOffers)
			if !strings.HasPrefix(d.Name(), c.name) || d.Mode().String() != c.mode || len(d.Queues()) != d.Mode().Queues {
				t.Errorf("%s is %q with %d queues, want %s, %q", d.Name(), d.Mode(), len(d.Queues()), c.name, c.mode)
			}
			l, err := h.Netlink().LinkByName(d.Name())
			must(t, err)
			if l.Attrs().Index != d.Index() || l.Attrs().TxQLen != c.packets || l.Attrs().Flags != 0 && l.Attrs().RawFlags&unix.IFF_UP != 0 {
				t.Errorf("the device is %+v, want index %d, %d packets, down", l.Attrs(), d.Index(), c.packets)
			}
			belongs(t, h, d.Name())
			if mtu, err := d.MTU(); mtu != 1500 || err != nil {
				t.Errorf("MTU is %d, %v; Open leaves it at the kernel's 1500", mtu, err)
			}
			name := d.Name()
			must(t, d.Close())
			vanishes(t, h, name)
		})
	}
}

func TestNetnsOpenFallsBack(t *testing.T) {
	only := func(flags []uint16, offloads ...int) offers { return offers{flags, offloads} }
	noMulti := []uint16{unix.IFF_VNET_HDR, 0}
	for _, c := range []struct {
		name    string
		offered offers
		mode    string
	}{
		{"to TSO on a kernel before 6.2", only(allOffers.flags, unix.TUN_F_USO4, tsoOffload), "multi-queue 2, vnet header, tso"},
		{"to single packets without TUNSETOFFLOAD", only(allOffers.flags, 1<<20), "multi-queue 2, vnet header, no offload"},
		{"to one queue without IFF_MULTI_QUEUE", only(noMulti, usoOffload), "single queue, vnet header, tso+uso"},
		{"from flags that the kernel does not know", only([]uint16{unix.IFF_TAP, 0}, usoOffload), "single queue, no vnet header (wireguard/tun)"},
		{"to wireguard/tun without virtio headers", withoutHeader, "multi-queue 2, no vnet header (wireguard/tun)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := openAt(t, newHost(t), Options{Queues: 2, Offload: true}, c.offered)
			if d.Mode().String() != c.mode {
				t.Errorf("mode is %q, want %q", d.Mode(), c.mode)
			}
		})
	}
}

// makeAs makes a persistent device with the given flags, as others do.
func makeAs(t *testing.T, h *netlab.Host, name string, flags uint16) {
	t.Helper()
	must(t, h.Do(func() error {
		fd, err := openNode(tunNode)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		ifr, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		ifr.SetUint16(flags)
		return errors.Join(unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr),
			unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1))
	}))
}

// Each maker's device is opened in the way that it allows, twice in a row, and
// stays.
func TestNetnsOpenFitsItselfToADevice(t *testing.T) {
	for _, c := range []struct {
		maker string
		flags uint16
		mode  string
	}{
		{"ip tuntap add", unix.IFF_TUN | unix.IFF_NO_PI, "single queue, vnet header, tso+uso"},
		{"ip tuntap add multi_queue", unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_MULTI_QUEUE, "multi-queue 2, vnet header, tso+uso"},
		{"ip tuntap add vnet_hdr", unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR, "single queue, vnet header, tso+uso"},
		{"Tayga 0.9.2 --mktun", unix.IFF_TUN, "single queue, vnet header, tso+uso"},
		{"Tayga multi-queue --mktun", unix.IFF_TUN | unix.IFF_MULTI_QUEUE, "multi-queue 2, vnet header, tso+uso"},
	} {
		t.Run(c.maker, func(t *testing.T) {
			h := newHost(t)
			makeAs(t, h, "nat64", c.flags)
			for range 2 {
				d := openAt(t, h, Options{Name: "nat64", Queues: 2, Offload: true}, allOffers)
				if d.Mode().String() != c.mode {
					t.Errorf("mode is %q, want %q", d.Mode(), c.mode)
				}
				must(t, d.Close())
			}
			_, err := h.Netlink().LinkByName("nat64")
			must(t, err)
		})
	}
}

// belongs holds that a device has an owner and a group, ours: without, everybody
// may open it.
func belongs(t *testing.T, h *netlab.Host, name string) {
	t.Helper()
	var answer []byte
	must(t, h.Do(func() error {
		s, err := newLinkSocket(0)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		answer, err = ask(s, linkRequest(0, name))
		return err
	}))
	got := map[uint16]int{}
	for kind, value := range attributes(answer[unix.SizeofNlMsghdr+unix.SizeofIfInfomsg:]) {
		if kind != unix.IFLA_LINKINFO {
			continue
		}
		for info, value := range attributes(value) {
			for kind, value := range attributes(value) {
				if info == unix.IFLA_INFO_DATA && (kind == unix.IFLA_TUN_OWNER || kind == unix.IFLA_TUN_GROUP) {
					got[kind] = number(value)
				}
			}
		}
	}
	if want := (map[uint16]int{unix.IFLA_TUN_OWNER: os.Geteuid(), unix.IFLA_TUN_GROUP: os.Getegid()}); !maps.Equal(got, want) {
		t.Errorf("owner and group of %s are %v, want %v", name, got, want)
	}
}

func TestNetnsMakeAndRemove(t *testing.T) {
	h := newHost(t)
	must(t, h.Do(func() error { return Remove("nat64") })) // there is none: nothing to do
	must(t, h.Do(func() error { return Make("nat64") }))
	must(t, h.Do(func() error { return Make("nat64") })) // there is one: nothing to do
	belongs(t, h, "nat64")
	d := openAt(t, h, Options{Name: "nat64", Queues: 2}, allOffers)
	must(t, h.Do(func() error { return Make("nat64") })) // also while it is open
	if err := h.Do(func() error { return Remove("nat64") }); !errors.Is(err, ErrBusy) {
		t.Errorf("Remove of an open device: %v, want ErrBusy", err)
	}
	must(t, d.Close())
	must(t, h.Do(func() error { return Remove("nat64") }))
	vanishes(t, h, "nat64")
}

// vanishes waits for the end of a device: somebody who looks through all /proc at
// that moment holds its descriptor for as long as that takes.
func vanishes(t *testing.T, h *netlab.Host, name string) {
	t.Helper()
	gone := func() bool { _, err := h.Netlink().LinkByName(name); return err != nil }
	if settle(gone); !gone() {
		t.Errorf("%s is still there", name)
	}
}

func TestNetnsRefusalsSayWhatToDo(t *testing.T) {
	h := newHost(t)
	makeAs(t, h, "tap", unix.IFF_TAP|unix.IFF_NO_PI)
	makeAs(t, h, "single", unix.IFF_TUN|unix.IFF_NO_PI)
	makeAs(t, h, "several", unix.IFF_TUN|unix.IFF_NO_PI|unix.IFF_MULTI_QUEUE)
	openAt(t, h, Options{Name: "single"}, allOffers)
	openAt(t, h, Options{Name: "several"}, allOffers)
	openAt(t, h, Options{Name: "ours"}, allOffers)
	try := func(f func() error) error { return h.Do(f) }
	opens := func(name string) func() error {
		return func() error { _, err := Open(Options{Name: name}); return err }
	}
	command, err := os.ReadFile("/proc/self/comm")
	must(t, err)
	us := fmt.Sprintf("process %d (%s)", os.Getpid(), strings.TrimSpace(string(command)))
	for _, c := range []struct {
		name string
		err  error
		is   error
		says string
	}{
		{"open a device of one queue that is open", try(opens("single")), ErrBusy, us},
		{"open a device of several queues that is open", try(opens("several")), ErrBusy, us},
		{"open a device that is not persistent", try(opens("ours")), ErrBusy, us},
		{"remove a device that is open", try(func() error { return Remove("single") }), ErrBusy, `remove "single"`},
		{"make a device that is another's", try(func() error { return Make("ours") }), ErrBusy, `make "ours"`},
		{"open a device that is no TUN", try(opens("lo")), errNoTUN, `open "lo"`},
		{"open a TAP device", try(opens("tap")), errNoTUN, `open "tap"`},
		{"remove a TAP device", try(func() error { return Remove("tap") }), errNoTUN, `remove "tap"`},
		{"open a name that is too long", try(opens("sixteen-octets--")), nil, "a name has at most 15 octets"},
		{"open a name with a slash", try(opens("a/b")), errNoTUN, "choose another"},
		{"make a device without a name", try(func() error { return Make("nat64%d") }), nil, "needs a name of its own"},
		{"open with another file in the place of the node", try(func() error { return errors.Join(hideNode(t), opens("new")()) }), unix.ENOTTY, "mknod " + tunNode},
		{"open more queues than the kernel has", try(func() error {
			_, err := Open(Options{Name: "many", Queues: 300})
			return err
		}), unix.E2BIG, "queue 257 of 300"},
	} {
		if c.err == nil || c.is != nil && !errors.Is(c.err, c.is) || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v; want %v, and %q", c.name, c.err, c.is, c.says)
		}
	}
}

// hideNode puts an empty file in the place of the node, as the thread sees it.
func hideNode(t *testing.T) error {
	empty := filepath.Join(t.TempDir(), "empty")
	return errors.Join(
		os.WriteFile(empty, nil, 0o600),
		unix.Unshare(unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount(empty, tunNode, "", unix.MS_BIND, ""))
}

func TestOpenNodeSaysWhatToType(t *testing.T) {
	for node, says := range map[string]string{
		t.TempDir() + "/tun": "type `modprobe tun`",
		t.TempDir():          "is a directory",
	} {
		if _, err := openNode(node); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("openNode(%s): %v; want %q", node, err, says)
		}
	}
}
