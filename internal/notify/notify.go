// Package notify tells a service manager such as systemd how the service does,
// over the datagram socket that NOTIFY_SOCKET names, as sd_notify(3) describes:
// when it is ready, reloads, stops, what it is doing, and that it is alive.
package notify

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Socket is the way to the service manager. A nil Socket, as there is without a
// manager, says nothing. Its methods may be called from several goroutines; each
// waits for the manager for a second at most, and what cannot be told is not.
type Socket struct {
	name string
	dial Dial

	mu   sync.Mutex
	conn *net.UnixConn // nil when it has to be dialed
}

// A Dial connects a datagram socket to that of a name, which is a path, or begins
// with @ for a socket in the abstract namespace.
type Dial func(name string) (*net.UnixConn, error)

// patience is how long the manager may take to make room for a message.
const patience = time.Second

// Open connects to the manager that NOTIFY_SOCKET names, by dial if that is not
// nil. Without that variable it returns nil and no error.
func Open(dial Dial) (*Socket, error) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil, nil
	}
	if name[0] != '/' && name[0] != '@' {
		return nil, fmt.Errorf("notify: NOTIFY_SOCKET=%q is neither a path nor an abstract name", name)
	}
	if dial == nil {
		dial = dialUnix
	}
	conn, err := dial(name)
	if err != nil {
		return nil, fmt.Errorf("notify: NOTIFY_SOCKET=%q: %w", name, err)
	}
	return &Socket{name: name, dial: dial, conn: conn}, nil
}

func dialUnix(name string) (*net.UnixConn, error) {
	return net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
}

// Close gives up the socket.
func (s *Socket) Close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
}

// Ready says that the service is started, or has reloaded, and what it does.
func (s *Socket) Ready(status string) { s.send("READY=1", "STATUS="+status) }

// ReadyAs is Ready of a process that the manager did not start itself.
func (s *Socket) ReadyAs(pid int, status string) {
	s.send("READY=1", fmt.Sprint("MAINPID=", pid), "STATUS="+status)
}

// Reloading says that a reload begins. Ready ends it, whatever came of it.
func (s *Socket) Reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err) // a clock that every Linux has
	}
	s.send("RELOADING=1", fmt.Sprint("MONOTONIC_USEC=", now.Nano()/int64(time.Microsecond)))
}

// Stopping says that the service is about to end, and why.
func (s *Socket) Stopping(status string) { s.send("STOPPING=1", "STATUS="+status) }

// Status says what the service does.
func (s *Socket) Status(text string) { s.send("STATUS=" + text) }

// send sends one message of several variables.
func (s *Socket) send(variables ...string) {
	if s == nil {
		return
	}
	for i, v := range variables {
		variables[i] = strings.ReplaceAll(v, "\n", " ")
	}
	message := []byte(strings.Join(variables, "\n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	const tries = 2 // the manager may have been started anew
	for range tries {
		if s.write(message) {
			return
		}
	}
}

// write reports whether a message need not be tried again. s.mu is held.
func (s *Socket) write(message []byte) bool {
	if s.conn == nil {
		conn, err := s.dial(s.name)
		if err != nil {
			return true
		}
		s.conn = conn
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		s.drop()
		return false
	}
	_, err := s.conn.Write(message)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.drop()
		return false
	}
	return true
}

func (s *Socket) drop() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}
