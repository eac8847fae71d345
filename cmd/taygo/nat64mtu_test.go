package main

import "testing"

// A sender learns the MTU of a path through the pool, whoever finds that its packets
// are too big, and a transfer goes on.
func TestNetnsNAT64PathMTU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		plan plan
		mtu6 int    // of the link of seven; 0 is 1500
		want [2]int // what the sender learns: of IPv6, of IPv4
	}{
		{"of the translator", plan{}, 0, [2]int{1500, 1480}},
		{"of an IPv4 link behind it", plan{mtu4: 1300, routers: true}, 0, [2]int{1320, 1300}},
		{"of an IPv4 link too small for IPv6", plan{mtu4: 1000, routers: true}, 0, [2]int{1280, 1000}},
		{"of an IPv6 link behind it", plan{}, 1400, [2]int{1400, 1380}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.plan.lines = staticLines
			w := newNATWorld(t, c.plan)
			w.listenBound()
			if c.mtu6 != 0 {
				must(t, w.seven.MTU("xlat", c.mtu6))
				must(t, w.xlat.MTU("seven", c.mtu6))
			}
			w.start()
			for i, x := range []way{w.out(w.seven), w.bound()} {
				t.Run(x.name, func(t *testing.T) {
					if got := learned(t, x, []int{1452, 1472}[i]); got != c.want[i] {
						t.Errorf("a datagram teaches the MTU %d, want %d", got, c.want[i])
					}
				})
				tool(t, w.seven, "ip", "-6", "route", "flush", "cache")
				tool(t, w.four, "ip", "-4", "route", "flush", "cache")
				t.Run(x.name+", TCP", func(t *testing.T) { transfer(t, x, 3<<20) })
			}
		})
	}
}
