package control

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"taygo/internal/routemap"
)

// A fakeMapper has the routes of a test.
type fakeMapper struct {
	summary  routemap.Summary
	routes   []routemap.RouteInfo // sorted by address, shorter ones first
	asked    []int                // how many routes Show was asked for
	changed  []string
	verify   func(ctx context.Context, full bool, progress func(done, total int)) (routemap.Verdict, error)
	refusing error
}

// newFake returns a fakeMapper with routes for prefixes, mapped to a /96.
func newFake(prefixes ...netip.Prefix) *fakeMapper {
	f := &fakeMapper{summary: routemap.Summary{Running: true, Prefix: "2001:db8:64::/96"}}
	for _, p := range prefixes {
		a := netip.MustParseAddr("2001:db8:64::").As16()
		four := p.Addr().As4()
		copy(a[12:], four[:])
		f.routes = append(f.routes, routemap.RouteInfo{
			Prefix: p, Mapped: netip.PrefixFrom(netip.AddrFrom16(a), 96+p.Bits()), Kind: "unicast", Metric: 1024,
			Legs: []routemap.LegInfo{{Via: netip.MustParseAddr("2001:db8:a::1"), Device: "eth0"}},
		})
	}
	f.sort()
	return f
}

func (f *fakeMapper) sort() {
	slices.SortFunc(f.routes, func(a, b routemap.RouteInfo) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
}

func (f *fakeMapper) Summary() routemap.Summary {
	s := f.summary
	s.Mapped = len(f.routes)
	return s
}

func (f *fakeMapper) Metrics() routemap.Metrics {
	return routemap.Metrics{Mapped: len(f.routes), RejectedTotal: map[string]uint64{"filtered": 9}, LegsTotal: map[string]uint64{"no-leg": 1}}
}

func (f *fakeMapper) Show(p netip.Prefix, limit int) []routemap.RouteInfo {
	f.asked = append(f.asked, limit)
	var all []routemap.RouteInfo
	for _, r := range f.routes {
		q := r.Prefix
		if p.Addr().Is6() {
			q = r.Mapped
		}
		if p.Bits() <= q.Bits() && p.Contains(q.Addr()) && len(all) < limit {
			all = append(all, r)
		}
	}
	return all
}

func (f *fakeMapper) Lookup(a netip.Addr) (best routemap.RouteInfo, found bool) {
	for _, r := range f.routes {
		inside := r.Prefix.Contains(a) || r.Mapped.Contains(a)
		if inside && (!found || r.Prefix.Bits() > best.Prefix.Bits()) {
			best, found = r, true
		}
	}
	return best, found
}

func (f *fakeMapper) NextHops() []routemap.NextHopInfo {
	return []routemap.NextHopInfo{{ID: 1, To: "2001:db8:a::1 dev eth0", Up: true, Routes: 7}, {To: "2001:db8:b::1", Why: "no way there"}}
}

func (f *fakeMapper) Rejected() ([]routemap.RejectedInfo, uint64) {
	return []routemap.RejectedInfo{{Via: "192.0.2.9", Reason: "unknown-gateway", Routes: 3, Last: prefix("198.51.100.0/24")}}, 5
}

func (f *fakeMapper) Verify(ctx context.Context, full bool, progress func(done, total int)) (routemap.Verdict, error) {
	return f.verify(ctx, full, progress)
}

func (f *fakeMapper) Resync(context.Context) error {
	f.changed = append(f.changed, "resync")
	return f.refusing
}

func (f *fakeMapper) Flush(context.Context) (int, error) {
	f.changed = append(f.changed, "flush")
	return len(f.routes), f.refusing
}

// serveRoutes serves what is asked of f on a socket of its own until the test ends.
func serveRoutes(t *testing.T, f *fakeMapper) Client {
	t.Helper()
	mux := http.NewServeMux()
	routes{func() routeMapper { return f }}.handle(mux, make(seats, maxListings))
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: mux}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	t.Cleanup(func() {
		h.Close()
		<-done
	})
	return Client{Path: path}
}
