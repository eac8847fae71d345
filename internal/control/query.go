package control

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
)

// A Query says which sessions, bindings or changes are asked for. The zero Query
// asks for all.
type Query struct {
	Protocol string         // tcp, udp or icmp; empty is all
	Client   netip.Prefix   // IPv6 hosts; the zero Prefix is all
	IPv4     netip.AddrPort // of the pool; port 0 is all, the zero AddrPort too
	Peer     netip.Prefix   // IPv4 hosts that are talked to; the zero Prefix is all
	Held     bool           // bindings that are only held, too
	Limit    int            // how many at most; 0 is no limit
}

// ParseClient returns the hosts that an IPv6 address or prefix names.
func ParseClient(s string) (netip.Prefix, error) {
	if p := parseHosts(s); p.Addr().Is6() && !p.Addr().Is4In6() {
		return p, nil
	}
	return netip.Prefix{}, fmt.Errorf("control: client: %q is not an IPv6 address or prefix: write one like 2001:db8::1 or 2001:db8::/64", s)
}

// ParsePeer returns the hosts that an IPv4 address or prefix names.
func ParsePeer(s string) (netip.Prefix, error) {
	if p := parseHosts(s); p.Addr().Is4() {
		return p, nil
	}
	return netip.Prefix{}, fmt.Errorf("control: peer: %q is not an IPv4 address or prefix: write one like 192.0.2.1 or 192.0.2.0/24", s)
}

// ParseIPv4 returns the address of the pool, with or without a port, that s names.
func ParseIPv4(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Is4() {
		return netip.AddrPortFrom(a, 0), nil
	}
	if a, err := netip.ParseAddrPort(s); err == nil && a.Addr().Is4() {
		return a, nil
	}
	return netip.AddrPort{}, fmt.Errorf("control: ipv4: %q is not an IPv4 address: write one like 192.0.2.1 or 192.0.2.1:4000", s)
}

// parseHosts returns the addresses that s names, or the zero Prefix.
func parseHosts(s string) netip.Prefix {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked()
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// values returns q as part of a URL.
func (q Query) values() url.Values {
	v := url.Values{}
	if q.Protocol != "" {
		v.Set("proto", q.Protocol)
	}
	if q.Client.IsValid() {
		v.Set("client", q.Client.String())
	}
	switch {
	case !q.IPv4.IsValid():
	case q.IPv4.Port() == 0:
		v.Set("ipv4", q.IPv4.Addr().String())
	default:
		v.Set("ipv4", q.IPv4.String())
	}
	if q.Peer.IsValid() {
		v.Set("peer", q.Peer.String())
	}
	if q.Held {
		v.Set("held", "true")
	}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// parseQuery reads what values writes, and refuses what it does not know.
func parseQuery(raw string) (Query, error) {
	v, err := url.ParseQuery(raw)
	if err != nil {
		return Query{}, fmt.Errorf("control: query: %w", err)
	}
	var q Query
	for key := range v {
		if err := q.set(key, v.Get(key)); err != nil {
			return Query{}, err
		}
	}
	return q, nil
}

// set sets the part of q that key names.
func (q *Query) set(key, value string) (err error) {
	switch key {
	case "proto":
		q.Protocol, err = ParseProtocol(value)
	case "client":
		q.Client, err = ParseClient(value)
	case "ipv4":
		q.IPv4, err = ParseIPv4(value)
	case "peer":
		q.Peer, err = ParsePeer(value)
	case "held":
		if q.Held, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("control: held: %q: write true or false", value)
		}
	case "limit":
		if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 0 {
			return fmt.Errorf("control: limit: %q: write a number from 0, which is no limit", value)
		}
	default:
		return fmt.Errorf("control: query: %q is not known: there are proto, client, ipv4, peer, held and limit", key)
	}
	return err
}

func (q Query) coversSession(s Session) bool {
	return q.covers(s.Protocol, s.IPv6, s.IPv4) && q.coversPeer(s.Peer)
}

func (q Query) coversBinding(b Binding) bool { return q.covers(b.Protocol, b.IPv6, b.IPv4) }

// coversChange reports whether q asks for c. A change that has no session is asked
// for by those who ask for no certain peer.
func (q Query) coversChange(c Change) bool {
	return q.covers(c.Protocol, c.IPv6, c.IPv4) && q.coversPeer(c.Peer)
}

// covers reports whether q asks for what belongs to these. A protocol that is
// empty is that of blocks of ports: all.
func (q Query) covers(protocol string, v6, v4 netip.AddrPort) bool {
	switch {
	case q.Protocol != "" && protocol != "" && protocol != q.Protocol:
		return false
	case q.Client.IsValid() && !q.Client.Contains(v6.Addr()):
		return false
	case !q.IPv4.IsValid():
		return true
	}
	return v4.Addr() == q.IPv4.Addr() && (q.IPv4.Port() == 0 || v4.Port() == q.IPv4.Port())
}

func (q Query) coversPeer(peer netip.AddrPort) bool {
	return !q.Peer.IsValid() || q.Peer.Contains(peer.Addr())
}
