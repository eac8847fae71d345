package tundev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
)

// A line is a host with a TUN device and, on a link, one to which it forwards
// what is written there for 203.0.113.1 to .4, and 2001:db8:1::1 to ::4.
type line struct {
	gw, far *netlab.Host
	*Device
}

func newLine(t testing.TB, mtu int) line {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	gw, err := lab.Host("gw")
	must(t, err)
	far, err := lab.Host("far")
	must(t, err)
	must(t, lab.Link(
		gw.End(netip.MustParsePrefix("203.0.113.254/24"), netip.MustParsePrefix("2001:db8:1::fe/64")),
		far.End(netip.MustParsePrefix("203.0.113.1/24"), netip.MustParsePrefix("2001:db8:1::1/64")), mtu))
	for i := 2; i <= 4; i++ {
		must(t, far.Addr("gw", netip.MustParsePrefix(fmt.Sprintf("203.0.113.%d/24", i))))
		must(t, far.Addr("gw", netip.MustParsePrefix(fmt.Sprintf("2001:db8:1::%d/64", i))))
	}
	must(t, gw.Forward())
	d := openAt(t, gw, Options{Offload: true, TxQueueLen: DefaultTxQueueLen}, allOffers)
	addressed(t, gw, d)
	meet(t, gw)
	return line{gw, far, d}
}

// meet makes gw find its neighbours, for which the first packets would wait.
func meet(t testing.TB, gw *netlab.Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for i := 1; i <= 4; i++ {
		for _, form := range []string{"203.0.113.%d:9", "[2001:db8:1::%d]:9"} {
			if _, err := gw.Dial(ctx, "tcp", fmt.Sprintf(form, i)); !errors.Is(err, unix.ECONNREFUSED) {
				t.Fatalf("nobody refuses a connection: %v", err)
			}
		}
	}
}

// Commands of ETHTOOL, and the features that they switch.
const (
	txChecksum = 0x17 // ETHTOOL_STXCSUM
	tso        = 0x1f // ETHTOOL_STSO
	gso        = 0x24 // ETHTOOL_SGSO
)

// off switches features of a device off.
func off(t testing.TB, h *netlab.Host, dev string, commands ...uint32) {
	t.Helper()
	for _, command := range commands {
		value := [2]uint32{command, 0}
		request := struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}{data: unsafe.Pointer(&value)}
		copy(request.name[:], dev)
		must(t, h.Do(func() error {
			s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(s)
			_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
			if errno != 0 {
				return fmt.Errorf("ethtool %#x of %s: %w", command, dev, errno)
			}
			return nil
		}))
	}
}

// A tap hears what a device of a host receives.
type tap struct{ fd int }

func newTap(t testing.TB, h *netlab.Host, dev string) tap {
	t.Helper()
	link, err := h.Netlink().LinkByName(dev)
	must(t, err)
	var fd int
	must(t, h.Do(func() error {
		const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
		var err error
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, all); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Attrs().Index})
	}))
	t.Cleanup(func() { must(t, unix.Close(fd)) })
	return tap{fd}
}

// next returns the next packet from 192.0.2.2 or 2001:db8::2, or nil if there is
// none for some time.
func (a tap) next(t testing.TB, b []byte) []byte {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		n, from, err := unix.Recvfrom(a.fd, b, 0)
		if err != nil {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(a.fd), Events: unix.POLLIN}}, 20)
			continue
		}
		p := b[:n]
		if link, ok := from.(*unix.SockaddrLinklayer); !ok || link.Pkttype == unix.PACKET_OUTGOING || n < 20 {
			continue
		}
		src, _ := netip.AddrFromSlice(p[12:16])
		if p[0]>>4 == 6 {
			src, _ = netip.AddrFromSlice(p[8:24])
		}
		if src == netip.MustParseAddr("192.0.2.2") || src == netip.MustParseAddr("2001:db8::2") {
			return p
		}
	}
	return nil
}

// socketOf returns a UDP socket of a host at port 5000.
func socketOf(t testing.TB, h *netlab.Host, address string) net.PacketConn {
	t.Helper()
	s, err := h.ListenPacket("udp", net.JoinHostPort(address, "5000"))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.(*net.UDPConn).SetReadBuffer(1<<20))
	return s
}
