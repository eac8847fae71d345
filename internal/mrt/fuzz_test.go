package mrt_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"taygo/internal/mrt"
)

// FuzzReader reads any octets: whatever they are, it ends, the same way however they
// arrive, and what it gives are routes.
func FuzzReader(f *testing.F) {
	_, file := someRoutes(3)
	f.Add(file)
	f.Add(join(rib(0, route("0.0.0.0/0", via6("2001:db8::1", "fe80::1"))), ribAddPath(1, route("203.0.113.7/32", whole6("2001:db8::2"), nil))))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, r, err := read(bytes.NewReader(b))
		if r == nil {
			return
		}
		again, s, err2 := read(iotest.OneByteReader(bytes.NewReader(b)))
		if s == nil || len(again) != len(got) || err.Error() != err2.Error() {
			t.Fatalf("%d routes, %v; and octet by octet %d, %v", len(got), err, len(again), err2)
		}
		passed := uint64(len(got))
		for _, why := range mrt.Reasons() {
			if s.Skipped(why) != r.Skipped(why) {
				t.Fatalf("%v: %d, and octet by octet %d", why, r.Skipped(why), s.Skipped(why))
			}
			passed += r.Skipped(why)
		}
		packed := len(b) > 1 && (b[0] == 0x1f || b[0] == 'B')
		if passed > r.Records() || !packed && r.Records() > uint64(len(b)/12) {
			t.Fatalf("%d routes and reasons of %d records in %d octets", passed, r.Records(), len(b))
		}
		check(t, b)
	})
}

// check looks at each route.
func check(t *testing.T, b []byte) {
	t.Helper()
	r, err := mrt.NewReader(bytes.NewReader(b))
	must(t, err)
	for {
		one, err := r.Next()
		if err != nil {
			if errors.Is(err, io.EOF) && one != (mrt.Route{}) {
				t.Fatalf("%+v at the end", one)
			}
			return
		}
		if p := one.Prefix; !p.Addr().Is4() || p != p.Masked() || !one.NextHop.IsValid() || one.NextHop.Zone() != "" || one.Paths < 1 {
			t.Fatalf("no route: %+v", one)
		}
	}
}
