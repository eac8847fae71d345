package main

import (
	"testing"

	"taygo/internal/netlab"
)

// A host reaches every address of the other side, and the translator's own ones.
func TestNetnsPing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	for _, c := range []struct {
		name string
		from *netlab.Host
		to   string
		args []string
	}{
		{"IPv6 to IPv4, from an address with a map", w.six, fourAs6, nil},
		{"IPv6 to IPv4, from an address in the prefix", w.six, fourAs6, []string{"-I", plain}},
		{"IPv4 to IPv6, to an address with a map", w.four, sixAs4, nil},
		{"IPv4 to IPv6, to an address in the prefix", w.four, plainAs, nil},
		{"IPv6 to the translator", w.six, own6, nil},
		{"IPv6 to the translator, by its IPv4 address", w.six, "2001:db8:64::203.0.113.1", nil},
		{"IPv4 to the translator", w.four, own4, nil},
		{"IPv6 with 1400 octets, never fragmented", w.six, fourAs6, []string{"-s", "1400", "-M", "do"}},
		{"IPv6 with 1400 octets, fragmented if need be", w.six, fourAs6, []string{"-s", "1400", "-M", "dont"}},
		{"IPv4 with 1400 octets, DF set", w.four, sixAs4, []string{"-s", "1400", "-M", "do"}},
		{"IPv4 with 1400 octets, DF clear", w.four, sixAs4, []string{"-s", "1400", "-M", "dont"}},
		{"IPv6 to the translator with 1400 octets", w.six, own6, []string{"-s", "1400"}},
		{"IPv4 to the translator with 1400 octets", w.four, own4, []string{"-s", "1400"}},
	} {
		t.Run(c.name, func(t *testing.T) { w.ping(c.from, c.to, 3, c.args...) })
	}
	w.without(icmpFaults)
}
