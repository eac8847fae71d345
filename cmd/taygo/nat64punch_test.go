package main

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// Two hosts without a map that have learned each other's transport addresses in
// the pool from a third reach each other there, and see only those.
func TestNetnsNAT64HolePunching(t *testing.T) {
	t.Parallel()
	for _, filtering := range []string{"endpoint-independent", "address-dependent"} {
		for _, pool := range []string{"198.51.100.128", natPool} {
			t.Run(filtering+", "+pool, func(t *testing.T) {
				w := newNATWorld(t, plan{lines: "nat64-filtering " + filtering + "\nnat64-pool " + pool + "\n"})
				w.start()
				meeting := udp(t, w.four, four, 3478)
				a, b := udp(t, w.seven, seven, 4000), udp(t, w.eight, eight, 4000)
				var seen [2]netip.AddrPort
				for i, c := range []*net.UDPConn{a, b} {
					tell(t, c, net.JoinHostPort(fourAs6, "3478"), "who am I?")
					_, seen[i] = hear(t, meeting)
				}
				punch(t, a, b, transport(in4(seen[0].Addr()), seen[0].Port()), transport(in4(seen[1].Addr()), seen[1].Port()))
			})
		}
	}
}

// punch has two sockets send to each other until both have heard the other, by the
// address it was told.
func punch(t *testing.T, a, b *net.UDPConn, aAt, bAt netip.AddrPort) {
	t.Helper()
	heardA, heardB := false, false
	for end := deadline(); !(heardA && heardB) && time.Now().Before(end); {
		tell(t, a, bAt.String(), "from a")
		tell(t, b, aAt.String(), "from b")
		heardA = heardA || heardFrom(t, a, "from b", bAt)
		heardB = heardB || heardFrom(t, b, "from a", aAt)
	}
	if !heardA || !heardB {
		t.Errorf("a has heard b: %v, b has heard a: %v", heardA, heardB)
	}
}

// heardFrom reports whether a datagram comes soon, and wants it to be that one.
func heardFrom(t *testing.T, c *net.UDPConn, text string, from netip.AddrPort) bool {
	t.Helper()
	must(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	buf := make([]byte, 100)
	n, at, err := c.ReadFromUDPAddrPort(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	must(t, err)
	if string(buf[:n]) != text || at != from {
		t.Errorf("%q comes from %v, want %q from %v", buf[:n], at, text, from)
	}
	return true
}

// A host without a map reaches another one, and itself, by the static binding that
// the other has.
func TestNetnsNAT64HairpinToBinding(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines})
	w.listenBound()
	w.start()
	for _, from := range []*netlab.Host{w.eight, w.seven, w.six} {
		transfer(t, way{"from " + from.Name() + " to a binding", from, w.seven, natPool6, seven}, 2<<20)
	}
	echo(t, w.seven, net.JoinHostPort(seven, "7"))
	for _, from := range []*netlab.Host{w.eight, w.seven} {
		c := udp(t, from, map[*netlab.Host]string{w.eight: eight, w.seven: seven}[from], 0)
		for _, n := range []int{10, 1400, 4000} {
			data := string(noise(n))
			tell(t, c, net.JoinHostPort(natPool6, "7"), data)
			wantHeard(t, c, data, transport(natPool6, 7))
		}
	}
	if n := w.status().FromIP6.Packets["hairpinned"]; n == 0 {
		t.Error("hairpinned is 0")
	}
}
