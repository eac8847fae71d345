package natlog

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"taygo/nat64"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// long is how long a test waits for what takes milliseconds on an idle machine.
const long = 30 * time.Second

// eventually waits until holds returns "", and else fails with what it said last.
func eventually(t testing.TB, holds func() string) {
	t.Helper()
	end := time.Now().Add(long)
	for why := holds(); why != ""; why = holds() {
		if time.Now().After(end) {
			t.Fatal(why)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// A ring is a Feed of a table that never was.
type ring struct {
	mu   sync.Mutex
	all  []nat64.Change
	lost uint64
}

func (r *ring) put(all ...nat64.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, all...)
}

// lose has n more Changes find no room.
func (r *ring) lose(n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += n
}

func (r *ring) Next(into []nat64.Change) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := copy(into, r.all)
	r.all = r.all[n:]
	return n
}

func (r *ring) Lost() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// begun is the time 0 of Changes: a second that is nearly over.
var begun = time.Date(2026, 3, 29, 2, 59, 59, 998_700_000, time.FixedZone("CEST", 7200))

func wall(at time.Duration) time.Time { return begun.Add(at) }

func port(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// change returns one Change of each kind, and some that are special.
func changes() []nat64.Change {
	host, pool, peer := port("[2001:db8::1]:5000"), port("192.0.2.1:40000"), port("198.51.100.7:443")
	ms := time.Millisecond
	return []nat64.Change{
		{Kind: nat64.BindingMade, At: 0, Proto: udp, V6: host, V4: pool},
		{Kind: nat64.SessionMade, At: 1 * ms, Proto: udp, V6: host, V4: pool, Peer: peer},
		{Kind: nat64.SessionGone, At: 2 * ms, Proto: tcp, V6: host, V4: pool, Peer: peer},
		{Kind: nat64.BindingGone, At: 3 * ms, Proto: icmp, V6: host, V4: pool},
		{Kind: nat64.BlockTaken, At: 4 * ms, V6: port("[2001:db8:0:7::]:0"), V4: port("192.0.2.2:1024"), Last: 2047},
		{Kind: nat64.BlockFreed, At: 5 * ms, V6: port("[2001:db8:0:7::]:0"), V4: port("192.0.2.2:1024"), Last: 2047},
		{Kind: nat64.SourceLimited, At: 6 * ms, Proto: tcp, V6: port("[2001:db8:0:8::]:0")},
		{Kind: nat64.PortsExhausted, At: 7 * ms, Proto: tcp, V6: host, V4: port("192.0.2.3:0")},
		{Kind: nat64.PortsExhausted, At: time.Minute, Proto: udp, V6: host},
		{Kind: nat64.NumChangeKinds, V6: host},
	}
}

// everything has all kinds of events logged.
const everything = Bindings | Sessions | Blocks | Limits

// start runs a Log until the test ends, or the function that it returns is called.
func start(t testing.TB, l *Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		must(t, <-done)
	})
	t.Cleanup(stop)
	return stop
}

// read returns what is in a file; of none, nothing.
func read(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// place returns a path that is short enough for a socket.
func place(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "natlog-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// A teller is an Options.Tell.
type teller struct {
	mu  sync.Mutex
	all []error
}

func (t *teller) tell(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, err)
}

func (t *teller) told() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]error(nil), t.all...)
}
