package rtnl

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A mailbox has room for many datagrams, to read them with one system call.
type mailbox struct {
	room    []byte
	vectors [letters]unix.Iovec
	headers [letters]mmsghdr
	senders [letters]unix.RawSockaddrNetlink
}

// A mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	length uint32
}

const (
	letters    = 64
	letterSize = 8 << 10 // messages about links are the longest, with 2 KiB
)

func newMailbox() *mailbox {
	m := &mailbox{room: make([]byte, letters*letterSize)}
	for i := range m.headers {
		m.vectors[i].Base = &m.room[i*letterSize]
		m.vectors[i].SetLen(letterSize)
		m.headers[i].header.Iov = &m.vectors[i]
		m.headers[i].header.SetIovlen(1)
		m.headers[i].header.Name = (*byte)(unsafe.Pointer(&m.senders[i]))
	}
	return m
}

// Receive waits for messages until the deadline, the zero Time for ever, and calls
// each with those that are there, which may be none if time is out or Wake was
// called. After ErrOverrun the Conn goes on.
func (c *Conn) Receive(deadline time.Time, each func(Message)) error {
	if c.mail == nil {
		c.mail = newMailbox()
	}
	if err := c.file.SetReadDeadline(deadline); err != nil {
		return fmt.Errorf("rtnl: receive: %w", err)
	}
	if c.woken.Swap(false) {
		return nil
	}
	var n int
	var failed error
	err := c.raw.Read(func(fd uintptr) bool {
		n, failed = c.mail.read(fd)
		return !errors.Is(failed, unix.EAGAIN)
	})
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.woken.Store(false)
		return nil
	case err != nil:
		return fmt.Errorf("rtnl: receive: %w", err)
	}
	return c.deliver(n, failed, each)
}

// Poll is Receive for what is there already. It returns how many datagrams that
// were.
func (c *Conn) Poll(each func(Message)) (int, error) {
	if c.mail == nil {
		c.mail = newMailbox()
	}
	var n int
	var failed error
	if err := c.raw.Control(func(fd uintptr) { n, failed = c.mail.read(fd) }); err != nil {
		return 0, fmt.Errorf("rtnl: receive: %w", err)
	}
	if errors.Is(failed, unix.EAGAIN) {
		return 0, nil
	}
	return n, c.deliver(n, failed, each)
}

// Drain throws away all that is there.
func (c *Conn) Drain() error {
	for {
		n, err := c.Poll(func(Message) {})
		switch {
		case errors.Is(err, ErrOverrun):
		case err != nil:
			return err
		case n == 0:
			return nil
		}
	}
}

// Wake makes a Receive that waits, or else the next one, return at once.
func (c *Conn) Wake() {
	c.woken.Store(true)
	_ = c.file.SetReadDeadline(time.Unix(1, 0)) // it fails only if the file is closed
}

// read reads what datagrams are there.
func (m *mailbox) read(fd uintptr) (int, error) {
	for i := range m.headers {
		m.headers[i].header.Namelen = unix.SizeofSockaddrNetlink // of which the kernel tells how much it used
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&m.headers[0])), letters, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func (c *Conn) deliver(n int, failed error, each func(Message)) error {
	switch {
	case errors.Is(failed, unix.ENOBUFS):
		return ErrOverrun
	case failed != nil:
		return fmt.Errorf("rtnl: receive: %w", failed)
	}
	var err error
	for i := range n {
		h := &c.mail.headers[i]
		if c.mail.senders[i].Pid != 0 {
			continue // not the kernel's, see readInto
		}
		if h.header.Flags&unix.MSG_TRUNC != 0 {
			err = ErrOverrun
			continue
		}
		at := i * letterSize
		for m := range Messages(c.mail.room[at : at+int(h.length)]) {
			each(m)
		}
	}
	return err
}
