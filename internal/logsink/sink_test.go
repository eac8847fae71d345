package logsink

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestABlockedReceiverHoldsUpNobody: lines that do not fit into the queue are
// counted, those that do arrive in order, and then the loss is told.
func TestABlockedReceiverHoldsUpNobody(t *testing.T) {
	g := newGate()
	s := Stream(g, Text, Options{Held: 4})
	s.Line(slog.LevelInfo, "line 0")
	waitFor(t, "the first line is taken", func() bool { return len(s.queue) == 0 })
	for i := 1; i <= 10; i++ {
		s.Line(slog.LevelInfo, fmt.Sprint("line ", i))
	}
	if s.Lost() != 6 {
		t.Errorf("%d lines lost, want 6", s.Lost())
	}
	close(g.open)
	waitFor(t, "the loss is told", func() bool { return strings.Contains(strings.Join(g.lines(), ""), "lost=6") })
	s.Line(slog.LevelInfo, "after")
	closeWell(t, s)
	got := strings.Join(g.lines(), "")
	for i, want := range []string{"line 0\n", "line 1\n", "line 2\n", "line 3\n", "line 4\n"} {
		if g.lines()[i] != want {
			t.Errorf("line %d: %q, want %q", i, g.lines()[i], want)
		}
	}
	if strings.Count(got, "lost=") != 1 || !strings.Contains(got, `level=WARN msg="log lines lost" lost=6`) || !strings.HasSuffix(got, "after\n") {
		t.Errorf("the loss is not told once:\n%s", got)
	}
}

// TestLossIsToldAgain: what is told once is not told again, and a new loss is.
func TestLossIsToldAgain(t *testing.T) {
	g := newGate()
	s := Stream(g, Text, Options{Held: 1})
	for _, want := range []string{"lost=2", "lost=3"} {
		s.Line(slog.LevelInfo, "first")
		waitFor(t, "the first line is taken", func() bool { return len(s.queue) == 0 })
		for range 2 + strings.Count(want, "3") {
			s.Line(slog.LevelInfo, "more")
		}
		s.Line(slog.LevelInfo, "more")
		g.open <- struct{}{}
		g.open <- struct{}{}
		g.open <- struct{}{}
		waitFor(t, want, func() bool { return strings.Contains(strings.Join(g.lines(), ""), want) })
	}
	if s.Lost() != 5 {
		t.Errorf("%d lines lost, want 5", s.Lost())
	}
}

// TestCloseWaitsNoLongerThanItsPatience, and counts what it could not hand on.
func TestCloseWaitsNoLongerThanItsPatience(t *testing.T) {
	g := newGate()
	s := Stream(g, Text, Options{})
	s.Line(slog.LevelInfo, "never written")
	if s.Close(10 * time.Millisecond) {
		t.Error("Close says that all was written")
	}
	close(g.open)

	away := Syslog(Options{Path: socketPath(t)})
	for range 5 {
		away.Line(slog.LevelInfo, "nobody listens")
	}
	start := time.Now()
	if away.Close(patience) || away.Lost() != 5 {
		t.Errorf("Close without a receiver: %d lines lost, want 5", away.Lost())
	}
	if took := time.Since(start); took > patience/2 {
		t.Errorf("Close without a receiver took %v", took)
	}
}

func TestCloseHandsOnWhatIsQueued(t *testing.T) {
	for range 200 {
		g := newGate()
		close(g.open)
		s := Stream(g, Text, Options{})
		s.Line(slog.LevelInfo, "a")
		s.Line(slog.LevelInfo, "b")
		closeWell(t, s)
		if got := strings.Join(g.lines(), ""); got != "a\nb\n" {
			t.Fatalf("got %q", got)
		}
	}
}

// TestManyLogAtOnce: what is neither written nor counted as lost would be a gap.
func TestManyLogAtOnce(t *testing.T) {
	g := newGate()
	close(g.open)
	s := Stream(g, Text, Options{Held: 8})
	log := slog.New(s.Handler())
	var all sync.WaitGroup
	const loggers, each = 8, 500
	for i := range loggers {
		all.Go(func() {
			for n := range each {
				log.Info("record", "logger", i, "n", n)
				s.Line(LevelNotice, "line")
			}
		})
	}
	all.Wait()
	closeWell(t, s)
	written := 0
	for _, line := range g.lines() {
		if !strings.Contains(line, "log lines lost") {
			written++
		}
	}
	if total := uint64(written) + s.Lost(); total != 2*loggers*each {
		t.Errorf("%d written and %d lost are %d, want %d", written, s.Lost(), total, 2*loggers*each)
	}
}

// A brittle writer writes a part, fails some times, and then goes on.
type brittle struct {
	fails int
	got   strings.Builder
}

func (b *brittle) Write(p []byte) (int, error) {
	if b.fails > 0 {
		b.fails--
		b.got.Write(p[:1])
		return 1, errors.New("no space")
	}
	return b.got.Write(p)
}

func TestALineOfWhichAPartIsWrittenIsGoneOnWith(t *testing.T) {
	w := &brittle{fails: 2}
	s := Stream(w, Text, Options{})
	s.Line(slog.LevelInfo, "one line")
	waitFor(t, "written", func() bool { return len(s.queue) == 0 })
	time.Sleep(3 * shortestPause)
	s.Line(slog.LevelInfo, "another")
	closeWell(t, s)
	if got := w.got.String(); got != "one line\nanother\n" {
		t.Errorf("got %q", got)
	}
}

// TestFlush waits for what is queued, and no longer than its patience.
func TestFlush(t *testing.T) {
	g := newGate()
	s := Stream(g, Text, Options{Held: 2})
	s.Line(slog.LevelInfo, "line")
	if s.Flush(10 * time.Millisecond) {
		t.Error("a blocked line is flushed")
	}
	s.Line(slog.LevelInfo, "another")
	if s.Flush(10 * time.Millisecond) {
		t.Error("a full queue is flushed")
	}
	close(g.open)
	if !s.Flush(patience) || len(g.lines()) != 2 {
		t.Errorf("flushed, there are %q", g.lines())
	}
	closeWell(t, s)

	away := Syslog(Options{Path: socketPath(t)})
	away.Line(slog.LevelInfo, "nobody listens")
	waitFor(t, "the line is tried", func() bool { return len(away.queue) == 0 })
	flushed := make(chan bool)
	go func() { flushed <- away.Flush(patience) }()
	waitFor(t, "the mark is queued", func() bool { return len(away.queue) == 1 })
	if away.Close(patience) || away.Lost() != 1 || !<-flushed {
		t.Errorf("%d lines lost, want 1", away.Lost())
	}
}
