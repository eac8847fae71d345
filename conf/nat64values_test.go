package conf

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func nat64(edit func(*NAT64)) func(*Config) { return withPool(edit) }

func TestNAT64Switches(t *testing.T) {
	runGood(t, []good{
		{"nothing but a pool (D-5382-05, D-6888-07)", poolLine, nat64(func(n *NAT64) {
			n.IncomingTCP, n.Informational, n.RefreshInbound, n.Parity = true, true, true, true
			n.Timeouts = NAT64Timeouts{5 * time.Minute, 2 * time.Hour, 4 * time.Minute, 4 * time.Minute, 6 * time.Second, time.Minute, 2 * time.Second}
			n.PortHold, n.SourceBits = 2*time.Minute, 64
		}), ""},
		{"address-dependent filtering", "nat64-filtering Address-Dependent" + poolLine, nat64(func(n *NAT64) { n.AddressDependent = true }), ""},
		{"no connections from IPv4 (D-TCP-02)", "nat64-incoming-tcp no" + poolLine, nat64(func(n *NAT64) { n.IncomingTCP = false }), ""},
		{"no pings (D-3.5.3-05)", "nat64-icmp-informational off" + poolLine, nat64(func(n *NAT64) { n.Informational = false }), ""},
		{"no refresh from outside (D-5.3-02)", "nat64-refresh-inbound no" + poolLine, nat64(func(n *NAT64) { n.RefreshInbound = false }), ""},
		{"an RST closes (D-TCP-16)", "nat64-rst-closes yes" + poolLine, nat64(func(n *NAT64) { n.RSTCloses = true }), ""},
		{"no parity (D-3.5.1-08)", "nat64-parity no" + poolLine, nat64(func(n *NAT64) { n.Parity = false }), ""},
		{"soft pairing (D-7857-04)", "nat64-pairing soft" + poolLine, nat64(func(n *NAT64) { n.SoftPairing = true }), ""},
		{"ports free at once", "nat64-port-hold 0" + poolLine, nat64(func(n *NAT64) { n.PortHold = 0 }), ""},
		{"hosts are sources", "nat64-source-length 128" + poolLine, nat64(func(n *NAT64) { n.SourceBits = 128 }), ""},
	})
	runBad(t, []bad{
		{"filtering by port", "nat64-filtering address-and-port-dependent" + poolLine, `f:3: nat64-filtering: "address-and-port-dependent" is not possible here: write endpoint-independent or address-dependent`},
		{"pairing by halves", "nat64-pairing no" + poolLine, `f:3: nat64-pairing: "no" is not possible here: write hard or soft`},
		{"a port held for a day", "nat64-port-hold 86400" + poolLine, "f:3: nat64-port-hold: 86400 is out of range: write a number from 0 to 3600"},
		{"sources of no bit", "nat64-source-length 0" + poolLine, "f:3: nat64-source-length: 0 is out of range: write a number from 1 to 128"},
	})
}

