package control

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"taygo/internal/routemap"
)

// shown returns the prefixes of the routes inside p.
func shown(t *testing.T, c Client, p string, limit int) []netip.Prefix {
	t.Helper()
	var got []netip.Prefix
	err := c.ShowRoutes(t.Context(), prefix(p), limit, func(r routemap.RouteInfo) bool { got = append(got, r.Prefix); return true })
	if err != nil {
		t.Errorf("show %s: %v", p, err)
	}
	return got
}

func TestShowRoutes(t *testing.T) {
	all := []string{"0.0.0.0/0", "198.51.100.0/24", "198.51.100.0/25", "198.51.100.128/25", "203.0.113.7/32"}
	c := serveRoutes(t, newFake(prefixesOf(all...)...))
	for _, row := range []struct {
		name, p string
		limit   int
		want    []string
	}{
		{"all", "0.0.0.0/0", 0, all},
		{"so many", "0.0.0.0/0", 2, all[:2]},
		{"inside a prefix", "198.51.100.0/24", 0, all[1:4]},
		{"one route", "203.0.113.7/32", 0, all[4:]},
		{"with host bits", "198.51.100.99/25", 0, all[2:3]},
		{"none", "192.0.2.0/24", 0, nil},
		{"a mapped prefix", "2001:db8:64::c633:6480/121", 0, all[3:4]},
		{"the prefix of all", "2001:db8:64::/96", 0, all},
		{"more than that", "2001:db8::/32", 0, all},
		{"no mapped prefix", "2001:db8:64::c000:200/120", 0, nil},
	} {
		if got := shown(t, c, row.p, row.limit); !slices.Equal(got, prefixesOf(row.want...)) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestShowAsksForAFewAtATime: of many routes each is shown once and in order, and
// the mapper is never asked for more than a chunk.
func TestShowAsksForAFewAtATime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[netip.Prefix]bool{prefix("0.0.0.0/0"): true, prefix("192.0.0.0/2"): true}
	for len(seen) < 3*chunk {
		a := netip.AddrFrom4([4]byte{byte(200 + r.IntN(3)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		seen[netip.PrefixFrom(a, 8+r.IntN(25)).Masked()] = true
	}
	var all []netip.Prefix
	for p := range seen {
		all = append(all, p)
	}
	f := newFake(all...)
	c := serveRoutes(t, f)
	want := make([]netip.Prefix, len(f.routes))
	for i, r := range f.routes {
		want[i] = r.Prefix
	}
	if got := shown(t, c, "0.0.0.0/0", 0); !slices.Equal(got, want) {
		t.Errorf("%d routes, want %d", len(got), len(want))
	}
	if got := shown(t, c, "0.0.0.0/0", chunk+1); !slices.Equal(got, want[:chunk+1]) {
		t.Errorf("%d routes, want %d", len(got), chunk+1)
	}
	if most := slices.Max(f.asked); most > chunk {
		t.Errorf("the mapper is asked for %d at once", most)
	}
}

// TestRoutesInsideAMappedPrefix counts bits as RFC 6052 §2.2 does.
func TestRoutesInsideAMappedPrefix(t *testing.T) {
	for _, row := range []struct{ whole, mapped, route, asked, want string }{
		{"2001:db8::/32", "2001:db8:c633:6400::/56", "198.51.100.0/24", "2001:db8:c633::/48", "198.51.0.0/16"},
		{"2001:db8:100::/40", "2001:db8:1c6:3364:80::/73", "198.51.100.128/25", "2001:db8:1c6:3364::/64", "198.51.100.0/24"},
		{"2001:db8:100::/40", "2001:db8:1c6:3364:80::/73", "198.51.100.128/25", "2001:db8:1c6:3364:80::/73", "198.51.100.128/25"},
		{"2001:db8::/64", "2001:db8::c6:3364:0:0/96", "198.51.100.0/24", "2001:db8::c6:0:0:0/80", "198.0.0.0/8"},
		{"2001:db8::/64", "2001:db8::c6:3364:0:0/96", "198.51.100.0/24", "2001:db8::/72", "0.0.0.0/0"},
	} {
		f := newFake()
		f.summary.Prefix = row.whole
		f.routes = []routemap.RouteInfo{{Prefix: prefix(row.route), Mapped: prefix(row.mapped)}}
		if got, err := inIPv4(f, prefix(row.asked)); err != nil || got != prefix(row.want) {
			t.Errorf("%s of %s: %v, %v; want %s", row.asked, row.whole, got, err, row.want)
		}
	}
}

func TestVerifyTellsProgressAndVerdict(t *testing.T) {
	want := routemap.Verdict{Equal: true, Source: 1000, Mapped: 900, Kernel: 900, Tries: 2, Took: time.Second}
	f := newFake()
	f.verify = func(_ context.Context, full bool, progress func(int, int)) (routemap.Verdict, error) {
		for n := range 4 {
			progress(n*250, 1000)
			progress(n*250+1, 1000) // at once: it is not told
			time.Sleep(flushEvery + 10*time.Millisecond)
		}
		v := want
		v.Full = full
		return v, nil
	}
	c := serveRoutes(t, f)
	var steps []int
	got, err := c.VerifyRoutes(t.Context(), true, func(done, total int) { steps = append(steps, done, total) })
	want.Full = true
	if err != nil || got.Took != want.Took || !got.Equal || !got.Full || got.Source != 1000 || got.Tries != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if !slices.Equal(steps, []int{0, 1000, 250, 1000, 500, 1000, 750, 1000}) {
		t.Errorf("progress %v", steps)
	}
	if got, err := c.VerifyRoutes(t.Context(), false, nil); err != nil || got.Full {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestVerifyThatFails(t *testing.T) {
	f := newFake()
	c := serveRoutes(t, f)
	for name, told := range map[string]int{"at once": 0, "on the way": 5} {
		f.verify = func(_ context.Context, _ bool, progress func(int, int)) (routemap.Verdict, error) {
			if told > 0 {
				progress(told, 10)
			}
			return routemap.Verdict{}, errors.New("the table is on fire")
		}
		if _, err := c.VerifyRoutes(t.Context(), false, nil); err == nil || err.Error() != "control: the table is on fire" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerifyEndsWhenTheClientGoes, and another one can verify then. Two at once
// cannot.
func TestVerifyEndsWhenTheClientGoes(t *testing.T) {
	f := newFake()
	begun := make(chan struct{}, 1)
	f.verify = func(ctx context.Context, _ bool, progress func(int, int)) (routemap.Verdict, error) {
		progress(1, 2)
		begun <- struct{}{}
		<-ctx.Done()
		return routemap.Verdict{}, ctx.Err()
	}
	c := serveRoutes(t, f)
	for range 2 {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			err := errors.New("at once")
			for err != nil && ctx.Err() == nil && strings.Contains(err.Error(), "at once") { // the seat of the one before is soon free
				_, err = c.VerifyRoutes(ctx, false, nil)
			}
			ended <- err
		}()
		<-begun
		if _, err := c.VerifyRoutes(t.Context(), false, nil); err == nil || !strings.Contains(err.Error(), "at once") {
			t.Errorf("a second one: %v", err)
		}
		stop()
		if err := <-ended; err == nil {
			t.Error("it is told a verdict")
		}
	}
}
