package main

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
)

// A sender learns the MTU of a path through the translator, whoever finds that
// its packets are too big: a router behind it, or itself. Until then and after
// that a transfer goes on.
func TestNetnsPathMTU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		plan plan
		tun  int    // MTU of the device; 0 is 1500
		want [2]int // what the sender learns: of IPv6, of IPv4
	}{
		{"of the translator", plan{}, 0, [2]int{1500, 1480}},
		{"of the translator's device", plan{}, 1400, [2]int{1400, 1380}},
		{"of the least device", plan{}, 1280, [2]int{1280, 1260}},
		{"of a jumbo device", plan{}, 9000, [2]int{1500, 1480}},
		{"of an IPv4 link behind it", plan{mtu4: 1300, routers: true}, 0, [2]int{1320, 1300}},
		{"of an IPv4 link too small for IPv6", plan{mtu4: 1000, routers: true}, 0, [2]int{1280, 1000}},
		{"of an IPv6 link behind it", plan{mtu6: 1400, routers: true}, 0, [2]int{1400, 1380}},
		{"of the least IPv6 link", plan{mtu6: 1280, routers: true}, 0, [2]int{1280, 1260}},
		{"of both", plan{mtu6: 1400, mtu4: 1300, routers: true}, 0, [2]int{1320, 1300}},
		{"of ipv4-mtu", plan{lines: "ipv4-mtu 1300\n"}, 0, [2]int{1320, 1480}},
		{"of ipv6-mtu", plan{lines: "ipv6-mtu 1300\n"}, 0, [2]int{1500, 1280}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.plan)
			w.device()
			if c.tun != 0 {
				must(t, w.xlat.MTU("nat64", c.tun))
			}
			w.run()
			for i, x := range w.ways() {
				t.Run(x.name, func(t *testing.T) {
					if got := learned(t, x, []int{1452, 1472}[i]); got != c.want[i] {
						t.Errorf("a datagram teaches the MTU %d, want %d", got, c.want[i])
					}
				})
			}
			w.forget()
			for i, x := range w.ways() {
				t.Run(x.name+", TCP", func(t *testing.T) {
					transfer(t, x, 3<<20)
					// A segment is no longer than the other side can take, 1460 octets
					// from IPv4, so that not every limit is met.
					if got := learned(t, x, 1); got < c.want[i] {
						t.Errorf("the connection learns the MTU %d, less than %d", got, c.want[i])
					}
				})
			}
		})
	}
}

// forget makes the hosts forget the MTUs that they have learned.
func (w *world) forget() {
	w.t.Helper()
	for _, h := range []*netlab.Host{w.six, w.four} {
		tool(w.t, h, "ip", "-4", "route", "flush", "cache")
		tool(w.t, h, "ip", "-6", "route", "flush", "cache")
	}
}

// learned sends datagrams of so many octets, and less once the path is known not
// to take them, that may not be fragmented, until one is answered, and returns
// the MTU of the path then.
func learned(t *testing.T, x way, octets int) int {
	t.Helper()
	echo(t, x.to, net.JoinHostPort(x.listen, "7"))
	c, err := x.from.Dial(within(t), "udp", net.JoinHostPort(x.dial, "7"))
	must(t, err)
	defer c.Close()
	onSocket(t, c, never)
	mtu, answer, long := 0, make([]byte, 1), octets
	for range 100 {
		_, err := c.Write(make([]byte, octets))
		onSocket(t, c, func(fd int, v6 bool) (err error) {
			if v6 {
				mtu, err = unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
				octets = min(octets, mtu-48)
			} else {
				mtu, err = unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU)
				octets = min(octets, mtu-28)
			}
			return err
		})
		if errors.Is(err, unix.EMSGSIZE) {
			continue
		}
		must(t, err)
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.Read(answer); err != nil {
			continue
		}
		if octets < long {
			if _, err := c.Write(make([]byte, long)); !errors.Is(err, unix.EMSGSIZE) {
				t.Errorf("a datagram of %d octets is not refused, but: %v", long, err)
			}
		}
		return mtu
	}
	t.Errorf("no datagram of %d octets is answered, MTU %d", octets, mtu)
	return mtu
}

// never has a socket refuse to fragment, and forbid it to others.
func never(fd int, v6 bool) error {
	if v6 {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
}

// always has a socket fragment what is longer than the link takes, and allow
// others to fragment all of it.
func always(fd int, v6 bool) error {
	if v6 {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
}

// onSocket calls f with the descriptor of a UDP socket.
func onSocket(t *testing.T, c any, f func(fd int, v6 bool) error) {
	t.Helper()
	u := c.(*net.UDPConn)
	raw, err := u.SyscallConn()
	must(t, err)
	v6 := strings.HasPrefix(u.LocalAddr().String(), "[")
	var inner error
	must(t, raw.Control(func(fd uintptr) { inner = f(int(fd), v6) }))
	must(t, inner)
}

// echo answers datagrams to address with the same, until the test ends.
func echo(t *testing.T, h *netlab.Host, address string) {
	t.Helper()
	server, err := h.ListenPacket("udp", address)
	must(t, err)
	onSocket(t, server, always)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(b[:n], from)
		}
	}()
}
