package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"taygo/internal/routemap"
)

// A Lookup tells what becomes of packets to an IPv4 address, along the chain of
// routes.
type Lookup struct {
	Address netip.Addr          `json:"address"`         // that was asked for
	Route   *routemap.RouteInfo `json:"route,omitempty"` // that it follows; nil: none
	// Carrier is the route of the kernel's IPv6 table that carries its packets: that
	// of Route, or the aggregate that stands for it. The zero Prefix: none does.
	Carrier netip.Prefix `json:"carrier,omitzero"`
	Verdict Fate         `json:"verdict"`
}

// A Fate is what becomes of packets to an address.
type Fate string

// The fates.
const (
	FateForwarded   Fate = "forwarded"   // to the next hops of the route
	FateBlackhole   Fate = "blackhole"   // dropped
	FateUnreachable Fate = "unreachable" // answered by an ICMPv6 error
	FateProhibit    Fate = "prohibit"    // answered by another
	FateForeign     Fate = "foreign"     // a route of somebody else is in the place of ours
	FateUnrouted    Fate = "unrouted"    // no route of ours leads there
	FateFlushed     Fate = "flushed"     // everything was taken away, until a resync
)

// Rejections are the routes that are not mapped.
type Rejections struct {
	NextHops []routemap.RejectedInfo `json:"nexthops"`         // because of these, those of the most routes first
	Missed   uint64                  `json:"missed,omitempty"` // routes of next hops that the list has no room for
	Routes   map[string]uint64       `json:"routes"`           // since the last resync, by reason
	Legs     map[string]uint64       `json:"legs"`             // next hops of routes that have others, by reason
}

// A VerifyLine is one line of the answer to POST /routes/verify: progress, and at
// the end either a verdict or an error.
type VerifyLine struct {
	Done    int               `json:"done,omitempty"`  // routes read
	Total   int               `json:"total,omitempty"` // routes there are, about
	Verdict *routemap.Verdict `json:"verdict,omitempty"`
	Error   string            `json:"error,omitempty"`
}

// A Flushed is the answer to POST /routes/flush.
type Flushed struct {
	Routes int `json:"routes"` // that were taken away
}

// errNoRoutes is the answer where no routes are mapped.
var errNoRoutes = errors.New("this taygo maps no routes: say with route-source in its configuration where they come from, and reload; " +
	"if it says so already, its log tells what keeps it")

// A routeMapper is what the control socket asks of a routemap.Mapper.
type routeMapper interface {
	Summary() routemap.Summary
	Metrics() routemap.Metrics
	Show(p netip.Prefix, limit int) []routemap.RouteInfo
	Lookup(a netip.Addr) (routemap.RouteInfo, bool)
	NextHops() []routemap.NextHopInfo
	Rejected() ([]routemap.RejectedInfo, uint64)
	Verify(ctx context.Context, full bool, progress func(done, total int)) (routemap.Verdict, error)
	Resync(ctx context.Context) error
	Flush(ctx context.Context) (int, error)
}

// mapper returns the mapper of routes, or nil if there is none.
func (s *Server) mapper() routeMapper {
	if s.Routes == nil {
		return nil
	}
	if m := s.Routes(); m != nil {
		return m
	}
	return nil
}

// routes answers what is asked of a mapper of routes, which may be nil.
type routes struct{ mapper func() routeMapper }

// maxChanges is how many requests that change routes may be under way. They are
// done one by one.
const maxChanges = 4

func (r routes) handle(mux *http.ServeMux, listings seats) {
	verifies, changes := make(seats, 1), make(seats, maxChanges)
	mux.HandleFunc("GET /routes/summary", r.object(func(m routeMapper, _ *http.Request) (any, error) { return m.Summary(), nil }))
	mux.HandleFunc("GET /routes/rejected", r.object(func(m routeMapper, _ *http.Request) (any, error) { return rejections(m), nil }))
	mux.HandleFunc("GET /routes/lookup", r.object(lookup))
	mux.HandleFunc("GET /routes/show", listings.taken(r.with(show)))
	mux.HandleFunc("GET /routes/nexthops", listings.taken(r.with(nextHops)))
	mux.HandleFunc("POST /routes/verify", verifies.taken(r.with(verify)))
	mux.HandleFunc("POST /routes/resync", changes.taken(r.object(resync)))
	mux.HandleFunc("POST /routes/flush", changes.taken(r.object(flush)))
}

