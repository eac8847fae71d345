package logsink

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long a test waits for what takes milliseconds on an idle
// machine, before it fails.
const patience = 30 * time.Second

// waitFor waits until a condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// A receiver listens at the path of a syslog or a journal.
type receiver struct{ *net.UnixConn }

func listen(t testing.TB, path string) *receiver {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return &receiver{c}
}

// next returns the next datagram.
func (r *receiver) next(t testing.TB) string {
	t.Helper()
	must(t, r.SetReadDeadline(time.Now().Add(patience)))
	b := make([]byte, 1<<18)
	n, err := r.Read(b)
	must(t, err)
	return string(b[:n])
}

// stop ends the receiver, and removes its path, as a stopped syslog does.
func (r *receiver) stop(t testing.TB, path string) {
	t.Helper()
	must(t, r.Close())
	_ = os.Remove(path) // Close may have
}

// socketPath returns a path that is short enough for a socket.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "log-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// A gate is a writer that blocks until it is opened.
type gate struct {
	open chan struct{}

	mu     sync.Mutex
	writes []string
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	g.writes = append(g.writes, string(p))
	return len(p), nil
}

func (g *gate) lines() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.writes...)
}

// closeWell closes s, and fails the test if that loses lines.
func closeWell(t testing.TB, s *Sink) {
	t.Helper()
	if !s.Close(patience) {
		t.Errorf("closing lost lines: %d in all", s.Lost())
	}
}