func TestNAT64Timeouts(t *testing.T) {
	floors := map[string]struct {
		seconds string
		field   func(*NAT64Timeouts) *time.Duration
		most    string
	}{
		"udp":              {"120", func(t *NAT64Timeouts) *time.Duration { return &t.UDP }, "2592000"},
		"tcp-established":  {"7200", func(t *NAT64Timeouts) *time.Duration { return &t.Established }, "2592000"},
		"tcp-opening":      {"240", func(t *NAT64Timeouts) *time.Duration { return &t.Opening }, "2592000"},
		"tcp-closing":      {"240", func(t *NAT64Timeouts) *time.Duration { return &t.Closing }, "2592000"},
		"tcp-incoming-syn": {"6", func(t *NAT64Timeouts) *time.Duration { return &t.IncomingSYN }, "240"},
		"icmp":             {"60", func(t *NAT64Timeouts) *time.Duration { return &t.ICMP }, "2592000"},
		"fragment":         {"2", func(t *NAT64Timeouts) *time.Duration { return &t.Fragment }, "120"},
	}
	for word, f := range floors {
		set := func(d time.Duration) func(*Config) {
			return nat64(func(n *NAT64) { *f.field(&n.Timeouts) = d })
		}
		floor, err := time.ParseDuration(f.seconds + "s")
		if err != nil {
			t.Fatal(err)
		}
		most, err := time.ParseDuration(f.most + "s")
		if err != nil {
			t.Fatal(err)
		}
		line := "nat64-timeout " + word + " "
		runGood(t, []good{
			{word + ": the least", line + f.seconds + poolLine, set(floor), ""},
			{word + ": the most", line + f.most + poolLine, set(most), ""},
			{word + ": less by force", line + "1 FORCE" + poolLine, set(time.Second), ""},
			{word + ": force where none is needed", line + f.seconds + " force" + poolLine, set(floor), ""},
		})
		runBad(t, []bad{
			{word + ": less", line + "1" + poolLine, "f:3: nat64-timeout: " + word + " 1 is less than the " + f.seconds + " seconds that RFC 6146 §4 wants: write at least " + f.seconds + ", or 1 force"},
			{word + ": none, by force", line + "0 force" + poolLine, "f:3: nat64-timeout: 0 is out of range: write a number from 1 to " + f.most},
			{word + ": twice", line + f.seconds + "\n" + line + f.most + poolLine, "f:4: nat64-timeout: " + word + " is given twice, first in line 3: remove one"},
		})
	}
	runBad(t, []bad{
		{"another word", "nat64-timeout tcp 7200" + poolLine, `f:3: nat64-timeout: "tcp" is not possible here: write udp, tcp-established, tcp-opening, tcp-closing, tcp-incoming-syn, icmp or fragment`},
		{"force in another word", "nat64-timeout udp 60 please" + poolLine, `f:3: nat64-timeout: "please" is not the word force: write force, or nothing`},
		{"no time", "nat64-timeout udp" + poolLine, "f:3: nat64-timeout: takes 2 to 3 arguments, not 1: write nat64-timeout udp|tcp-established|tcp-opening|tcp-closing|tcp-incoming-syn|icmp|fragment SECONDS [force]"},
	})
}

func TestNAT64Limits(t *testing.T) {
	set := func(edit func(*NAT64Limits)) func(*Config) { return nat64(func(n *NAT64) { edit(&n.Limits) }) }
	runGood(t, []good{
		{"every limit", "nat64-limit sessions 100000000\nnat64-limit source-bindings 1\nnat64-limit source-sessions 2\nnat64-limit source-rate 3\nnat64-limit source-ports 4\nnat64-limit fragments 5\nnat64-limit fragment-octets 6\nnat64-limit syns 7\nnat64-limit SYN-octets 8" + poolLine, set(func(l *NAT64Limits) {
			*l = NAT64Limits{100000000, 1, 2, 3, 3, 4, 5, 6, 7, 8}
		}), ""},
		{"a rate with a burst", "nat64-limit source-rate 100 5000" + poolLine, set(func(l *NAT64Limits) { l.SourceRate, l.SourceBurst = 100, 5000 }), ""},
		{"a burst of less than a second", "nat64-limit source-rate 100 1" + poolLine, set(func(l *NAT64Limits) { l.SourceRate, l.SourceBurst = 100, 1 }), ""},
		{"no limit for a source", "nat64-limit source-sessions 0\nnat64-limit source-ports 0\nnat64-limit source-rate 0" + poolLine, set(func(l *NAT64Limits) { l.SourceSessions, l.SourcePorts = 0, 0 }), ""},
		{"no SYN and no fragment is kept", "nat64-limit syns 0\nnat64-limit fragments 0" + poolLine, set(func(l *NAT64Limits) { l.SYNs, l.Fragments = 0, 0 }), ""},
	})
	runBad(t, []bad{
		{"no sessions", "nat64-limit sessions 0" + poolLine, "f:3: nat64-limit: 0 is out of range: write a number from 1 to 1000000000"},
		{"another word", "nat64-limit bindings 9" + poolLine, `f:3: nat64-limit: "bindings" is not possible here: write sessions, source-bindings, source-sessions, source-rate, source-ports, fragments, fragment-octets, syns or syn-octets`},
		{"a burst of sessions", "nat64-limit sessions 9 9" + poolLine, `f:3: nat64-limit: sessions takes one number: remove "9"; only source-rate has a burst`},
		{"a burst without a rate", "nat64-limit source-rate 0 9" + poolLine, `f:3: nat64-limit: a rate of 0 is no limit, so there is no burst: remove "9", or write a rate of at least 1`},
		{"a burst of 0", "nat64-limit source-rate 9 0" + poolLine, "f:3: nat64-limit: 0 is out of range: write a number from 1 to 1000000"},
		{"a limit twice", "nat64-limit syns 9\nnat64-limit syns 9" + poolLine, "f:4: nat64-limit: syns is given twice, first in line 3: remove one"},
		{"more than a GiB of fragments", "nat64-limit fragment-octets 1073741825" + poolLine, "f:3: nat64-limit: 1073741825 is out of range: write a number from 0 to 1073741824"},
	})
}

