package main

import (
	"fmt"
	"testing"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// Hosts without a map reach IPv4 hosts through the pool, with echo requests of any
// length, and a host with a map does so as before.
func TestNetnsNAT64Ping(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	for _, c := range []struct {
		name string
		from *netlab.Host
		to   string
		args []string
	}{
		{"from a host without a map", w.seven, fourAs6, nil},
		{"from another one", w.eight, fourAs6, nil},
		{"from a host with a map, by its other address", w.six, fourAs6, []string{"-I", sixToo}},
		{"from a host with a map", w.six, fourAs6, []string{"-I", six}},
		{"to a host with a map", w.four, sixAs4, nil},
		{"to the translator", w.seven, own6, nil},
		{"to the translator, by its IPv4 address", w.seven, "2001:db8:64::203.0.113.1", nil},
		{"never fragmented", w.seven, fourAs6, []string{"-s", "1400", "-M", "do"}},
		{"in two fragments", w.seven, fourAs6, []string{"-s", "1480"}},
		{"in fragments", w.seven, fourAs6, []string{"-s", "8000"}},
		{"of the most octets", w.seven, fourAs6, []string{"-s", "65507"}},
	} {
		t.Run(c.name, func(t *testing.T) { w.ping(c.from, c.to, 3, c.args...) })
	}
	w.without(icmpFaults)
}

// Hosts that use the same identifier for their requests get one each in the pool,
// and hear nothing of each other's replies.
func TestNetnsNAT64PingIdentifiers(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-pool 198.51.100.128\n"})
	w.start()
	for _, h := range []*netlab.Host{w.seven, w.eight} {
		w.ping(h, fourAs6, 2, "-e", "77")
		w.ping(h, fourTooAs6, 2, "-e", "77")
	}
	got := w.bindings(control.Query{Protocol: "icmp"})
	if len(got) != 2 {
		t.Fatalf("bindings of two identifiers: %+v", got)
	}
	a, b := got[0], got[1]
	if a.IPv4 == b.IPv4 || a.IPv6.Port() != 77 || b.IPv6.Port() != 77 || a.Sessions != 2 || b.Sessions != 2 {
		t.Errorf("bindings: %+v", got)
	}
}

// A storm of echo requests from several hosts at once is answered to the last one.
func TestNetnsNAT64PingStorm(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	var storms []*process
	for _, h := range []*netlab.Host{w.six, w.seven, w.eight} {
		storms = append(storms, start(t, h, nil, "ping", "-n", "-q", "-f", "-c", "1000", "-s", "512", fourAs6))
	}
	for _, p := range storms {
		if code := p.wait(); code > 1 { // 1: one was late
			t.Errorf("%s: status %d", p.cmd, code)
		}
	}
	for _, h := range []*netlab.Host{w.six, w.seven, w.eight} {
		eventually(t, "all requests of "+h.Name()+" answered", func() error {
			counted, err := kernelCounters(h)
			if sent, got := counted["Icmp6OutEchos"], counted["Icmp6InEchoReplies"]; err == nil && (sent < 1000 || got != sent) {
				err = fmt.Errorf("%d of %d", got, sent)
			}
			return err
		})
	}
}
