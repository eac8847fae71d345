package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// session returns the n-th session of some, of hosts and protocols in turn.
func session(n int) Session {
	v6 := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 7: byte(n % 3), 15: byte(n)})
	return Session{
		Protocol: Protocols[n%2], State: "ESTABLISHED", Left: time.Duration(n) * time.Second,
		IPv6: netip.AddrPortFrom(v6, uint16(n)),
		IPv4: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(1024+n)),
		Peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), 443),
	}
}

// tenSessions yields ten sessions to everybody.
func tenSessions(_ Query, yield func(Session) bool) error {
	for n := range 10 {
		if !yield(session(n)) {
			return nil
		}
	}
	return nil
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func TestSessionsThatAreAskedFor(t *testing.T) {
	var asked Query
	c := serve(t, &Server{Sessions: func(q Query, yield func(Session) bool) error {
		asked = q
		return tenSessions(q, yield)
	}})
	for _, row := range []struct {
		name string
		q    Query
		want []int
	}{
		{"all", Query{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"of a protocol", Query{Protocol: "udp"}, []int{1, 3, 5, 7, 9}},
		{"of no such protocol", Query{Protocol: "icmp"}, nil},
		{"of a host", Query{Client: prefix("2001:db8::3/128")}, []int{3}},
		{"of a prefix", Query{Client: prefix("2001:db8:0:1::/64")}, []int{1, 4, 7}},
		{"of an address of the pool", Query{IPv4: netip.MustParseAddrPort("192.0.2.1:0")}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"of a port of the pool", Query{IPv4: netip.MustParseAddrPort("192.0.2.1:1030")}, []int{6}},
		{"of another address", Query{IPv4: netip.MustParseAddrPort("192.0.2.2:0")}, nil},
		{"of a peer", Query{Peer: prefix("198.51.100.4/32")}, []int{4}},
		{"so many", Query{Limit: 2}, []int{0, 1}},
		{"so many of a protocol", Query{Protocol: "udp", Limit: 2, Held: true}, []int{1, 3}},
	} {
		var got []int
		err := c.Sessions(t.Context(), row.q, func(s Session) bool {
			n := int(s.IPv6.Port())
			if s != session(n) {
				t.Errorf("%s: %+v, want %+v", row.name, s, session(n))
			}
			got = append(got, n)
			return true
		})
		if err != nil || !slices.Equal(got, row.want) || asked != row.q {
			t.Errorf("%s: sessions %v, %v; want %v; the gateway is asked for %+v", row.name, got, err, row.want, asked)
		}
	}
	n := 0
	if err := c.Sessions(t.Context(), Query{}, func(Session) bool { n++; return n < 3 }); err != nil || n != 3 {
		t.Errorf("who has had enough gets %d, %v", n, err)
	}
}

func TestQueriesThatMakeNoSense(t *testing.T) {
	c := serve(t, &Server{Sessions: tenSessions, Follow: func(context.Context, Query, func(Change) bool) error { return nil }})
	for raw, says := range map[string]string{
		"proto=sctp":            `"sctp" has no sessions: write tcp, udp or icmp`,
		"client=192.0.2.1":      `"192.0.2.1" is not an IPv6 address or prefix`,
		"client=fe80::1%25eth0": "is not an IPv6 address or prefix",
		"client=::ffff:1.2.3.4": "is not an IPv6 address or prefix",
		"client=":               "is not an IPv6 address or prefix",
		"peer=2001:db8::1":      `"2001:db8::1" is not an IPv4 address or prefix`,
		"ipv4=192.0.2.0/24":     `"192.0.2.0/24" is not an IPv4 address`,
		"ipv4=[2001:db8::1]:80": "is not an IPv4 address",
		"limit=-1":              `limit: "-1": write a number`,
		"limit=many":            `limit: "many": write a number`,
		"held=perhaps":          `held: "perhaps": write true or false`,
		"color=red":             `"color" is not known: there are proto`,
		"%zz":                   "query: invalid URL escape",
	} {
		for _, path := range []string{"/sessions?", "/sessions/follow?"} {
			if _, err := c.do(t.Context(), "GET", path+raw, nil); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s%s: %v, want %q", path, raw, err, says)
			}
		}
	}
}

// TestAQueryIsReadAsItIsWritten: whatever is asked for.
func TestAQueryIsReadAsItIsWritten(t *testing.T) {
	for _, q := range []Query{
		{},
		{Protocol: "icmp", Client: prefix("2001:db8::/32"), IPv4: netip.MustParseAddrPort("192.0.2.1:0"), Peer: prefix("198.51.100.0/24"), Held: true, Limit: 9},
		{IPv4: netip.MustParseAddrPort("192.0.2.1:65535"), Client: prefix("2001:db8::1/128")},
	} {
		if got, err := parseQuery(q.values().Encode()); err != nil || got != q {
			t.Errorf("%+v is read as %+v, %v", q, got, err)
		}
	}
}

// TestErrorsOfAListing: one before the first piece is told, one behind it cuts the
// answer off.
func TestErrorsOfAListing(t *testing.T) {
	after := 0
	c := serve(t, &Server{Sessions: func(_ Query, yield func(Session) bool) error {
		for n := range after {
			yield(session(n))
		}
		return errors.New("the table is gone")
	}})
	all := func(Session) bool { return true }
	for n, says := range map[int]string{0: "the table is gone", 1: "the table is gone", 1000: "cut off", 10000: "cut off"} {
		after = n
		if err := c.Sessions(t.Context(), Query{}, all); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("behind %d: %v", n, err)
		}
	}
}

