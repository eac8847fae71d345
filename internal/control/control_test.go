package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve serves s on a socket of its own until the test ends.
func serve(t *testing.T, s *Server) Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run", "t.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left behind: %v", err)
		}
	})
	return Client{Path: path}
}

func TestStatusComesBackWhole(t *testing.T) {
	want := Status{Version: "v", PID: 7, Uptime: time.Minute, Maps: 3, Device: Device{Name: "nat64", Queues: Queues{Full: 9}}}
	want.FromIP6.Packets = map[string]uint64{"translated": 1 << 40}
	c := serve(t, &Server{Status: func() Status { return want }})
	got, err := c.Status(t.Context())
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestReloadTellsWhyNot(t *testing.T) {
	var why error
	c := serve(t, &Server{Reload: func() error { return why }})
	if err := c.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	why = errors.New("tayga.conf:3: prefix: wrong: mend it")
	if err := c.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), why.Error()) {
		t.Errorf("told %v, want %v", err, why)
	}
}

func TestASocketIsTakenOverFromTheDeadOnly(t *testing.T) {
	c := serve(t, &Server{Status: func() Status { return Status{} }})
	if _, err := Listen(c.Path); err == nil || !strings.Contains(err.Error(), "another taygo") {
		t.Errorf("a living one's socket: %v", err)
	}
	dead := filepath.Join(t.TempDir(), "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	again, err := Listen(dead)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); err == nil {
		t.Error("an ordinary file was taken over")
	}
}

func TestOnlyItsUserMayConnect(t *testing.T) {
	c := serve(t, &Server{})
	info, err := os.Stat(c.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestNobodyThere(t *testing.T) {
	_, err := Client{Path: filepath.Join(t.TempDir(), "no.sock")}.Status(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is it running") {
		t.Errorf("%v", err)
	}
}

// TestGarbageIsAnswered: what is not a request of ours gets an HTTP error, and the
// next client its answer.
func TestGarbageIsAnswered(t *testing.T) {
	c := serve(t, &Server{Status: func() Status { return Status{PID: 1} }, Reload: func() error { return nil }})
	for name, request := range map[string]string{
		"noise":        "\x00\xff\x17 garbage\r\n\r\n",
		"wrong path":   "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
		"wrong method": "DELETE /status HTTP/1.1\r\nHost: x\r\n\r\n",
		"huge header":  "GET /status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 64<<10) + "\r\n\r\n",
		"nothing":      "",
	} {
		conn, err := net.Dial("unix", c.Path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request); err == nil && request != "" {
			line, _ := bufio.NewReader(conn).ReadString('\n')
			if !strings.HasPrefix(line, "HTTP/1.1 4") {
				t.Errorf("%s: answered %q", name, line)
			}
		}
		conn.Close()
	}
	if s, err := c.Status(t.Context()); err != nil || s.PID != 1 {
		t.Errorf("after all that: %+v, %v", s, err)
	}
}
