package main

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"taygo/internal/netlab"
)

// Each hop shows itself: routers of the near side as they are, the translator by
// its own address, IPv4 routers within the prefix, and IPv6 routers, which have no
// IPv4 address, by one of the pool for that (RFC 6791), or by the translator's.
func TestNetnsTraceroute(t *testing.T) {
	t.Parallel()
	from6 := []string{"2001:db8:1::1", "2001:db8:6::1", own6, "2001:db8:64::c000:201", "2001:db8:64::c000:202", fourAs6}
	from4 := func(router string) []string {
		return []string{"192.0.2.65", "192.0.2.1", own4, router, router, sixAs4}
	}
	for _, c := range []struct {
		name, lines string
		from        func(*world) *netlab.Host
		to          string
		want        []string
		shows       string // the IPv6 router's address, in the extension of its error
	}{
		{"from IPv6", "", func(w *world) *netlab.Host { return w.six }, fourAs6, from6, ""},
		{"from IPv4", "", func(w *world) *netlab.Host { return w.four }, sixAs4, from4(own4), ""},
		{
			"from IPv4, with a pool", "icmp-source-ipv4 203.0.113.128/30\nicmp-interface-info yes\n",
			func(w *world) *netlab.Host { return w.four }, sixAs4, from4("203.0.113.128/30"),
			"20010db8,00060000,00000000,00000002", // RFC 5837, as traceroute prints what it does not know
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plan{routers: true, lines: c.lines})
			w.start()
			// Each probe of UDP has a socket of its own. Those of ICMP share one, and
			// an error that the kernel reports late hides all later answers from them.
			out := tool(t, c.from(w), "traceroute", "-n", "-e", "-q", "2", "-N", "1", "-w", "10", c.to)
			if hops := traced(out); !slices.EqualFunc(hops, c.want, isHop) || !strings.Contains(out, c.shows) {
				t.Errorf("traceroute shows %q, want %q, and %q in\n%s", hops, c.want, c.shows, out)
			}
			for i, want := range c.want[:len(c.want)-1] {
				if from := expired(t, c.from(w), c.to, i+1); !isHop(from, want) {
					t.Errorf("the TTL %d of a ping ends at %q, want %q", i+1, from, want)
				}
			}
			w.without(icmpFaults)
		})
	}
}

// expired sends an echo request with the TTL, or hop limit, and returns who answers
// that it is spent.
func expired(t *testing.T, from *netlab.Host, to string, ttl int) string {
	t.Helper()
	out, err := tryTool(t, from, "ping", "-n", "-c", "1", "-W", "10", "-t", strconv.Itoa(ttl), to)
	_, rest, found := strings.Cut(out, "From ")
	who, _, _ := strings.Cut(rest, " ")
	if err == nil || !found {
		t.Errorf("TTL %d is enough:\n%s", ttl, out)
	}
	return who
}

// traced returns the hops that traceroute shows: for each its address, or
// addresses if the two probes met different ones. Behind a line come extensions.
func traced(out string) []string {
	var hops []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
		var at []string
		for _, word := range strings.Fields(line)[1:] {
			if _, err := netip.ParseAddr(word); err == nil || word == "*" {
				at = append(at, word)
			}
		}
		hops = append(hops, strings.Join(at, " "))
	}
	return hops
}

// isHop reports whether the addresses of a hop are that one, or of that prefix.
func isHop(got, want string) bool {
	p, err := netip.ParsePrefix(want)
	if err != nil {
		return got == want
	}
	for word := range strings.FieldsSeq(got) {
		a, err := netip.ParseAddr(word)
		if err != nil || !p.Contains(a) {
			return false
		}
	}
	return got != ""
}
