package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taygo/internal/control"
)

// fake serves s on a socket of its own until the test ends, and returns its path.
func fake(t *testing.T, s *control.Server) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "taygo-")
	must(t, err)
	path := filepath.Join(dir, "s")
	l, err := control.Listen(path)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
		must(t, os.RemoveAll(dir))
	})
	return path
}

// typed runs a command line in this process, and returns what it prints.
func typed(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, &out
	err := a.RunContext(ctx, append([]string{"taygo"}, args...))
	return out.String(), err
}

func transports(all ...string) (a [3]netip.AddrPort) {
	for i, s := range all {
		a[i] = netip.MustParseAddrPort(s)
	}
	return a
}

// twoSessions are a session of TCP and a SYN that is kept.
func twoSessions(_ control.Query, yield func(control.Session) bool) error {
	a := transports("[2001:db8::1]:5000", "192.0.2.1:40000", "198.51.100.7:443")
	_ = yield(control.Session{Protocol: "tcp", IPv6: a[0], IPv4: a[1], Peer: a[2], State: "ESTABLISHED", Left: 7199600 * time.Millisecond}) &&
		yield(control.Session{Protocol: "tcp", IPv4: a[1], Peer: netip.MustParseAddrPort("198.51.100.200:65000"), State: "V4_INIT", Stored: true, Left: 5940 * time.Millisecond})
	return nil
}

func TestSessionsInColumns(t *testing.T) {
	socket := fake(t, &control.Server{Sessions: twoSessions})
	for _, row := range []struct {
		name string
		args []string
		want string
	}{
		{
			"all", nil,
			"PROTO  IPV6 HOST           POOL             PEER                  STATE        LEFT\n" +
				"tcp    [2001:db8::1]:5000  192.0.2.1:40000  198.51.100.7:443      ESTABLISHED  2h0m0s\n" +
				"tcp    -                   192.0.2.1:40000  198.51.100.200:65000  SYN kept     5.9s\n",
		},
		{
			"of a host",
			[]string{"--client", "2001:db8::/64"},
			"PROTO  IPV6 HOST           POOL             PEER              STATE        LEFT\n" +
				"tcp    [2001:db8::1]:5000  192.0.2.1:40000  198.51.100.7:443  ESTABLISHED  2h0m0s\n",
		},
		{"none", []string{"--proto", "udp"}, "no sessions\n"},
		{
			"as JSON",
			[]string{"--json", "--peer", "198.51.100.7", "--ipv4", "192.0.2.1:40000", "--limit", "5"},
			`{"protocol":"tcp","ipv6":"[2001:db8::1]:5000","ipv4":"192.0.2.1:40000","peer":"198.51.100.7:443","state":"ESTABLISHED","left_ns":7199600000000}` + "\n",
		},
		{"none as JSON", []string{"--json", "--proto", "icmp"}, ""},
	} {
		got, err := typed(t.Context(), append([]string{"sessions", "-s", socket}, row.args...)...)
		if err != nil || got != row.want {
			t.Errorf("%s: %v\n%swant\n%s", row.name, err, got, row.want)
		}
	}
}

// TestManySessions: the columns stay as wide as the first ones need, and nothing is
// missing.
func TestManySessions(t *testing.T) {
	const n = 5000
	socket := fake(t, &control.Server{Sessions: func(q control.Query, yield func(control.Session) bool) error {
		return twoSessions(q, func(s control.Session) bool {
			for range n {
				if !yield(s) {
					return false
				}
			}
			return true
		})
	}})
	got, err := typed(t.Context(), "sessions", "-s", socket)
	if lines := strings.Count(got, "\n"); err != nil || lines != 2*n+1 {
		t.Errorf("%d lines, %v", lines, err)
	}
	if lines := strings.Count(got, "tcp    -                   192.0.2.1:40000  198.51.100.200:65000  SYN kept     5.9s\n"); lines != n {
		t.Errorf("%d of %d lines are aligned", lines, n)
	}
}

