package natlog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// Socket returns a Log that sends lines to whoever listens at the unix socket at
// path: each as a datagram, without its newline, or all of them as a stream,
// whichever the socket is.
func Socket(path string, o Options) *Log {
	return newLog(path, o, &lines{destinations: o.Destinations}, &socket{path: path})
}

// socket is an outlet.
type socket struct {
	path      string
	conn      net.Conn // nil: to be dialed
	datagrams bool
	sent      int // octets of the current buffer
}

// dial connects to the socket, of whichever type it is.
func (o *socket) dial() error {
	conn, err := net.Dial("unixgram", o.path)
	o.datagrams = err == nil
	if errors.Is(err, syscall.EPROTOTYPE) {
		conn, err = (&net.Dialer{Timeout: attempt}).Dial("unix", o.path)
	}
	if err != nil {
		return err
	}
	o.conn = conn
	return nil
}

// send sends lines. A stream that ended within a line begins with that line when
// there is a new one.
func (o *socket) send(b []byte) error {
	if o.conn == nil {
		if err := o.dial(); err != nil {
			return err
		}
		o.sent = bytes.LastIndexByte(b[:o.sent], '\n') + 1
	}
	if err := o.conn.SetWriteDeadline(time.Now().Add(attempt)); err != nil {
		return err
	}
	err := o.write(b)
	switch {
	case err == nil:
		o.sent = 0
	case !errors.Is(err, os.ErrDeadlineExceeded):
		o.close()
	}
	return err
}

func (o *socket) write(b []byte) error {
	if !o.datagrams {
		n, err := o.conn.Write(b[o.sent:])
		o.sent += n
		return err
	}
	for o.sent < len(b) {
		size := bytes.IndexByte(b[o.sent:], '\n')
		if _, err := o.conn.Write(b[o.sent : o.sent+size]); err != nil {
			return err
		}
		o.sent += size + 1
	}
	return nil
}

// tick connects, so that it shows early when nobody listens.
func (o *socket) tick(time.Time) error {
	if o.conn != nil {
		return nil
	}
	return o.dial()
}

func (o *socket) reopen() { o.close() }

func (o *socket) close() {
	if o.conn != nil {
		o.conn.Close()
		o.conn = nil
	}
}

// remedy says what to do about an error of an outlet.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space on that disk"
	case errors.Is(err, syscall.EROFS):
		return "mount it writable, or log elsewhere"
	case errors.Is(err, fs.ErrPermission):
		return "make it writable for this user"
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ECONNREFUSED):
		return "start what reads it"
	case errors.Is(err, fs.ErrNotExist):
		return "make its directory, or start what listens there"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "find out why what reads it is stuck"
	}
	return fmt.Sprintf("it is tried again within %v", longestPause)
}
