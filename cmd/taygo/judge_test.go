package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"taygo/internal/netlab"
)

// faults are the counters of a kernel that count packets it found wrong.
var faults = []string{
	"Ip InHdrErrors", "Ip InAddrErrors", "Ip InUnknownProtos", "Ip ReasmFails", "IpExt InCsumErrors", "IpExt InTruncatedPkts",
	"Icmp InCsumErrors", "Tcp InErrs", "Tcp InCsumErrors", "Udp InCsumErrors",
	"Ip6InHdrErrors", "Ip6InAddrErrors", "Ip6InUnknownProtos", "Ip6InTruncatedPkts", "Ip6ReasmFails",
	"Icmp6InCsumErrors", "Udp6InCsumErrors",
}

// icmpFaults count ICMP errors that quote too little or what no socket has sent.
// They count those for a socket that was closed in the meantime, too.
var icmpFaults = []string{"Icmp InErrors", "Icmp6InErrors"}

// judge asks the kernels of the hosts what they found wrong with the packets that
// they were sent.
func (w *world) judge() { w.without(faults) }

// without fails the test unless these counters are zero at every host.
func (w *world) without(counters []string) {
	w.t.Helper()
	for _, h := range []*netlab.Host{w.six, w.four, w.seven} {
		if h == nil {
			continue
		}
		counted, err := kernelCounters(h)
		must(w.t, err)
		for _, name := range counters {
			if n, ok := counted[name]; !ok || n != 0 {
				w.t.Errorf("the kernel of %s counts %q %d times (known: %v)", h.Name(), name, n, ok)
			}
		}
	}
}

// kernelCounters returns what the kernel of a host has counted, under its names.
func kernelCounters(h *netlab.Host) (map[string]int, error) {
	all := map[string]int{}
	err := h.Do(func() error {
		for _, file := range []string{"snmp", "netstat", "snmp6"} {
			text, err := os.ReadFile("/proc/thread-self/net/" + file)
			if err != nil {
				return err
			}
			if err := addCounters(all, string(text)); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		return nil
	})
	return all, err
}

// addCounters adds the counters of a file: lines of a name and a value, or, where
// the first word ends with a colon, pairs of a line of names and one of values.
func addCounters(all map[string]int, text string) error {
	var names []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		group, paired := strings.CutSuffix(words[0], ":")
		switch {
		case !paired:
			names, words = words[:1], words[1:]
		case names == nil:
			names = words[1:]
			for i := range names {
				names[i] = group + " " + names[i]
			}
			continue
		default:
			words = words[1:]
		}
		for i, name := range names {
			n, err := strconv.Atoi(words[i])
			if err != nil {
				return err
			}
			all[name] = n
		}
		names = nil
	}
	return nil
}
