package conf

import (
	"strings"
	"testing"
	"time"
)

// TestNAT64Idle: what is set for stateful translation and does nothing warns.
func TestNAT64Idle(t *testing.T) {
	const vain = "has no effect without nat64-pool: add nat64-pool, or remove the line"
	nothing := func(*Config) {}
	runGood(t, []good{
		{"a switch without a pool", "nat64-parity yes", nothing, "f:3: nat64-parity: " + vain},
		{
			"several without a pool, in order", "nat64-pairing hard\nnat64-timeout udp 300\nnat64-deterministic 2001:db8::/48 56\nnat64-parity yes",
			func(c *Config) {
				c.NAT64.Deterministic = NAT64Deterministic{V6: prefixes("2001:db8::/48")[0], SourceBits: 56}
			},
			"f:3: nat64-pairing: " + vain + "\nf:4: nat64-timeout: " + vain + "\nf:5: nat64-deterministic: " + vain + "\nf:6: nat64-parity: " + vain,
		},
		{
			"a log that goes nowhere", "nat64-log limits" + poolLine, withPool(func(n *NAT64) { n.Log.Limits = true }),
			"f:3: nat64-log: goes nowhere without nat64-log-to: add nat64-log-to, or remove the line",
		},
		{
			"a place for no log", "nat64-log-to /l" + poolLine, withPool(func(n *NAT64) { n.LogTo = NAT64LogTo{Kind: NAT64LogFile, Path: "/l"} }),
			"f:3: nat64-log-to: has no effect without nat64-log: add nat64-log, or remove the line",
		},
		{
			"destinations of no sessions (D-6888-12)", "nat64-log bindings destinations\nnat64-log-to /l" + poolLine, withPool(func(n *NAT64) {
				n.Log, n.LogTo = NAT64Log{Bindings: true, Destinations: true}, NAT64LogTo{Kind: NAT64LogFile, Path: "/l"}
			}),
			"f:3: nat64-log: destinations has no effect without sessions: add sessions, or remove destinations",
		},
		{
			"blocks where ports are given out one by one", "nat64-log blocks\nnat64-log-to /l" + poolLine, withPool(func(n *NAT64) {
				n.Log, n.LogTo = NAT64Log{Blocks: true}, NAT64LogTo{Kind: NAT64LogFile, Path: "/l"}
			}),
			"f:3: nat64-log: blocks has no effect without nat64-port-blocks: add nat64-port-blocks, or remove blocks",
		},
		{
			"a time for no file", "nat64-state-interval 60\nnat64-state-file off" + poolLine, withPool(func(n *NAT64) { n.StateFile, n.StateInterval = NAT64StateOff, time.Minute }),
			"f:3: nat64-state-interval: has no effect with nat64-state-file off: remove one",
		},
	})
	for _, quiet := range []string{
		"nat64-parity yes\nnat64-pol 203.0.113.1",
		"nat64-log limits\nnat64-log-t /l" + poolLine,
		"nat64-log-to /l\nnat64-lg limits" + poolLine,
		"nat64-parity yes\n" + pad("nat64-pool 203.0.113.1", 600),
	} {
		_, err := Parse("f", strings.NewReader(file(quiet)))
		if err == nil || strings.Contains(err.Error(), "effect") || strings.Contains(err.Error(), "nowhere") {
			t.Errorf("%q: %v", quiet, err)
		}
	}
}

// TestNAT64AndMapFile: no line of a map-file reaches into what stateful
// translation has.
func TestNAT64AndMapFile(t *testing.T) {
	c := parse(t, file("nat64-static tcp [2001:db8:1::80]:80 203.0.113.1:80\nnat64-dedicated 203.0.113.2 2001:db8:2::1\nnat64-pool 203.0.113.0/28"))
	const do = ": remove the line, or change tayga.conf"
	for _, tt := range []struct{ line, problem string }{
		{"map 203.0.113.3 2001:db8:9::1", "m:1: map: 203.0.113.3/32 overlaps 203.0.113.0/28, nat64-pool at f:5" + do},
		{"map 203.0.113.0/24 2001:db8:9::/64", "m:1: map: 203.0.113.0/24 overlaps 203.0.113.0/28, nat64-pool at f:5" + do},
		{"map 198.51.100.0/24 2001:db8:1::/120", "m:1: map: 2001:db8:1::/120 holds 2001:db8:1::80, nat64-static at f:3" + do},
		{"map 198.51.100.1 2001:db8:2::1", "m:1: map: 2001:db8:2::1/128 holds 2001:db8:2::1, nat64-dedicated at f:4" + do},
		{"map 203.0.113.16 2001:db8:1::81", ""},
	} {
		maps, problems := ParseMaps("m", strings.NewReader(tt.line), c)
		if got := Errors(problems).Error(); got != tt.problem || (len(maps) == 0) != (tt.problem != "") {
			t.Errorf("%q gives %v, %s, want %s", tt.line, maps, got, tt.problem)
		}
	}
}
