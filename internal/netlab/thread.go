package netlab

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// An outcome is how a function ended: with an error, in a panic, or not at all
// because it called runtime.Goexit (as testing.T.FailNow does).
type outcome struct {
	err      error
	panicked any
	returned bool
}

// inThread calls f on a thread of its own, which ends with f, so that f may
// leave it in any namespace. To go back to the first namespace would need rights
// there, which uid 0 of a user namespace lacks. A panic or a Goexit in f goes on
// in the caller.
func inThread(f func() error) error {
	ended := make(chan outcome, 1)
	go lockThread(func() {
		var o outcome
		defer func() {
			if !o.returned {
				o.panicked = recover()
			}
			ended <- o
		}()
		o.err = f()
		o.returned = true
	})
	o := <-ended
	if o.panicked != nil {
		panic(o.panicked)
	}
	if !o.returned {
		runtime.Goexit()
	}
	return o.err
}

// lockThread calls f on a locked thread, never unlocked, that is not the main
// one: the main thread cannot end, and /proc/self shows its namespace.
func lockThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lockThread(f)
	}()
	<-done
	runtime.UnlockOSThread()
}
