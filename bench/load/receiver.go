package load

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Receiver is the UDP socket that all datagrams for an address go to. It
// belongs to one goroutine.
type Receiver struct {
	fd       int
	stack    *os.File // the counters of its host's stack
	buffers  [4 * batch][2 * PayloadLen]byte
	pieces   [4 * batch]unix.Iovec
	messages [4 * batch]mmsghdr
}

// room is how much a Receiver's socket holds, in octets as the kernel counts
// them: a small datagram takes nearly 1,000.
const room = 64 << 20

// NewReceiver returns a Receiver at an address of this host.
func NewReceiver(at netip.Addr) (*Receiver, error) {
	family, address := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: at.As16(), Port: port})
	if at.Is4() {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Addr: at.As4(), Port: port}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("load: UDP socket at %v: %w", at, err)
	}
	// Only root may have that much; others have what a host allows.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	if err == nil {
		err = unix.Bind(fd, address)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("load: UDP socket at %v: %w", at, err)
	}
	stack, err := openCounters(at)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	r := &Receiver{fd: fd, stack: stack}
	for i := range r.messages {
		r.pieces[i].Base = &r.buffers[i][0]
		r.pieces[i].SetLen(len(r.buffers[i]))
		r.messages[i].header.Iov = &r.pieces[i]
		r.messages[i].header.SetIovlen(1)
	}
	return r, nil
}

// Close closes the socket.
func (r *Receiver) Close() error { return errors.Join(unix.Close(r.fd), r.stack.Close()) }

// receive hands the payloads that are there to take, and returns how many.
func (r *Receiver) receive(take func([]byte)) (int, error) {
	total := 0
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.messages[0])), uintptr(len(r.messages)), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
		case unix.EAGAIN, unix.EINTR:
			return total, nil
		default:
			return total, fmt.Errorf("load: receive: %w", errno)
		}
		for i := range int(n) {
			take(r.buffers[i][:r.messages[i].n])
		}
		total += int(n)
		if int(n) < len(r.messages) {
			return total, nil
		}
	}
}
