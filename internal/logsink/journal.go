package logsink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Journal returns a Sink that sends to the journal of systemd by its own
// protocol, over a datagram socket (systemd.io/JOURNAL_NATIVE_PROTOCOL). The
// attributes of a record are fields of the entry too, as TAYGO_KEY. An entry that
// is too long for a datagram is passed as a file in memory.
func Journal(o Options) *Sink {
	out := &journal{socket: newSocket(o, "/run/systemd/journal/socket"), ident: o.ident()}
	s := newSink(out, o)
	return s.start(&handler{s: s, level: o.level()}, true)
}

// journal is an outlet.
type journal struct {
	socket
	ident string
}

func (o *journal) send(r *record) error {
	e := o.entry(r)
	err := o.socket.send(e, nil)
	if errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.ENOBUFS) {
		return o.sendFile(e)
	}
	return err
}

// entry returns the fields of an entry.
func (o *journal) entry(r *record) []byte {
	e := appendField(nil, "MESSAGE", r.text)
	e = appendField(e, "PRIORITY", strconv.Itoa(severity(r.level)))
	e = appendField(e, "SYSLOG_IDENTIFIER", o.ident)
	e = appendField(e, "SYSLOG_FACILITY", strconv.Itoa(daemon))
	e = appendField(e, "SYSLOG_PID", strconv.Itoa(os.Getpid()))
	if r.pc != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{r.pc}).Next()
		e = appendField(e, "CODE_FILE", frame.File)
		e = appendField(e, "CODE_LINE", strconv.Itoa(frame.Line))
		e = appendField(e, "CODE_FUNC", frame.Function)
	}
	for _, f := range r.fields {
		e = appendField(e, fieldName(f.key), f.value)
	}
	return e
}

// appendField appends a field: on one line, or, if the value holds a newline,
// with its length, 8 octets little-endian, before it.
func appendField(e []byte, name, value string) []byte {
	e = append(e, name...)
	if strings.Contains(value, "\n") {
		e = append(e, '\n')
		e = binary.LittleEndian.AppendUint64(e, uint64(len(value)))
	} else {
		e = append(e, '=')
	}
	e = append(e, value...)
	return append(e, '\n')
}

// fieldName returns the name of the field for a key: capitals, digits and
// underscores, and no longer than the journal allows.
func fieldName(key string) string {
	const most = 64
	name := strings.Map(func(c rune) rune {
		switch {
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return c
		case 'a' <= c && c <= 'z':
			return c - 'a' + 'A'
		}
		return '_'
	}, "taygo_"+key)
	return name[:min(len(name), most)]
}

// sendFile sends an entry as a sealed file in memory.
func (o *journal) sendFile(e []byte) error {
	fd, err := unix.MemfdCreate("journal-entry", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return fmt.Errorf("%w: memfd: %w", errRefused, err)
	}
	f := os.NewFile(uintptr(fd), "journal-entry")
	defer f.Close()
	if _, err := f.Write(e); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return fmt.Errorf("%w: seal: %w", errRefused, err)
	}
	err = o.socket.send(nil, f)
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}
