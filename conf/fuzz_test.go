package conf

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

// FuzzParse holds Parse to its promises for any file: no panic, either a Config
// or errors, places within the file, messages of one line that can be printed,
// and the same answer twice.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f", bytes.NewReader(data))
		c2, err2 := Parse("f", bytes.NewReader(data))
		if !reflect.DeepEqual(c, c2) || !reflect.DeepEqual(err, err2) {
			t.Fatalf("once %+v, %v; again %+v, %v", c, err, c2, err2)
		}
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v with error %v", c, err)
		}
		last := 1 + bytes.Count(data, []byte("\n"))
		if err != nil {
			var problems Errors
			if !errors.As(err, &problems) {
				t.Fatalf("error %T", err)
			}
			checkProblems(t, problems, last)
			return
		}
		checkProblems(t, c.Warnings, last)
		checkConfig(t, c, last)
	})
}

func checkProblems(t *testing.T, problems []Problem, last int) {
	t.Helper()
	line := 0
	for _, p := range problems {
		if p.At.File != "f" || p.At.Line < line || p.At.Line > last {
			t.Errorf("%v is out of order or of a file of %d lines", p, last)
		}
		line = p.At.Line
		if s := p.Error(); p.What == "" || p.Do == "" || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%q is not a message of one line", s)
		}
	}
}

// checkConfig holds c to what its fields are documented to be.
func checkConfig(t *testing.T, c *Config, last int) {
	t.Helper()
	if !c.IPv4Addr.Is4() || !c.Prefix.IsValid() && (len(c.Maps) == 0 || !c.IPv6Addr.IsValid()) {
		t.Errorf("something is missing: %+v", c)
	}
	if c.Prefix != c.Prefix.Masked() || c.IPv6Addr.Is4() || c.IPv6Addr.Is4In6() || len(c.TUNDevice) > 15 {
		t.Errorf("not as documented: %+v", c)
	}
	for _, m := range c.Maps {
		if m.V4 != m.V4.Masked() || m.V6 != m.V6.Masked() || 32-m.V4.Bits() > 128-m.V6.Bits() || m.At.Line < 1 || m.At.Line > last {
			t.Errorf("not a map: %+v", m)
		}
	}
	checkPoolsAndTUN(t, c)
	checkStateful(t, c)
	checkMapping(t, c)
	for i, n := range c.MTUPlateaus {
		if n < 68 || n > 65535 || i > 0 && n >= c.MTUPlateaus[i-1] {
			t.Errorf("not plateaus: %v", c.MTUPlateaus)
		}
	}
	for directive, at := range c.places {
		if _, ok := lookUp(directive); !ok || at.Line < 1 || at.Line > last {
			t.Errorf("%s at %v", directive, at)
		}
	}
}

func checkPoolsAndTUN(t *testing.T, c *Config) {
	t.Helper()
	for i, p := range c.DynamicPools {
		if p.V4 != p.V4.Masked() || p.V4.Bits() > 31 || p.At.File != "f" {
			t.Errorf("not a pool: %+v", p)
		}
		for _, x := range p.V6 {
			if x != x.Masked() || !x.Addr().Is6() {
				t.Errorf("not the sources of a pool: %+v", p)
			}
		}
		for _, other := range c.DynamicPools[:i] {
			if p.V4.Overlaps(other.V4) {
				t.Errorf("%v overlaps %v", p, other)
			}
		}
		for _, m := range c.Maps {
			if m.V4 == p.V4 {
				t.Errorf("%v is mapped: %v", p, m)
			}
		}
	}
	if c.PoolLifetime <= 0 || c.PoolDormant < c.PoolLifetime || c.PoolWrite <= 0 {
		t.Errorf("not times: %v, %v, %v", c.PoolLifetime, c.PoolDormant, c.PoolWrite)
	}
	if c.DataDir != "" && c.DataDir[0] != '/' {
		t.Errorf("not absolute: %q", c.DataDir)
	}
	seen := map[netip.Prefix]bool{}
	for _, x := range c.TUNRoutes {
		if x != x.Masked() || seen[x] {
			t.Errorf("not a route, or again: %v", x)
		}
		seen[x] = true
	}
}
