package rib

import (
	"net/netip"
	"slices"
	"testing"
)

func TestRejectedRemembersTheNextHopsOfMostRoutes(t *testing.T) {
	a, b, c := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")
	p, q := prefix4("198.51.100.0/24"), prefix4("203.0.113.0/24")
	r := NewRejected(3)
	r.Route(p, UnknownGateway, b)
	r.Route(p, UnknownGateway, a)
	r.Leg(q, UnknownGateway, a)
	r.Route(p, NoGateway, netip.Addr{})
	r.Route(p, UnknownGateway, c) // one too many for the list
	r.Route(p, Filtered, netip.Addr{})
	want := []RejectedHop{{a, UnknownGateway, 2, q}, {netip.Addr{}, NoGateway, 1, p}, {b, UnknownGateway, 1, p}}
	if got := r.List(); !slices.Equal(got, want) {
		t.Errorf("List = %+v, want %+v", got, want)
	}
	if r.Routes(UnknownGateway) != 3 || r.Legs(UnknownGateway) != 1 || r.Routes(NoGateway) != 1 || r.Routes(Filtered) != 1 || r.Missed() != 1 {
		t.Errorf("%+v", r)
	}
	r.Forget()
	if len(r.List()) != 0 || r.Missed() != 0 || r.Routes(UnknownGateway) != 3 {
		t.Errorf("after Forget: %+v", r)
	}
	r.Route(p, UnknownGateway, c)
	if got := r.List(); len(got) != 1 || got[0].Via != c {
		t.Errorf("after Forget the list is %+v", got)
	}
}

func TestZeroRejectedCounts(t *testing.T) {
	var r Rejected
	r.Route(Prefix{}, UnknownGateway, netip.MustParseAddr("192.0.2.1"))
	if r.Routes(UnknownGateway) != 1 || len(r.List()) != 0 || r.Missed() != 1 {
		t.Errorf("%+v", r)
	}
}

func TestEachReasonHasAName(t *testing.T) {
	seen := map[string]bool{"": true, "unknown": true, Accepted.String(): true}
	n := 0
	for r := range Reasons() {
		if n++; seen[r.String()] {
			t.Errorf("reason %d is %q, as another", r, r)
		}
		seen[r.String()] = true
	}
	if n != len(reasonNames)-1 || Reason(200).String() != "unknown" {
		t.Errorf("%d reasons, %d names", n, len(reasonNames))
	}
	for r := range Reasons() {
		if r == NoLeg {
			break // a loop may end early
		}
	}
}
