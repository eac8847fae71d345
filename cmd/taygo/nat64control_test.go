package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	"taygo/internal/control"
)

// taygo sessions lists what there is, for people and for programs, and what is asked
// for only.
func TestNetnsNAT64Sessions(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	serveTCP(t, w.four, four, 7, echoStream)
	chat := w.newChat(seven)
	must(t, chat.exchange())
	w.ping(w.eight, fourAs6, 1)
	for _, c := range []struct {
		args []string
		want []string // hosts
	}{
		{nil, []string{seven, eight}},
		{[]string{"--client", seven}, []string{seven}},
		{[]string{"--client", "2001:db8:3::/64"}, []string{eight}},
		{[]string{"--client", "2001:db8:9::/64"}, nil},
	} {
		text := good(t, w.xlat, append([]string{"sessions", "-c", w.conf}, c.args...)...)
		lines := good(t, w.xlat, append([]string{"sessions", "--json", "-c", w.conf}, c.args...)...)
		hosts := map[string]bool{}
		for line := range strings.Lines(lines) {
			var s control.Session
			must(t, json.Unmarshal([]byte(line), &s))
			hosts[s.IPv6.Addr().String()] = true
			if !strings.Contains(text, s.IPv4.String()) {
				t.Errorf("%v shows no %v:\n%s", c.args, s.IPv4, text)
			}
		}
		for _, host := range []string{seven, eight} {
			want := strings.Contains(strings.Join(c.want, " "), host)
			if hosts[host] != want || strings.Contains(text, host) != want {
				t.Errorf("%v shows %s: %v, %v\n%s", c.args, host, hosts[host], !want, text)
			}
		}
	}
	if s := w.sessions(natTCP); len(s) != 1 || s[0].State != "ESTABLISHED" || s[0].Peer != transport(four, 7) || s[0].IPv6.String() != chat.LocalAddr().String() {
		t.Errorf("sessions: %+v", s)
	}
}

// taygo sessions --follow shows what is made and what is gone as it happens.
func TestNetnsNAT64Follow(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-timeout udp 1 force\nnat64-port-hold 0\n"})
	w.start()
	p := start(t, w.xlat, nil, built, "sessions", "--follow", "--json", "--client", seven, "-c", w.conf)
	server := udp(t, w.four, four, 7)
	eventually(t, "the first event is shown", func() error { // it takes some time to begin
		client := udp(t, w.seven, seven, 0)
		defer client.Close()
		tell(t, client, net.JoinHostPort(fourAs6, "7"), "hello")
		hear(t, server)
		if !strings.Contains(p.out.String(), "NAT64 Session Create") {
			return errors.New("not yet")
		}
		return nil
	})
	tell(t, udp(t, w.eight, eight, 0), net.JoinHostPort(fourAs6, "7"), "not asked for")
	p.out.wait(t, "NAT64 Session Delete", 1)
	p.out.wait(t, "NAT64 BIB Delete", 1)
	for lines := bufio.NewScanner(strings.NewReader(p.out.String())); lines.Scan(); {
		var c control.Change
		must(t, json.Unmarshal(lines.Bytes(), &c))
		if c.IPv6.Addr() != addr(seven) || c.Protocol != "udp" || c.Time.IsZero() {
			t.Errorf("a change is %+v", c)
		}
	}
}

// taygo bib show, status and explain say what there is, and what would become of a
// packet.
func TestNetnsNAT64StatusAndExplain(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-pool 198.51.100.128\nnat64-static tcp [2001:db8:3::10]:80 198.51.100.128:80\n"})
	w.start()
	serveTCP(t, w.four, four, 7, echoStream)
	chat := w.newChat(seven)
	must(t, chat.exchange())
	mapped := w.sessions(natTCP)[0].IPv4.String()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"bib", "show", "-c", w.conf}, []string{chat.LocalAddr().String(), mapped, "[2001:db8:3::10]:80", "198.51.100.128:80", "static"}},
		{[]string{"status", "-c", w.conf}, []string{"2001:db8:2::/64", "ESTABLISHED"}},
		{[]string{"explain", "-c", w.conf, seven}, []string{"NAT64"}},
		{[]string{"explain", "-c", w.conf, six}, []string{sixAs4}},
	} {
		text := good(t, w.xlat, c.args...)
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("taygo %v does not say %q:\n%s", c.args, want, text)
			}
		}
	}
	s := w.status().NAT64
	if f := s.Pool["tcp"]; f.Used != 2 || f.Of != 65535 {
		t.Errorf("the pool of TCP is %+v", f)
	}
	if s.Sessions.Used != 1 || s.States["ESTABLISHED"] != 1 || s.Sources != 1 || len(s.Top) != 1 ||
		s.Top[0].Prefix != prefix("2001:db8:2::/64") || s.Top[0].Sessions != 1 {
		t.Errorf("status: %+v", s)
	}
}
