package rtnl

import (
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzMessages: nothing that a socket could bring makes a parser panic, and what
// one takes has values that can be worked with.
func FuzzMessages(f *testing.F) {
	var b Batch
	b.Route(unix.RTM_NEWROUTE, 0, &Route{Family: unix.AF_INET, Table: 464, Dst: prefix("198.51.100.0/24"), Metric: 32, Leg: Leg{Gateway: addr("2001:db8::1"), Link: 3}})
	b.NextHop(unix.RTM_NEWNEXTHOP, 0, &NextHop{ID: 1, Group: []Member{{2, 1}, {3, 7}}})
	b.Links()
	f.Add(b.buf)
	f.Fuzz(func(t *testing.T, octets []byte) {
		room := len(octets)
		for m := range Messages(octets) {
			if room -= unix.SizeofNlMsghdr + len(m.Payload); room < 0 {
				t.Fatal("the messages are longer than what they are read from")
			}
			if errno, text := refusal(m); errno == 0 && text != "" {
				t.Errorf("all is well, but %q", text)
			}
			parse(t, m.Payload)
		}
		parse(t, octets)
	})
}

func parse(t *testing.T, payload []byte) {
	if r, ok := ParseRoute(payload); ok {
		if !r.Dst.IsValid() || r.Dst.Addr().Is4() != (r.Family == unix.AF_INET) {
			t.Errorf("a route of family %d to %v", r.Family, r.Dst)
		}
		legs := 0
		for l := range r.Legs() {
			if legs++; l.Weight == 0 {
				t.Error("a leg without a share")
			}
		}
		if legs > len(payload)/sizeofRtNextHop+1 {
			t.Errorf("%d legs in %d octets", legs, len(payload))
		}
	}
	if h, ok := ParseNextHop(payload); ok {
		for _, m := range h.Group {
			if m.Weight == 0 {
				t.Error("a member without a share")
			}
		}
	}
	if a, ok := ParseAddress(payload); ok && !a.Prefix.IsValid() {
		t.Errorf("an address %v", a.Prefix)
	}
	if l, ok := ParseLink(payload); ok && l.Index == 0 {
		t.Error("a link without index")
	}
}

// FuzzRoute: a route that was read and is written again is read as the same, as far
// as it is written.
func FuzzRoute(f *testing.F) {
	var b Batch
	b.Route(unix.RTM_NEWROUTE, 0, &Route{Family: unix.AF_INET6, Table: 6464, Dst: prefix("2001:db8::/32"), Metric: 1024, NextHop: 7})
	m, _ := b.At(0)
	f.Add(m.Payload)
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, ok := ParseRoute(payload)
		if !ok {
			return
		}
		if r.NextHop != 0 || r.Gateway.Is4() && r.Family == unix.AF_INET6 {
			r.Leg = Leg{Weight: 1, Flags: r.Leg.Flags} // is not written
		}
		r.Multipath, r.Source, r.Encap, r.Weight = nil, false, false, 1
		if r.Gateway.Is4In6() && r.Family == unix.AF_INET {
			return // no gateway that a kernel has
		}
		var b Batch
		b.Route(unix.RTM_NEWROUTE, 0, &r)
		m, _ := b.At(0)
		again, ok := ParseRoute(m.Payload)
		if !ok || again.Dst != r.Dst || again.Table != r.Table || again.Metric != r.Metric || again.NextHop != r.NextHop || again.Leg != r.Leg || again.Type != r.Type {
			t.Errorf("%+v becomes %+v", r, again)
		}
	})
}
