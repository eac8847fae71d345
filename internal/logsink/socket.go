package logsink

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A socket sends datagrams to the receiver at a path, also to the next one that
// listens there.
type socket struct {
	path string
	dial func(path string) (*net.UnixConn, error)
	conn *net.UnixConn // nil when it has to be dialed
}

func newSocket(o Options, path string) socket {
	s := socket{path: path, dial: o.Dial}
	if o.Path != "" {
		s.path = o.Path
	}
	if s.dial == nil {
		s.dial = Dial
	}
	return s
}

// Dial connects a datagram socket to that of the path.
func Dial(path string) (*net.UnixConn, error) {
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("logsink: %w", err)
	}
	return c, nil
}

// send sends one datagram, or, with a file, an empty one that passes the file. Any
// error but that of time closes the connection.
func (s *socket) send(datagram []byte, file *os.File) error {
	if s.conn == nil {
		c, err := s.dial(s.path)
		if err != nil {
			return err
		}
		s.conn = c
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(attempt)); err != nil {
		return err
	}
	err := s.write(datagram, file)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.close()
	}
	return err
}

func (s *socket) write(datagram []byte, file *os.File) error {
	if file == nil {
		_, err := s.conn.Write(datagram)
		return err
	}
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Sendmsg(int(fd), nil, unix.UnixRights(int(file.Fd())), nil, 0)
		return !errors.Is(sent, unix.EAGAIN)
	})
	return errors.Join(err, sent)
}

func (s *socket) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}
