package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// A flow sends datagrams, one after the other, each once the last one has been
// answered or has been waited for long enough.
type flow struct {
	t              testing.TB
	answered, lost atomic.Int64
	stopping       chan struct{}
	stopped        chan struct{}
}

// startFlow starts a flow that runs until it is stopped, or the test ends. The
// far end listens at a port of its own.
func startFlow(t *testing.T, x way, port string, wait time.Duration) *flow {
	t.Helper()
	echo(t, x.to, net.JoinHostPort(x.listen, port))
	c, err := x.from.Dial(within(t), "udp", net.JoinHostPort(x.dial, port))
	must(t, err)
	f := &flow{t: t, stopping: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(f.stopped)
		defer c.Close()
		for n := uint64(0); ; n++ {
			select {
			case <-f.stopping:
				return
			default:
				f.send(c, n, wait)
			}
		}
	}()
	t.Cleanup(f.stop)
	return f
}

// send sends datagram n and waits for the answer.
func (f *flow) send(c net.Conn, n uint64, wait time.Duration) {
	b := binary.BigEndian.AppendUint64(make([]byte, 100), n)
	_ = c.SetDeadline(time.Now().Add(wait))
	// An error that it reports is that of an earlier datagram.
	for _, err := c.Write(b); err != nil && !isTimeout(err); _, err = c.Write(b) {
		time.Sleep(time.Millisecond)
	}
	got := make([]byte, 200)
	for {
		m, err := c.Read(got)
		switch {
		case err != nil && isTimeout(err):
			f.lost.Add(1)
			return
		case err == nil && m == len(b) && binary.BigEndian.Uint64(got[100:]) == n:
			f.answered.Add(1)
			return
		}
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// goesOn waits until n more datagrams have been answered.
func (f *flow) goesOn(n int64) {
	f.t.Helper()
	want := f.answered.Load() + n
	eventually(f.t, "datagrams answered", func() error {
		if got := f.answered.Load(); got < want {
			return fmt.Errorf("%d of %d", got, want)
		}
		return nil
	})
}

// stop stops the flow.
func (f *flow) stop() {
	select {
	case <-f.stopping:
	default:
		close(f.stopping)
	}
	<-f.stopped
}
