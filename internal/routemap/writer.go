package routemap

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rtnl"
)

// A refusal is a request that the kernel refused.
type refusal struct {
	request uint16 // RTM_…
	route   rtnl.Route
	errno   unix.Errno
	text    string
}

// A writer sends requests about routes in batches. As long as there is one only, it
// is sent by flush. When there are more, a goroutine of its own sends them, so that
// the next are made while the kernel does those before.
type writer struct {
	conn  *rtnl.Conn
	batch *rtnl.Batch
	tally *tally

	refused []refusal
	err     error // what was done is not known

	queue chan *rtnl.Batch // to the goroutine; nil if there is none
	empty chan *rtnl.Batch // batches that wait for use
	ended chan struct{}
}

// queued is how many batches may wait for the kernel.
const queued = 8

func newWriter(conn *rtnl.Conn, t *tally) *writer {
	w := &writer{conn: conn, batch: &rtnl.Batch{}, tally: t, empty: make(chan *rtnl.Batch, queued)}
	for range queued {
		w.empty <- &rtnl.Batch{}
	}
	return w
}

// room makes room for one more request.
func (w *writer) room() {
	if !w.batch.Full() {
		return
	}
	if w.queue == nil {
		w.begin()
	}
	w.queue <- w.batch
	w.batch = <-w.empty
}

// send has the kernel do a batch, and empties it.
func (w *writer) send(b *rtnl.Batch) {
	failures, err := w.conn.Send(b)
	if err != nil {
		w.err = fmt.Errorf("routemap: %d requests: %w", b.Len(), err)
	}
	for _, f := range failures {
		w.tally.failed(f.Errno)
		// Others have done it already, or it was done by the kernel itself.
		if f.Type == unix.RTM_DELROUTE && errors.Is(f.Errno, unix.ESRCH) {
			continue
		}
		if r, ok := rtnl.ParseRoute(f.Payload); ok && len(w.refused) < maxRefused {
			w.refused = append(w.refused, refusal{f.Type, r, f.Errno, f.Text})
		}
	}
	b.Reset()
}

// maxRefused bounds what is kept of refused requests; more make an audit anyway.
const maxRefused = 1000

// begin starts the goroutine.
func (w *writer) begin() {
	w.queue, w.ended = make(chan *rtnl.Batch, queued), make(chan struct{})
	go func(queue <-chan *rtnl.Batch, ended chan<- struct{}) {
		defer close(ended)
		for b := range queue {
			w.send(b)
			w.empty <- b
		}
	}(w.queue, w.ended)
}

// end waits until all is done, and ends the goroutine.
func (w *writer) end() {
	if w.queue == nil {
		return
	}
	close(w.queue)
	<-w.ended
	w.queue, w.ended = nil, nil
}

// flush sends what is there and returns what was refused since the last flush.
func (w *writer) flush() ([]refusal, error) {
	w.end()
	if w.batch.Len() > 0 {
		w.send(w.batch)
	}
	refused, err := w.refused, w.err
	w.refused, w.err = nil, nil
	return refused, err
}
