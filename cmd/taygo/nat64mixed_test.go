package main

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// Of one host, the address with a map is translated by that, and the other one by
// the pool, in both directions at once.
func TestNetnsNAT64AndMaps(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	servePages(t, w.four, four, 1<<20)
	servePages(t, w.six, six, 1<<20)
	var all sync.WaitGroup
	for i, c := range []struct {
		from *netlab.Host
		to   string
	}{{w.six, fourAs6}, {w.seven, fourAs6}, {w.four, sixAs4}, {w.eight, fourAs6}} {
		all.Go(func() {
			for j := range 5 {
				if err := fetch(c.from, c.to, 10*i+j, 1<<20); err != nil {
					t.Errorf("from %s: %v", c.from.Name(), err)
				}
			}
		})
	}
	all.Wait()
	for local, want := range map[string]netip.Prefix{six: prefix(sixAs4 + "/32"), sixToo: prefix(natPool)} {
		if got := seenAs(t, w.world, local); !want.Contains(addr(got)) {
			t.Errorf("%s is seen as %s, which is not in %v", local, got, want)
		}
	}
	for _, b := range w.bindings(natTCP) {
		if b.IPv6.Addr() == addr(six) {
			t.Errorf("a host with a map has a binding: %+v", b)
		}
	}
}

// A host with a map and one without reach each other by IPv4 addresses, and each
// sees the other's.
func TestNetnsNAT64HairpinBetweenMapAndPool(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines})
	w.listenBound()
	w.start()
	const sixAs6 = "2001:db8:64::" + sixAs4
	transfer(t, way{"to a map", w.seven, w.six, sixAs6, six}, 2<<20)
	transfer(t, way{"to a binding", w.six, w.seven, natPool6, seven}, 2<<20)
	transfer(t, way{"to the map of the same host", w.six, w.six, sixAs6, six}, 1<<20)
	w.ping(w.seven, sixAs6, 3)
	for _, n := range []int{10, 1400, 4000} {
		data := string(noise(n))
		mapped, pooled := udp(t, w.six, six, 0), udp(t, w.seven, seven, 0)
		port := netip.MustParseAddrPort(mapped.LocalAddr().String()).Port()
		tell(t, pooled, transport(sixAs6, port).String(), data)
		got, from := hear(t, mapped)
		if a := from.Addr(); got != data || !prefix("2001:db8:64::198.51.100.128/126").Contains(a) {
			t.Errorf("the host with a map hears %d octets of %d, or other ones, from %v", len(got), n, from)
		}
		tell(t, mapped, from.String(), data)
		wantHeard(t, pooled, data, transport(sixAs6, port))
	}
	if n := w.status().FromIP6.Packets["hairpinned"]; n == 0 {
		t.Error("hairpinned is 0")
	}
}

// The translator and the hosts without a map share one address: it answers pings
// and sends its errors from there, and they have its ports.
func TestNetnsNAT64SharedAddress(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-pool 203.0.113.1\nnat64-static udp [2001:db8:2::10]:7 203.0.113.1:7\n"})
	w.start()
	w.ping(w.seven, fourAs6, 5)
	w.ping(w.eight, fourAs6, 3, "-s", "4000")
	w.ping(w.four, own4, 5)
	w.ping(w.seven, own6, 2)
	transfer(t, w.out(w.seven), 1<<20)
	transfer(t, w.out(w.eight), 1<<20)
	if got := seenAs(t, w.world, sixToo); got != own4 {
		t.Errorf("a host without a map is seen as %s", got)
	}
	echo(t, w.seven, net.JoinHostPort(seven, "7"))
	c, err := w.four.Dial(within(t), "udp", net.JoinHostPort(own4, "7"))
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(deadline()))
	_, err = io.WriteString(c, "hello")
	must(t, err)
	if n, err := c.Read(make([]byte, 10)); n != 5 {
		t.Errorf("a static binding of the shared address answers %d octets, %v", n, err)
	}
	if from := expired(t, w.four, sixAs4, 2); from != own4 {
		t.Errorf("the translator's errors come from %s", from)
	}
	w.counted(4, "answered", 5) // and no reply that was for a host
}

// A packet whose source claims to be inside the prefix is dropped, or it could loop.
func TestNetnsNAT64SourceInPrefix(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	send(t, w.seven, pkttest.IPv6{Src: fourTooAs6, Dst: fourAs6}.Packet(pkttest.UDP{Sport: 9, Dport: 9}))
	w.counted(6, "source_in_prefix", 1)
	if n := w.status().FromIP6.ErrorsSent; n != 0 {
		t.Errorf("%d errors are sent", n)
	}
}
