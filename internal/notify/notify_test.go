package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patient is how long a test waits for what takes milliseconds.
const patient = 30 * time.Second

// manager listens at a name and makes it NOTIFY_SOCKET.
func manager(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	_ = os.Remove(name) // of one before
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return c
}

func next(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	must(t, c.SetReadDeadline(time.Now().Add(patient)))
	b := make([]byte, 4096)
	n, err := c.Read(b)
	must(t, err)
	return string(b[:n])
}

func path(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// TestMessages at a path and at an abstract name.
func TestMessages(t *testing.T) {
	for _, name := range []string{path(t), "@" + path(t)} {
		m := manager(t, name)
		s, err := Open(nil)
		must(t, err)
		for _, c := range []struct {
			tell func()
			want string
		}{
			{func() { s.Ready("translating, on nat64") }, "READY=1\nSTATUS=translating, on nat64"},
			{func() { s.ReadyAs(42, "a") }, "READY=1\nMAINPID=42\nSTATUS=a"},
			{s.Reloading, `RELOADING=1\nMONOTONIC_USEC=[1-9]\d*`},
			{func() { s.Stopping("why") }, "STOPPING=1\nSTATUS=why"},
			{func() { s.Status("one\nREADY=1") }, "STATUS=one READY=1"},
		} {
			c.tell()
			if got := next(t, m); !regexp.MustCompile("^" + c.want + "$").MatchString(got) {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
		}
		s.Close()
		s.Close()
	}
}

// TestReloadingTellsTheMonotonicClock, by which the manager tells a reload that
// began before its signal from one that began after it.
func TestReloadingTellsTheMonotonicClock(t *testing.T) {
	m := manager(t, path(t))
	s, err := Open(nil)
	must(t, err)
	defer s.Close()
	var at [2]int64
	for i := range at {
		s.Reloading()
		_, err := fmt.Sscanf(next(t, m), "RELOADING=1\nMONOTONIC_USEC=%d", &at[i])
		must(t, err)
		time.Sleep(10 * time.Millisecond)
	}
	if d := at[1] - at[0]; d < 10_000 || d > int64(patient/time.Microsecond) {
		t.Errorf("10 ms are %d µs", d)
	}
}

func TestAManagerThatIsStartedAnew(t *testing.T) {
	name := path(t)
	m := manager(t, name)
	s, err := Open(nil)
	must(t, err)
	defer s.Close()
	must(t, m.Close())
	s.Status("nobody hears it")
	m = manager(t, name)
	s.Status("heard")
	if got := next(t, m); got != "STATUS=heard" {
		t.Errorf("got %q", got)
	}
	must(t, m.Close())
	m = manager(t, name)
	s.Status("heard at once")
	if got := next(t, m); got != "STATUS=heard at once" {
		t.Errorf("got %q", got)
	}
}

// TestAManagerThatDoesNotReadHoldsUpForABoundedTime and nobody for ever.
func TestAManagerThatDoesNotReadHoldsUpForABoundedTime(t *testing.T) {
	manager(t, path(t))
	s, err := Open(nil)
	must(t, err)
	defer s.Close()
	for start := time.Now(); ; {
		before := time.Now()
		s.Status("a")
		if took := time.Since(before); took >= patience/2 {
			if took > patient/2 {
				t.Errorf("it took %v", took)
			}
			return
		}
		if time.Since(start) > patient {
			t.Fatal("the socket takes everything")
		}
	}
}

func TestNoManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	s, err := Open(nil)
	if s != nil || err != nil {
		t.Fatalf("without one: %v, %v", s, err)
	}
	s.Ready("a nil Socket says nothing")
	s.Watch(t.Context(), time.Second, func() bool { t.Error("asked"); return true })
	s.Close()
	for name, want := range map[string]string{
		"vsock:2:1234": "neither a path nor an abstract name",
		"relative":     "neither a path nor an abstract name",
		path(t):        "no such file",
	} {
		t.Setenv("NOTIFY_SOCKET", name)
		if s, err := Open(nil); s != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	refused := errors.New("refused")
	t.Setenv("NOTIFY_SOCKET", "/anything")
	if _, err := Open(func(string) (*net.UnixConn, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("the given dial is not used: %v", err)
	}
}

func TestWatchdogInterval(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"20000000", "", 20 * time.Second},
		{"20000000", "7", 20 * time.Second},
		{"20000000", "8", 20 * time.Second},
		{"20000000", "9", 0},
		{"20000000", "x", 0},
		{"0", "", 0},
		{"-5", "", 0},
		{"soon", "", 0},
		{"9223372036854775807", "", 0},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := WatchdogInterval(7, 8); got != c.want {
			t.Errorf("USEC %q PID %q: %v, want %v", c.usec, c.pid, got, c.want)
		}
	}
}

// TestWatch: signs of life come while the service is alive, and only then.
func TestWatch(t *testing.T) {
	m := manager(t, path(t))
	s, err := Open(nil)
	must(t, err)
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	var alive atomic.Bool
	alive.Store(true)
	asked := make(chan bool)
	ended := make(chan bool)
	go func() {
		s.Watch(ctx, 2*time.Millisecond, func() bool { asked <- true; return alive.Load() })
		close(ended)
	}()
	for range 3 {
		<-asked
		if got := next(t, m); got != "WATCHDOG=1" {
			t.Errorf("got %q", got)
		}
	}
	alive.Store(false)
	<-asked
	<-asked
	s.Status("the next message")
	if got := next(t, m); got != "STATUS=the next message" {
		t.Errorf("a dead service gives a sign of life: %q", got)
	}
	go func() {
		for range asked { // let it go on
		}
	}()
	stop()
	<-ended
}
