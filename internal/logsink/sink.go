// Package logsink carries log lines to syslog, to the journal of systemd, or to
// a stream such as standard output, and never holds up the one who logs: lines
// wait in a queue of fixed length for a goroutine that hands them on. While the
// receiver is blocked or gone, the queue fills; what does not fit any more is
// lost and counted, and the count is logged once the receiver takes lines again.
package logsink

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how a Sink logs. The zero Options are good.
type Options struct {
	Ident string       // of this program, for syslog and the journal; "" is taygo
	Level slog.Leveler // the lowest level of records that are logged; nil is slog.LevelInfo
	Held  int          // how many lines wait at most; 0 is 1024

	// Path is the socket of syslog or of the journal; "" is where it always is.
	Path string
	// Dial connects a datagram socket to that of the path; nil does so right
	// here. A process that leaves its root directory needs another way.
	Dial func(path string) (*net.UnixConn, error)
}

// A Sink takes log lines. All its methods may be called at any time, from several
// goroutines; none but Flush and Close ever waits for the receiver.
type Sink struct {
	out     outlet
	handler slog.Handler
	raw     bool // Line need not go through the handler

	queue   chan record
	lost    atomic.Uint64
	closing chan struct{}
	once    sync.Once
	done    chan struct{}

	// Of the goroutine that hands on.
	told   uint64 // how many of the lost have been logged
	toldAt time.Time
}

// A record is one log line.
type record struct {
	at     time.Time
	level  slog.Level
	text   string // whole, for a stream its newline included
	fields []field
	pc     uintptr // where it was logged, or 0

	reached chan<- struct{} // not nil: this is no line, but closes the channel
}

// An outlet hands on one line. After an error the same line may be tried again.
type outlet interface {
	send(*record) error
	close()
}

// errFull is why a record was not logged.
var errFull = errors.New("logsink: the queue is full")

func newSink(out outlet, o Options) *Sink {
	held := o.Held
	if held == 0 {
		held = 1024
	}
	return &Sink{out: out, queue: make(chan record, held), closing: make(chan struct{}), done: make(chan struct{})}
}

// start starts the goroutine, when all of s is in place.
func (s *Sink) start(h slog.Handler, raw bool) *Sink {
	s.handler, s.raw = h, raw
	go s.run()
	return s
}

func (o Options) ident() string {
	if o.Ident == "" {
		return "taygo"
	}
	return o.Ident
}

func (o Options) level() slog.Leveler {
	if o.Level == nil {
		return slog.LevelInfo
	}
	return o.Level
}

// Handler returns the handler for structured records. Its Handle fails when the
// record is lost.
func (s *Sink) Handler() slog.Handler { return s.handler }

// Line logs a line as it is, whatever Options.Level says. The text has no
// newline at its end.
func (s *Sink) Line(level slog.Level, text string) {
	if s.raw {
		_ = s.put(record{at: time.Now(), level: level, text: text}) // counted if lost
		return
	}
	_ = s.handler.Handle(context.Background(), slog.NewRecord(time.Now(), level, text, 0)) // so is this
}

// Write logs each line of p at slog.LevelInfo. It never fails.
func (s *Sink) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		s.Line(slog.LevelInfo, string(bytes.TrimSuffix(line, []byte("\n"))))
	}
	return len(p), nil
}

// Lost returns how many lines have been lost so far.
func (s *Sink) Lost() uint64 { return s.lost.Load() }

// put queues a line, or counts it as lost.
func (s *Sink) put(r record) error {
	select {
	case s.queue <- r:
		return nil
	default:
		s.lost.Add(1)
		return errFull
	}
}

// Flush waits until all that is queued has been handed on or lost, for as long as
// patience at most, and reports whether it has.
func (s *Sink) Flush(patience time.Duration) bool {
	over := time.After(patience)
	reached := make(chan struct{})
	select {
	case s.queue <- record{reached: reached}:
	case <-over:
		return false
	}
	select {
	case <-reached:
		return true
	case <-s.done:
		return false
	case <-over:
		return false
	}
}

// Close hands on what is queued, for as long as patience at most, and reports
// whether all of it was taken. Lines that are logged later may get lost.
func (s *Sink) Close(patience time.Duration) bool {
	before := s.lost.Load()
	s.once.Do(func() { close(s.closing) })
	select {
	case <-s.done:
		return s.lost.Load() == before
	case <-time.After(patience):
		return false
	}
}
