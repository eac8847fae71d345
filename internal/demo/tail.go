package demo

import (
	"strings"
	"sync"
)

// A tail is a Writer that keeps the last lines. Its methods may be called from
// several goroutines.
type tail struct {
	mu    sync.Mutex
	most  int
	lines []string // the last one may go on
}

// newTail returns a tail that keeps so many lines.
func newTail(most int) *tail { return &tail{most: most, lines: []string{""}} }

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, part := range strings.Split(string(b), "\n") {
		if i > 0 {
			t.lines = append(t.lines, "")
		}
		t.lines[len(t.lines)-1] += part
	}
	if n := len(t.lines) - 1 - t.most; n > 0 {
		t.lines = append(t.lines[:0:0], t.lines[n:]...)
	}
	return len(b), nil
}

// String returns the lines, indented.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return indented(strings.TrimRight(strings.Join(t.lines, "\n"), "\n"))
}

// indented returns a text with its lines moved to the right.
func indented(text string) string {
	if text == "" {
		return "    (nothing)"
	}
	return strings.ReplaceAll("    "+strings.ReplaceAll(text, "\n", "\n    "), "\n    \n", "\n\n")
}
