package natstate

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"taygo/nat64"
)

// start is when the snapshots of the tests are taken.
var start = Moment{Wall: time.Date(2026, 3, 29, 0, 59, 59, 987654321, time.UTC), Boot: 12345 * time.Second, BootID: [16]byte{7, 15: 9}}

// origin is where those snapshots come from.
var origin = Origin{Taken: start, Key: [32]byte{1, 31: 2}, Prefix: netip.MustParsePrefix("2001:db8:64:a::/96")}

// after returns the time d after start, on the same start of the machine.
func after(d time.Duration) Moment {
	return Moment{Wall: start.Wall.Add(d), Boot: start.Boot + d, BootID: start.BootID}
}

// entry returns the n-th entry of some: of all protocols, held, static, with one or
// several sessions.
func entry(n int) nat64.Entry {
	v6 := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)})
	e := nat64.Entry{
		Proto: protocols[n%3],
		V6:    netip.AddrPortFrom(v6, uint16(n*7)),
		V4:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n >> 16)}), uint16(n)),
	}
	switch n % 8 {
	case 6:
		e.Held, e.Left = true, time.Duration(1+n%1920)*unit
		return e
	case 7:
		e.Static = true
	}
	for i := range []int{1, 1, 1, 1, 1, 12, 0, 2}[n%8] {
		e.Sessions = append(e.Sessions, nat64.SessionEntry{
			Peer:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), uint16(443+n%3)),
			State: nat64.State(1 + (n+i)%(nat64.NumStates-1)),
			Left:  time.Duration(1+(n+i)%119040) * unit,
		})
	}
	return e
}

func entries(n int) []nat64.Entry {
	all := make([]nat64.Entry, n)
	for i := range all {
		all[i] = entry(i)
	}
	return all
}

// written returns a snapshot of these, taken at start.
func written(t testing.TB, all []nat64.Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	s, err := Write(&b, origin, slices.Values(all))
	if err != nil || s.Bindings != len(all) || s.Octets != int64(b.Len()) || s.Origin != origin {
		t.Fatalf("%+v, %v", s, err)
	}
	return b.Bytes()
}

// A taker restores entries into a slice.
type taker struct{ all []nat64.Entry }

func (t *taker) restore(some []nat64.Entry) (restored, refused int) {
	for _, e := range some {
		e.Sessions = slices.Clone(e.Sessions)
		t.all = append(t.all, e)
	}
	return len(some), 0
}

// read returns what a snapshot restores.
func read(b []byte, o Options) ([]nat64.Entry, Loaded, error) {
	var t taker
	l, err := Read(bytes.NewReader(b), int64(len(b)), o, t.restore)
	return t.all, l, err
}

func equal(a, b nat64.Entry) bool {
	same := slices.Equal(a.Sessions, b.Sessions)
	a.Sessions, b.Sessions = nil, nil
	return same && a.Proto == b.Proto && a.V6 == b.V6 && a.V4 == b.V4 && a.Static == b.Static && a.Held == b.Held && a.Left == b.Left
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, n := range []int{0, 1, 3, 24, 20000} {
		want := entries(n)
		got, l, err := read(written(t, want), Options{Now: start})
		if err != nil || !slices.EqualFunc(got, want, equal) || l.Restored != n || l.Bindings != n || l.Origin != origin || l.Age != 0 || l.Ended != 0 {
			t.Errorf("of %d entries %d come back, %+v, %v", n, len(got), l, err)
		}
	}
}

// TestABindingOfManySessions: more than a block is long, and a host that has all
// of the others.
func TestABindingOfManySessions(t *testing.T) {
	big := entry(0)
	for i := range 100_000 {
		peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i >> 16)}), uint16(i))
		big.Sessions = append(big.Sessions, nat64.SessionEntry{Peer: peer, State: nat64.BothWays, Left: time.Minute})
	}
	want := []nat64.Entry{entry(1), big, entry(2)}
	got, l, err := read(written(t, want), Options{Now: start})
	if err != nil || !slices.EqualFunc(got, want, equal) || l.Sessions != 100_003 {
		t.Errorf("%d entries, %+v, %v", len(got), l, err)
	}
}

// TestLifetimesAreNeverShortened: the unit of the file is that of the tables, and
// what is finer is rounded up.
func TestLifetimesAreNeverShortened(t *testing.T) {
	for _, row := range []struct{ left, want time.Duration }{
		{unit, unit},
		{1, unit},
		{unit + 1, 2 * unit},
		{2 * time.Hour, 2 * time.Hour},
		{0, 0},
		{-1, 0},
		{-3 * unit, -3 * unit},
		{100 * 365 * 24 * time.Hour, fromUnits(1<<31 - 1)},
		{-100 * 365 * 24 * time.Hour, fromUnits(-1 << 31)},
	} {
		if got := fromUnits(toUnits(row.left)); got != row.want {
			t.Errorf("%v becomes %v, want %v", row.left, got, row.want)
		}
	}
	for range 1000 {
		d := time.Duration(rand.Int64N(int64(time.Hour)))
		if got := fromUnits(toUnits(d)); got < d || got >= d+unit {
			t.Fatalf("%v becomes %v", d, got)
		}
	}
}

// TestEntriesThatNoFileCanHold are told, not written as something else.
func TestEntriesThatNoFileCanHold(t *testing.T) {
	for name, change := range map[string]func(*nat64.Entry){
		"another protocol": func(e *nat64.Entry) { e.Proto = 132 },
		"no host":          func(e *nat64.Entry) { e.V6 = netip.AddrPort{} },
		"an IPv4 host":     func(e *nat64.Entry) { e.V6 = e.V4 },
		"no pool address":  func(e *nat64.Entry) { e.V4 = netip.AddrPort{} },
		"no peer":          func(e *nat64.Entry) { e.Sessions[0].Peer = netip.AddrPort{} },
	} {
		e := entry(1)
		change(&e)
		var b bytes.Buffer
		if _, err := Write(&b, origin, slices.Values([]nat64.Entry{e})); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// TestAnotherPrefixIsRefused: hosts would see their peers under other addresses.
func TestAnotherPrefixIsRefused(t *testing.T) {
	b := written(t, entries(100))
	for prefix, want := range map[string]error{
		"2001:db8:64:a::/96": nil,
		"2001:db8:64:a::/64": errPrefix,
		"2001:db8:64:b::/96": errPrefix,
		"64:ff9b::/96":       errPrefix,
	} {
		taken := 0
		_, err := Read(bytes.NewReader(b), int64(len(b)), Options{Now: start, Prefix: netip.MustParsePrefix(prefix)},
			func(some []nat64.Entry) (int, int) { taken += len(some); return len(some), 0 })
		if !errors.Is(err, want) || (taken == 0) != (want != nil) {
			t.Errorf("%s: %d entries, %v", prefix, taken, err)
		}
	}
}
