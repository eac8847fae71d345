package routemap

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A kernel is a connection to rtnetlink, in the network namespace of the thread
// that dialled. It is used by one goroutine at a time.
type kernel struct {
	socket *nl.NetlinkSocket
	shared map[int]*nl.SocketHandle // what requests find the socket by
}

// patience is how long the kernel may take to answer a message.
const patience = 30 * time.Second

func dial() (*kernel, error) {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("routemap: a netlink socket: %w: the sandbox must allow AF_NETLINK (RestrictAddressFamilies= of systemd)", err)
	}
	timeout := unix.NsecToTimeval(patience.Nanoseconds())
	_, _ = socket.SetSendTimeout(&timeout), socket.SetReceiveTimeout(&timeout)
	// Both make it better and neither is needed: messages of the kernel beside its
	// error numbers, and dumps that only hold what was asked for.
	_ = socket.SetExtAck(true)
	_ = unix.SetsockoptInt(socket.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &kernel{socket, map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}}, nil
}

func (k *kernel) close() { k.socket.Close() }

// tell sends a message and waits until the kernel has done what it says.
func (k *kernel) tell(kind, flags int, parts ...nl.NetlinkRequestData) error {
	_, err := k.request(kind, flags|unix.NLM_F_ACK, parts).Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// again sends the payload of a message that the kernel has sent, to make anew
// what it describes.
func (k *kernel) again(kind int, payload []byte) error {
	r := k.request(kind, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, nil)
	r.AddRawData(payload)
	_, err := r.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// dump calls each with the payload of every message of an answer. It asks again
// if something changed during the answer, and calls restart before each try.
//
// It asks for error numbers alone: the library takes the words at the end of a
// failed dump for the request, which only stands before those of other errors,
// and panics.
func (k *kernel) dump(kind int, parts []nl.NetlinkRequestData, restart func(), each func([]byte)) error {
	const tries = 20
	_ = k.socket.SetExtAck(false)
	defer func() { _ = k.socket.SetExtAck(true) }()
	var err error
	for range tries {
		restart()
		err = k.request(kind, unix.NLM_F_DUMP, parts).ExecuteIter(unix.NETLINK_ROUTE, 0, func(payload []byte) bool {
			each(payload)
			return true
		})
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return err
		}
	}
	return err
}

func (k *kernel) request(kind, flags int, parts []nl.NetlinkRequestData) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(kind, flags)
	r.Sockets = k.shared
	for _, p := range parts {
		r.AddData(p)
	}
	return r
}

// A device is what matters here of a network device.
type device struct {
	index int
	name  string
	up    bool
	mtu   int
}

// device returns the device of an index now; the error wraps ENODEV if there is
// none.
func (k *kernel) device(index int) (device, error) {
	messages, err := k.request(unix.RTM_GETLINK, 0, []nl.NetlinkRequestData{linkMessage(index)}).Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
	switch {
	case err != nil:
		return device{}, err
	case len(messages) == 0:
		return device{}, unix.ENODEV
	}
	head := nl.DeserializeIfInfomsg(messages[0])
	d := device{index: int(head.Index), up: head.Flags&unix.IFF_UP != 0}
	eachAttr(messages[0][head.Len():], func(kind uint16, value []byte) {
		switch kind {
		case unix.IFLA_IFNAME:
			d.name = unix.ByteSliceToString(value)
		case unix.IFLA_MTU:
			d.mtu = int(number(value))
		}
	})
	return d, nil
}

// setUp sets a device up.
func (k *kernel) setUp(index int) error {
	m := linkMessage(index)
	m.Change, m.Flags = unix.IFF_UP, unix.IFF_UP
	return k.tell(unix.RTM_NEWLINK, 0, m)
}

// setDown sets a device down, and puts back its IPv6 addresses, which the kernel
// takes away with that. Its routes are gone.
func (k *kernel) setDown(index int) error {
	addresses, err := k.addresses(index)
	if err != nil {
		return err
	}
	m := linkMessage(index)
	m.Change = unix.IFF_UP
	if err := k.tell(unix.RTM_NEWLINK, 0, m); err != nil {
		return err
	}
	return k.putBackAddresses(slices.DeleteFunc(addresses, func(a address) bool { return a.prefix.Addr().Is4() || a.isKernels() }))
}

func (k *kernel) setMTU(index, octets int) error {
	return k.tell(unix.RTM_NEWLINK, 0, linkMessage(index), nl.NewRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(octets))))
}

func linkMessage(index int) *nl.IfInfomsg {
	m := nl.NewIfInfomsg(unix.AF_UNSPEC)
	m.Index = int32(index)
	return m
}

// eachAttr calls f with the attributes of a message, as far as they can be read.
func eachAttr(b []byte, f func(kind uint16, value []byte)) {
	attrs, _ := nl.ParseRouteAttr(b) // the kernel writes whole ones
	for _, a := range attrs {
		f(a.Attr.Type, a.Value)
	}
}

// number reads a number as the kernel has it, of 4 octets.
func number(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return nl.NativeEndian().Uint32(b)
}

// familyOf returns the address family of a prefix.
func familyOf(x netip.Prefix) uint8 {
	if x.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
