package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A screen shows lines that stay, and on a terminal a table below them that is
// drawn again in place. Its methods may be called from several goroutines.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	width int      // columns of the terminal; 0 if it is none
	table []string // now shown below the lines
}

// newScreen returns the screen on f.
func newScreen(f *os.File) *screen {
	s := &screen{w: f}
	if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && os.Getenv("TERM") != "dumb" {
		s.width = int(size.Col)
		if s.width < 20 { // as some terminals say that do not know
			s.width = 80
		}
	}
	return s
}

// terminal reports whether the table is drawn in place.
func (s *screen) terminal() bool { return s.width > 0 }

// every is the time between two looks at the counters.
func (s *screen) every() time.Duration {
	if s.terminal() {
		return 200 * time.Millisecond
	}
	return 500 * time.Millisecond
}

// line shows a line, or several, that stay.
func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(s.erase() + fmt.Sprintf(format, args...) + "\n" + strings.Join(s.table, ""))
}

// draw shows rows in the place of the table.
func (s *screen) draw(rows []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	erase := s.erase()
	s.table = s.table[:0]
	for _, row := range rows {
		// A row that wrapped would count as two when it is erased.
		if r := []rune(row); len(r) >= s.width {
			row = string(r[:s.width-1])
		}
		s.table = append(s.table, row+"\n")
	}
	s.write(erase + strings.Join(s.table, ""))
}

// clear takes the table away.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(s.erase())
	s.table = nil
}

// erase returns what takes the table off the terminal.
func (s *screen) erase() string {
	if len(s.table) == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", len(s.table))
}

// write writes at once, so that the table does not flicker. Nobody is there to
// hear of an error: SIGPIPE and SIGHUP tell the demo to end.
func (s *screen) write(text string) { _, _ = io.WriteString(s.w, text) }
