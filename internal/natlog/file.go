package natlog

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// File returns a Log that appends lines to the file at path, which it opens now if
// it can, later if it must, and anew when path leads to another file. What it makes
// is readable for its user and group: it tells who did what.
func File(path string, o Options) *Log {
	out := &file{path: path}
	out.err = out.open()
	return newLog(path, o, &lines{destinations: o.Destinations}, out)
}

// file is an outlet.
type file struct {
	path string
	f    *os.File
	info os.FileInfo // of f
	err  error       // of the first attempt to open it
	sent int         // octets of the current buffer
}

// open opens the file. What somebody left of a last line gets its newline.
func (o *file) open() error {
	// A fifo that nobody reads is refused rather than waited for.
	f, err := os.OpenFile(o.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > 0 && !o.endsWell(info.Size()) {
		_, err = f.Write([]byte("\n"))
	}
	if err != nil {
		f.Close()
		return err
	}
	o.f, o.info = f, info
	return nil
}

// endsWell reports whether the last octet of the file is a newline. It is assumed
// of one that must not be read.
func (o *file) endsWell(size int64) bool {
	r, err := os.Open(o.path)
	if err != nil {
		return true
	}
	defer r.Close()
	var last [1]byte
	_, err = r.ReadAt(last[:], size-1)
	return err != nil || last[0] == '\n'
}

// send writes lines. After one that could be written in part only, the rest of it
// is written into the same file, and the whole of it into another.
func (o *file) send(b []byte) error {
	if o.f == nil {
		if err := o.open(); err != nil {
			return err
		}
		o.sent = bytes.LastIndexByte(b[:o.sent], '\n') + 1
	}
	// It fails for files that cannot be waited for.
	_ = o.f.SetWriteDeadline(time.Now().Add(attempt))
	n, err := o.f.Write(b[o.sent:])
	o.sent += n
	if err != nil {
		if errors.Is(err, syscall.EPIPE) {
			o.close() // the reader of a fifo has gone
		}
		return err
	}
	o.sent = 0
	return nil
}

// tick opens the file anew if its path leads elsewhere.
func (o *file) tick(time.Time) error {
	if o.f == nil {
		err := o.err
		if err == nil {
			err = o.open()
		}
		o.err = nil // tell the first one once, then try
		return err
	}
	info, err := os.Stat(o.path)
	if err == nil && os.SameFile(info, o.info) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	o.close()
	return o.open()
}

func (o *file) reopen() { o.close() }

func (o *file) close() {
	if o.f != nil {
		o.f.Close()
		o.f = nil
	}
}
