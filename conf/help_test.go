package conf

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// base is what every file needs; its two lines come before those of a test.
var base = []string{"ipv4-addr 192.0.2.1", "prefix 2001:db8:64::/96"}

// file returns a file whose line 3 is the first of the test's. A line of base
// whose directive the test gives itself is left empty.
func file(lines string) string {
	text := ""
	for _, b := range base {
		name, _, _ := strings.Cut(b, " ")
		if !slices.ContainsFunc(strings.Split(lines, "\n"), func(l string) bool { return strings.HasPrefix(l, name+" ") }) {
			text += b
		}
		text += "\n"
	}
	return text + lines
}

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("f", strings.NewReader(text))
	if err != nil {
		t.Fatalf("Parse(%q) fails:\n%v", text, err)
	}
	return c
}

// values returns what c holds besides places and warnings.
func values(c *Config) Config {
	v := *c
	v.places, v.Warnings = nil, nil
	v.Maps = placeless(v.Maps, func(m *Map) *Place { return &m.At })
	v.DynamicPools = placeless(v.DynamicPools, func(d *DynamicPool) *Place { return &d.At })
	v.NAT64.Pools = placeless(v.NAT64.Pools, func(x *NAT64Pool) *Place { return &x.At })
	v.NAT64.Static = placeless(v.NAT64.Static, func(s *NAT64Static) *Place { return &s.At })
	v.NAT64.Dedicated = placeless(v.NAT64.Dedicated, func(d *NAT64Dedicated) *Place { return &d.At })
	v.Routes.Sources = placeless(v.Routes.Sources, func(s *RouteSource) *Place { return &s.At })
	v.Routes.NextHops = placeless(v.Routes.NextHops, func(h *RouteNextHop) *Place { return &h.At })
	v.Routes.Filters = placeless(v.Routes.Filters, func(f *RouteFilter) *Place { return &f.At })
	v.Routes.Default.At = Place{}
	return v
}

// placeless returns a copy of a list without the places in it.
func placeless[T any](list []T, at func(*T) *Place) []T {
	list = slices.Clone(list)
	for i := range list {
		*at(&list[i]) = Place{}
	}
	return list
}

// A good is lines and what they change in a Config of base.
type good struct {
	name, lines string
	set         func(*Config)
	warning     string // the only one; none if empty
}

func runGood(t *testing.T, tests []good) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := values(parse(t, file("")))
			tt.set(&want)
			c := parse(t, file(tt.lines))
			if got := values(c); !reflect.DeepEqual(got, want) {
				t.Errorf("%q gives\n%+v, want\n%+v", tt.lines, got, want)
			}
			if got := Errors(c.Warnings).Error(); got != tt.warning {
				t.Errorf("%q warns\n%s, want\n%s", tt.lines, got, tt.warning)
			}
		})
	}
}

// A bad is lines and the only message they give.
type bad struct{ name, lines, message string }

func runBad(t *testing.T, tests []bad) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, file(tt.lines), tt.message)
		})
	}
}

func wantError(t *testing.T, text, message string) {
	t.Helper()
	c, err := Parse("f", strings.NewReader(text))
	if c != nil || err == nil || err.Error() != message {
		t.Errorf("%q gives config %v, error\n%v, want\n%s", text, c, err, message)
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func prefixes(list ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(list))
	for i, s := range list {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}

func maps(pairs ...string) []Map {
	var ms []Map
	for pair := range slices.Chunk(prefixes(pairs...), 2) {
		ms = append(ms, Map{V4: pair[0], V6: pair[1]})
	}
	return ms
}
