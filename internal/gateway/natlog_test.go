package gateway

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"taygo/internal/control"
)

// TestTheLogHasTheFirstBinding: also the one that the first packet makes, of the
// process or of a table that a reload has made.
func TestTheLogHasTheFirstBinding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	logging := "nat64-log bindings\nnat64-log-to " + path + "\n"
	r := start(t, natConfig+logging, 1)
	q := (<-r.opened).ports[0]
	for n := range 8 {
		if n > 0 {
			r.write(t, baseConfig+logging)
			if err := r.Reload(); err != nil {
				t.Fatal(err)
			}
			r.write(t, natConfig+logging)
			if err := r.Reload(); err != nil {
				t.Fatal(err)
			}
		}
		q.in <- [][]byte{udp6(ordinary, far6, 4000, 53)}
		src, _ := ends(t, receive(t, q))
		waitForLines(t, path, 2*n+1, fmt.Sprintf(`"postNAPTSourceTransportPort":%d}`, src.Port()))
	}
}

// TestTheEndOfAPoolIsTold: bindings that go with the last nat64-pool are logged as
// gone, and who follows hears of it, and of the next pool.
func TestTheEndOfAPoolIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	logging := "nat64-log bindings\nnat64-log-to " + path + "\n"
	r := start(t, natConfig+logging, 1)
	q := (<-r.opened).ports[0]
	events := make(chan string, 100)
	go func() {
		_ = r.followChanges(t.Context(), control.Query{}, func(c control.Change) bool { events <- c.Event; return true })
	}()
	port, bound := uint16(4000), 0
	bindUntilTold := func() {
		t.Helper()
		waitFor(t, func() bool {
			q.in <- [][]byte{udp6(ordinary, far6, port, 53)}
			receive(t, q)
			port, bound = port+1, bound+1
			time.Sleep(5 * time.Millisecond)
			return len(events) > 0
		})
	}
	bindUntilTold()
	for _, text := range []string{baseConfig, natConfig} {
		r.write(t, text+logging)
		if err := r.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	waitForEvents(t, path, "NAT64 BIB Delete", bound)
	for gone := 0; gone < bound; {
		select {
		case e := <-events:
			if e == "NAT64 BIB Delete" {
				gone++
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%d bindings are gone, who follows knows of %d", bound, gone)
		}
	}
	for len(events) > 0 {
		<-events
	}
	bindUntilTold()
	waitForEvents(t, path, "NAT64 BIB Create", bound)
}

// waitForEvents waits until a log has n lines of an event.
func waitForEvents(t *testing.T, path, event string, n int) {
	t.Helper()
	waitFor(t, func() bool {
		text, _ := os.ReadFile(path)
		return bytes.Count(text, []byte(event)) == n
	})
}

// waitForLines waits until a file has n lines, the last of which ends so.
func waitForLines(t *testing.T, path string, n int, end string) {
	t.Helper()
	var text []byte
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		text, _ = os.ReadFile(path)
		if bytes.Count(text, []byte("\n")) == n && bytes.HasSuffix(text, []byte(end+"\n")) {
			return
		}
	}
	t.Fatalf("want %d lines, the last with %s:\n%s", n, end, text)
}