// TestFollow: changes are printed when they come, until it is stopped.
func TestFollow(t *testing.T) {
	a := transports("[2001:db8::1]:5000", "192.0.2.1:40000", "198.51.100.7:443")
	at := time.Date(2026, 3, 29, 2, 59, 59, 998_700_000, time.FixedZone("CEST", 7200))
	changes := []control.Change{
		{Time: at, Event: "NAT64 Session Create", Protocol: "udp", IPv6: a[0], IPv4: a[1], Peer: a[2]},
		{Time: at, Event: control.EventLost, Lost: 7},
		{Time: at, Event: "NAT Port Block Allocation", IPv6: netip.MustParseAddrPort("[2001:db8:7::]:0"), IPv4: netip.MustParseAddrPort("192.0.2.1:1024"), Last: 2047},
		{Time: at, Event: "NAT Addresses Exhausted", Protocol: "tcp", IPv6: a[0]},
	}
	socket := fake(t, &control.Server{Follow: func(ctx context.Context, _ control.Query, yield func(control.Change) bool) error {
		for _, c := range changes {
			if !yield(c) {
				return nil
			}
		}
		<-ctx.Done()
		return nil
	}})
	want := `2026-03-29T00:59:59.998Z  NAT64 Session Create  udp  [2001:db8::1]:5000 -> 192.0.2.1:40000 -> 198.51.100.7:443
2026-03-29T00:59:59.998Z  Events Lost  7 events are missing here
2026-03-29T00:59:59.998Z  NAT Port Block Allocation  2001:db8:7:: -> 192.0.2.1:1024-2047
2026-03-29T00:59:59.998Z  NAT Addresses Exhausted  tcp  [2001:db8::1]:5000
`
	if got, err := typed(t.Context(), "sessions", "-s", socket, "--follow", "--limit", "4"); err != nil || got != want {
		t.Errorf("%v\n%swant\n%s", err, got, want)
	}
	got, err := typed(t.Context(), "sessions", "-s", socket, "--follow", "--json", "--limit", "2")
	if lines := strings.Split(got, "\n"); err != nil || len(lines) != 3 || !strings.HasPrefix(lines[1], `{"time":"2026-03-29T02:59:59.9987+02:00","event":"Events Lost","lost":7`) {
		t.Errorf("%v\n%s", err, got)
	}
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if got, err := typed(ctx, "sessions", "-s", socket, "-f"); err != nil || got != want {
		t.Errorf("stopped: %v\n%swant\n%s", err, got, want)
	}
}

func TestWhatCannotBeListed(t *testing.T) {
	broken := fake(t, &control.Server{Sessions: func(control.Query, func(control.Session) bool) error { return errors.New("on fire") }})
	none := fake(t, &control.Server{})
	for _, row := range []struct {
		name string
		args []string
		says string
	}{
		{"of a name", []string{"sessions", "--client", "host.example"}, `sessions: --client: control: client: "host.example" is not an IPv6 address or prefix: write one like`},
		{"of an IPv4 host", []string{"sessions", "--client", "192.0.2.1"}, "is not an IPv6 address or prefix"},
		{"of another protocol", []string{"sessions", "--proto", "sctp"}, `"sctp" has no sessions: write tcp, udp or icmp`},
		{"with an IPv6 peer", []string{"sessions", "--peer", "2001:db8::1"}, "is not an IPv4 address or prefix"},
		{"of a pool", []string{"bib", "show", "--ipv4", "192.0.2.0/24"}, "bib show: --ipv4: control: ipv4:"},
		{"less than none", []string{"sessions", "--limit", "-1"}, "--limit: -1: write a number"},
		{"an argument", []string{"sessions", "tcp"}, `"tcp" is an argument too many: see taygo sessions --help`},
		{"of nobody", []string{"sessions", "-s", "/nonexistent"}, "no taygo answers: is it running"},
		{"where there are none", []string{"sessions", "-s", none}, "give its configuration a NAT64 pool"},
		{"bindings where there are none", []string{"bib", "show", "-s", none}, "give its configuration a NAT64 pool"},
		{"changes where there are none", []string{"sessions", "-f", "-s", none}, "give its configuration a NAT64 pool"},
		{"what fails", []string{"sessions", "-s", broken}, "on fire"},
	} {
		if out, err := typed(t.Context(), row.args...); err == nil || !strings.Contains(err.Error(), row.says) || out != "" {
			t.Errorf("%s: %v, want %q; prints %q", row.name, err, row.says, out)
		}
	}
}

