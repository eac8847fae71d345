package natlog

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// line returns a line of the stream, and fails if it is not whole.
func line(t testing.TB, r *bufio.Reader) string {
	t.Helper()
	s, err := r.ReadString('\n')
	must(t, err)
	if !strings.HasPrefix(s, `{"time":"`) || !strings.HasSuffix(s, "}\n") {
		t.Errorf("%q", s)
	}
	return s
}

// TestAStream: lines go to who listens, wait while nobody does, and begin anew for
// the next one.
func TestAStream(t *testing.T) {
	t.Parallel()
	path := place(t)
	r := &ring{}
	l := Socket(path, Options{Feed: r, Wall: wall})
	start(t, l)
	r.put(numbered(0, 3)...)
	for range 2 {
		listener, err := net.Listen("unix", path)
		must(t, err)
		c, err := listener.Accept()
		must(t, err)
		lines := bufio.NewReader(c)
		for i := range 3 {
			if got, want := line(t, lines), string(new(fixed).append(nil, i)); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		must(t, c.Close())
		must(t, listener.Close())
		// The first write after that finds out.
		r.put(numbered(0, 1)...)
		eventually(t, func() string {
			if l.Status().Err == nil {
				return "it has not noticed that nobody listens"
			}
			return ""
		})
		r.put(numbered(1, 2)...)
	}
}

// fixed formats the changes of numbered.
type fixed struct{ lines }

func (f *fixed) append(b []byte, n int) []byte {
	c := numbered(n, 1)[0]
	return f.lines.append(b, &c, wall(c.At))
}

// TestASlowStream: it gets every line, though its buffer is long full.
func TestASlowStream(t *testing.T) {
	t.Parallel()
	path := place(t)
	listener, err := net.Listen("unix", path)
	must(t, err)
	defer listener.Close()
	r := &ring{}
	r.put(numbered(0, 20_000)...)
	start(t, Socket(path, Options{Feed: r, Wall: wall}))
	c, err := listener.Accept()
	must(t, err)
	time.Sleep(2 * attempt)
	lines := bufio.NewReader(c)
	for i := range 20_000 {
		if got, want := line(t, lines), string(new(fixed).append(nil, i)); got != want {
			t.Fatalf("line %d is %s, want %s", i, got, want)
		}
	}
}

// TestDatagrams: one for each line, also for the next who listens there.
func TestDatagrams(t *testing.T) {
	t.Parallel()
	path := place(t)
	r := &ring{}
	start(t, Socket(path, Options{Feed: r, Wall: wall}))
	for round := range 2 {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		must(t, err)
		r.put(numbered(0, 300)...) // more than fit into its queue
		must(t, c.SetReadDeadline(time.Now().Add(long)))
		b := make([]byte, 4096)
		for i := range 300 {
			n, err := c.Read(b)
			must(t, err)
			if got, want := string(b[:n])+"\n", string(new(fixed).append(nil, i)); got != want {
				t.Fatalf("round %d: datagram %d is %s, want %s", round, i, got, want)
			}
		}
		must(t, c.Close())
		os.Remove(path)
	}
}

// TestASocketNobodyReads: Run ends in time, and what is left is lost and counted.
func TestASocketNobodyReads(t *testing.T) {
	t.Parallel()
	path := place(t)
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	defer c.Close()
	r := &ring{}
	l := Socket(path, Options{Feed: r, Wall: wall})
	stop := start(t, l)
	r.put(numbered(0, 5000)...)
	eventually(t, func() string {
		if err := l.Status().Err; err == nil || !strings.Contains(err.Error(), "is stuck") {
			return fmt.Sprint(err)
		}
		return ""
	})
	began := time.Now()
	stop()
	if took := time.Since(began); took > lastPatience+long/10 {
		t.Errorf("it ends after %v", took)
	}
	eventually(t, func() string {
		if s := l.Status(); s.Written+s.Lost != 5000 || s.Lost == 0 {
			return fmt.Sprintf("of 5000 %d are written and %d lost", s.Written, s.Lost)
		}
		return ""
	})
}
