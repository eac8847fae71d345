package gateway

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
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
		waitForLines(t, path, n+1, fmt.Sprintf(`"postNAPTSourceTransportPort":%d}`, src.Port()))
	}
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
