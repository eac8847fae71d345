// Package load makes traffic and counts what becomes of it: datagrams at a fixed
// rate, the highest rate without loss (RFC 8219 §7.1), the time that one datagram
// is on its way (RFC 8219 §7.2), and TCP streams. It knows addresses and sockets,
// not what lies between them.
//
// Sockets belong to the network namespace of the thread that opens them, and may
// then be used from anywhere. One goroutine, on a thread of its own, sends and
// receives the datagrams of a trial: no receiver has to be woken, so the cost of
// waking it is nobody's, and both ends have one clock.
package load

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// On calls f on a thread of its own that runs on the given CPU only, and returns
// its error. Processes that f starts are bound to that CPU as well.
func On(cpu int, f func() error) error {
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err := Bind(cpu); err != nil {
			ended <- err
			return
		}
		ended <- f()
	}()
	return <-ended
}

// Bind binds the calling thread, to which its goroutine is locked, to a CPU.
func Bind(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("load: bind a thread to CPU %d: %w", cpu, err)
	}
	return nil
}
