package nat64_test

import (
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

// TestPacketsAllocateNothing: whatever becomes of a packet, whether somebody listens
// or not.
func TestPacketsAllocateNothing(t *testing.T) {
	for _, heard := range []bool{false, true} {
		table := newTable(t, options(statics, func(o *nat64.Options) {
			o.Limits.Sessions, o.Limits.SourceSessions, o.Limits.SourceRate, o.Limits.SourceBurst = 5000, 1<<20, 1<<20, 1<<20
			o.Pools = append(o.Pools, allOf("192.0.2.16/28"))
		}))
		if heard {
			table.Feed(100)
		}
		k := newKit(t, table)
		at, _ := k.sendOut(nat64.TCP, host, server, pkttest.SYN)
		k.sendIn(nat64.TCP, v4(near4, 7), v4(pool4, 9), pkttest.SYN) // the store of SYNs has its memory now
		for i := range 20000 {                                       // and so do the sources and the eviction
			k.sendOut(nat64.UDP, neighbour(host, i), server, 0)
		}
		n := 0
		quote := in4(pool4, far4, pkttest.UDP{Sport: 4000, Dport: 53})
		mapError := capture(t, in4(router4, pool4, pkttest.ICMPError{Type: 3, Code: 1, Quote: quote}))
		tests := map[string]func(){
			"known, out":        func() { k.sendOut(nat64.TCP, host, server, pkttest.ACK) },
			"known, in":         func() { k.sendIn(nat64.TCP, server, at, pkttest.ACK) },
			"another session":   func() { n++; k.sendOut(nat64.TCP, host, v4(far4, uint16(n)), pkttest.SYN) },
			"another binding":   func() { n++; k.sendOut(nat64.UDP, v6(other6, uint16(n)), server, 0) },
			"a query":           func() { n++; k.sendOut(nat64.ICMP, v6(other6, uint16(n)), pinger(server), 0) },
			"static, in":        func() { n++; k.sendIn(nat64.UDP, v4(near4, uint16(n)), v4(pool4, 4000), 0) },
			"no binding":        func() { n++; k.sendIn(nat64.UDP, v4(near4, uint16(n)), v4(pool4, 5), 0) },
			"a SYN to keep":     func() { n++; k.sendIn(nat64.TCP, v4(near4, uint16(n)), v4(pool4, 9), pkttest.SYN) },
			"inside the prefix": func() { k.sendOut(nat64.UDP, side{inPrefix(host.addr), 1}, server, 0) },
			"an error":          func() { table.MapError(mapError) },
		}
		for name, f := range tests {
			if got := testing.AllocsPerRun(2000, f); got != 0 {
				t.Errorf("heard %v: %s allocates %v times", heard, name, got)
			}
		}
		if st := table.Status(0); st.Evicted == 0 {
			t.Error("no session had to give way")
		}
	}
}

// TestBlocksAllocateNothing: nor does a binding in a block.
func TestBlocksAllocateNothing(t *testing.T) {
	k := newKit(t, newTable(t, options(blocks)))
	n := uint16(0)
	k.sendOut(nat64.UDP, host, server, 0)
	if got := testing.AllocsPerRun(50, func() {
		n++
		if _, v := k.sendOut(nat64.UDP, v6(host6, n), server, 0); v != translate.Translated {
			t.Fatal(v)
		}
	}); got != 0 {
		t.Errorf("%v times", got)
	}
}

// TestSweepAllocatesNothing: nor does the sweeping, once its buffers are there.
func TestSweepAllocatesNothing(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	for i := range 2000 {
		h := v6(host6, uint16(i))
		at, _ := k.sendOut(nat64.TCP, h, server, pkttest.SYN)
		k.sendIn(nat64.TCP, server, at, pkttest.SYN)
	}
	k.now = 2 * time.Hour
	out := &counter{last: make([]byte, 0, 2000)}
	k.table.SweepAll(k.now, out)
	if got := testing.AllocsPerRun(200, func() {
		k.now += time.Second
		k.table.Sweep(k.now, out)
	}); got != 0 {
		t.Errorf("%v times", got)
	}
	if out.probes != 2000 {
		t.Errorf("%d probes", out.probes)
	}
}