func TestWithoutNAT64(t *testing.T) {
	c := serve(t, &Server{})
	for name, ask := range map[string]func() error{
		"sessions": func() error { return c.Sessions(t.Context(), Query{}, func(Session) bool { return true }) },
		"bindings": func() error { return c.Bindings(t.Context(), Query{}, func(Binding) bool { return true }) },
		"follow":   func() error { return c.Follow(t.Context(), Query{}, func(Change) bool { return true }) },
		"add":      func() error { return c.AddBinding(t.Context(), Binding{}) },
		"remove":   func() error { return c.RemoveBinding(t.Context(), Binding{}) },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "give its configuration a NAT64 pool") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBindingsAreListedMadeAndRemoved(t *testing.T) {
	good := Binding{Protocol: "tcp", IPv6: netip.MustParseAddrPort("[2001:db8::1]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:8080"), Ports: 3}
	var log []string
	note := func(what string) func(Binding) error {
		return func(b Binding) error {
			log = append(log, fmt.Sprint(what, " ", b.Protocol, b.IPv6, b.IPv4, b.Ports))
			if b.IPv4.Port() == 1 {
				return errors.New("that port is not in the pool")
			}
			return nil
		}
	}
	c := serve(t, &Server{
		AddBinding: note("add"), RemoveBinding: note("remove"),
		Bindings: func(_ Query, yield func(Binding) bool) error {
			yield(good)
			return nil
		},
	})
	if err := c.Bindings(t.Context(), Query{}, func(b Binding) bool {
		if b != good {
			t.Errorf("%+v, want %+v", b, good)
		}
		return true
	}); err != nil {
		t.Error(err)
	}
	if err := errors.Join(c.AddBinding(t.Context(), good), c.RemoveBinding(t.Context(), Binding{Protocol: "TCP", IPv4: good.IPv4})); err != nil {
		t.Error(err)
	}
	want := []string{"add tcp[2001:db8::1]:80 192.0.2.1:8080 3", "remove tcpinvalid AddrPort 192.0.2.1:8080 0"}
	if !slices.Equal(log, want) {
		t.Errorf("the gateway is told %q, want %q", log, want)
	}
	refused := good
	refused.IPv4 = netip.MustParseAddrPort("192.0.2.1:1")
	if err := c.AddBinding(t.Context(), refused); err == nil || !strings.Contains(err.Error(), "not in the pool") {
		t.Errorf("the gateway refuses: %v", err)
	}
}

func TestBindingsThatCannotBe(t *testing.T) {
	called := false
	change := func(Binding) error { called = true; return nil }
	c := serve(t, &Server{AddBinding: change, RemoveBinding: change})
	for name, b := range map[string]Binding{
		"no protocol":    {IPv6: netip.MustParseAddrPort("[2001:db8::1]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:80")},
		"no addresses":   {Protocol: "tcp"},
		"wrong way":      {Protocol: "tcp", IPv4: netip.MustParseAddrPort("[2001:db8::1]:80"), IPv6: netip.MustParseAddrPort("192.0.2.1:80")},
		"mapped IPv6":    {Protocol: "tcp", IPv6: netip.MustParseAddrPort("[::ffff:192.0.2.2]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:80")},
		"IPv6 zone":      {Protocol: "tcp", IPv6: netip.MustParseAddrPort("[fe80::1%eth0]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:80")},
		"too many ports": {Protocol: "tcp", IPv6: netip.MustParseAddrPort("[2001:db8::1]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:65535"), Ports: 2},
		"too many of v6": {Protocol: "tcp", IPv6: netip.MustParseAddrPort("[2001:db8::1]:65535"), IPv4: netip.MustParseAddrPort("192.0.2.1:1"), Ports: 2},
		"negative ports": {Protocol: "tcp", IPv6: netip.MustParseAddrPort("[2001:db8::1]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:80"), Ports: -1},
		"as many as fit": {Protocol: "tcp", IPv6: netip.MustParseAddrPort("[2001:db8::1]:80"), IPv4: netip.MustParseAddrPort("192.0.2.1:80"), Ports: 1<<63 - 1},
	} {
		if err := c.AddBinding(t.Context(), b); err == nil || !strings.Contains(err.Error(), "binding not understood") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.RemoveBinding(t.Context(), Binding{Protocol: "tcp"}); err == nil || !strings.Contains(err.Error(), "is not an IPv4 address") {
		t.Errorf("to remove none: %v", err)
	}
	if called {
		t.Error("the gateway is bothered with them")
	}
}
