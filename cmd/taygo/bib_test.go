package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"taygo/internal/control"
)

func TestBindingsInColumns(t *testing.T) {
	a := transports("[2001:db8::1]:5000", "192.0.2.1:40000")
	held := false
	socket := fake(t, &control.Server{Bindings: func(q control.Query, yield func(control.Binding) bool) error {
		held = q.Held
		_ = yield(control.Binding{Protocol: "tcp", IPv6: a[0], IPv4: a[1], Ports: 10, Kind: "static"}) &&
			yield(control.Binding{Protocol: "udp", IPv6: a[0], IPv4: a[1], Ports: 1, Kind: "dynamic", Sessions: 12}) &&
			yield(control.Binding{Protocol: "icmp", IPv6: a[0], IPv4: a[1], Kind: "held", Left: 90 * time.Second})
		return nil
	}})
	want := `PROTO  IPV6 HOST                POOL                   KIND     SESSIONS  LEFT
tcp    [2001:db8::1]:5000-5009  192.0.2.1:40000-40009  static   0
udp    [2001:db8::1]:5000       192.0.2.1:40000        dynamic  12
icmp   [2001:db8::1]:5000       192.0.2.1:40000        held     0         1m30s
`
	if got, err := typed(t.Context(), "bib", "show", "-s", socket, "--held"); err != nil || got != want || !held {
		t.Errorf("%v\n%swant\n%s", err, got, want)
	}
	json := `{"protocol":"udp","ipv6":"[2001:db8::1]:5000","ipv4":"192.0.2.1:40000","ports":1,"kind":"dynamic","sessions":12}` + "\n"
	if got, err := typed(t.Context(), "bib", "show", "-s", socket, "--json", "--proto", "UDP"); err != nil || got != json || held {
		t.Errorf("%v\n%swant\n%s", err, got, json)
	}
	if got, err := typed(t.Context(), "bib", "show", "-s", socket, "--client", "2001:db8::2"); err != nil || got != "no bindings\n" {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestBindingsAreAddedAndRemoved(t *testing.T) {
	var log []string
	note := func(what string) func(control.Binding) error {
		return func(b control.Binding) error {
			log = append(log, fmt.Sprintln(what, b.Protocol, b.IPv6, b.IPv4, b.Ports))
			if b.IPv4.Port() == 1 {
				return errors.New("port 1 belongs to another: remove that first")
			}
			return nil
		}
	}
	socket := fake(t, &control.Server{AddBinding: note("add"), RemoveBinding: note("del")})
	run := func(command string, words ...string) error {
		got, err := typed(t.Context(), append([]string{"bib", command, "-s", socket}, words...)...)
		if got != "" {
			t.Errorf("%s %q prints %q", command, words, got)
		}
		return err
	}
	must(t, run("add", "tcp", "[2001:db8::1]:80", "192.0.2.1:8080"))
	must(t, run("add", "UDP", "[2001:db8::1]:80-89", "192.0.2.1:65526-65535"))
	must(t, run("add", "icmp", "[2001:db8::1]:0", "192.0.2.1:0"))
	must(t, run("del", "udp", "192.0.2.1:65526-65535"))
	want := []string{
		"add tcp [2001:db8::1]:80 192.0.2.1:8080 1\n", "add udp [2001:db8::1]:80 192.0.2.1:65526 10\n",
		"add icmp [2001:db8::1]:0 192.0.2.1:0 1\n", "del udp invalid AddrPort 192.0.2.1:65526 10\n",
	}
	if !slices.Equal(log, want) {
		t.Errorf("told %q, want %q", log, want)
	}
	if err := run("add", "tcp", "[2001:db8::1]:80", "192.0.2.1:1"); err == nil || !strings.Contains(err.Error(), "remove that first") {
		t.Errorf("%v", err)
	}
}

func TestBindingsThatMakeNoSense(t *testing.T) {
	called := func(control.Binding) error {
		t.Error("taygo is bothered with it")
		return nil
	}
	socket := fake(t, &control.Server{AddBinding: called, RemoveBinding: called})
	const host, pool = "[2001:db8::1]:80", "192.0.2.1:80"
	for _, row := range []struct {
		words string
		says  string
	}{
		{"", "bib: what about it? Write taygo bib show, add or del"},
		{"frob", `bib: there is no command "frob": write taygo bib show, add or del`},
		{"add", "bib add: 0 words are too few, write 3: taygo bib add tcp"},
		{"del tcp", "bib del: 1 words are too few, write 2: taygo bib del tcp 192.0.2.1:80"},
		{"add tcp " + host, "2 words are too few"},
		{"add tcp " + host + " " + pool + " 3", `"3" is an argument too many: see taygo bib add --help`},
		{"add sctp " + host + " " + pool, `"sctp" has no sessions`},
		{"add tcp " + pool + " " + host, `"[2001:db8::1]:80" is not an IPv4 address with a port`},
		{"add tcp " + pool + " " + pool, `"192.0.2.1:80" is not an IPv6 address in brackets`},
		{"add tcp 2001:db8::1:80 " + pool, "is not an IPv6 address in brackets"},
		{"add tcp [2001:db8::1] " + pool, "is not an IPv6 address in brackets"},
		{"add tcp [fe80::1%eth0]:80 " + pool, "is not an IPv6 address in brackets"},
		{"add tcp " + host + "-89 " + pool, "has 10 ports, and 192.0.2.1:80 has 1"},
		{"add tcp " + host + " 192.0.2.1:80-70", `"192.0.2.1:80-70" is not an IPv4 address`},
		{"add tcp " + host + " 192.0.2.1:80-", `"192.0.2.1:80-" is not an IPv4 address`},
		{"add tcp " + host + " 192.0.2.1:80-65536", `"192.0.2.1:80-65536" is not an IPv4 address`},
		{"add tcp " + host + " 192.0.2.1", `"192.0.2.1" is not an IPv4 address with a port`},
		{"add tcp [::ffff:192.0.2.9]:80 " + pool, "is not an IPv6 address"},
	} {
		words := strings.Fields(row.words)
		if len(words) > 1 {
			words = append([]string{words[0], "-s", socket}, words[1:]...)
		}
		if _, err := typed(t.Context(), append([]string{"bib"}, words...)...); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("bib %s: %v, want %q", row.words, err, row.says)
		}
	}
}
