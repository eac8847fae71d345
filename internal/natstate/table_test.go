package natstate

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate/pref64"
)

// table returns a table with a key and this pool.
func table(t testing.TB, key [32]byte, pool string) *nat64.Table {
	t.Helper()
	o := nat64.Defaults()
	prefix, err := pref64.New(netip.MustParsePrefix("2001:db8:64::/96"))
	must(t, err)
	o.Prefix, o.Key = prefix, key
	o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix(pool), First: 1, Last: 65535, TCP: true, UDP: true, ICMP: true}}
	made, err := nat64.New(o, [32]byte{9})
	must(t, err)
	return made
}

// udp returns the n-th of some bindings of UDP, with one session.
func udp(n int) nat64.Entry {
	e := entry(1 + 24*n) // UDP, one session
	e.V4 = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n >> 13)}), uint16(1+n%8192))
	e.Sessions[0].State, e.Sessions[0].Left = nat64.BothWays, time.Duration(1+n%4800)*unit
	return e
}

// fill puts n bindings into a table.
func fill(t testing.TB, into *nat64.Table, n int) {
	t.Helper()
	for at := 0; at < n; at += 1000 {
		var some []nat64.Entry
		for i := at; i < min(at+1000, n); i++ {
			some = append(some, udp(i))
		}
		if restored, refused := into.Restore(some, 0); restored != len(some) {
			t.Fatalf("%d restored, %d refused", restored, refused)
		}
	}
}

// all returns the entries of a table, by host.
func all(of *nat64.Table, now time.Duration) map[netip.AddrPort]nat64.Entry {
	m := map[netip.AddrPort]nat64.Entry{}
	of.Export(func(e nat64.Entry) bool {
		e.Sessions = slices.Clone(e.Sessions)
		m[e.V6] = e
		return true
	}, now)
	return m
}

// TestATableOutlivesARestart: whatever has not ended meanwhile is in the new table
// as it was, and lives as long as it would have; what no longer fits its pool is
// refused, and nothing else.
func TestATableOutlivesARestart(t *testing.T) {
	const n = 3 << 13 // of three addresses
	old := table(t, [32]byte{}, "192.0.2.0/24")
	fill(t, old, n)
	f := in(t.TempDir())
	const now = 10 * time.Second
	_, err := f.Save(t.Context(), Origin{Taken: start, Key: old.Key()}, func(yield func(nat64.Entry) bool) { old.Export(yield, now) })
	must(t, err)
	want := all(old, now)
	for _, row := range []struct {
		name, pool string
		age        time.Duration
		kept       func(e nat64.Entry) bool
	}{
		{"the same pool", "192.0.2.0/24", 0, func(nat64.Entry) bool { return true }},
		{"two minutes later", "192.0.2.0/24", 2 * time.Minute, func(nat64.Entry) bool { return true }},
		{"a smaller pool", "192.0.2.0/31", 0, func(e nat64.Entry) bool { return e.V4.Addr().As4()[3] < 2 }},
		{"another pool", "198.51.100.0/24", 0, func(nat64.Entry) bool { return false }},
	} {
		next := table(t, f.Key(), row.pool)
		const begun = time.Hour // the clock of the new process
		restore := func(some []nat64.Entry) (int, int) { return next.Restore(some, begun) }
		l, err := f.Load(Options{Now: after(row.age), Hold: 2 * time.Minute}, restore)
		must(t, err)
		got, kept := all(next, begun), 0
		for _, e := range want {
			e.Sessions = slices.Clone(e.Sessions) // age works in place
			e, alive := age(e, row.age, Options{Hold: 2 * time.Minute})
			if !alive || !row.kept(e) {
				continue
			}
			kept++
			if !equal(got[e.V6], e) {
				t.Fatalf("%s: %+v, want %+v", row.name, got[e.V6], e)
			}
		}
		if len(got) != kept || l.Restored != kept || l.Refused != len(want)-kept-l.Ended {
			t.Errorf("%s: %d entries, %d expected, of %d; %+v", row.name, len(got), kept, len(want), l)
		}
	}
}

// BenchmarkTable is what a binding with one session costs, from the table to the
// snapshot and back. Nearly all of them live in another shard than that of their
// host, which is the worst case.
func BenchmarkTable(b *testing.B) {
	const n = 1 << 20
	old := table(b, [32]byte{}, "192.0.2.0/24")
	fill(b, old, n)
	var file bytes.Buffer
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			file.Reset()
			_, err := Write(&file, Origin{Taken: start, Key: old.Key()}, func(yield func(nat64.Entry) bool) { old.Export(yield, 0) })
			must(b, err)
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Msessions/s")
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			next := table(b, old.Key(), "192.0.2.0/24")
			b.StartTimer()
			l, err := Read(bytes.NewReader(file.Bytes()), int64(file.Len()), Options{Now: start}, func(some []nat64.Entry) (int, int) { return next.Restore(some, 0) })
			if err != nil || l.Restored != n {
				b.Fatal(l, err)
			}
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Msessions/s")
	})
}
