package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The servers of all tests have little patience.
func init() { slowest, readTimeout = 2*time.Second, 500*time.Millisecond }

// soon waits until a condition holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}

// ask sends a request, and does not read the answer.
func ask(t *testing.T, c Client, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", c.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, request+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// endless yields sessions until nobody takes them, and counts them.
func endless(yielded *atomic.Int64, ended *atomic.Int64) func(Query, func(Session) bool) error {
	return func(_ Query, yield func(Session) bool) error {
		for yield(session(1)) {
			yielded.Add(1)
		}
		ended.Add(1)
		return nil
	}
}

// TestWhoDoesNotReadIsCutOff: the listing waits with little in memory, ends soon,
// and everybody else is answered meanwhile.
func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	var yielded, ended atomic.Int64
	c := serve(t, &Server{Sessions: endless(&yielded, &ended), Status: func() Status { return Status{PID: 1} }})
	conn := ask(t, c, "GET /sessions")
	soon(t, "it begins", func() bool { return yielded.Load() > 0 })
	if _, err := c.Status(t.Context()); err != nil {
		t.Error(err)
	}
	soon(t, "it ends", func() bool { return ended.Load() == 1 })
	// What waits is in a piece, and in the buffers of net/http and of the socket.
	if n := yielded.Load(); n > 10_000 {
		t.Errorf("%d sessions are kept for who does not read", n)
	}
	if got, err := io.ReadAll(conn); err == nil && strings.HasSuffix(string(got), "\r\n0\r\n\r\n") {
		t.Error("the answer ends as if it were whole")
	}
}

// TestWhoReadsSlowlyGetsAll: as long as it reads at all.
func TestWhoReadsSlowlyGetsAll(t *testing.T) {
	const n = 20_000
	c := serve(t, &Server{Sessions: func(_ Query, yield func(Session) bool) error {
		for i := 0; i < n && yield(session(1)); i++ {
		}
		return nil
	}})
	got := 0
	err := c.Sessions(t.Context(), Query{}, func(Session) bool {
		if got++; got%(n/10) == 0 {
			time.Sleep(slowest / 8)
		}
		return true
	})
	if err != nil || got != n {
		t.Errorf("%d of %d sessions, %v", got, n, err)
	}
}

// TestTooManyListings: who comes too late is told so, and gets a seat when one is
// free.
func TestTooManyListings(t *testing.T) {
	leave := make(chan struct{})
	var begun atomic.Int64
	c := serve(t, &Server{
		Sessions: func(Query, func(Session) bool) error {
			begun.Add(1)
			<-leave
			return nil
		},
		Bindings: func(Query, func(Binding) bool) error { return nil },
		Status:   func() Status { return Status{} },
	})
	for range maxListings {
		ask(t, c, "GET /sessions")
	}
	soon(t, "all listings begin", func() bool { return begun.Load() == maxListings })
	bindings := func() error { return c.Bindings(t.Context(), Query{}, func(Binding) bool { return true }) }
	if err := bindings(); err == nil || !strings.Contains(err.Error(), "too many clients ask for that at once") {
		t.Errorf("one more listing: %v", err)
	}
	if _, err := c.Status(t.Context()); err != nil {
		t.Errorf("the status: %v", err)
	}
	close(leave)
	soon(t, "a seat is free", func() bool { return bindings() == nil })
}

