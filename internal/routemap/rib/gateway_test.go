package rib

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

func gateway(s, device string, onlink bool) Gateway {
	g := Gateway{Device: device, Onlink: onlink}
	if s != "" {
		g.Addr = netip.MustParseAddr(s)
	}
	return g
}

func TestRewrite(t *testing.T) {
	row := func(v4 string, g Gateway) GatewayRow { return GatewayRow{netip.MustParseAddr(v4), g} }
	rows := []GatewayRow{
		row("192.0.2.1", gateway("2001:db8::1", "", false)),
		row("192.0.2.2", gateway("fe80::2", "eth2", true)),
	}
	other := gateway("2001:db8::99", "", false)
	tests := []struct {
		name  string
		other Gateway
		take6 bool
		in    Leg
		want  Leg
		why   Reason
	}{
		{"a row", Gateway{}, false, leg("192.0.2.1", 5), leg("2001:db8::1", 5), Accepted},
		{"a row with a device", other, false, leg("192.0.2.2", 0), Leg{netip.MustParseAddr("fe80::2"), "eth2", true, 0}, Accepted},
		{"the device of IPv4 does not count", other, false, Leg{Via: netip.MustParseAddr("192.0.2.1"), Device: "eth9"}, leg("2001:db8::1", 0), Accepted},
		{"no row", Gateway{}, true, leg("192.0.2.3", 5), Leg{}, UnknownGateway},
		{"no row but a default", other, false, leg("192.0.2.3", 5), leg("2001:db8::99", 5), Accepted},
		{"no gateway, whatever the default", other, true, Leg{Device: "eth0"}, Leg{}, NoGateway},
		{"IPv6 as it is", other, true, Leg{netip.MustParseAddr("fe80::7"), "eth1", true, 3}, Leg{netip.MustParseAddr("fe80::7"), "eth1", true, 3}, Accepted},
		{"IPv6 refused", other, false, leg("2001:db8::7", 1), Leg{}, IPv6Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := NewGateways(rows, tt.other, tt.take6)
			if err != nil {
				t.Fatal(err)
			}
			if got, why := g.Rewrite(tt.in); got != tt.want || why != tt.why {
				t.Errorf("Rewrite(%+v) = %+v, %v, want %+v, %v", tt.in, got, why, tt.want, tt.why)
			}
		})
	}
}

func TestRewriteAllDropsLegs(t *testing.T) {
	g, err := NewGateways([]GatewayRow{{netip.MustParseAddr("192.0.2.1"), gateway("2001:db8::1", "", false)}}, Gateway{}, false)
	if err != nil {
		t.Fatal(err)
	}
	known, unknown, six, none := leg("192.0.2.1", 2), leg("192.0.2.9", 1), leg("2001:db8::9", 1), Leg{Device: "eth0"}
	first := leg("2001:db8::f", 1)
	tests := []struct {
		name    string
		in      []Leg
		want    []Leg
		why     Reason
		dropped []Reason
	}{
		{"one of three is left", []Leg{unknown, known, none}, []Leg{first, leg("2001:db8::1", 2)}, Accepted, []Reason{UnknownGateway, NoGateway}},
		{"none is left: the first tells", []Leg{six, unknown}, []Leg{first}, IPv6Refused, []Reason{IPv6Refused, UnknownGateway}},
		{"nothing to rewrite", nil, []Leg{first}, NoGateway, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var dropped []Reason
			got, why := g.RewriteAll([]Leg{first}, tt.in, func(_ Leg, why Reason) { dropped = append(dropped, why) })
			if !slices.Equal(got, tt.want) || why != tt.why || !slices.Equal(dropped, tt.dropped) {
				t.Errorf("RewriteAll = %+v, %v, dropped %v", got, why, dropped)
			}
			if got, _ := g.RewriteAll([]Leg{first}, tt.in, nil); !slices.Equal(got, tt.want) {
				t.Errorf("RewriteAll that tells nobody = %+v", got)
			}
		})
	}
}

func TestNewGatewaysRefuses(t *testing.T) {
	good := gateway("2001:db8::1", "", false)
	v4 := netip.MustParseAddr("192.0.2.1")
	tests := []struct {
		name  string
		rows  []GatewayRow
		other Gateway
		want  error
	}{
		{"an IPv6 address for an IPv4 one", []GatewayRow{{netip.MustParseAddr("2001:db8::2"), good}}, Gateway{}, ErrGateway4},
		{"no IPv4 address", []GatewayRow{{netip.Addr{}, good}}, Gateway{}, ErrGateway4},
		{"two rows", []GatewayRow{{v4, good}, {v4, good}}, Gateway{}, ErrGatewayTwice},
		{"no IPv6 address", []GatewayRow{{v4, Gateway{Device: "eth0"}}}, Gateway{}, ErrGateway6},
		{"an IPv4 address for an IPv6 one", []GatewayRow{{v4, gateway("192.0.2.9", "", false)}}, Gateway{}, ErrGateway6},
		{"an IPv4-mapped one", []GatewayRow{{v4, gateway("::ffff:192.0.2.9", "", false)}}, Gateway{}, ErrGateway6},
		{"unspecified", []GatewayRow{{v4, gateway("::", "", false)}}, Gateway{}, ErrGateway6},
		{"multicast", []GatewayRow{{v4, gateway("ff02::1", "eth0", false)}}, Gateway{}, ErrGateway6},
		{"a zone", []GatewayRow{{v4, gateway("fe80::1%eth0", "eth0", false)}}, Gateway{}, ErrGateway6},
		{"link-local without a device", []GatewayRow{{v4, gateway("fe80::1", "", false)}}, Gateway{}, ErrNoDevice},
		{"onlink without a device", []GatewayRow{{v4, gateway("2001:db8::1", "", true)}}, Gateway{}, ErrNoDevice},
		{"a default without an address", nil, Gateway{Device: "eth0"}, ErrGateway6},
		{"link-local default without a device", nil, gateway("fe80::1", "", false), ErrNoDevice},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewGateways(tt.rows, tt.other, true); !errors.Is(err, tt.want) {
				t.Errorf("NewGateways: %v, want %v", err, tt.want)
			}
		})
	}
}
