package demo

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"taygo/internal/control"
)

// A sample is what taygo had counted after a time.
type sample struct {
	after  time.Duration
	status control.Status
}

// rate returns how many megabits a second arrived in one family between two
// samples.
func rate(from, to sample, family func(control.Status) control.Direction) float64 {
	octets := family(to.status).Octets - family(from.status).Octets
	seconds := (to.after - from.after).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(octets) * 8 / seconds / 1e6
}

func fromIPv4(s control.Status) control.Direction { return s.FromIP4 }
func fromIPv6(s control.Status) control.Direction { return s.FromIP6 }

// rows returns the live table: what has been counted, and the rate since the
// sample before.
func rows(before, now sample) []string {
	const layout = "  %-22s %15s %15s"
	all := []string{"", fmt.Sprintf(layout, fmt.Sprintf("taygo after %.1f s", now.after.Seconds()), "from IPv4", "from IPv6")}
	row := func(name, v4, v6 string) { all = append(all, fmt.Sprintf(layout, name, v4, v6)) }
	for _, name := range slices.Sorted(maps.Keys(now.status.FromIP4.Packets)) {
		if v4, v6 := now.status.FromIP4.Packets[name], now.status.FromIP6.Packets[name]; v4+v6 > 0 {
			row(name, grouped(v4), grouped(v6))
		}
	}
	row("octets", grouped(now.status.FromIP4.Octets), grouped(now.status.FromIP6.Octets))
	row("Mbit/s", fmt.Sprintf("%.0f", rate(before, now, fromIPv4)), fmt.Sprintf("%.0f", rate(before, now, fromIPv6)))
	row("ICMP errors sent", grouped(now.status.FromIP4.ErrorsSent), grouped(now.status.FromIP6.ErrorsSent))
	return all
}

// inOneLine returns the live counters where there is no terminal.
func inOneLine(before, now sample) string {
	return fmt.Sprintf("    %4.1f s  translated %s from IPv4, %s from IPv6; %.0f and %.0f Mbit/s", now.after.Seconds(),
		grouped(now.status.FromIP4.Packets["translated"]), grouped(now.status.FromIP6.Packets["translated"]),
		rate(before, now, fromIPv4), rate(before, now, fromIPv6))
}

// grouped returns n in decimal, with a comma after each three digits.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
