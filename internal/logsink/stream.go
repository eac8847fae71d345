package logsink

import (
	"io"
	"log/slog"
	"strings"
)

// A Format is how a stream shows records.
type Format uint8

// The formats. With JSON a Line is an object too.
const (
	Text Format = iota // key=value, a record a line; a Line is as it is
	JSON               // an object a line
)

// String returns the word used on the command line.
func (f Format) String() string {
	if f == JSON {
		return "json"
	}
	return "text"
}

// Set sets f by the word used on the command line.
func (f *Format) Set(word string) error {
	for _, one := range []Format{Text, JSON} {
		if word == one.String() {
			*f = one
			return nil
		}
	}
	return &FormatError{word}
}

// A FormatError is a word that names no Format.
type FormatError struct{ Word string }

// Error says which words there are.
func (e *FormatError) Error() string {
	return "logsink: log format " + strings.ToValidUTF8(e.Word, "?") + ": there are text and json"
}

// Stream returns a Sink that writes to w, each line with a single Write. Options
// other than Level and Held have no meaning. A write that blocks for ever keeps
// the goroutine of the Sink; a line of which only a part could be written is
// gone on with.
func Stream(w io.Writer, f Format, o Options) *Sink {
	s := newSink(&stream{w: w}, o)
	ho := &slog.HandlerOptions{Level: o.level(), ReplaceAttr: nameLevel}
	if f == JSON {
		return s.start(slog.NewJSONHandler(whole{s}, ho), false)
	}
	return s.start(slog.NewTextHandler(whole{s}, ho), true)
}

// whole queues what a handler of slog writes, which is one line at a time.
type whole struct{ s *Sink }

func (w whole) Write(p []byte) (int, error) {
	if err := w.s.put(record{text: strings.TrimSuffix(string(p), "\n")}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// stream is an outlet. The first octets of the line at hand may be written
// already.
type stream struct {
	w       io.Writer
	written int
}

func (o *stream) send(r *record) error {
	n, err := o.w.Write([]byte(r.text + "\n")[o.written:])
	o.written += n
	if err != nil {
		return err
	}
	o.written = 0
	return nil
}

func (o *stream) close() {}
