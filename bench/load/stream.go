package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A Connection is the two ends of one TCP connection.
type Connection struct{ From, To net.Conn }

// Streams are TCP connections that all carry as much as they can, one way.
type Streams struct {
	Connections      []Connection
	Sender, Receiver int // the CPUs of the two ends
}

// A Yield is what streams carried in a time.
type Yield struct {
	Octets int64 // of payload, that arrived
	Time   time.Duration
	CPU    time.Duration // what the usage that Run was given grew by
}

// Gigabits returns the payload in units of 10⁹ bits.
func (y Yield) Gigabits() float64 { return float64(y.Octets) * 8 / 1e9 }

// write is how much one system call sends or receives.
const write = 256 << 10

// stuck is how long a system call may wait before it looks whether to stop.
const stuck = 200 * time.Millisecond

// Run lets the streams flow, for a time to get going and then for the time d of
// which it returns the yield; a longer one if nothing has arrived in d. usage returns the CPU time that something has used.
// The connections are closed afterwards.
func (s Streams) Run(ctx context.Context, warm, d time.Duration, usage func() (time.Duration, error)) (Yield, error) {
	var (
		stop     atomic.Bool
		received atomic.Int64
		all      sync.WaitGroup
	)
	errs := make([]error, 2*len(s.Connections))
	for i, c := range s.Connections {
		all.Go(func() { errs[2*i] = On(s.Sender, func() error { return send(c.From, &stop) }) })
		all.Go(func() { errs[2*i+1] = On(s.Receiver, func() error { return receive(c.To, &stop, &received) }) })
	}
	y, err := observe(ctx, warm, d, func() (Yield, error) {
		cpu, err := usage()
		return Yield{Octets: received.Load(), CPU: cpu}, err
	})
	stop.Store(true)
	all.Wait()
	return y, errors.Join(append(errs, err)...)
}

// observe looks at something twice, a time d apart, and returns by how much it
// has grown.
func observe(ctx context.Context, warm, d time.Duration, look func() (Yield, error)) (Yield, error) {
	if err := sleep(ctx, warm); err != nil {
		return Yield{}, err
	}
	start := time.Now()
	before, err := look()
	if err != nil {
		return Yield{}, err
	}
	for {
		if err := sleep(ctx, d); err != nil {
			return Yield{}, err
		}
		after, err := look()
		y := Yield{after.Octets - before.Octets, time.Since(start), after.CPU - before.CPU}
		if err != nil || y.Octets > 0 || y.Time > silence {
			return y, err
		}
	}
}

// silence is how long nothing may arrive: the CPU may be somebody else's.
const silence = 5 * time.Second

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func send(c net.Conn, stop *atomic.Bool) error {
	f, err := take(c)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, write)
	for fd := int(f.Fd()); !stop.Load(); {
		if _, err := unix.Write(fd, b); err != nil && !again(err) && !stop.Load() {
			return fmt.Errorf("load: send over TCP: %w", err)
		}
	}
	return nil
}

// receive reads until told to stop. The octets are left where the kernel has
// them: nothing asks what they are, since TCP has checked them.
func receive(c net.Conn, stop *atomic.Bool, received *atomic.Int64) error {
	f, err := take(c)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, write)
	for fd := int(f.Fd()); !stop.Load(); {
		n, _, err := unix.Recvfrom(fd, b, unix.MSG_TRUNC)
		switch {
		case err == nil && n > 0:
			received.Add(int64(n))
		case err == nil:
			return nil // the sender has stopped
		case !again(err) && !stop.Load():
			return fmt.Errorf("load: receive over TCP: %w", err)
		}
	}
	return nil
}

func again(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}

// take turns a connection into a file whose system calls wait, but not for ever,
// and closes the connection.
func take(c net.Conn) (*os.File, error) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("load: %T is no TCP connection", c)
	}
	f, err := t.File()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	_ = c.Close()
	timeout := unix.NsecToTimeval(int64(stuck))
	fd := int(f.Fd()) // which also makes it wait
	err = errors.Join(unix.SetNonblock(fd, false),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout))
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("load: %w", err)
	}
	return f, nil
}
