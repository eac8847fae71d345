package main

import (
	"net"
	"net/netip"
	"testing"
)

// Two IPv6 hosts with maps reach each other by their IPv4 addresses: with
// hairpin intrinsic within the translator, with simple through the kernel, which
// routes the IPv4 packet back to the device. With off the kernel does so too, but
// then the called host sees the caller's IPv6 address and answers to that, from
// its own: to the caller a stranger.
func TestNetnsHairpin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode       string
		reaches    bool
		hairpinned bool // by the translator itself
	}{
		{"intrinsic", true, true},
		{"simple", true, false},
		{"off", false, false},
	} {
		t.Run(c.mode, func(t *testing.T) {
			w := newWorld(t, plan{seven: true, lines: "hairpin " + c.mode + "\n"})
			w.start()
			const sevenAs6, sixAs6 = "2001:db8:64::" + sevenAs, "2001:db8:64::" + sixAs4
			if c.reaches {
				w.ping(w.six, sevenAs6, 5, "-s", "1200")
				w.ping(w.seven, sixAs6, 5)
				transfer(t, way{"from six to seven", w.six, w.seven, sevenAs6, seven}, 2<<20)
				transfer(t, way{"from seven to six", w.seven, w.six, sixAs6, six}, 2<<20)
			} else {
				meetsStranger(t, w, sevenAs6)
			}
			w.ping(w.four, sevenAs, 5) // whatever hairpinning does
			n := w.status().FromIP6.Packets["hairpinned"]
			if (n > 0) != c.hairpinned {
				t.Errorf("hairpinned is %d", n)
			}
		})
	}
}

// meetsStranger shows that seven hears six under its IPv6 address, and that six is
// answered from an address that it did not write to.
func meetsStranger(t *testing.T, w *world, called string) {
	server, err := w.seven.ListenPacket("udp", net.JoinHostPort(seven, "7"))
	must(t, err)
	defer server.Close()
	client, err := w.six.ListenPacket("udp", net.JoinHostPort(six, "8"))
	must(t, err)
	defer client.Close()
	_, err = client.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr(called), 7)))
	must(t, err)
	must(t, server.SetReadDeadline(deadline()))
	_, from, err := server.ReadFrom(make([]byte, 10))
	must(t, err)
	if got, want := from.String(), net.JoinHostPort(six, "8"); got != want {
		t.Errorf("seven hears %s, not %s", got, want)
	}
	_, err = server.WriteTo([]byte("answer"), from)
	must(t, err)
	must(t, client.SetReadDeadline(deadline()))
	_, from, err = client.ReadFrom(make([]byte, 10))
	must(t, err)
	if got, want := from.String(), net.JoinHostPort(seven, "7"); got != want {
		t.Errorf("six is answered from %s, not %s", got, want)
	}
}
