package tundev

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Make makes a persistent TUN device, with several queues if the kernel knows
// them, which stays until Remove or the end of its network namespace. It belongs
// to the user and group that make it; others need CAP_NET_ADMIN to open it. If
// there is one already, Make leaves it as it is.
func Make(name string) error {
	return makeDevice(name, []uint16{unix.IFF_MULTI_QUEUE, 0})
}

// MakeSingle is Make of a device with one queue, which is the only kind that a
// program can open that knows nothing of several, such as Tayga 0.9.2.
func MakeSingle(name string) error { return makeDevice(name, []uint16{0}) }

func makeDevice(name string, flags []uint16) error {
	if err := persistNew(name, flags); err != nil {
		return fmt.Errorf("tundev: make %q: %w", name, err)
	}
	return nil
}

func persistNew(name string, flags []uint16) error {
	if name == "" || strings.Contains(name, "%") {
		return errors.New("a device that stays needs a name of its own")
	}
	l, exists, err := check(name)
	switch {
	case errors.Is(err, ErrBusy) && l.tun.persist:
		return nil
	case exists, err != nil:
		return err
	}
	fd, _, err := attach(name, flags)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := own(fd); err != nil {
		return err
	}
	if err := unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1); err != nil {
		return fmt.Errorf("set persistence: %w", err)
	}
	return nil
}

// own gives a device to the user and group of this process. One that belongs to
// nobody can be opened by everybody who can open /dev/net/tun, which is
// often everybody.
func own(fd int) error {
	if err := unix.IoctlSetInt(fd, unix.TUNSETOWNER, os.Geteuid()); err != nil {
		return fmt.Errorf("set owner: %w", err)
	}
	if err := unix.IoctlSetInt(fd, unix.TUNSETGROUP, os.Getegid()); err != nil {
		return fmt.Errorf("set group: %w", err)
	}
	return nil
}

// Remove removes a persistent TUN device, whoever made it. It is no error if
// there is none, but it is one (ErrBusy) if a process has it open.
func Remove(name string) error {
	if err := removeDevice(name); err != nil {
		return fmt.Errorf("tundev: remove %q: %w", name, err)
	}
	return nil
}

func removeDevice(name string) error {
	if _, exists, err := check(name); !exists || err != nil {
		return err
	}
	fd, _, err := attach(name, []uint16{unix.IFF_MULTI_QUEUE, 0})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 0); err != nil {
		return fmt.Errorf("end persistence: %w", err)
	}
	return nil
}
