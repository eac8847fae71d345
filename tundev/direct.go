package tundev

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// direct reads and writes a descriptor that does not block, with virtio headers.
// The scheduler of Go is not told of these system calls, for it costs as much as
// a small packet; it is told of the poll for an empty queue.
type direct struct {
	fd     int
	bell   int // readable for good once the device is being closed; not owned
	merger merger
}

// newDirect makes a port of a descriptor. It looks at mode when it writes.
func newDirect(fd, bell int, mode *Mode) *direct {
	return &direct{fd: fd, bell: bell, merger: merger{fd: fd, mode: mode}}
}

func (d *direct) read(b *wire.Batch, t *tally) error {
	if b.Room(headerLen, wire.MaxPacket) == nil {
		return fmt.Errorf("tundev: read: the batch has room for %d octets, less than a packet of %d: make it larger", b.Free(), wire.MaxPacket)
	}
	for {
		errno := d.drain(b, t)
		switch {
		case len(b.Frames()) > 0: // an error comes again
			return nil
		case errno == unix.EBADFD:
			return fmt.Errorf("tundev: read: %w", ErrGone)
		case errno != 0 && errno != unix.EAGAIN:
			return fmt.Errorf("tundev: read: %w", errno)
		}
		if d.wait() {
			return os.ErrClosed
		}
	}
}

// drain reads until the queue is empty or the batch full. It returns why it
// stopped; 0 for a full batch, or after a packet that it dropped.
func (d *direct) drain(b *wire.Batch, t *tally) unix.Errno {
	for {
		room := b.Room(headerLen, wire.MaxPacket)
		if room == nil {
			return 0
		}
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(d.fd), uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)))
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return errno
		case n < headerLen:
			t.badHeader++
			return 0
		}
		o, ok := decode(room[:headerLen], room[headerLen:n])
		if !ok {
			t.badHeader++
			return 0
		}
		b.Received(int(n) - headerLen).Offload = o
	}
}

// goneTime is how long a reader sleeps when the kernel reports a fault of the
// device that a read does not confirm, as for the moments that its deletion takes.
const goneTime = time.Millisecond

// wait sleeps until a packet may be there. It reports whether the device is being
// closed.
func (d *direct) wait() bool {
	fds := [2]unix.PollFd{{Fd: int32(d.bell), Events: unix.POLLIN}, {Fd: int32(d.fd), Events: unix.POLLIN}}
	n, err := unix.Ppoll(fds[:], nil, nil)
	if err != nil || n == 0 { // EINTR, or ENOMEM: try to read
		return false
	}
	if fds[0].Revents == 0 && fds[1].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
		pause := unix.NsecToTimespec(int64(goneTime))
		if _, err := unix.Ppoll(fds[:1], &pause, nil); err != nil {
			return false
		}
	}
	return fds[0].Revents != 0
}

func (d *direct) write(frames []*wire.Frame, t *tally) error { return d.merger.write(frames, t) }

// wrote counts a written packet by what the kernel answered.
func (t *tally) wrote(errno unix.Errno) {
	switch errno {
	case 0:
		t.written++
	case unix.EIO:
		t.down++
	case unix.EAGAIN, unix.ENOBUFS, unix.ENOMEM:
		t.full++
	default:
		t.refused++
	}
}

func (d *direct) wake() error {
	ring := [8]byte{1} // not zero in either byte order
	// EAGAIN: the counter behind the bell is at its end, so it rings.
	if _, err := unix.Write(d.bell, ring[:]); err != nil && !errors.Is(err, unix.EAGAIN) {
		return fmt.Errorf("tundev: wake the readers: %w", err)
	}
	return nil
}

func (d *direct) close() error { return unix.Close(d.fd) }
