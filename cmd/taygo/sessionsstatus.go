package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"taygo/internal/control"
)

// printNAT64 prints how stateful translation stands, as rows of two columns.
func printNAT64(w io.Writer, n *control.NAT64) {
	if n == nil {
		return
	}
	fmt.Fprintf(w, "\nsessions\t%s, %.1f MiB of memory; %d gave way to others, %d probes\n", filled(n.Sessions), float64(n.Octets)/(1<<20), n.Evicted, n.Probes)
	fmt.Fprintf(w, "states\t%s\n", counted(n.States))
	fmt.Fprintf(w, "bindings\t%s; held: %s\n", counted(n.Bindings), counted(n.Held))
	var pool []string
	for _, p := range control.Protocols {
		pool = append(pool, fmt.Sprintf("%s %s%s", p, filled(n.Pool[p]), percent(n.Pool[p])))
	}
	fmt.Fprintf(w, "pool\t%s; blocks: %d\n", strings.Join(pool, ", "), n.Blocks)
	fmt.Fprintf(w, "kept\t%s SYNs, %s fragments\n", filled(n.SYNs), filled(n.Fragments))
	fmt.Fprintf(w, "sources\t%d\n", n.Sources)
	for _, s := range n.Top {
		fmt.Fprintf(w, "\t%v: %d sessions, %d bindings\n", s.Prefix, s.Sessions, s.Bindings)
	}
	for _, log := range slices.Sorted(maps.Keys(n.LogLost)) {
		fmt.Fprintf(w, "log\t%s: %d events lost%s\n", log, n.LogLost[log], trouble(n.LogErrors[log]))
	}
	if s := n.Snapshot; s.File != "" {
		last := "not saved yet"
		if !s.Time.IsZero() {
			last = fmt.Sprintf("%d bindings and %d sessions saved at %s", s.Bindings, s.Sessions, s.Time.UTC().Format(time.RFC3339))
		}
		fmt.Fprintf(w, "snapshot\t%s: %s%s\n", s.File, last, trouble(s.Error))
	}
}

// trouble returns an error as the end of a row.
func trouble(err string) string {
	if err == "" {
		return ""
	}
	return "; " + err
}

// filled shows how full something is.
func filled(f control.Fill) string {
	if f.Of == 0 {
		return fmt.Sprint(f.Used)
	}
	return fmt.Sprintf("%d of %d", f.Used, f.Of)
}

func percent(f control.Fill) string {
	if f.Of == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.1f %%)", 100*float64(f.Used)/float64(f.Of))
}

// counted shows counts by name, the greatest first.
func counted(counts map[string]int) string {
	names := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var all []string
	for _, name := range names {
		if counts[name] > 0 {
			all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
