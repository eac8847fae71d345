package logsink

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSyslogLines: priority, time, ident with the process id, and the text with
// control characters made visible.
func TestSyslogLines(t *testing.T) {
	path := socketPath(t)
	r := listen(t, path)
	s := Syslog(Options{Ident: "tayga", Path: path, Level: slog.LevelDebug})
	defer closeWell(t, s)
	log := slog.New(s.Handler())
	for _, c := range []struct {
		name string
		log  func()
		want []string // without the time; the priority is 24 and the severity
	}{
		{"debug", func() { log.Debug("a") }, []string{"<31> a"}},
		{"info with attributes", func() { log.Info("a", "b", 1, "c", "two words", "d", "") }, []string{`<30> a b=1 c="two words" d=""`}},
		{"notice", func() { s.Line(LevelNotice, "DROP: x") }, []string{"<29> DROP: x"}},
		{"warning", func() { log.Warn("a") }, []string{"<28> a"}},
		{"error", func() { log.Error("a", "error", errors.New("why")) }, []string{"<27> a error=why"}},
		{"critical", func() { log.Log(t.Context(), LevelCritical, "a") }, []string{"<26> a"}},
		{"groups", func() { log.WithGroup("g").With("a", 1).Info("m", slog.Group("h", "b", 2)) }, []string{"<30> m g.a=1 g.h.b=2"}},
		{"several lines", func() { s.Line(slog.LevelInfo, "one\ntwo\n\nfour\n") }, []string{"<30> one", "<30> two", "<30> ", "<30> four"}},
		{"control characters", func() { s.Line(slog.LevelInfo, "a\x1b[1m\tb\x00\xff\u00e9\u0085\ufffd") }, []string{`<30> a\x1b[1m\tb\x00\xffé\u0085` + "\ufffd"}},
		{"long", func() { s.Line(slog.LevelInfo, strings.Repeat("é", 5000)) }, []string{"<30> " + strings.Repeat("é", 4096)}},
		{"values of all kinds", func() { log.Info("m", "t", time.Second, "e", []int{1}, "q", `a"b`, "k k", nil) }, []string{`<30> m t=1s e=[1] q="a\"b" "k k"=<nil>`}},
	} {
		c.log()
		for _, want := range c.want {
			head, text, ok := strings.Cut(r.next(t), fmt.Sprintf(" tayga[%d]: ", os.Getpid()))
			if !ok || !regexp.MustCompile(`^<\d\d>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d$`).MatchString(head) {
				t.Errorf("%s: head %q", c.name, head)
			}
			if got := head[:4] + " " + text; got != want {
				t.Errorf("%s: got %q, want %q", c.name, got, want)
			}
		}
	}
}

// TestSyslogThatIsStoppedAndStartedAgain: the lines of the meantime arrive as far
// as they were held.
func TestSyslogThatIsStoppedAndStartedAgain(t *testing.T) {
	path := socketPath(t)
	s := Syslog(Options{Path: path, Held: 3})
	s.Line(slog.LevelInfo, "before the start")
	r := listen(t, path)
	if got := r.next(t); !strings.HasSuffix(got, ": before the start") {
		t.Errorf("got %q", got)
	}
	for round := range 3 {
		r.stop(t, path)
		s.Line(slog.LevelInfo, "line 0")
		waitFor(t, "it is tried", func() bool { return len(s.queue) == 0 })
		for i := 1; i <= 5; i++ {
			s.Line(slog.LevelInfo, fmt.Sprint("line ", i))
		}
		if got, want := s.Lost(), uint64(2*(round+1)); got != want {
			t.Errorf("%d lines lost, want %d", got, want)
		}
		r = listen(t, path)
		for _, want := range []string{"line 0", "line 1", "line 2", "line 3", "log lines lost lost=2"} {
			if got := r.next(t); !strings.HasSuffix(got, ": "+want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
	closeWell(t, s)
}

// TestSyslogThatReadsNothing: a receiver that is alive but stopped takes some
// datagrams and then blocks; the rest is counted, and told when it goes on.
func TestSyslogThatReadsNothing(t *testing.T) {
	path := socketPath(t)
	r := listen(t, path)
	s := Syslog(Options{Path: path, Held: 16})
	const lines = 2000
	start := time.Now()
	for i := range lines {
		s.Line(slog.LevelInfo, fmt.Sprint("line ", i))
	}
	if took := time.Since(start); took > patience/2 {
		t.Errorf("logging %d lines took %v", lines, took)
	}
	waitFor(t, "the queue is full", func() bool { return len(s.queue) == 16 })
	time.Sleep(2 * attempt) // some tries end
	lost := s.Lost()
	if lost == 0 || lost >= lines {
		t.Errorf("%d lines lost", lost)
	}
	var arrived, told uint64
	for told < lost {
		got := r.next(t)
		if _, n, ok := strings.Cut(got, ": log lines lost lost="); ok {
			more, err := strconv.ParseUint(n, 10, 64)
			must(t, err)
			told += more
		} else {
			arrived++
		}
	}
	if told != lost || arrived != lines-lost {
		t.Errorf("%d lines arrived, and %d are told to be lost, of %d: want %d lost", arrived, told, lines, lost)
	}
	closeWell(t, s)
}

// TestDialIsTheWayToTheSocket also of later connections.
func TestDialIsTheWayToTheSocket(t *testing.T) {
	path := socketPath(t)
	dialed := make(chan string, 10)
	s := Syslog(Options{Path: "/not/there", Dial: func(p string) (*net.UnixConn, error) {
		dialed <- p
		return Dial(path)
	}})
	for range 2 {
		r := listen(t, path)
		s.Line(slog.LevelInfo, "a")
		r.next(t)
		if p := <-dialed; p != "/not/there" {
			t.Errorf("dialed %s", p)
		}
		r.stop(t, path)
	}
	closeWell(t, s)
}

// TestALineThatIsTooLongForTheSocketIsCut further, and the next one arrives.
func TestALineThatIsTooLongForTheSocketIsCut(t *testing.T) {
	path := socketPath(t)
	r := listen(t, path)
	s := Syslog(Options{Path: path, Dial: func(p string) (*net.UnixConn, error) {
		c, err := Dial(p)
		if err == nil {
			err = c.SetWriteBuffer(1) // the kernel makes more of it
		}
		return c, err
	}})
	s.Line(slog.LevelInfo, strings.Repeat("x", longest))
	s.Line(slog.LevelInfo, "short")
	got := strings.Count(r.next(t), "x")
	if got == 0 || got >= longest || longest%got != 0 {
		t.Errorf("%d octets of %d arrive", got, longest)
	}
	if got := r.next(t); !strings.HasSuffix(got, ": short") {
		t.Errorf("got %q", got)
	}
	closeWell(t, s)
}
