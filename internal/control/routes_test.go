package control

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"taygo/internal/routemap"
)

func prefixesOf(all ...string) (list []netip.Prefix) {
	for _, s := range all {
		list = append(list, prefix(s))
	}
	return list
}

// TestWithoutRoutes: whatever is asked for, the answer tells what to configure.
func TestWithoutRoutes(t *testing.T) {
	status := func() Status { return Status{PID: 1} }
	for name, s := range map[string]*Server{
		"no function": {Status: status},
		"no mapper":   {Status: status, Routes: func() *routemap.Mapper { return nil }},
	} {
		c := serve(t, s)
		for what, ask := range map[string]func() error{
			"summary":  func() error { _, err := c.Routes(t.Context()); return err },
			"show":     func() error { return c.ShowRoutes(t.Context(), prefix("0.0.0.0/0"), 0, nil) },
			"lookup":   func() error { _, err := c.LookupRoute(t.Context(), netip.MustParseAddr("192.0.2.1")); return err },
			"nexthops": func() error { return c.NextHops(t.Context(), nil) },
			"rejected": func() error { _, err := c.RejectedRoutes(t.Context()); return err },
			"verify":   func() error { _, err := c.VerifyRoutes(t.Context(), true, nil); return err },
			"resync":   func() error { _, err := c.ResyncRoutes(t.Context()); return err },
			"flush":    func() error { _, err := c.FlushRoutes(t.Context()); return err },
		} {
			if err := ask(); err == nil || !strings.Contains(err.Error(), "maps no routes: say with route-source in its configuration") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		if got, err := c.Status(t.Context()); err != nil || got.PID != 1 || got.Routes != nil {
			t.Errorf("%s: status %+v, %v", name, got, err)
		}
	}
}

// TestWhatIsToldOfRoutes comes back whole.
func TestWhatIsToldOfRoutes(t *testing.T) {
	f := newFake(prefixesOf("198.51.100.0/24")...)
	f.summary.HeldFor, f.summary.Held, f.summary.Overruns = time.Second, true, 4
	c := serveRoutes(t, f)
	if got, err := c.Routes(t.Context()); err != nil || got != f.Summary() {
		t.Errorf("summary: %+v, %v", got, err)
	}
	list, missed := f.Rejected()
	want := Rejections{NextHops: list, Missed: missed, Routes: map[string]uint64{"filtered": 9}, Legs: map[string]uint64{"no-leg": 1}}
	if got, err := c.RejectedRoutes(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("rejected: %+v, %v", got, err)
	}
	var hops []routemap.NextHopInfo
	err := c.NextHops(t.Context(), func(h routemap.NextHopInfo) bool { hops = append(hops, h); return true })
	if err != nil || !slices.Equal(hops, f.NextHops()) {
		t.Errorf("next hops: %+v, %v", hops, err)
	}
}

func TestLookup(t *testing.T) {
	f := newFake(prefixesOf("0.0.0.0/0", "198.51.100.0/24", "198.51.100.0/26", "203.0.113.0/24", "203.0.113.64/26", "203.0.113.128/26", "192.0.2.0/24")...)
	edit := func(p string, change func(*routemap.RouteInfo)) {
		at := slices.IndexFunc(f.routes, func(r routemap.RouteInfo) bool { return r.Prefix == prefix(p) })
		change(&f.routes[at])
	}
	edit("198.51.100.0/26", func(r *routemap.RouteInfo) { r.Aggregate = "2001:db8:64::c600:0/104" })
	edit("203.0.113.0/24", func(r *routemap.RouteInfo) { r.Kind = "unreachable" })
	edit("203.0.113.64/26", func(r *routemap.RouteInfo) { r.Kind = "blackhole" })
	edit("203.0.113.128/26", func(r *routemap.RouteInfo) { r.Aggregate = "none" })
	edit("192.0.2.0/24", func(r *routemap.RouteInfo) { r.Foreign = true })
	f.routes = f.routes[1:] // no default route
	c := serveRoutes(t, f)
	for _, row := range []struct {
		name, address, route, carrier string
		verdict                       Fate
	}{
		{"a route of its own", "198.51.100.99", "198.51.100.0/24", "2001:db8:64::c633:6400/120", FateForwarded},
		{"its mapped address", "2001:db8:64::c633:6463", "198.51.100.0/24", "2001:db8:64::c633:6400/120", FateForwarded},
		{"an aggregate", "198.51.100.5", "198.51.100.0/26", "2001:db8:64::c600:0/104", FateForwarded},
		{"an aggregate that is not there yet", "203.0.113.129", "203.0.113.128/26", "", FateUnrouted},
		{"unreachable", "203.0.113.1", "203.0.113.0/24", "2001:db8:64::cb00:7100/120", FateUnreachable},
		{"dropped", "203.0.113.65", "203.0.113.64/26", "2001:db8:64::cb00:7140/122", FateBlackhole},
		{"a foreign route", "192.0.2.1", "192.0.2.0/24", "2001:db8:64::c000:200/120", FateForeign},
		{"nothing", "10.0.0.1", "", "", FateUnrouted},
	} {
		got, err := c.LookupRoute(t.Context(), netip.MustParseAddr(row.address))
		route, carrier := "", ""
		if got.Route != nil {
			route = got.Route.Prefix.String()
		}
		if got.Carrier.IsValid() {
			carrier = got.Carrier.String()
		}
		if err != nil || got.Address.String() != row.address || route != row.route || carrier != row.carrier || got.Verdict != row.verdict {
			t.Errorf("%s: %+v, route %s, %v", row.name, got, route, err)
		}
	}
	f.summary.Flushed = true
	if got, err := c.LookupRoute(t.Context(), netip.MustParseAddr("198.51.100.1")); err != nil || got.Verdict != FateFlushed || got.Route != nil {
		t.Errorf("flushed: %+v, %v", got, err)
	}
}

func TestRouteQueriesThatMakeNoSense(t *testing.T) {
	f := newFake(prefixesOf("198.51.100.0/24")...)
	f.verify = func(context.Context, bool, func(int, int)) (routemap.Verdict, error) { return routemap.Verdict{}, nil }
	c := serveRoutes(t, f)
	for _, row := range []struct{ method, path, says string }{
		{http.MethodGet, "/routes/lookup", `"" is not an IPv4 address: write one like 192.0.2.1`},
		{http.MethodGet, "/routes/lookup?ipv4=192.0.2.0/24", "is not an IPv4 address"},
		{http.MethodGet, "/routes/lookup?ipv4=::ffff:192.0.2.1", "is not an IPv4 address"},
		{http.MethodGet, "/routes/lookup?ipv4=fe80::1%25eth0", "is not an IPv4 address"},
		{http.MethodGet, "/routes/lookup?ipv4=2001:db8::1", "2001:db8::1 lies outside of 2001:db8:64::/96"},
		{http.MethodGet, "/routes/lookup?address=192.0.2.1", `"address" is not known: there is ipv4`},
		{http.MethodGet, "/routes/show?prefix=192.0.2.1", `"192.0.2.1" is not a prefix: write one like 192.0.2.0/24; lookup takes an address`},
		{http.MethodGet, "/routes/show?prefix=::ffff:192.0.2.0/120", "is not a prefix"},
		{http.MethodGet, "/routes/show?prefix=2001:db8:65::/64", "2001:db8:65::/64 lies outside of 2001:db8:64::/96"},
		{http.MethodGet, "/routes/show?prefix=0.0.0.0/0&limit=-1", `limit: "-1": write a number from 0`},
		{http.MethodGet, "/routes/show?prefix=0.0.0.0/0&color=red", `"color" is not known: there is prefix and limit`},
		{http.MethodGet, "/routes/show?%zz", "query: invalid URL escape"},
		{http.MethodPost, "/routes/verify?full=perhaps", `full: "perhaps": write true or false`},
		{http.MethodPost, "/routes/verify?empty", `"empty" is not known: there is full`},
		{http.MethodGet, "/routes/flush", "Method Not Allowed"},
		{http.MethodPost, "/routes/summary", "Method Not Allowed"},
	} {
		if _, err := c.do(t.Context(), row.method, row.path, nil); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s %s: %v, want %q", row.method, row.path, err, row.says)
		}
	}
}

func TestResyncAndFlush(t *testing.T) {
	f := newFake(prefixesOf("198.51.100.0/24", "203.0.113.0/24")...)
	c := serveRoutes(t, f)
	if s, err := c.ResyncRoutes(t.Context()); err != nil || s != f.Summary() {
		t.Errorf("resync: %+v, %v", s, err)
	}
	if n, err := c.FlushRoutes(t.Context()); err != nil || n != 2 {
		t.Errorf("flush: %d, %v", n, err)
	}
	f.refusing = errors.New("routemap: Run is not running")
	_, err := c.ResyncRoutes(t.Context())
	_, err2 := c.FlushRoutes(t.Context())
	for _, err := range []error{err, err2} {
		if err == nil || !strings.Contains(err.Error(), "Run is not running") {
			t.Errorf("refused: %v", err)
		}
	}
	if want := []string{"resync", "flush", "resync", "flush"}; !slices.Equal(f.changed, want) {
		t.Errorf("the mapper was told %q, want %q", f.changed, want)
	}
}