// full is a place without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

// TestWhatCannotBePrinted ends the command with an error.
func TestWhatCannotBePrinted(t *testing.T) {
	socket := fake(t, &control.Server{
		Sessions: twoSessions,
		Follow: func(ctx context.Context, _ control.Query, yield func(control.Change) bool) error {
			yield(control.Change{})
			<-ctx.Done()
			return nil
		},
	})
	for _, args := range [][]string{{"sessions"}, {"sessions", "--json"}, {"sessions", "--follow"}, {"sessions", "--follow", "--json"}} {
		a := app()
		a.Writer = full{}
		err := a.RunContext(t.Context(), append([]string{"taygo"}, append(args, "-s", socket)...))
		if err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestStatusOfNAT64(t *testing.T) {
	n := &control.NAT64{
		Pool:     map[string]control.Fill{"tcp": {Used: 3, Of: 64512}, "udp": {Used: 32256, Of: 64512}, "icmp": {Of: 64512}},
		Bindings: map[string]int{"tcp": 3, "udp": 32256, "icmp": 0}, Held: map[string]int{"udp": 9},
		Sessions: control.Fill{Used: 40000, Of: 100000}, States: map[string]int{"ESTABLISHED": 3, "BOTH_WAYS": 39997},
		SYNs: control.Fill{Used: 1, Of: 4096}, Octets: 3 << 20, Sources: 2, Evicted: 5, Probes: 6,
		Top:       []control.Source{{Prefix: netip.MustParsePrefix("2001:db8:1::/64"), Bindings: 300, Sessions: 400}},
		LogLost:   map[string]uint64{"/var/log/nat64.log": 7},
		LogErrors: map[string]string{"/var/log/nat64.log": "disk full"},
		Snapshot:  control.Snapshot{File: "/var/spool/nat64.state", Time: time.Unix(1774745999, 0), Bindings: 11, Sessions: 12, Error: "read only"},
	}
	n.Fragments = control.Fill{Used: 2, Of: 1000}
	socket := fake(t, &control.Server{Status: func() control.Status { return control.Status{NAT64: n} }})
	got, err := typed(t.Context(), "status", "-s", socket)
	for _, want := range []string{
		"sessions  40000 of 100000, 3.0 MiB of memory; 5 gave way to others, 6 probes\n",
		"states    BOTH_WAYS 39997, ESTABLISHED 3\n",
		"bindings  udp 32256, tcp 3; held: udp 9\n",
		"pool      tcp 3 of 64512 (0.0 %), udp 32256 of 64512 (50.0 %), icmp 0 of 64512 (0.0 %); blocks: 0\n",
		"kept      1 of 4096 SYNs, 2 of 1000 fragments\n",
		"sources   2\n          2001:db8:1::/64: 400 sessions, 300 bindings\n",
		"log       /var/log/nat64.log: 7 events lost; disk full\n",
		"snapshot  /var/spool/nat64.state: 11 bindings and 12 sessions saved at 2026-03-29T00:59:59Z; read only\n",
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("%v: no %q in\n%s", err, want, got)
		}
	}
	n = nil
	if got, err := typed(t.Context(), "status", "-s", socket); err != nil || strings.Contains(got, "sessions") {
		t.Errorf("without stateful translation: %v\n%s", err, got)
	}
	n = &control.NAT64{}
	if got, err := typed(t.Context(), "status", "-s", socket); err != nil || strings.Contains(got, "snapshot") || !strings.Contains(got, "states  ") {
		t.Errorf("without anything: %v\n%s", err, fmt.Sprint(got))
	}
}
