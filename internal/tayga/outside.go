package tayga

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
)

// An outside is a thread that keeps the root and the working directory of the
// process when all others change theirs. The configuration, syslog and the service
// manager are outside of a new root directory, and have to be opened again in the
// course of time. It has no other rights than the rest of the process.
type outside struct {
	work chan func()
}

// newOutside starts the thread, which lasts as long as the process.
func newOutside() (*outside, error) {
	o := &outside{make(chan func())}
	started := make(chan error)
	go o.serve(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("tayga: --chroot: %w", os.NewSyscallError("unshare", err))
	}
	return o, nil
}

// serve never unlocks its thread, so no other goroutine gets it. It leaves the
// first thread alone, for /proc shows the root directory of that.
func (o *outside) serve(started chan<- error) {
	runtime.LockOSThread()
	if syscall.Gettid() == syscall.Getpid() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			o.serve(started)
		}()
		<-done
		return
	}
	err := syscall.Unshare(syscall.CLONE_FS)
	started <- err
	if err != nil {
		return
	}
	for f := range o.work {
		f()
	}
}

// do calls f on the thread and waits for its end. A nil outside calls it right
// here.
func (o *outside) do(f func()) {
	if o == nil {
		f()
		return
	}
	done := make(chan struct{})
	o.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// open opens a file for reading.
func (o *outside) open(path string) (f *os.File, err error) {
	o.do(func() { f, err = os.Open(path) })
	return f, err
}

// dial connects a datagram socket to that of a name.
func (o *outside) dial(name string) (c *net.UnixConn, err error) {
	o.do(func() { c, err = net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) })
	return c, err
}
