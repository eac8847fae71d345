package nat64_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
)

// TestHostKeepsOneAddress: all bindings of a host, of all protocols, are on one
// address of the pool (RFC 6888 REQ-2, RFC 6146 §3.5.3), and hosts are spread over
// all of them.
func TestHostKeepsOneAddress(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Pools = []ports.Range{allOf("192.0.2.16/28")} })))
	all := map[side]bool{}
	for i := range 500 {
		h := host
		h.addr.Lo += uint64(i)
		first, _ := k.sendOut(nat64.TCP, h, server, begin)
		for n := range 30 {
			h.port = uint16(5000 + 7*n)
			if got, v := k.sendOut(n%3, h, pinger(server), begin); v != translate.Translated || got.addr != first.addr {
				t.Errorf("host %d: %v and %v, %v", i, first, got, v)
			}
		}
		all[side{first.addr, 0}] = true
	}
	if len(all) != 16 {
		t.Errorf("500 hosts are on %d of 16 addresses", len(all))
	}
	check(t, k.table)
}

// TestPairing: a host whose address is out of ports gets none of another, or with
// soft pairing does (RFC 7857 §4).
func TestPairing(t *testing.T) {
	for _, soft := range []bool{false, true} {
		k := newKit(t, newTable(t, options(func(o *nat64.Options) {
			o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.16/30"), First: 2000, Last: 2009, UDP: true}}
			o.SoftPairing = soft
		})))
		got := 0
		for i := range 50 {
			h := host
			h.port += uint16(i)
			if _, v := k.sendOut(nat64.UDP, h, server, 0); v == translate.Translated {
				got++
			}
		}
		if want := map[bool]int{false: 10, true: 40}[soft]; got != want {
			t.Errorf("soft %v: %d ports, want %d", soft, got, want)
		}
		check(t, k.table)
	}
}

// TestPortKeepsClassAndParity: the port is of the same class as the host's (RFC 6146
// §3.5.1.1, §3.5.2.3), and for UDP odd or even as it is (RFC 4787 REQ-4), while the
// part of the pool that the host belongs to has such a port; package ports has the
// order of what is taken then.
func TestPortKeepsClassAndParity(t *testing.T) {
	tests := []struct {
		name   string
		proto  int
		parity bool
		port   uint16
		suits  func(port uint16) bool
		others bool // other ports suit as well
	}{
		{"UDP, well known and odd", nat64.UDP, true, 53, func(p uint16) bool { return p < 1024 && p%2 == 1 }, false},
		{"UDP, high and even", nat64.UDP, true, 5000, func(p uint16) bool { return p >= 1024 && p%2 == 0 }, false},
		{"UDP, high and odd", nat64.UDP, true, 1025, func(p uint16) bool { return p >= 1024 && p%2 == 1 }, false},
		{"UDP without parity", nat64.UDP, false, 53, func(p uint16) bool { return p < 1024 }, false},
		{"parity, if not asked for", nat64.UDP, false, 53, func(p uint16) bool { return p%2 == 1 }, true},
		{"TCP, well known", nat64.TCP, true, 1023, func(p uint16) bool { return p < 1024 }, false},
		{"TCP, high", nat64.TCP, true, 1024, func(p uint16) bool { return p >= 1024 }, false},
		{"TCP has no parity", nat64.TCP, true, 5000, func(p uint16) bool { return p%2 == 0 }, true},
		{"identifiers have neither", nat64.ICMP, true, 5000, func(p uint16) bool { return p%2 == 0 }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Parity = tt.parity })))
			others := false
			for i := range 100 {
				h := side{host.addr, tt.port}
				h.addr.Lo += uint64(i)
				got, v := k.sendOut(tt.proto, h, pinger(server), begin)
				wantVerdict(t, "flow", v, translate.Translated)
				others = others || !tt.suits(got.port)
			}
			if others != tt.others {
				t.Errorf("other ports: %v, want %v", others, tt.others)
			}
		})
	}
}

// TestPortsAreNotPredicted: ports are spread evenly, whatever the last one was (RFC
// 6056 §3.3.1): chi squared over 64 bins, of the ports and of their differences.
func TestPortsAreNotPredicted(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) {
		o.PortHold, o.Parity = 0, false
		o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), First: 32768, Last: 65535, UDP: true}}
	})))
	const n = 20000
	var at, apart [64]int
	last := uint16(0)
	for i := range n {
		h := host
		h.addr.Lo += uint64(i)
		got, _ := k.sendOut(nat64.UDP, h, server, 0)
		at[got.port>>9&63]++
		apart[(got.port-last)>>9&63]++
		last = got.port
		k.now += 301 * time.Second
		if i%64 == 0 {
			k.table.SweepAll(k.now, &counter{})
		}
	}
	// Differences of even draws from 64 bins are even modulo 64.
	for name, bins := range map[string][64]int{"ports": at, "differences": apart} {
		chi := 0.0
		for _, c := range bins {
			d := float64(c) - n/64.0
			chi += d * d / (n / 64.0)
		}
		if chi > 115 { // p < 0.0001 with 63 degrees of freedom
			t.Errorf("%s: chi squared %.0f", name, chi)
		}
	}
}

// TestReleasedPortRests: another host does not get a released UDP port or identifier
// for the hold time; its own host gets it back, at once (RFC 6888 REQ-8). TCP has
// its state machine, and with address-dependent filtering no stranger gets in.
func TestReleasedPortRests(t *testing.T) {
	tests := []struct {
		name  string
		proto int
		life  time.Duration
		adf   bool
		rests bool
	}{
		{"UDP", nat64.UDP, 300 * time.Second, false, true},
		{"ICMP", nat64.ICMP, 60 * time.Second, false, true},
		{"TCP", nat64.TCP, 240 * time.Second, false, false},
		{"UDP, filtered", nat64.UDP, 300 * time.Second, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, swept := range []bool{false, true} {
				k := newKit(t, newTable(t, options(onePort, func(o *nat64.Options) { o.AddressDependent = tt.adf })))
				at, _ := k.sendOut(tt.proto, host, pinger(server), begin)
				other := v6(other6, 9)
				want := translate.Translated
				if tt.rests {
					want = translate.PortsExhausted
				}
				k.now = tt.life
				k.table.SweepAll(k.now, &counter{})
				k.now = tt.life + 119*time.Second
				if swept {
					k.table.SweepAll(k.now, &counter{})
				}
				_, v := k.sendOut(tt.proto, other, pinger(server), begin)
				wantVerdict(t, "another host", v, want)
				if tt.rests {
					again, v := k.sendOut(tt.proto, host, pinger(server), begin)
					if v != translate.Translated || again != at {
						t.Errorf("its own host: %v, %v, had %v", again, v, at)
					}
				}
				check(t, k.table)
			}
		})
	}
}

// TestRestEnds: behind the hold time the port is anybody's.
func TestRestEnds(t *testing.T) {
	k := newKit(t, newTable(t, options(onePort)))
	k.sendOut(nat64.UDP, host, server, 0)
	for _, now := range []time.Duration{300 * time.Second, 420 * time.Second} {
		k.now = now
		k.table.SweepAll(now, &counter{})
	}
	_, v := k.sendOut(nat64.UDP, v6(other6, 9), server, 0)
	wantVerdict(t, "another host", v, translate.Translated)
	check(t, k.table)
}