// with has h answer if routes are mapped.
func (r routes) with(h func(m routeMapper, w http.ResponseWriter, req *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		patience(w)
		if m := r.mapper(); m != nil {
			// The deadline for the request would end long work too.
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
			h(m, w, req)
			return
		}
		http.Error(w, errNoRoutes.Error(), http.StatusNotFound)
	}
}

// object answers with the one object that get returns.
func (r routes) object(get func(m routeMapper, req *http.Request) (any, error)) http.HandlerFunc {
	return r.with(func(m routeMapper, w http.ResponseWriter, req *http.Request) {
		answer, err := get(m, req)
		patience(w) // anew: it may have taken long
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			return // the other side is gone
		}
	})
}

// refuse answers with an error: that of the client, or ours.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusUnprocessableEntity
	if wrong, ok := errors.AsType[*queryError](err); ok {
		status, err = http.StatusBadRequest, wrong
	}
	http.Error(w, err.Error(), status)
}

func rejections(m routeMapper) Rejections {
	list, missed := m.Rejected()
	x := m.Metrics()
	return Rejections{NextHops: list, Missed: missed, Routes: x.RejectedTotal, Legs: x.LegsTotal}
}

func lookup(m routeMapper, req *http.Request) (any, error) {
	q, err := routeQuery(req, "ipv4")
	if err != nil {
		return nil, err
	}
	a, err := ParseDestination(q.Get("ipv4"))
	if err != nil {
		return nil, &queryError{err.Error()}
	}
	s := m.Summary()
	if whole, err := netip.ParsePrefix(s.Prefix); a.Is6() && err == nil && !whole.Contains(a) {
		return nil, &queryError{outside(a.String(), whole)}
	}
	l := Lookup{Address: a, Verdict: FateUnrouted}
	r, found := m.Lookup(a)
	switch {
	case s.Flushed:
		l.Verdict = FateFlushed
	case found:
		l.Route, l.Carrier = &r, carrier(r)
		l.Verdict = fate(l)
	}
	return l, nil
}

// carrier returns the route of the kernel's table that carries packets of r.
func carrier(r routemap.RouteInfo) netip.Prefix {
	if r.Aggregate == "" {
		return r.Mapped
	}
	p, err := netip.ParsePrefix(r.Aggregate)
	if err != nil {
		return netip.Prefix{} // there is none
	}
	return p
}

// fate returns what becomes of packets that follow the route of l.
func fate(l Lookup) Fate {
	switch {
	case !l.Carrier.IsValid():
		return FateUnrouted
	case l.Route.Foreign:
		return FateForeign
	case l.Route.Kind == routemap.Unicast.String():
		return FateForwarded
	}
	return Fate(l.Route.Kind)
}

func nextHops(m routeMapper, w http.ResponseWriter, _ *http.Request) {
	out := newLines(w)
	for _, h := range m.NextHops() {
		if !out.put(h) {
			break
		}
	}
	out.end(nil)
}

func resync(m routeMapper, req *http.Request) (any, error) {
	if err := m.Resync(req.Context()); err != nil {
		return nil, err
	}
	return m.Summary(), nil
}

func flush(m routeMapper, req *http.Request) (any, error) {
	n, err := m.Flush(req.Context())
	if err != nil {
		return nil, err
	}
	return Flushed{Routes: n}, nil
}

// verify answers with progress, at most every flushEvery, and then with the verdict.
func verify(m routeMapper, w http.ResponseWriter, req *http.Request) {
	q, err := routeQuery(req, "full")
	if err != nil {
		refuse(w, err)
		return
	}
	full := false
	if s := q.Get("full"); s != "" {
		if full, err = strconv.ParseBool(s); err != nil {
			refuse(w, &queryError{"full: " + strconv.Quote(s) + ": write true or false"})
			return
		}
	}
	ctx, stop := context.WithCancel(req.Context())
	defer stop()
	out := newLines(w)
	var last time.Time
	v, err := m.Verify(ctx, full, func(done, total int) {
		if time.Since(last) < flushEvery {
			return
		}
		last = time.Now()
		if out.put(VerifyLine{Done: done, Total: total}); !out.flushed() {
			stop()
		}
	})
	if err != nil {
		out.put(VerifyLine{Error: err.Error()})
	} else {
		out.put(VerifyLine{Verdict: &v})
	}
	out.end(nil)
}
