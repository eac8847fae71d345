package logsink

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"
)

// errRefused is the error of an outlet whose receiver will never take the line.
var errRefused = errors.New("logsink: the line is refused")

const (
	attempt       = 250 * time.Millisecond // how long one try of an outlet may take
	shortestPause = 20 * time.Millisecond  // after a try that failed
	longestPause  = time.Second            // after many
	tellEvery     = time.Second            // how often the lost are logged while they go on
)

// run hands on lines until s is closed, and then what is left.
func (s *Sink) run() {
	defer close(s.done)
	defer s.out.close()
	for {
		select {
		case r := <-s.queue:
			s.deliver(r)
		case <-s.closing:
			for len(s.queue) > 0 {
				s.deliver(<-s.queue)
			}
			return
		}
	}
}

// deliver hands on a line, and tries again while the outlet fails. When s is
// being closed it tries once, and loses all that is queued if that fails.
func (s *Sink) deliver(r record) {
	if r.reached != nil {
		close(r.reached)
		return
	}
	pause := shortestPause
	for {
		last := s.isClosing()
		err := s.out.send(&r)
		switch {
		case err == nil:
			s.tell()
			return
		case errors.Is(err, errRefused):
			s.lost.Add(1)
			return
		case last:
			s.lost.Add(1)
			for len(s.queue) > 0 {
				s.lose(<-s.queue)
			}
			return
		case errors.Is(err, os.ErrDeadlineExceeded): // it has waited
			continue
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		case <-s.closing:
		}
	}
}

// lose counts a line.
func (s *Sink) lose(r record) {
	if r.reached != nil {
		close(r.reached)
		return
	}
	s.lost.Add(1)
}

func (s *Sink) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// tell logs how many lines have been lost since the last time, once the queue is
// empty, and now and then while it is not.
func (s *Sink) tell() {
	lost := s.lost.Load()
	if lost == s.told || len(s.queue) > 0 && time.Since(s.toldAt) < tellEvery {
		return
	}
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines lost", 0)
	r.AddAttrs(slog.Uint64("lost", lost-s.told))
	if s.handler.Handle(context.Background(), r) != nil {
		s.lost.Add(^uint64(0)) // this line was none of theirs
		return
	}
	s.told, s.toldAt = lost, time.Now()
}
