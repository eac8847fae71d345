package natlog

import (
	"context"
	"fmt"
	"time"

	"taygo/nat64"
)

const (
	idle          = 20 * time.Millisecond  // between looks at an empty ring
	tickEvery     = time.Second            // between the ticks of an outlet
	tellEvery     = time.Second            // between two events about lost ones, while they go on
	shortestPause = 20 * time.Millisecond  // after an attempt that failed
	longestPause  = time.Second            // after many
	attempt       = 250 * time.Millisecond // how long one attempt may take
	calm          = 5 * time.Second        // without an error, until the last ones are over
)

// work writes until ctx ends and the ring is empty.
func (l *Log) work(ctx context.Context) {
	defer l.out.close()
	ticked := time.Now()
	for {
		n := l.o.Feed.Next(l.changes[:])
		l.encode(l.changes[:n])
		l.encodeLost(n < len(l.changes))
		if l.buf = l.format.end(l.buf); len(l.buf) > 0 && !l.deliver(ctx) {
			l.abandon()
			return
		}
		if n == len(l.changes) {
			continue
		}
		if now := time.Now(); now.Sub(ticked) >= tickEvery {
			ticked = now
			l.note(l.out.tick(now))
		}
		select {
		case <-time.After(idle):
		case <-l.again:
			l.out.reopen()
		case <-ctx.Done():
			if n == 0 {
				return
			}
		}
	}
}

// encode appends the events that are asked for to the buffer, which is empty.
func (l *Log) encode(changes []nat64.Change) {
	l.buf, l.events = l.buf[:0], 0
	if len(changes) == 0 {
		return
	}
	first := changes[0].At
	base := l.o.Wall(first).UTC()
	for i := range changes {
		c := &changes[i]
		if c.Kind < nat64.NumChangeKinds && kinds[c.Kind].of&l.o.Events != 0 {
			l.buf = l.format.append(l.buf, c, base.Add(c.At-first))
			l.events++
		}
	}
}

// encodeLost appends that events are missing, when the ring has been emptied, so
// that it stands where they would, and now and then while it is not.
func (l *Log) encodeLost(emptied bool) {
	seen := l.o.Feed.Lost()
	if seen < l.seen {
		l.seen = 0 // the Feed has begun anew
	}
	l.missing.now += seen - l.seen
	l.missing.total += seen - l.seen
	l.seen = seen
	now := time.Now()
	if l.missing.now == 0 || !emptied && now.Sub(l.toldAt) < tellEvery {
		return
	}
	l.buf = l.format.appendLost(l.buf, l.missing, now.UTC())
	l.missing.now, l.toldAt = 0, now
}

// deliver has the outlet send the buffer, and tries again while that fails. When
// ctx has ended it tries once, and reports whether that succeeded.
func (l *Log) deliver(ctx context.Context) bool {
	pause := shortestPause
	for {
		last := ctx.Err() != nil
		err := l.out.send(l.buf)
		l.note(err)
		if err == nil || last {
			l.count(err == nil)
			return err == nil
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		case <-l.again:
			l.out.reopen()
		case <-ctx.Done():
		}
	}
}

// count counts the events of the buffer.
func (l *Log) count(written bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if written {
		l.status.Written += l.events
		return
	}
	l.status.Lost += l.events
}

// abandon loses what is left in the ring.
func (l *Log) abandon() {
	for n := len(l.changes); n == len(l.changes); {
		n = l.o.Feed.Next(l.changes[:])
		l.encode(l.changes[:n])
		l.count(false)
	}
}

// note keeps an error, and tells of the first of several. They are over when there
// has been none for a while.
func (l *Log) note(err error) {
	l.mu.Lock()
	old, now := l.status.Err, time.Now()
	switch {
	case err != nil:
		err = fmt.Errorf("natlog: events are not logged, translation goes on: %s: %w: %s", l.name, err, remedy(err))
		l.status.Err, l.failed = err, now
	case now.Sub(l.failed) >= calm:
		l.status.Err = nil
	default:
		err = old
	}
	l.mu.Unlock()
	if l.o.Tell != nil && (err != nil) != (old != nil) {
		l.o.Tell(err)
	}
}
