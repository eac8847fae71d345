// Package natlog writes the log of stateful NAT64 that RFC 6888 REQ-12 asks of an
// operator: which host had which ports of the pool, and when. Events and fields
// are those of RFC 8158. A Log gets them from a Feed of the table, and writes
// lines of JSON to a file or a unix socket, or IPFIX messages (RFC 7011) to a
// collector.
//
// No packet ever waits for a Log: while its receiver is stuck or gone the ring of
// the Feed fills, what does not fit any more is lost, and the log says how much.
package natlog

import (
	"context"
	"sync"
	"time"

	"taygo/nat64"
)

// A Feed is where a Log gets its events: a nat64.Feed of its own. Its ring should
// hold some thousands.
type Feed interface {
	Next(into []nat64.Change) int // takes what there is, without waiting
	Lost() uint64                 // how many there was no room for; less than before: a new beginning
}

// Events is a set of kinds of events.
type Events uint8

// The kinds. The zero set stands for Default.
const (
	Bindings Events = 1 << iota // made and gone
	Sessions                    // made and gone
	Blocks                      // of ports, taken and freed
	Limits                      // reached by a source, or by the pool

	Default = Bindings | Blocks | Limits
)

// Options say what a Log writes.
type Options struct {
	Feed   Feed                             // of this Log alone
	Wall   func(at time.Duration) time.Time // the wall clock's time of a nat64.Change.At
	Events Events                           //
	Tell   func(error)                      // is told the first error of several, and nil when the receiver takes events again; may be nil

	// Destinations has sessions logged with whom the host talks to, which RFC 6888
	// REQ-12 advises against.
	Destinations bool
}

// A Log writes events. Its methods may be called at any time, from several
// goroutines; Run only once.
type Log struct {
	name   string
	o      Options
	format format
	out    outlet
	again  chan struct{} // Reopen

	// Of the goroutine of Run.
	changes [256]nat64.Change
	buf     []byte // events that are being written
	events  uint64 // how many those are
	seen    uint64 // what Feed.Lost said
	missing loss   // since that was logged
	toldAt  time.Time

	mu     sync.Mutex
	status Status
	failed time.Time // the last time
}

// A Status says how a Log stands.
type Status struct {
	Name    string // path of the file or socket, or address of the collector
	Written uint64 // events
	Lost    uint64 // events; some of them may be of kinds that are not logged
	Err     error  // the last one of the last seconds; nil if it writes well
}

// A format turns events into octets.
type format interface {
	append(b []byte, c *nat64.Change, at time.Time) []byte
	appendLost(b []byte, l loss, at time.Time) []byte
	end(b []byte) []byte // what is in b will be sent now
}

// A loss is a number of events that are missing.
type loss struct{ now, total uint64 }

// An outlet hands octets of its format on. After an error it is given the same ones
// again, and goes on where it was.
type outlet interface {
	send(b []byte) error
	tick(now time.Time) error // called now and then, when all has been sent
	reopen()
	close()
}

func newLog(name string, o Options, f format, out outlet) *Log {
	if o.Events == 0 {
		o.Events = Default
	}
	return &Log{name: name, o: o, format: f, out: out, again: make(chan struct{}, 1), toldAt: time.Now(), status: Status{Name: name}}
}

// Reopen has a Log of a file open it anew, when somebody has moved it away (which
// it finds out itself within a second), and one of a socket or collector connect
// anew.
func (l *Log) Reopen() {
	select {
	case l.again <- struct{}{}:
	default:
	}
}

// Status says how l stands.
func (l *Log) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.status
	s.Lost += l.o.Feed.Lost()
	return s
}

// lastPatience is how long Run waits for a receiver that is stuck when ctx ends.
const lastPatience = time.Second

// Run writes until ctx ends, and then what is in the ring. It returns nil. If the
// system does not return from a write, a goroutine that waits for it stays behind.
func (l *Log) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.work(ctx)
	}()
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(lastPatience):
	}
	return nil
}
