package natlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/nat64"
)

// numbered returns n bindings of ports from first on.
func numbered(first, n int) []nat64.Change {
	all := make([]nat64.Change, n)
	for i := range all {
		all[i] = changes()[0]
		all[i].At = time.Duration(first+i) * time.Millisecond
	}
	return all
}

// has waits until the file has n lines, and checks that each is whole.
func has(t testing.TB, path string, n int) {
	t.Helper()
	eventually(t, func() string {
		if got := strings.Count(read(path), "\n"); got != n {
			return fmt.Sprintf("%s: %d lines, want %d", path, got, n)
		}
		return ""
	})
	for line := range strings.Lines(read(path)) {
		if !strings.HasPrefix(line, `{"time":`) || !strings.HasSuffix(line, "}\n") {
			t.Errorf("%s: %q", path, line)
		}
	}
}

func TestAFileHasWhatIsAskedFor(t *testing.T) {
	for _, row := range []struct {
		name   string
		events Events
		want   int
	}{
		{"what is usual", 0, 7},
		{"bindings", Bindings, 2},
		{"sessions", Sessions, 2},
		{"blocks", Blocks, 2},
		{"limits", Limits, 3},
		{"all", everything, 9},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			r := &ring{}
			l := File(path, Options{Feed: r, Wall: wall, Events: row.events})
			r.put(changes()...)
			start(t, l)()
			has(t, path, row.want)
			if s := l.Status(); s != (Status{Name: path, Written: uint64(row.want)}) {
				t.Errorf("%+v", s)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm()&0o007 != 0 {
				t.Errorf("others may read it: %v, %v", info.Mode(), err)
			}
		})
	}
}

// TestAFileIsAppendedTo: and what a crash left of a line does not spoil the next.
func TestAFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for round := range 3 {
		r := &ring{}
		r.put(numbered(0, 2)...)
		start(t, File(path, Options{Feed: r, Wall: wall}))()
		has(t, path, 2*round+2)
	}
	must(t, os.Truncate(path, int64(len(read(path))-20)))
	r := &ring{}
	r.put(numbered(0, 1)...)
	start(t, File(path, Options{Feed: r, Wall: wall}))()
	if got := strings.SplitAfter(read(path), "\n"); len(got) != 8 || !strings.HasSuffix(got[6], "}\n") || strings.Contains(got[5], "}") {
		t.Errorf("%q", got)
	}
}

// TestAFileThatIsMovedAway: logrotate moves it, and tells or does not.
func TestAFileThatIsMovedAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	r := &ring{}
	l := File(path, Options{Feed: r, Wall: wall})
	start(t, l)
	r.put(numbered(0, 3)...)
	has(t, path, 3)
	must(t, os.Rename(path, path+".1"))
	eventually(t, func() string { // within a second
		if _, err := os.Stat(path); err != nil {
			return err.Error()
		}
		return ""
	})
	r.put(numbered(0, 4)...)
	has(t, path, 4)
	must(t, os.Rename(path, path+".2"))
	l.Reopen()
	r.put(numbered(0, 5)...)
	eventually(t, func() string {
		if n := strings.Count(read(path)+read(path+".2"), "\n"); n != 9 {
			return fmt.Sprintf("%d lines, want 9", n)
		}
		return ""
	})
	has(t, path+".1", 3)
}

// TestAFileThatCannotBeWritten: it is told once, and what fits into the ring is
// written when it can be.
func TestAFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	path := filepath.Join(dir, "log")
	r, told := &ring{}, &teller{}
	l := File(path, Options{Feed: r, Wall: wall, Tell: told.tell})
	start(t, l)
	r.put(numbered(0, 100)...)
	eventually(t, func() string {
		if len(told.told()) == 0 {
			return "nothing is told"
		}
		return ""
	})
	if err := l.Status().Err; !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "make its directory") {
		t.Errorf("%v", err)
	}
	must(t, os.Mkdir(dir, 0o700))
	has(t, path, 100)
	eventually(t, func() string {
		if got := told.told(); len(got) != 2 || got[0] == nil || got[1] != nil {
			return fmt.Sprintf("told %v, want an error and its end", got)
		}
		return ""
	})
}

// TestAFullDisk: /dev/full has no room for ever. The log ends in time.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	r := &ring{}
	l := File("/dev/full", Options{Feed: r, Wall: wall})
	stop := start(t, l)
	r.put(numbered(0, 10)...)
	eventually(t, func() string {
		if err := l.Status().Err; !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free space") {
			return fmt.Sprint(err)
		}
		return ""
	})
	stop()
	if s := l.Status(); s.Lost != 10 || s.Written != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWhatIsLostIsLogged: where it is missing, and once.
func TestWhatIsLostIsLogged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	r := &ring{}
	l := File(path, Options{Feed: r, Wall: wall})
	r.put(numbered(0, 600)...)
	r.lose(7)
	start(t, l)
	has(t, path, 601)
	r.put(numbered(0, 2)...)
	has(t, path, 603)
	for i, line := range strings.Split(strings.TrimSpace(read(path)), "\n") {
		if lost := strings.Contains(line, `"event":"Events Lost","lost":7,"total":7}`); lost != (i == 600) {
			t.Errorf("line %d: %s", i, line)
		}
	}
	if s := l.Status(); s.Lost != 7 || s.Written != 602 {
		t.Errorf("%+v", s)
	}
}

// TestAFeedThatBeginsAnew: as after a reload; what it lost counts on.
func TestAFeedThatBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	r := &ring{lost: 7}
	start(t, File(path, Options{Feed: r, Wall: wall}))
	has(t, path, 1)
	r.mu.Lock()
	r.lost = 2
	r.mu.Unlock()
	has(t, path, 2)
	if got := read(path); !strings.Contains(got, `"lost":7,"total":7}`) || !strings.Contains(got, `"lost":2,"total":9}`) {
		t.Error(got)
	}
}

// TestAFifo: one that is stuck keeps nobody, and one whose reader goes in the middle
// of a line gives the next one whole lines.
func TestAFifo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(path, 0o600))
	r := &ring{}
	l := File(path, Options{Feed: r, Wall: wall})
	r.put(numbered(0, 10_000)...) // some 2 MB; a fifo holds 64 KiB
	stop := start(t, l)
	fails := func(with error) {
		t.Helper()
		eventually(t, func() string {
			if err := l.Status().Err; !errors.Is(err, with) {
				return fmt.Sprintf("%v, want %v", err, with)
			}
			return ""
		})
	}
	fails(syscall.ENXIO)
	first, err := os.Open(path)
	must(t, err)
	b := make([]byte, 100_001) // not a whole number of lines
	for at := 0; at < len(b); {
		n, err := first.Read(b[at:])
		must(t, err)
		at += n
	}
	fails(os.ErrDeadlineExceeded)
	must(t, first.Close())
	fails(syscall.ENXIO)
	second, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	defer second.Close()
	eventually(t, func() string {
		n, err := second.Read(b[:1])
		if n != 1 {
			return fmt.Sprint(err)
		}
		return ""
	})
	if n, err := second.Read(b[1:9]); err != nil || string(b[:1+n]) != `{"time":"` {
		t.Errorf("the second reader begins with %q, %v", b[:1+n], err)
	}
	began := time.Now()
	stop()
	if took := time.Since(began); took > lastPatience+attempt+long/10 {
		t.Errorf("it ends after %v", took)
	}
}
