package rib

import (
	"errors"
	"fmt"
	"net/netip"
)

// Reasons for which NewGateways refuses a row.
var (
	ErrGateway4     = errors.New("not an IPv4 address")
	ErrGateway6     = errors.New("not an IPv6 unicast address")
	ErrGatewayTwice = errors.New("the IPv4 gateway has a row already")
	ErrNoDevice     = errors.New("needs a device")
)

// A Gateway is the IPv6 next hop that stands for an IPv4 one. The zero value is
// none.
type Gateway struct {
	Addr   netip.Addr
	Device string // empty leaves it to the kernel, but not for a link-local Addr or Onlink
	Onlink bool
}

// A GatewayRow is a row of the table of next hops: routes via the IPv4 gateway V4
// go to the Gateway.
type GatewayRow struct {
	V4 netip.Addr
	Gateway
}

// Gateways rewrites the next hops of IPv4 routes. It never changes, so any number
// of goroutines may use it.
type Gateways struct {
	rows       map[netip.Addr]Gateway
	other      Gateway
	acceptIPv6 bool
}

// NewGateways returns the table of these rows. IPv4 gateways without a row become
// other, if that has an address. acceptIPv6 takes next hops that are IPv6 already
// (RFC 8950) as they are.
func NewGateways(rows []GatewayRow, other Gateway, acceptIPv6 bool) (*Gateways, error) {
	g := &Gateways{make(map[netip.Addr]Gateway, len(rows)), other, acceptIPv6}
	if other != (Gateway{}) {
		if err := other.check(); err != nil {
			return nil, fmt.Errorf("rib: default next hop: %w", err)
		}
	}
	for _, r := range rows {
		if !r.V4.Is4() {
			return nil, fmt.Errorf("rib: next hop %v: %w: write the gateway of the IPv4 routes, such as 192.0.2.1", r.V4, ErrGateway4)
		}
		if _, ok := g.rows[r.V4]; ok {
			return nil, fmt.Errorf("rib: next hop %v: %w: keep one of them", r.V4, ErrGatewayTwice)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("rib: next hop %v: %w", r.V4, err)
		}
		g.rows[r.V4] = r.Gateway
	}
	return g, nil
}

func (g Gateway) check() error {
	switch {
	case !g.Addr.Is6() || g.Addr.Is4In6() || g.Addr.IsUnspecified() || g.Addr.IsMulticast() || g.Addr.IsLoopback() || g.Addr.Zone() != "":
		return fmt.Errorf("%v: %w: write one without a zone, such as 2001:db8::1", g.Addr, ErrGateway6)
	case g.Device == "" && g.Addr.IsLinkLocalUnicast():
		return fmt.Errorf("%v: %w: a link-local address is one on each link; add dev NAME", g.Addr, ErrNoDevice)
	case g.Device == "" && g.Onlink:
		return fmt.Errorf("%v: %w: onlink says on which link only with dev NAME", g.Addr, ErrNoDevice)
	}
	return nil
}

// Rewrite returns l with its IPv6 gateway, its weight kept, or why it has none:
// NoGateway for a destination on the link, IPv6Refused for an IPv6 gateway that is
// not to be taken, UnknownGateway for an IPv4 gateway without a row.
func (g *Gateways) Rewrite(l Leg) (Leg, Reason) {
	switch {
	case !l.Via.IsValid():
		return Leg{}, NoGateway
	case l.Via.Is6() && !g.acceptIPv6:
		return Leg{}, IPv6Refused
	case l.Via.Is6():
		return l, Accepted
	}
	to, ok := g.rows[l.Via]
	if !ok {
		to = g.other
	}
	if !to.Addr.IsValid() {
		return Leg{}, UnknownGateway
	}
	return Leg{Via: to.Addr, Device: to.Device, Onlink: to.Onlink, Weight: l.Weight}, Accepted
}

// RewriteAll appends to dst the legs that Rewrite takes. If it takes none, the
// reason is that of the first. dropped, unless nil, is called with each leg that
// is not taken.
func (g *Gateways) RewriteAll(dst, legs []Leg, dropped func(Leg, Reason)) ([]Leg, Reason) {
	first, n := NoGateway, len(dst)
	for i, l := range legs {
		to, why := g.Rewrite(l)
		if i == 0 {
			first = why
		}
		if why != Accepted {
			if dropped != nil {
				dropped(l, why)
			}
			continue
		}
		dst = append(dst, to)
	}
	if len(dst) > n {
		return dst, Accepted
	}
	return dst, first
}
