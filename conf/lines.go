package conf

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// Limits of a line, Tayga's.
const (
	maxLine   = 510 // bytes, the newline included
	maxTokens = 10  // the directive and its arguments; a comment is none
)

// lines reads a file line by line and holds no more than one line of it.
type lines struct {
	r *bufio.Reader
}

func newLines(r io.Reader) lines {
	return lines{bufio.NewReaderSize(r, maxLine+1)}
}

// next returns the next line with its newline; the last one may have none. A
// line that is too long comes back as nil and true, read to its end. The error
// is io.EOF after the last line, or that of the reader. The line is good until
// the next call.
func (l lines) next() (line []byte, tooLong bool, err error) {
	line, err = l.r.ReadSlice('\n')
	tooLong = len(line) > maxLine
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if tooLong {
		line = nil
	}
	return line, tooLong, err
}

// tokens returns the words of a line, without its comment.
func tokens(line string) []string {
	words := strings.FieldsFunc(line, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\r' || r == '\n'
	})
	for i, w := range words {
		if w[0] == '#' {
			return words[:i]
		}
	}
	return words
}

// skipMark passes over a byte order mark at the start of the file and returns
// the encoding that it tells, empty if there is none.
func (l lines) skipMark() string {
	start, _ := l.r.Peek(3) // a failure to read shows again in next
	for _, m := range []struct{ mark, encoding string }{
		{"\xef\xbb\xbf", "UTF-8"},
		{"\xff\xfe", "UTF-16"},
		{"\xfe\xff", "UTF-16"},
	} {
		if bytes.HasPrefix(start, []byte(m.mark)) {
			_, _ = l.r.Discard(len(m.mark)) // they were peeked at, so they are there
			return m.encoding
		}
	}
	return ""
}

// lower returns s with the ASCII capitals made small and all else as it was.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
