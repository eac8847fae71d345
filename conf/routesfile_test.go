package conf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestParseRoutes gives single lines that count.
func TestParseRoutes(t *testing.T) {
	legs := func(list ...RouteLeg) []RouteLeg { return list }
	for _, tt := range []struct {
		name, line string
		want       StaticRoute
	}{
		{"one next hop", "route 198.51.100.0/24 via 192.0.2.1", StaticRoute{V4: prefixes("198.51.100.0/24")[0], Via: legs(RouteLeg{addr("192.0.2.1"), 1})}},
		{"the default route", "Route 0.0.0.0/0 Via 192.0.2.1 # out", StaticRoute{V4: prefixes("0.0.0.0/0")[0], Via: legs(RouteLeg{addr("192.0.2.1"), 1})}},
		{"an IPv6 next hop (RFC 8950)", "route 198.51.100.1/32 via 2001:db8::1", StaticRoute{V4: prefixes("198.51.100.1/32")[0], Via: legs(RouteLeg{addr("2001:db8::1"), 1})}},
		{"several, of both families, with weights", "route 198.51.100.0/24 via 192.0.2.1 weight 256 via 192.0.2.2 via 2001:db8::1 weight 3", StaticRoute{
			V4: prefixes("198.51.100.0/24")[0], Via: legs(RouteLeg{addr("192.0.2.1"), 256}, RouteLeg{addr("192.0.2.2"), 1}, RouteLeg{addr("2001:db8::1"), 3}),
		}},
		{"blackhole", "route 198.51.100.0/24 blackhole", StaticRoute{V4: prefixes("198.51.100.0/24")[0], Kind: RouteBlackhole}},
		{"unreachable", "route 198.51.100.0/24 UNREACHABLE", StaticRoute{V4: prefixes("198.51.100.0/24")[0], Kind: RouteUnreachable}},
		{"prohibit", "route 198.51.100.0/24 prohibit", StaticRoute{V4: prefixes("198.51.100.0/24")[0], Kind: RouteProhibit}},
	} {
		tt.want.At = Place{"r", 2}
		got, problems := ParseRoutes("r", strings.NewReader("\n"+tt.line))
		if len(problems) > 0 || !reflect.DeepEqual(got, []StaticRoute{tt.want}) {
			t.Errorf("%s: %q gives %+v, %v", tt.name, tt.line, got, problems)
		}
	}
}

func TestParseRoutesRefused(t *testing.T) {
	const usage = ": write route P/L via A, or route P/L blackhole"
	for _, tt := range []struct{ name, lines, problem string }{
		{"another directive", "prefix 64:ff9b::/96", `r:1: "prefix" is not route, the only directive of a file of routes` + usage},
		{"no way", "route 198.51.100.0/24", "r:1: route: takes 2 arguments or more, not 1" + usage},
		{"no length", "route 198.51.100.0 via 192.0.2.1", `r:1: route: "198.51.100.0" has no length: add one after a slash, such as /24`},
		{"host bits", "route 198.51.100.1/24 via 192.0.2.1", "r:1: route: 198.51.100.1/24 has bits set after its length: write 198.51.100.0/24"},
		{"no next hop", "route 198.51.100.0/24 via", `r:1: route: "via" is not possible here` + usage},
		{"a device", "route 198.51.100.0/24 dev eth0", `r:1: route: "dev" is not possible here` + usage},
		{"words behind blackhole", "route 198.51.100.0/24 blackhole 1", `r:1: route: "blackhole" is not possible here` + usage},
		{"unicast is not written", "route 198.51.100.0/24 unicast", `r:1: route: "unicast" is not possible here` + usage},
		{"no weight", "route 198.51.100.0/24 via 192.0.2.1 weight", `r:1: route: "weight" is not possible here` + usage},
		{"weight 0", "route 198.51.100.0/24 via 192.0.2.1 weight 0", "r:1: route: 0 is out of range: write a number from 1 to 256"},
		{"a multicast next hop", "route 198.51.100.0/24 via 224.0.0.5", "r:1: route: 224.0.0.5 lies in 224.0.0.0/4, which is multicast: write one outside 224.0.0.0/4"},
		{"a link-local next hop", "route 198.51.100.0/24 via fe80::1", "r:1: route: fe80::1 lies in fe80::/10, which is link-local: write one outside fe80::/10"},
		{"a next hop twice", "route 198.51.100.0/24 via 192.0.2.1 via 192.0.2.1", "r:1: route: via 192.0.2.1 is given twice: write it once, with the sum of the weights"},
	} {
		got, problems := ParseRoutes("r", strings.NewReader(tt.lines))
		if text := Errors(problems).Error(); len(got) > 0 || text != tt.problem {
			t.Errorf("%s: %q gives %v,\n%s, want\n%s", tt.name, tt.lines, got, text, tt.problem)
		}
	}
	got, problems := ParseRoutes("r", strings.NewReader("route 198.51.100.0/24 via 192.0.2.1\nroute 198.51.100.0/24 blackhole\nrout\nroute 203.0.113.0/24 blackhole"))
	if text := Errors(problems).Error(); len(got) != 2 || got[0].Kind != RouteUnicast || got[1].At.Line != 4 ||
		text != "r:2: route: 198.51.100.0/24 is given twice, first in line 1: remove one\nr:3: \"rout\" is not route, the only directive of a file of routes"+usage {
		t.Errorf("four lines give %v,\n%s", got, text)
	}
}

func TestLoadRoutes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	from := RouteSource{File: "r", At: Place{"t.conf", 7}}
	if _, _, err := LoadRoutes(path, from); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "t.conf:7: route-source: ") {
		t.Errorf("LoadRoutes of a missing file = %v", err)
	}
	if err := os.WriteFile(path, []byte("route 0.0.0.0/0 blackhole\nx"), 0o600); err != nil {
		t.Fatal(err)
	}
	routes, problems, err := LoadRoutes(path, from)
	if err != nil || len(routes) != 1 || len(problems) != 1 || problems[0].At != (Place{path, 2}) {
		t.Errorf("LoadRoutes = %v, %v, %v", routes, problems, err)
	}
}
