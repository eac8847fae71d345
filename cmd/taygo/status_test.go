package main

import (
	"strings"
	"testing"

	"taygo/internal/control"
	"taygo/internal/routemap"
)

// TestStatusShowsRoutes: where routes are mapped, and only there.
func TestStatusShowsRoutes(t *testing.T) {
	var s control.Status
	var out strings.Builder
	must(t, printStatus(&out, s, false))
	if strings.Contains(out.String(), "routes") {
		t.Errorf("without route mapping:\n%s", out.String())
	}
	s.Routes = &routemap.Summary{Prefix: "2001:db8:64::/96", Table: 6464, Mapped: 1000, Kernel: 250, NextHops: 4, Down: 1}
	out.Reset()
	must(t, printStatus(&out, s, false))
	if want := "routes  1000 mapped to 2001:db8:64::/96, 250 in table 6464; 4 next hops, 1 down"; !strings.Contains(out.String(), want) {
		t.Errorf("told\n%s\nwithout %q", out.String(), want)
	}
}
