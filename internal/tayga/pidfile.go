package tayga

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// A pidFile is an open file for the process id. It is opened before anything else
// is, so that a start fails early that could not be stopped again; but it is
// written only when the device is open, so that one which fails for want of it
// leaves the file of the process that has it.
type pidFile struct {
	path string
	file *os.File
	made bool // there was none
}

// openPIDFile opens the file at path, or makes it, for everybody to read.
func openPIDFile(path string) (*pidFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	made := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("tayga: --pidfile: %w: name a file that can be written", err)
	}
	return &pidFile{path, f, made}, nil
}

func pidLine() string { return strconv.Itoa(os.Getpid()) + "\n" }

// write makes the file name this process.
func (p *pidFile) write() error {
	if info, err := p.file.Stat(); err == nil && info.Mode().IsRegular() {
		if err := p.file.Truncate(0); err != nil {
			return fmt.Errorf("tayga: --pidfile: %w", err)
		}
	}
	if _, err := p.file.WriteString(pidLine()); err != nil {
		return fmt.Errorf("tayga: --pidfile: %w", err)
	}
	p.made = false
	return nil
}

// remove removes the file if it names this process, or if it was made and never
// written. It cannot do so after the rights to the directory have been given up;
// then the file stays, as Tayga's does.
func (p *pidFile) remove() {
	info, err := p.file.Stat()
	p.file.Close()
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	text, err := os.ReadFile(p.path)
	if err == nil && (string(text) == pidLine() || p.made && len(text) == 0) {
		_ = os.Remove(p.path)
	}
}