// TestADoorLetsInSoMany: the next connection waits until one is closed.
func TestADoorLetsInSoMany(t *testing.T) {
	l, err := Listen(t.TempDir() + "/s")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(l, 2)
	inside := make(chan net.Conn)
	var failed atomic.Pointer[error]
	go func() {
		for {
			c, err := d.Accept()
			if err != nil {
				failed.Store(&err)
				return
			}
			inside <- c
		}
	}()
	for range 4 {
		c, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, second := <-inside, <-inside
	select {
	case <-inside:
		t.Fatal("three are inside")
	case <-time.After(50 * time.Millisecond):
	}
	first.Close()
	first.Close() // leaves no more than one place
	third := <-inside
	select {
	case <-inside:
		t.Fatal("one left, and two came in")
	case <-time.After(50 * time.Millisecond):
	}
	d.Close()
	soon(t, "it closes", func() bool { return failed.Load() != nil })
	if !errors.Is(*failed.Load(), net.ErrClosed) {
		t.Error(*failed.Load())
	}
	second.Close()
	third.Close()
}

// feedOf returns a Server.Follow that yields what comes from a channel.
func feedOf(changes <-chan Change, ended chan<- struct{}) func(context.Context, Query, func(Change) bool) error {
	return func(ctx context.Context, _ Query, yield func(Change) bool) error {
		defer func() { ended <- struct{}{} }()
		for {
			select {
			case c := <-changes:
				if !yield(c) {
					return nil
				}
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// TestFollowLastsUntilTheClientGoes: longer than any other request may, and a change
// arrives while nothing else happens.
func TestFollowLastsUntilTheClientGoes(t *testing.T) {
	changes, ended := make(chan Change), make(chan struct{}, 1)
	c := serve(t, &Server{Follow: feedOf(changes, ended)})
	ctx, stop := context.WithCancel(t.Context())
	got, done := make(chan Change), make(chan error)
	q := Query{Protocol: "udp", Client: prefix("2001:db8::/64")}
	go func() {
		done <- c.Follow(ctx, q, func(ch Change) bool {
			got <- ch
			return true
		})
	}()
	for n := range 3 {
		time.Sleep(readTimeout)
		s := session(3)
		changes <- Change{Event: "of another protocol", Protocol: "tcp", IPv6: s.IPv6}
		changes <- Change{Event: "of another host", Protocol: "udp", IPv6: session(1).IPv6}
		changes <- Change{Event: EventLost, Lost: uint64(n)}
		changes <- Change{Event: "asked for", Protocol: "udp", IPv6: s.IPv6}
		if lost, asked := <-got, <-got; lost.Event != EventLost || lost.Lost != uint64(n) || asked.Event != "asked for" || asked.IPv6 != s.IPv6 {
			t.Errorf("%+v, %+v", lost, asked)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-ended
}

// TestAFollowerThatDoesNotRead is cut off.
func TestAFollowerThatDoesNotRead(t *testing.T) {
	changes, ended := make(chan Change), make(chan struct{}, 1)
	c := serve(t, &Server{Follow: feedOf(changes, ended)})
	ask(t, c, "GET /sessions/follow")
	for n := 0; ; n++ {
		select {
		case changes <- Change{Event: strings.Repeat("x", 1000)}:
		case <-ended:
			if n < 10 {
				t.Errorf("after %d changes", n)
			}
			return
		}
	}
}

// TestTheEndOfTheServerIsTold: a follower learns that no more changes come.
func TestTheEndOfTheServerIsTold(t *testing.T) {
	l, err := Listen(t.TempDir() + "/s")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	ended := make(chan struct{}, 1)
	changes := make(chan Change)
	s := &Server{Follow: feedOf(changes, ended)}
	go func() { done <- s.Serve(ctx, l) }()
	c := Client{Path: l.Addr().String()}
	go func() {
		done <- c.Follow(context.Background(), Query{}, func(Change) bool {
			stop()
			return true
		})
	}()
	changes <- Change{Event: "the only one"}
	one, two := <-done, <-done
	if err := errors.Join(one, two); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("%v, %v", one, two)
	}
	<-ended
}

// TestGarbageInBodies is refused, and does no harm.
func TestGarbageInBodies(t *testing.T) {
	c := serve(t, &Server{
		AddBinding: func(Binding) error { t.Error("something is added"); return nil },
		Status:     func() Status { return Status{PID: 1} },
	})
	const good = `{"protocol":"tcp","ipv6":"[2001:db8::1]:80","ipv4":"192.0.2.1:80"}`
	for name, body := range map[string]string{
		"nothing":        "",
		"noise":          "\x00\xff\x17",
		"half an object": good[:20],
		"a list":         "[" + good + "]",
		"two objects":    good + good,
		"an odd field":   `{"color":"red",` + good[1:],
		"an odd address": `{"protocol":"tcp","ipv6":"2001:db8::1","ipv4":"192.0.2.1:80"}`,
		"a long one":     strings.Repeat(" ", maxBody) + good,
		"endless":        `{"protocol":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		conn, err := net.Dial("unix", c.Path)
		if err != nil {
			t.Fatal(err)
		}
		request := fmt.Sprintf("POST /bib HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		go func() { _, _ = io.WriteString(conn, request) }() // it may be refused half-way
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v, %v", name, resp, err)
		}
		conn.Close()
	}
	if s, err := c.Status(t.Context()); err != nil || s.PID != 1 {
		t.Errorf("after all that: %+v, %v", s, err)
	}
}

// TestManySlowClients: a thousand who send their request octet by octet, or never,
// make nobody else wait for long.
func TestManySlowClients(t *testing.T) {
	c := serve(t, &Server{Status: func() Status { return Status{PID: 1} }})
	for range 1000 {
		conn, err := net.Dial("unix", c.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET /sta"); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			continue // cut off already
		}
	}
	began := time.Now()
	if s, err := c.Status(t.Context()); err != nil || s.PID != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("after %v", took)
	}
}
