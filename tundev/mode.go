package tundev

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A Mode is what the kernel granted.
type Mode struct {
	Queues     int    // open
	MultiQueue bool   // the device can have several queues
	Header     bool   // packets go with virtio headers; else by wireguard/tun, singly
	TSO        bool   // TCP super-packets are read, and can be written
	USO        bool   // and UDP super-packets (Linux 6.2)
	RPS        string // the CPUs that forward what is written, "" for the one that writes
}

// String says it in a few words, such as "multi-queue 2, vnet header, tso+uso".
func (m Mode) String() string {
	var s strings.Builder
	if m.MultiQueue {
		fmt.Fprintf(&s, "multi-queue %d", m.Queues)
	} else {
		s.WriteString("single queue")
	}
	if !m.Header {
		s.WriteString(", no vnet header (wireguard/tun)")
	} else {
		s.WriteString(", vnet header, " + m.offloads())
	}
	if m.RPS != "" {
		s.WriteString(", rps " + m.RPS)
	}
	return s.String()
}

func (m Mode) offloads() string {
	switch {
	case m.USO:
		return "tso+uso"
	case m.TSO:
		return "tso"
	}
	return "no offload"
}

// setHeader fixes the form of the virtio header, which an earlier user of a
// persistent device may have changed.
func (d *Device) setHeader() error {
	if !d.mode.Header {
		return nil
	}
	if err := unix.IoctlSetPointerInt(d.fd, unix.TUNSETVNETHDRSZ, headerLen); err != nil {
		return fmt.Errorf("set the length of virtio headers: %w", err)
	}
	if err := unix.IoctlSetPointerInt(d.fd, unix.TUNSETVNETLE, 0); err != nil {
		return fmt.Errorf("set the byte order of virtio headers: %w", err)
	}
	return nil
}

// setOffload asks for super-packets, or for none: also that must be asked for,
// since the device keeps what its last user asked.
func (d *Device) setOffload(wanted bool, offered []int) error {
	if wanted && d.mode.Header {
		for _, offload := range offered {
			err := unix.IoctlSetInt(d.fd, unix.TUNSETOFFLOAD, offload)
			if err == nil {
				d.mode.TSO, d.mode.USO = true, offload == usoOffload
				return nil
			}
			if !errors.Is(err, unix.EINVAL) {
				return fmt.Errorf("set offloads %#x: %w", offload, err)
			}
		}
	}
	if err := unix.IoctlSetInt(d.fd, unix.TUNSETOFFLOAD, 0); err != nil {
		return fmt.Errorf("set no offloads: %w", err)
	}
	return nil
}
