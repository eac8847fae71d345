package tundev

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"taygo/translate/wire"
)

// ErrGone says that the device exists no longer: it was deleted, or its network
// namespace ended. Open makes a new one.
var ErrGone = errors.New("the device is gone")

// A Queue is one queue of a Device. Its Read belongs to one goroutine at a time,
// and its Write; the two may run at once. Lock the goroutine to its thread: the
// kernel sends a flow to the queue that wrote it last, and caches are per core.
type Queue struct {
	port    port
	counts  counts
	in, out tally // of the reader's and the writer's batch

	// A reader or writer holds users; Close waits for them.
	users  sync.RWMutex
	closed atomic.Bool
}

// A port carries packets over one descriptor: direct, or library.
type port interface {
	// read appends at least one packet to an empty batch, or returns an error.
	read(*wire.Batch, *tally) error
	// write tries to write all frames. Its error is ErrGone or a closed file.
	write([]*wire.Frame, *tally) error
	// send tries to write one packet. Any goroutine may call it. Its error is that of
	// write.
	send(packet []byte, t *tally) error
	// wake makes a read that waits return.
	wake() error
	// close gives up the descriptor, when nobody reads or writes.
	close() error
}

// Read empties the batch and fills it: it waits until there is a packet, then
// reads until the queue is empty or the batch has no room for another packet of
// wire.MaxPacket octets. That much room it must have when empty.
//
// The error is os.ErrClosed after Close, or wraps ErrGone, or says what the
// kernel refuses; with an error the batch is empty. While the device is down,
// Read waits.
func (q *Queue) Read(b *wire.Batch) error {
	q.users.RLock()
	defer q.users.RUnlock()
	b.Reset()
	if q.closed.Load() {
		return os.ErrClosed
	}
	q.in = tally{}
	err := q.port.read(b, &q.in)
	q.in.read = uint64(len(b.Frames()))
	q.counts.add(&q.in)
	if q.closed.Load() && len(b.Frames()) == 0 {
		return os.ErrClosed
	}
	return err
}

// Write writes the frames of the batch, super-packets whole, and does not wait:
// what the kernel does not take at once is dropped, and counted in Stats. Packets
// of one flow may go as one super-packet, as the package says. The packets are
// left as they are; the octets before them, wire.Headroom at the most, are lost.
// No frame may lie in the headroom of another.
//
// The error is os.ErrClosed after Close, or wraps ErrGone.
func (q *Queue) Write(b *wire.Batch) error {
	if len(b.Frames()) == 0 {
		return nil
	}
	q.users.RLock()
	defer q.users.RUnlock()
	if q.closed.Load() {
		return os.ErrClosed
	}
	q.out = tally{}
	err := q.port.write(b.Frames(), &q.out)
	q.counts.add(&q.out)
	if q.closed.Load() && err != nil {
		return os.ErrClosed
	}
	return err
}

// close wakes the reader and gives up the descriptor when it has left.
func (q *Queue) close() error {
	q.closed.Store(true)
	err := q.port.wake()
	q.users.Lock()
	defer q.users.Unlock()
	return errors.Join(err, q.port.close())
}
