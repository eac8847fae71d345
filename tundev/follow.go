package tundev

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// follow looks after a device that is not where it was. It returns its state and
// what hears about it, in the namespace where it is now; or nil, if it is gone,
// or moved to where this process may not go.
func (w *watcher) follow(last link) (link, *os.File) {
	name, alive := w.device.nameNow()
	if !alive {
		w.send(Gone, last)
		return link{}, nil
	}
	var e ears
	var now link
	err := w.device.inNamespace(func() error {
		var err error
		if e, err = listen(); err != nil {
			return err
		}
		if now, err = askLink(e.ask, 0, name); err != nil {
			return errors.Join(err, e.close())
		}
		return nil
	})
	if errors.Is(err, errNoLink) { // it is nowhere: not yet quite gone
		w.send(Gone, last)
		return link{}, nil
	}
	w.send(Moved, link{name: name, mtu: last.mtu})
	if err != nil || !w.replace(e) {
		return link{}, nil
	}
	w.index.Store(int64(now.index))
	return now, e.hear
}

// replace puts new ears in the place of those in the old namespace, unless the
// watcher is being closed.
func (w *watcher) replace(e ears) bool {
	w.mu.Lock()
	old := w.ears
	if old.hear != nil {
		w.ears = e
	}
	w.mu.Unlock()
	if old.hear == nil {
		_ = e.close()
		return false
	}
	_ = old.close()
	return true
}

// inNamespace calls f on a thread in the network namespace of the device. It
// wants CAP_SYS_ADMIN.
func (d *Device) inNamespace(f func() error) error {
	d.mu.Lock()
	space, err := -1, os.ErrClosed
	if d.fd >= 0 {
		space, err = unix.IoctlRetInt(d.fd, unix.TUNGETDEVNETNS)
	}
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("the namespace of %q: %w", d.name, err)
	}
	defer unix.Close(space)
	ended := make(chan error)
	go func() { ended <- onThreadIn(space, f) }()
	return <-ended
}

// onThreadIn calls f in a network namespace, and goes back to that of before. A
// thread that cannot go back ends with its goroutine.
func onThreadIn(space int, f func() error) error {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("this network namespace: %w", err)
	}
	defer unix.Close(home)
	if err := unix.Setns(space, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	err = f()
	if unix.Setns(home, unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	return err
}
