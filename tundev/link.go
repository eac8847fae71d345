package tundev

import (
	"errors"
	"fmt"
	"iter"
	"syscall"

	"golang.org/x/sys/unix"
)

// A link is what rtnetlink says of a device. Unlike /sys, which shows the network
// namespace of whoever mounted it, it is about the namespace of the socket.
type link struct {
	name       string
	index      int
	up         bool
	mtu        int // octets
	txQueueLen int // packets
	txDropped  uint64
	kind       string
	tun        tunLink
}

// A tunLink is what rtnetlink says of a device of the kind "tun" (Linux 4.16).
type tunLink struct {
	known      bool
	tap        bool // carries Ethernet frames
	persist    bool // stays without a process that has it open
	multiQueue bool
	queues     int // of a multi-queue device, those that processes have open
}

// errNoLink says that there is no such device.
var errNoLink = errors.New("no such device")

// findLink asks for the device of that name in the namespace of the calling
// thread.
func findLink(name string) (link, error) {
	s, err := newLinkSocket(0)
	if err != nil {
		return link{}, err
	}
	defer unix.Close(s)
	return askLink(s, 0, name)
}

// askLink asks for the device of that index, or of that name if it is not empty,
// in the namespace of a socket that hears nothing else. The error is errNoLink if
// there is none.
func askLink(s, index int, name string) (link, error) {
	answer, err := ask(s, linkRequest(index, name))
	if err != nil {
		return link{}, err
	}
	for m := range messages(answer) {
		return m.link, m.err
	}
	return link{}, errors.New("netlink: the answer is not about a link")
}

// setTxQueueLen sets the transmit queue of the device of that index, in packets.
// The ioctl for it wants CAP_NET_ADMIN of the first user namespace; this does not.
func setTxQueueLen(s, index, packets int) error {
	answer, err := ask(s, txQueueLenRequest(index, packets))
	if err != nil {
		return err
	}
	for m := range messages(answer) {
		return m.err
	}
	return nil
}

// ask sends a request and returns the answer.
func ask(s int, request []byte) ([]byte, error) {
	if err := unix.Sendto(s, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netlink: ask: %w", err)
	}
	b := make([]byte, answerLen)
	n, _, err := unix.Recvfrom(s, b, 0)
	if err != nil {
		return nil, fmt.Errorf("netlink: ask: %w", err)
	}
	return b[:n], nil
}

// answerLen is more than the kernel says of one link, in octets.
const answerLen = 64 << 10

// newLinkSocket opens a rtnetlink socket in the namespace of the calling thread,
// which hears the given groups.
func newLinkSocket(groups uint32) (int, error) {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, fmt.Errorf("netlink: socket: %w: allow AF_NETLINK", err)
	}
	if err := unix.Bind(s, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return -1, errors.Join(fmt.Errorf("netlink: bind: %w", err), unix.Close(s))
	}
	return s, nil
}

// linkRequest asks for one device, by its index, or by its name if that is not
// empty. Its answer is RTM_NEWLINK or an error.
func linkRequest(index int, name string) []byte {
	if name == "" {
		return request(unix.RTM_GETLINK, index, 0, nil)
	}
	return request(unix.RTM_GETLINK, index, unix.IFLA_IFNAME, append([]byte(name), 0))
}

// txQueueLenRequest sets a transmit queue. Its answer is an error, perhaps 0.
func txQueueLenRequest(index, packets int) []byte {
	b := request(unix.RTM_SETLINK, index, unix.IFLA_TXQLEN, native.AppendUint32(nil, uint32(packets)))
	native.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	return b
}

// request is the message of that type about the device of that index, with one
// attribute if value is not nil.
func request(kind uint16, index int, attribute uint16, value []byte) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+unix.SizeofIfInfomsg)
	native.PutUint32(b[unix.SizeofNlMsghdr+4:], uint32(index))
	if value != nil {
		b = native.AppendUint16(b, uint16(unix.SizeofRtAttr+len(value)))
		b = native.AppendUint16(b, attribute)
		b = append(b, value...)
		b = append(b, make([]byte, -len(value)&3)...)
	}
	native.PutUint32(b, uint32(len(b)))
	native.PutUint16(b[4:], kind)
	native.PutUint16(b[6:], unix.NLM_F_REQUEST)
	return b
}

