package control

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"taygo/internal/routemap"
)

// A queryError tells what is wrong with what was asked for.
type queryError struct{ what string }

func (e *queryError) Error() string { return "control: " + strings.TrimPrefix(e.what, "control: ") }

// routeQuery returns the query of a request, which has no keys but these.
func routeQuery(req *http.Request, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return nil, &queryError{"query: " + err.Error()}
	}
	for key := range q {
		if !slices.Contains(known, key) {
			return nil, &queryError{fmt.Sprintf("query: %q is not known: there is %s", key, strings.Join(known, " and "))}
		}
	}
	return q, nil
}

// ParseDestination returns the IPv4 address, or the IPv6 address that stands for
// one, that s names.
func ParseDestination(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return netip.Addr{}, fmt.Errorf("control: address: %q is not an IPv4 address: write one like 192.0.2.1, or the IPv6 address that it is mapped to", s)
	}
	return a, nil
}

// ParseRoutePrefix returns the prefix of routes, IPv4 or mapped, that s names.
func ParseRoutePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("control: prefix: %q is not a prefix: write one like 192.0.2.0/24; lookup takes an address", s)
	}
	return p.Masked(), nil
}

// outside tells that an IPv6 address or prefix stands for no IPv4 one.
func outside(what string, whole netip.Prefix) string {
	return fmt.Sprintf("%s lies outside of %v, which routes are mapped to: write one inside of it, or of IPv4", what, whole)
}

// chunk is how many routes are asked for at once: a mapper is held up that long.
const chunk = 2048

// show answers with the routes inside a prefix.
func show(m routeMapper, w http.ResponseWriter, req *http.Request) {
	p, limit, err := showQuery(m, req)
	if err != nil {
		refuse(w, err)
		return
	}
	out, n := newLines(w), 0
	if p.IsValid() {
		showInside(m, p, func(r routemap.RouteInfo) bool {
			n++
			return out.put(r) && n != limit && req.Context().Err() == nil
		})
	}
	out.end(nil)
}

// showQuery returns the IPv4 prefix whose routes are asked for, which is the zero
// Prefix if there are none, and how many at most; 0 is no limit.
func showQuery(m routeMapper, req *http.Request) (p netip.Prefix, limit int, err error) {
	q, err := routeQuery(req, "prefix", "limit")
	if err != nil {
		return p, 0, err
	}
	if s := q.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 0 {
			return p, 0, &queryError{fmt.Sprintf("limit: %q: write a number from 0, which is no limit", s)}
		}
	}
	if p, err = ParseRoutePrefix(q.Get("prefix")); err != nil {
		return p, 0, &queryError{err.Error()}
	}
	p, err = inIPv4(m, p)
	return p, limit, err
}

// inIPv4 returns the IPv4 prefix that p stands for, or the zero Prefix if there
// are no routes inside of it.
func inIPv4(m routeMapper, p netip.Prefix) (netip.Prefix, error) {
	if p.Addr().Is4() {
		return p, nil
	}
	whole, err := netip.ParsePrefix(m.Summary().Prefix)
	switch {
	case err != nil || !whole.Overlaps(p):
		return netip.Prefix{}, &queryError{outside(p.String(), whole)}
	case p.Bits() <= whole.Bits():
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), nil
	}
	first := m.Show(p, 1)
	if len(first) == 0 {
		return netip.Prefix{}, nil
	}
	bits := p.Bits() - whole.Bits()
	if whole.Bits() <= 64 && p.Bits() > 64 {
		bits -= 8 // the octet that is always zero (RFC 6052 §2.2)
	}
	return netip.PrefixFrom(first[0].Prefix.Addr(), bits).Masked(), nil
}

// showInside yields the routes inside p in order, until yield returns false, which
// it tells. It asks for not too many at once: half of p, and half of that.
func showInside(m routeMapper, p netip.Prefix, yield func(routemap.RouteInfo) bool) bool {
	some := m.Show(p, chunk)
	if len(some) < chunk {
		for _, r := range some {
			if !yield(r) {
				return false
			}
		}
		return true
	}
	if some[0].Prefix == p && !yield(some[0]) {
		return false
	}
	for half := range 2 {
		if !showInside(m, halfOf(p, half), yield) {
			return false
		}
	}
	return true
}

// halfOf returns the first or second half of an IPv4 prefix.
func halfOf(p netip.Prefix, half int) netip.Prefix {
	a := p.Addr().As4()
	if half == 1 {
		a[p.Bits()/8] |= 1 << (7 - p.Bits()%8)
	}
	return netip.PrefixFrom(netip.AddrFrom4(a), p.Bits()+1)
}
