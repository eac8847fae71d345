package tundev

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// An EventKind is what happened to a device.
type EventKind uint8

// The kinds of events.
const (
	Up         EventKind = iota + 1 // the device was set up
	Down                            // and down
	MTUChanged                      // Event.MTU is new
	Renamed                         // Event.Name is new
	Moved                           // to another network namespace, which set it down
	Gone                            // deleted
)

// String returns the kind in a word or two.
func (k EventKind) String() string {
	switch k {
	case Up:
		return "up"
	case Down:
		return "down"
	case MTUChanged:
		return "mtu changed"
	case Renamed:
		return "renamed"
	case Moved:
		return "moved"
	case Gone:
		return "gone"
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// An Event is one change of a device, with its state after that.
type Event struct {
	Kind EventKind
	Name string
	MTU  int // octets
}

// Events returns the channel of what happens to the device after Open, in order.
// Whoever falls behind gets the state as it is then, no change being lost for
// good. The channel is closed by Close, after Gone, and when the device was moved
// to a namespace that this process may not enter.
func (d *Device) Events() <-chan Event { return d.watch.events }

// A watcher follows one device over rtnetlink, by its index.
type watcher struct {
	device *Device
	events chan Event
	index  atomic.Int64

	done  chan struct{} // closed to end the goroutine
	ended chan struct{} // closed when it has

	mu   sync.Mutex // held to use or change what follows
	ears            // zero when closed
}

// ears are two sockets in the device's namespace. One hears that there is
// something about links; the other asks what, so that nothing depends on all
// messages having been heard.
type ears struct {
	hear *os.File
	ask  int
}

// listen opens ears in the namespace of the calling thread.
func listen() (ears, error) {
	s, err := newLinkSocket(unix.RTMGRP_LINK)
	if err != nil {
		return ears{}, err
	}
	// Not blocking, so that the runtime polls it and Close wakes its reader.
	if err := unix.SetNonblock(s, true); err != nil {
		return ears{}, errors.Join(err, unix.Close(s))
	}
	hear := os.NewFile(uintptr(s), "netlink")
	ask, err := newLinkSocket(0)
	if err != nil {
		return ears{}, errors.Join(err, hear.Close())
	}
	return ears{hear, ask}, nil
}

func (e ears) close() error { return errors.Join(e.hear.Close(), unix.Close(e.ask)) }

// start begins to watch d, in the namespace of the calling thread, and returns
// the state from which the events tell changes.
func (w *watcher) start(d *Device) (link, error) {
	e, err := listen()
	if err != nil {
		return link{}, err
	}
	l, err := askLink(e.ask, 0, d.Name())
	if err != nil {
		return link{}, errors.Join(err, e.close())
	}
	w.device, w.ears = d, e
	w.index.Store(int64(l.index))
	w.events, w.done, w.ended = make(chan Event, 16), make(chan struct{}), make(chan struct{})
	go w.run(e.hear, l)
	return l, nil
}

// run tells changes until the device is gone or closed.
func (w *watcher) run(hear *os.File, last link) {
	defer close(w.ended)
	defer close(w.events)
	b := make([]byte, answerLen)
	behind := false // messages were lost, perhaps ours
	for {
		n, err := heard(hear, b, behind)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			behind = true
		case errors.Is(err, unix.EAGAIN):
			behind = false
		case err != nil:
			return
		case !concerns(b[:n], last.index):
			continue
		}
		now, err := w.look()
		switch {
		case errors.Is(err, errNoLink):
			if now, hear = w.follow(last); hear == nil {
				return
			}
		case err != nil:
			continue
		}
		w.tell(last, now)
		last = now
	}
}

// heard waits for messages and reads them into b. When the socket has overflowed,
// which is ENOBUFS, the kernel goes on to lose messages, and says so no more, until
// the socket is empty: with drain that is EAGAIN, and the time to look again.
func heard(hear *os.File, b []byte, drain bool) (int, error) {
	conn, err := hear.SyscallConn()
	if err != nil {
		return 0, err
	}
	n := 0
	var answer error
	err = conn.Read(func(s uintptr) bool {
		n, answer = unix.Read(int(s), b)
		return drain || !errors.Is(answer, unix.EAGAIN)
	})
	if err != nil {
		return 0, err
	}
	return n, answer
}

// concerns reports whether messages say something about the link of that index.
func concerns(b []byte, index int) bool {
	for m := range messages(b) {
		if m.err != nil || m.link.index == index {
			return true
		}
	}
	return false
}

// look asks how the device is now.
func (w *watcher) look() (link, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hear == nil {
		return link{}, os.ErrClosed
	}
	return askLink(w.ask, int(w.index.Load()), "")
}

// tell sends the events that lead from one state to another.
func (w *watcher) tell(last, now link) {
	if now.name != last.name {
		w.send(Renamed, now)
	}
	if now.mtu != last.mtu {
		w.send(MTUChanged, now)
	}
	switch {
	case now.up && !last.up:
		w.send(Up, now)
	case last.up && !now.up:
		w.send(Down, now)
	}
}

func (w *watcher) send(kind EventKind, l link) {
	select {
	case w.events <- Event{kind, l.name, l.mtu}:
	case <-w.done:
	}
}

// now asks how the device is, if it is there.
func (w *watcher) now() (link, error) {
	name, alive := w.device.nameNow()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.hear == nil:
		return link{}, os.ErrClosed
	case !alive:
		return link{}, ErrGone
	}
	return askLink(w.ask, 0, name)
}

// setTxQueueLen sets the transmit queue, in packets.
func (w *watcher) setTxQueueLen(packets int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := setTxQueueLen(w.ask, int(w.index.Load()), packets); err != nil {
		return fmt.Errorf("set the transmit queue to %d packets: %w", packets, err)
	}
	return nil
}

// close ends the watcher; also one that was not started.
func (w *watcher) close() error {
	w.mu.Lock()
	e := w.ears
	w.ears = ears{}
	w.mu.Unlock()
	if e.hear == nil {
		return nil
	}
	close(w.done)
	err := e.close()
	<-w.ended
	return err
}
