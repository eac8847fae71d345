package logsink

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Syslog returns a Sink that sends to the local syslog, facility daemon, with the
// id of the process that it is called in. Control characters are escaped; a line
// that holds newlines is sent as several, and what exceeds 8 KiB of one is cut.
func Syslog(o Options) *Sink {
	out := &syslog{socket: newSocket(o, "/dev/log"), tag: fmt.Sprintf("%s[%d]: ", o.ident(), os.Getpid())}
	s := newSink(out, o)
	return s.start(&handler{s: s, level: o.level()}, true)
}

// syslog is an outlet. The first parts of the line at hand may be sent already.
type syslog struct {
	socket
	tag  string
	sent int
}

// longest is how many octets of a line syslog gets; receivers should take 2048
// and may cut what is longer (RFC 5424 §6.1).
const longest = 8 << 10

func (o *syslog) send(r *record) error {
	head := fmt.Sprintf("<%d>%s %s", daemon<<3|severity(r.level), r.at.Format(time.Stamp), o.tag)
	for i, part := range strings.Split(strings.TrimRight(r.text, "\n"), "\n") {
		if i < o.sent {
			continue
		}
		if err := o.sendPart(head, escaped(part)); err != nil {
			return err
		}
		o.sent++
	}
	o.sent = 0
	return nil
}

// sendPart sends a line, cut to what the receiver takes.
func (o *syslog) sendPart(head, part string) error {
	for most := longest; ; most /= 2 {
		err := o.socket.send([]byte(head+cut(part, most)), nil)
		if !errors.Is(err, unix.EMSGSIZE) {
			return err
		}
		if most == 1 {
			o.sent = 0
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
}

// cut returns the start of s, at most that many octets, with no part of a rune.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// escaped returns s with its control characters, and what is no UTF-8, made
// visible.
func escaped(s string) string {
	odd := func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }
	if !strings.ContainsFunc(s, odd) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsControl(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
