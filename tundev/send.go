package tundev

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Send writes one finished packet, with complete checksums, and does not wait:
// what the kernel does not take at once is dropped, and counted in Stats. Unlike
// Write it may be called from any goroutine, also while others read and write; it
// is for packets that no received packet gives rise to.
//
// The error is os.ErrClosed after Close, or wraps ErrGone.
func (q *Queue) Send(packet []byte) error {
	q.users.RLock()
	defer q.users.RUnlock()
	if q.closed.Load() {
		return os.ErrClosed
	}
	var t tally
	err := q.port.send(packet, &t)
	q.counts.add(&t)
	if q.closed.Load() && err != nil {
		return os.ErrClosed
	}
	return err
}

func (d *direct) send(packet []byte, t *tally) error {
	b := append(make([]byte, headerLen, headerLen+len(packet)), packet...)
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(d.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return t.sent(errno)
}

func (l *library) send(packet []byte, t *tally) error {
	_, err := l.device.Write([][]byte{packet}, 0)
	var errno unix.Errno
	if err != nil && !errors.As(err, &errno) {
		return broken("write", err)
	}
	return t.sent(errno)
}

// sent counts a packet of Send by what the kernel answered.
func (t *tally) sent(errno unix.Errno) error {
	if errno == unix.EBADFD {
		return fmt.Errorf("tundev: write: %w", ErrGone)
	}
	t.wrote(errno)
	return nil
}