func TestNAT64Files(t *testing.T) {
	to := func(kind NAT64LogKind, path, collector string) func(*Config) {
		return nat64(func(n *NAT64) {
			n.Log.Limits = true
			n.LogTo = NAT64LogTo{Kind: kind, Path: path}
			if collector != "" {
				n.LogTo.Collector = netip.MustParseAddrPort(collector)
			}
		})
	}
	const log = "\nnat64-log limits" + poolLine
	long := "/" + strings.Repeat("x", 106)
	runGood(t, []good{
		{"every event", "nat64-log bindings sessions blocks limits DESTINATIONS\nnat64-log-to /l\nnat64-port-blocks 512" + poolLine, nat64(func(n *NAT64) {
			n.Log, n.LogTo = NAT64Log{true, true, true, true, true}, NAT64LogTo{Kind: NAT64LogFile, Path: "/l"}
			n.BlockSize, n.BlocksPerSource = 512, 4
		}), ""},
		{"a file", "nat64-log-to /var/log/nat64" + log, to(NAT64LogFile, "/var/log/nat64", ""), ""},
		{"a socket", "nat64-log-to UNIX:" + long + log, to(NAT64LogUnix, long, ""), ""},
		{"a collector", "nat64-log-to ipfix:198.51.100.9:4739" + log, to(NAT64LogIPFIX, "", "198.51.100.9:4739"), ""},
		{"an IPv6 collector", "nat64-log-to ipfix:[2001:db8::9]:4739" + log, to(NAT64LogIPFIX, "", "[2001:db8::9]:4739"), ""},
		{"a state file elsewhere", "nat64-state-file /srv/State" + poolLine, nat64(func(n *NAT64) { n.StateFile = "/srv/State" }), ""},
		{"no state file", "nat64-state-file Off" + poolLine, nat64(func(n *NAT64) { n.StateFile = NAT64StateOff }), ""},
		{"written at exit only", "nat64-state-interval 0" + poolLine, nat64(func(n *NAT64) { n.StateInterval = 0 }), ""},
	})
	const do = ": write ipfix:ADDR:PORT, such as ipfix:192.0.2.9:4739 or ipfix:[2001:db8::9]:4739"
	runBad(t, []bad{
		{"another event", "nat64-log everything\nnat64-log-to /l" + poolLine, `f:3: nat64-log: "everything" is not possible here: write bindings, sessions, blocks, limits or destinations`},
		{"a relative file", "nat64-log-to nat64.log" + log, `f:3: nat64-log-to: "nat64.log" is not an absolute path: write a path that starts with /, or unix:PATH or ipfix:ADDR:PORT`},
		{"a directory", "nat64-log-to /var/log/" + log, `f:3: nat64-log-to: "/var/log/" is a directory: add the name of the file`},
		{"a relative socket", "nat64-log-to unix:s" + log, `f:3: nat64-log-to: "s" is not an absolute path: write a path that starts with /`},
		{"no socket", "nat64-log-to unix:" + log, `f:3: nat64-log-to: "" is not an absolute path: write a path that starts with /`},
		{"a long socket", "nat64-log-to unix:" + long + "x" + log, "f:3: nat64-log-to: the path is 108 bytes long, a socket takes 107: write a shorter path"},
		{"no collector", "nat64-log-to ipfix:" + log, `f:3: nat64-log-to: "ipfix:" names no address with a port` + do},
		{"a collector without a port", "nat64-log-to ipfix:198.51.100.9" + log, `f:3: nat64-log-to: "ipfix:198.51.100.9" names no address with a port` + do},
		{"an IPv6 collector without brackets", "nat64-log-to ipfix:2001:db8::9:4739" + log, `f:3: nat64-log-to: "ipfix:2001:db8::9:4739" names no address with a port` + do},
		{"a collector by name", "nat64-log-to ipfix:collector:4739" + log, `f:3: nat64-log-to: "collector" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"a state file that is a directory", "nat64-state-file state/" + poolLine, `f:3: nat64-state-file: "state/" is a directory: add the name of the file`},
	})
}

func TestNAT64WordsOf(t *testing.T) {
	for got, want := range map[string]string{
		NAT64TCP.String(): "tcp", NAT64UDP.String(): "udp", NAT64ICMP.String(): "icmp", NAT64Protocol(9).String(): "9",
	} {
		if got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
