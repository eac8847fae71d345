package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// What the border's routes become, and what stays out of the tables.
const (
	plainDst    = "2001:db8:64::c633:6400/120" // 198.51.100.0/24, by the table of next hops
	extendedDst = "2001:db8:64::cb00:7100/120" // 203.0.113.0/24, with an IPv6 next hop
	lostDst     = "2001:db8:64::c000:280/122"  // 192.0.2.128/26, whose next hop is unresolved
)

var (
	mappedHere  = []string{plainDst + " ", extendedDst + " ", "via 2001:db8:a::2"}
	mappedThere = []string{plainDst + " via 2001:db8:b::1", extendedDst + " via 2001:db8:b::1"}
)

// BIRD and taygo on one host: what BIRD learns as IPv4 its neighbour gets as IPv6,
// and it all goes away, comes back and is held.
func TestNetnsBIRDSameHost(t *testing.T) {
	w := newDaemonWorld(t)
	bird := w.bird(w.host, "same-host")
	w.taygo("same-host.tayga.conf")
	w.has(w.host, "6464", mappedHere, lostDst)
	w.has(w.neighbour, "main", mappedThere, lostDst)
	w.verified()

	t.Run("a route is withdrawn", func(t *testing.T) {
		w.birdc(w.border, "border", "disable near")
		w.has(w.host, "6464", mappedHere[1:], plainDst)
		w.has(w.neighbour, "main", mappedThere[1:], plainDst)
		w.verified()
		w.birdc(w.border, "border", "enable near")
		w.has(w.neighbour, "main", mappedThere)
		w.verified()
	})
	t.Run("an unresolved route that BIRD exports is unreachable", func(t *testing.T) {
		path := w.path("same-host.bird.conf")
		text, err := os.ReadFile(path)
		must(t, err)
		all := strings.Replace(string(text), "export filter resolved;", "export all;", 1)
		if all == string(text) {
			t.Fatal("the configuration has no filter for unresolved routes")
		}
		must(t, os.WriteFile(path, []byte(all), 0o644))
		w.birdc(w.host, "same-host", "configure")
		w.has(w.host, "6464", append([]string{"unreachable " + lostDst}, mappedHere...))
		w.verified()
		must(t, os.WriteFile(path, text, 0o644))
		w.birdc(w.host, "same-host", "configure")
		w.has(w.host, "6464", mappedHere, lostDst)
		w.verified()
	})
	t.Run("a restart of BIRD within route-hold keeps the routes", func(t *testing.T) {
		// Fewer than a hundred routes are not held.
		many := "protocol static many { ipv4 { table with4; };\n"
		for i := range 200 {
			many += fmt.Sprintf("route 198.51.100.%d/32 blackhole;\n", i)
		}
		text, err := os.ReadFile(w.path("border.bird.conf"))
		must(t, err)
		must(t, os.WriteFile(w.path("border.bird.conf"), []byte(string(text)+many+"}\n"), 0o644))
		w.birdc(w.border, "border", "configure")
		w.has(w.host, "6464", append([]string{"2001:db8:64::c633:6400 ", "2001:db8:64::c633:64c7 "}, mappedHere...))
		w.verified()
		watch := start(t, w.host, nil, "ip", "-6", "monitor", "route")
		bird.stop()
		eventually(t, "routes are held", func() error {
			return contains(good(t, w.host, routesLine(w.path("s"), "summary")...), "held")
		})
		w.has(w.host, "6464", mappedHere)
		w.bird(w.host, "same-host")
		w.has(w.neighbour, "main", mappedThere)
		eventually(t, "the hold is over", func() error {
			if said := good(t, w.host, routesLine(w.path("s"), "summary")...); strings.Contains(said, "held") {
				return errors.New(said)
			}
			return nil
		})
		w.has(w.host, "6464", mappedHere, lostDst)
		w.verified()
		watch.stop()
		if said := watch.out.String(); strings.Contains(said, "Deleted "+plainDst) || strings.Contains(said, "Deleted "+extendedDst) {
			t.Errorf("mapped routes went away:\n%s", said)
		}
	})
}
