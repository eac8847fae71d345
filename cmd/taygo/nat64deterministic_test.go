package main

import (
	"net"
	"testing"

	"taygo/internal/netlab"
)

// Each network has the block of ports that follows from its address, and no other.
func TestNetnsNAT64Deterministic(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-pool 198.51.100.128\nnat64-deterministic 2001:db8:2::/47 48 1024\n"})
	p := w.start()
	server := udp(t, w.four, four, 7)
	look := func() {
		t.Helper()
		for _, c := range []struct {
			h     *netlab.Host
			at    string
			first int
		}{{w.seven, seven, 1024}, {w.eight, eight, 2048}} {
			for range 10 {
				tell(t, udp(t, c.h, c.at, 0), net.JoinHostPort(fourAs6, "7"), "hello")
				if _, from := hear(t, server); from.Addr() != addr(natPool4) || int(from.Port()) < c.first || int(from.Port()) >= c.first+1024 {
					t.Errorf("%s is seen as %v, which is not in the block from %d", c.at, from, c.first)
				}
			}
		}
	}
	look()
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	w.run()
	look()
}
