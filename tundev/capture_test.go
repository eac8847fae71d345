package tundev

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// granted are the offloads that the kernel may grant.
var granted = struct{ all, tso, none *Mode }{&Mode{TSO: true, USO: true}, &Mode{TSO: true}, &Mode{}}

// A capture is a queue whose writes end in a socket, which keeps them apart.
type capture struct {
	*Queue
	peer int
	buf  []byte
}

func newCapture(t testing.TB, mode *Mode) *capture {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() {
		must(t, unix.Close(pair[0]))
		must(t, unix.Close(pair[1]))
	})
	must(t, unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)) // the kernel takes off what is too much
	return &capture{
		Queue: &Queue{port: newDirect(pair[0], -1, mode)}, peer: pair[1], buf: make([]byte, 1<<17),
	}
}

// drain returns what has been written, each write by itself, and holds that the
// checker passes it.
func (c *capture) drain(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		n, err := unix.Read(c.peer, c.buf)
		if err != nil || n == 0 {
			return all
		}
		w := bytes.Clone(c.buf[:n])
		if err := judge(w); err != nil {
			t.Errorf("written: % x: %v", w, err)
		}
		all = append(all, w)
	}
}