// A message is one rtnetlink message: about a link, be it new, changed or
// deleted; or an error.
type message struct {
	link link
	err  error
}

// messages yields the messages about links in what was read from a socket.
func messages(b []byte) iter.Seq[message] {
	return func(yield func(message) bool) {
		all, err := syscall.ParseNetlinkMessage(b)
		if err != nil {
			yield(message{err: fmt.Errorf("netlink: %w", err)})
			return
		}
		for _, m := range all {
			switch m.Header.Type {
			case unix.RTM_NEWLINK, unix.RTM_DELLINK:
				if l, ok := parseLink(m.Data); ok && !yield(message{link: l}) {
					return
				}
			case unix.NLMSG_ERROR:
				if err := parseError(m.Data); err != nil && !yield(message{err: err}) {
					return
				}
			}
		}
	}
}

func parseError(data []byte) error {
	if len(data) < 4 {
		return nil
	}
	errno := unix.Errno(-int32(native.Uint32(data)))
	switch errno {
	case 0:
		return nil
	case unix.ENODEV:
		return errNoLink
	default:
		return fmt.Errorf("netlink: %w", errno)
	}
}

// parseLink reads a struct ifinfomsg and the attributes behind it. It returns
// false for a message that is about a port of a bridge, or no such message.
func parseLink(data []byte) (link, bool) {
	if len(data) < unix.SizeofIfInfomsg || data[0] != unix.AF_UNSPEC {
		return link{}, false
	}
	l := link{index: int(int32(native.Uint32(data[4:]))), up: native.Uint32(data[8:])&unix.IFF_UP != 0}
	for kind, value := range attributes(data[unix.SizeofIfInfomsg:]) {
		switch kind {
		case unix.IFLA_IFNAME:
			l.name = unix.ByteSliceToString(value)
		case unix.IFLA_MTU:
			l.mtu = number(value)
		case unix.IFLA_TXQLEN:
			l.txQueueLen = number(value)
		case unix.IFLA_STATS64:
			const txDropped = 7 * 8 // in struct rtnl_link_stats64
			if len(value) >= txDropped+8 {
				l.txDropped = native.Uint64(value[txDropped:])
			}
		case unix.IFLA_LINKINFO:
			for kind, value := range attributes(value) {
				switch kind {
				case unix.IFLA_INFO_KIND:
					l.kind = unix.ByteSliceToString(value)
				case unix.IFLA_INFO_DATA:
					l.tun = parseTun(value)
				}
			}
		}
	}
	return l, true
}

// parseTun reads the attributes that a device of the kind "tun" has; of another
// kind, the result means nothing.
func parseTun(data []byte) tunLink {
	t := tunLink{known: true}
	for kind, value := range attributes(data) {
		switch kind {
		case unix.IFLA_TUN_TYPE:
			t.tap = number(value) == unix.IFF_TAP
		case unix.IFLA_TUN_PERSIST:
			t.persist = number(value) != 0
		case unix.IFLA_TUN_MULTI_QUEUE:
			t.multiQueue = number(value) != 0
		case unix.IFLA_TUN_NUM_QUEUES, unix.IFLA_TUN_NUM_DISABLED_QUEUES:
			t.queues += number(value)
		}
	}
	return t
}

// attributes yields type and value of each attribute, up to the first that is
// broken.
func attributes(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofRtAttr {
			n := int(native.Uint16(b))
			if n < unix.SizeofRtAttr || n > len(b) {
				return
			}
			if !yield(native.Uint16(b[2:])&^unix.NLA_F_NESTED, b[unix.SizeofRtAttr:n]) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}

// number is the value of an attribute of one or four octets; 0 of any other.
func number(value []byte) int {
	switch len(value) {
	case 1:
		return int(value[0])
	case 4:
		return int(native.Uint32(value))
	}
	return 0
}
