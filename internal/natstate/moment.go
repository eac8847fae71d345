package natstate

import (
	"encoding/hex"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// A Moment is a time by the clocks that survive a process.
type Moment struct {
	Wall   time.Time     // which may be set, forward and back
	Boot   time.Duration // since the machine started, time asleep included
	BootID [16]byte      // of this start of the machine; zero if unknown
}

// A Clock tells the time. The zero Clock does not know which start of the machine
// it lives in, and goes by the wall.
type Clock struct{ bootID [16]byte }

// NewClock returns the Clock of this machine. It is to be called while /proc can
// be seen, before a change of the root directory.
func NewClock() Clock {
	var c Clock
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return c
	}
	id, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""))
	if err == nil && len(id) == len(c.bootID) {
		copy(c.bootID[:], id)
	}
	return c
}

// Now returns the time.
func (c Clock) Now() Moment {
	const bootTime = 7 // CLOCK_BOOTTIME of clock_gettime(2)
	m := Moment{Wall: time.Now().Round(0)}
	var ts syscall.Timespec
	if _, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, bootTime, uintptr(unsafe.Pointer(&ts)), 0); e == 0 {
		m.Boot, m.BootID = time.Duration(ts.Nano()), c.bootID
	}
	return m
}

// Since returns how much time has passed from then to m, never less than zero.
// Within one start of the machine that does not depend on the wall clock. From an
// earlier start on, it is what the wall clock says, but at least the time since
// this start.
func (m Moment) Since(then Moment) time.Duration {
	var none [16]byte
	known := m.BootID != none && then.BootID != none
	switch {
	case known && m.BootID == then.BootID && m.Boot >= then.Boot:
		return m.Boot - then.Boot
	case known && m.BootID != then.BootID:
		return max(m.Wall.Sub(then.Wall), m.Boot, 0)
	}
	return max(m.Wall.Sub(then.Wall), 0)
}
