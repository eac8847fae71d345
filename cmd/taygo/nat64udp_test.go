package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// natUDP asks for what is of UDP.
var natUDP = control.Query{Protocol: "udp"}

// udp opens a socket, which is closed when the test ends. Port 0 is any.
func udp(t *testing.T, h *netlab.Host, at string, port uint16) *net.UDPConn {
	t.Helper()
	c, err := h.ListenPacket("udp", transport(at, port).String())
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	onSocket(t, c, always)
	return c.(*net.UDPConn)
}

// tell sends a datagram.
func tell(t *testing.T, c *net.UDPConn, to, text string) {
	t.Helper()
	at, err := netip.ParseAddrPort(to)
	must(t, err)
	_, err = c.WriteToUDPAddrPort([]byte(text), at)
	must(t, err)
}

// hear waits for a datagram, and returns it with its source.
func hear(t *testing.T, c *net.UDPConn) (string, netip.AddrPort) {
	t.Helper()
	must(t, c.SetReadDeadline(deadline()))
	b := make([]byte, 1<<16)
	n, from, err := c.ReadFromUDPAddrPort(b)
	must(t, err)
	return string(b[:n]), netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// Datagrams of any length, in fragments or not, and their answers, pass whole
// through the pool and through a static binding.
func TestNetnsNAT64DatagramLengths(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines})
	w.start()
	for _, x := range []way{w.out(w.seven), w.bound()} {
		echo(t, x.to, net.JoinHostPort(x.listen, "7"))
		c, err := x.from.Dial(within(t), "udp", net.JoinHostPort(x.dial, "7"))
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		onSocket(t, c, always)
		for _, n := range []int{0, 1, 1233, 1453, 1473, 8000, 65487, 65507} {
			t.Run(fmt.Sprint(n, " octets ", x.name), func(t *testing.T) {
				must(t, c.SetDeadline(deadline()))
				sent, got := noise(n), make([]byte, 1<<16)
				_, err = c.Write(sent)
				must(t, err)
				m, err := c.Read(got)
				must(t, err)
				if !bytes.Equal(got[:m], sent) {
					t.Errorf("%d octets came back, or other ones", m)
				}
			})
		}
	}
}

// A datagram from IPv4 without a checksum has one in IPv6, also if it comes in
// fragments (RFC 6146 §3.4).
func TestNetnsNAT64NoUDPChecksum(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines})
	w.start()
	server := udp(t, w.seven, seven, 7)
	client := udp(t, w.four, four, 0)
	onSocket(t, client, func(fd int, _ bool) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) })
	for _, n := range []int{100, 1472, 2000, 30000} {
		data := string(noise(n))
		tell(t, client, natPool4+":7", data)
		if got, from := hear(t, server); got != data || from.Addr() != addr(fourAs6) {
			t.Errorf("%d octets of %d arrive, or other ones, from %v", len(got), n, from)
		}
	}
}

// One port of a host is one port of the pool, whomever it talks to; and who may
// send to that is as nat64-filtering says.
func TestNetnsNAT64Mapping(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filtering string
		strangers bool // may send
	}{
		{"endpoint-independent", true},
		{"address-dependent", false},
	} {
		t.Run(c.filtering, func(t *testing.T) {
			w := newNATWorld(t, plan{lines: "nat64-filtering " + c.filtering + "\n"})
			w.start()
			client := udp(t, w.seven, seven, 5001)
			server, friend, stranger := udp(t, w.four, four, 7), udp(t, w.four, four, 8), udp(t, w.four, fourToo, 9)
			tell(t, client, net.JoinHostPort(fourAs6, "7"), "hello")
			_, mapped := hear(t, server)
			if !prefix(natPool).Contains(mapped.Addr()) {
				t.Fatalf("the server sees %v, which is not in the pool", mapped)
			}
			tell(t, stranger, mapped.String(), "from a stranger")
			if c.strangers {
				wantHeard(t, client, "from a stranger", transport(fourTooAs6, 9))
			} else {
				w.counted(4, "filtered", 1)
			}
			tell(t, friend, mapped.String(), "from another port")
			wantHeard(t, client, "from another port", transport(fourAs6, 8))
			tell(t, client, net.JoinHostPort(fourTooAs6, "9"), "hello")
			if _, from := hear(t, stranger); from != mapped {
				t.Errorf("one host sees %v, another %v", mapped, from)
			}
			tell(t, stranger, mapped.String(), "no stranger any more")
			wantHeard(t, client, "no stranger any more", transport(fourTooAs6, 9))
			if b := w.bindings(natUDP); len(b) != 1 || b[0].IPv4 != mapped || b[0].IPv6 != transport(seven, 5001) {
				t.Errorf("bindings: %+v", b)
			}
		})
	}
}

// wantHeard waits for a datagram and compares it.
func wantHeard(t *testing.T, c *net.UDPConn, text string, from netip.AddrPort) {
	t.Helper()
	if got, at := hear(t, c); got != text || at != from {
		t.Errorf("%q comes from %v, want %q from %v", got, at, text, from)
	}
}

// The port of the pool is odd if that of the host is, privileged if that of the
// host is, and otherwise nobody can tell the next one.
func TestNetnsNAT64Ports(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-pool 198.51.100.128\n"})
	w.start()
	server := udp(t, w.four, four, 7)
	last, near := 0, 0
	for port := uint16(5000); port < 5060; port++ {
		client := udp(t, w.seven, seven, port)
		tell(t, client, net.JoinHostPort(fourAs6, "7"), "hello")
		_, mapped := hear(t, server)
		got := int(mapped.Port())
		if mapped.Addr() != addr(natPool4) || got < 1024 || got%2 != int(port%2) {
			t.Errorf("port %d is seen as %v", port, mapped)
		}
		if d := got - last; d > -64 && d < 64 {
			near++
		}
		last = got
	}
	if near > 5 {
		t.Errorf("%d of 60 ports are close to the one before", near)
	}
	for _, port := range []uint16{500, 123} {
		tell(t, udp(t, w.seven, seven, port), net.JoinHostPort(fourAs6, "7"), "hello")
		if _, mapped := hear(t, server); mapped.Port() >= 1024 || mapped.Port()%2 != port%2 {
			t.Errorf("port %d is seen as %v", port, mapped)
		}
	}
}
