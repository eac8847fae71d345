package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// NullCommand is the first argument by which the running program must run Null.
// The second is the name of a device.
const NullCommand = "null"

// Null is the null translator: it makes the TUN device of that name, with one
// queue, and writes what it reads, super-packets whole, with their virtio header,
// all untouched, until ctx ends. It is as little as a translator over a TUN device
// can do, and shares no code with taygo.
func Null(ctx context.Context, name string) error {
	tun, err := openTUN(name)
	if err != nil {
		return fmt.Errorf("bench: null translator: %w", err)
	}
	defer unix.Close(tun)
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("bench: null translator: %w", err)
	}
	defer unix.Close(bell)
	stop := context.AfterFunc(ctx, func() { _, _ = unix.Write(bell, []byte{1, 0, 0, 0, 0, 0, 0, 1}) })
	defer stop()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := carry(ctx, tun, bell); err != nil {
		return fmt.Errorf("bench: null translator: %w", err)
	}
	return nil
}

// openTUN makes a TUN device that gives super-packets, and returns a descriptor
// that does not wait.
func openTUN(name string) (int, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	const tso = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	if err == nil {
		err = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, tso|unix.TUN_F_USO4|unix.TUN_F_USO6)
	}
	if errors.Is(err, unix.EINVAL) { // before Linux 6.2
		err = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, tso)
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// carry reads and writes until the bell rings.
func carry(ctx context.Context, tun, bell int) error {
	b := make([]byte, 10+40+65535) // virtio header, IPv6 header, payload
	for ctx.Err() == nil {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(tun), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch errno {
		case 0:
			// What the kernel does not take is lost, as on any link.
			_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(tun), uintptr(unsafe.Pointer(&b[0])), n)
		case unix.EINTR:
		case unix.EAGAIN:
			fds := [2]unix.PollFd{{Fd: int32(bell), Events: unix.POLLIN}, {Fd: int32(tun), Events: unix.POLLIN}}
			if _, err := unix.Ppoll(fds[:], nil, nil); err != nil && !errors.Is(err, unix.EINTR) {
				return err
			}
		default:
			return errno
		}
	}
	return nil
}
