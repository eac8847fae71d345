package conf

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

// FuzzParseRoutes holds ParseRoutes to its promises for any file: no panic, routes
// as they are documented to be, each prefix once, and either a route or a problem
// of a line that says something.
func FuzzParseRoutes(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		routes, problems := ParseRoutes("f", bytes.NewReader(data))
		checkProblems(t, problems, 1+bytes.Count(data, []byte("\n")))
		seen := map[netip.Prefix]bool{}
		line := 0
		for _, r := range routes {
			if r.V4 != r.V4.Masked() || !r.V4.Addr().Is4() || seen[r.V4] || r.At.Line <= line || r.At.File != "f" {
				t.Errorf("not a route, or again, or out of order: %+v", r)
			}
			seen[r.V4], line = true, r.At.Line
			if (r.Kind == RouteUnicast) != (len(r.Via) > 0) || r.Kind > RouteProhibit {
				t.Errorf("a route goes nowhere, or both ways: %+v", r)
			}
			gateways := map[netip.Addr]bool{}
			for _, leg := range r.Via {
				if a := leg.Gateway; !a.IsValid() || a.Zone() != "" || a.IsMulticast() || gateways[a] || leg.Weight < 1 || leg.Weight > 256 {
					t.Errorf("not a next hop, or again: %+v", r)
				}
				gateways[leg.Gateway] = true
			}
		}
		text := strings.TrimPrefix(string(data), "\xef\xbb\xbf")
		if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			return
		}
		tells := map[int]bool{}
		for _, p := range problems {
			tells[p.At.Line] = true
		}
		for _, r := range routes {
			tells[r.At.Line] = true
		}
		for i, l := range strings.SplitAfter(text, "\n") {
			if len(tokens(l)) > 0 && !tells[i+1] {
				t.Errorf("nothing is said of line %d, %q", i+1, l)
			}
		}
	})
}
