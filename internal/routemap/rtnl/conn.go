package rtnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrOverrun tells that the kernel lost messages to a Conn, because they came
// faster than they were read. It goes on losing until all that is left was read:
// Drain, and then ask anew for all that matters.
var ErrOverrun = errors.New("rtnl: the receive buffer overran")

// ErrInterrupted tells that what was dumped changed meanwhile, so that the dump
// may lack parts and have others twice. Dump again.
var ErrInterrupted = errors.New("rtnl: something changed during the dump")

// A Config tells Dial what a Conn is for. The zero Config is for requests.
type Config struct {
	Groups        []uint32 // RTNLGRP_… to listen to
	ReceiveBuffer int      // in octets; 0 leaves it to the kernel
	Deaf          []uint32 // ports of sockets of whose doings nothing is to be told
}

// A Conn is a socket of rtnetlink. Wake may be called by any goroutine at any
// time; the other methods are for one at a time.
type Conn struct {
	file  *os.File
	raw   syscall.RawConn
	port  uint32
	seq   uint32
	buf   []byte // of what is read for a request
	rooms []byte // of what is read ahead of a dump
	batch Batch  // of single requests
	mail  *mailbox
	woken atomic.Bool
}

// patience is how long the kernel may take for a request. It answers within the
// system call; only a dump waits for others.
const patience = 30 * time.Second

// Dial opens a socket in the network namespace of the calling thread, where it
// stays. The error wraps EAFNOSUPPORT or EPERM if the sandbox keeps AF_NETLINK away.
func Dial(cfg Config) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("rtnl: a socket: %w: the sandbox must allow AF_NETLINK", err)
	}
	c := &Conn{file: os.NewFile(uintptr(fd), "rtnetlink")}
	if err := c.setup(fd, cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("rtnl: %w", err), c.Close())
	}
	for _, g := range cfg.Groups {
		if err := c.Listen(g, true); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (c *Conn) setup(fd int, cfg Config) error {
	var err error
	if c.raw, err = c.file.SyscallConn(); err != nil {
		return fmt.Errorf("a socket: %w", err)
	}
	// All of these make it better, and none is needed: dumps that have only what
	// was asked for, short answers, and the kernel's words to its error numbers.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	if cfg.ReceiveBuffer > 0 {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, cfg.ReceiveBuffer) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, cfg.ReceiveBuffer)
		}
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 8*BatchSize)
	if len(cfg.Deaf) > 0 {
		if err := deafen(fd, cfg.Deaf); err != nil {
			return fmt.Errorf("filter messages: %w", err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	own, err := unix.Getsockname(fd)
	if err != nil {
		return fmt.Errorf("own address: %w", err)
	}
	if a, ok := own.(*unix.SockaddrNetlink); ok {
		c.port = a.Pid
	}
	return nil
}

// Listen joins a group of messages (RTNLGRP_…), or leaves it: who does not listen
// costs nothing to those whose doings the kernel tells of.
func (c *Conn) Listen(group uint32, on bool) error {
	option := unix.NETLINK_DROP_MEMBERSHIP
	if on {
		option = unix.NETLINK_ADD_MEMBERSHIP
	}
	var failed error
	err := c.raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_NETLINK, option, int(group)) })
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("rtnl: listen to group %d: %w", group, err)
	}
	return nil
}

// deafen puts a filter on a socket that passes what has none of these ports in its
// header. The filter reads numbers in network order, whatever order they have.
func deafen(fd int, ports []uint32) error {
	const portOffset = 12
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: portOffset}}
	for i, port := range ports {
		octets := native.AppendUint32(nil, port)
		toEnd := uint8(len(ports) - i)
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: toEnd, K: binary.BigEndian.Uint32(octets)})
	}
	program = append(program,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K})
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// Close closes the socket. A Receive that waits ends with an error.
func (c *Conn) Close() error { return c.file.Close() }

// Port returns the number by which the kernel knows the socket.
func (c *Conn) Port() uint32 { return c.port }

// Buffer returns the size of the receive buffer that the kernel gave, as it counts
// it: twice what was asked for if all was granted.
func (c *Conn) Buffer() int {
	size := 0
	_ = c.raw.Control(func(fd uintptr) { size, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) })
	return size
}

// send gives the kernel a buffer of requests. It has done them all when send
// returns.
func (c *Conn) send(b []byte) error {
	if err := c.file.SetDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("rtnl: %w", err)
	}
	var failed error
	err := c.raw.Write(func(fd uintptr) bool {
		failed = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		return !errors.Is(failed, unix.EAGAIN)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("rtnl: send: %w", err)
	}
	return nil
}

// read reads a datagram into c.buf.
func (c *Conn) read() ([]byte, error) {
	if c.buf == nil {
		c.buf = make([]byte, dumpSize)
	}
	return c.readInto(c.buf)
}

// readInto reads a datagram of the kernel's. Those of others, who need CAP_NET_ADMIN
// to send any, are passed over.
func (c *Conn) readInto(b []byte) ([]byte, error) {
	var n, flags int
	var from unix.Sockaddr
	var failed error
	err := c.raw.Read(func(fd uintptr) bool {
		n, _, flags, from, failed = unix.Recvmsg(int(fd), b, nil, 0)
		for failed == nil && !isKernel(from) {
			n, _, flags, from, failed = unix.Recvmsg(int(fd), b, nil, 0)
		}
		return !errors.Is(failed, unix.EAGAIN)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("rtnl: receive: %w", err)
	case errors.Is(failed, unix.ENOBUFS), failed == nil && flags&unix.MSG_TRUNC != 0:
		return nil, ErrOverrun
	case failed != nil:
		return nil, fmt.Errorf("rtnl: receive: %w", failed)
	}
	return b[:n], nil
}

func isKernel(from unix.Sockaddr) bool {
	a, ok := from.(*unix.SockaddrNetlink)
	return ok && a.Pid == 0
}
