package natstate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"taygo/nat64"
)

// A File is a snapshot. Its methods may not be called at the same time, but Name
// and Path.
type File struct {
	path string
	name string // for people
}

// At returns the file at a path, of which nothing need exist yet.
func At(path string) File { return File{path, path} }

// Called returns the file with another path in what it tells: a process that works
// in its directory, or has it as its root, opens it by a path that means nothing to
// the operator.
func (f File) Called(name string) File { return File{f.path, name} }

// Name returns the path of the file for people.
func (f File) Name() string { return f.name }

// Path returns where the file is.
func (f File) Path() string { return f.path }

// Load restores what Save has saved. Without a file there is nothing to restore,
// which is no error: Octets is 0 then. After an error the table is as empty as it
// was (see Read).
func (f File) Load(o Options, restore Restorer) (Loaded, error) {
	r, err := f.open()
	if errors.Is(err, fs.ErrNotExist) {
		return Loaded{}, nil
	}
	if err != nil {
		return Loaded{}, fmt.Errorf("natstate: sessions not restored: %w: make %s readable for this user", err, f.Name())
	}
	defer r.Close()
	info, err := r.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: it is no file but a %v", errNoSnapshot, info.Mode().Type())
	}
	var l Loaded
	if err == nil {
		l, err = Read(r, info.Size(), o, restore)
	}
	if err == nil {
		return l, nil
	}
	return l, fmt.Errorf("natstate: sessions not restored: %s: %w: %s", f.Name(), err, advice(err))
}

// open opens the file for reading. It does not wait for the writer of a pipe, which
// Load refuses.
func (f File) open() (*os.File, error) {
	return os.OpenFile(f.Path(), os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// advice says what an operator can do about a file that is not restored.
func advice(err error) string {
	switch {
	case errors.Is(err, errNoSnapshot):
		return "move it away, or the next snapshot replaces it"
	case errors.Is(err, errVersion):
		return "the next snapshot replaces it: copy it if you want to go back to that version"
	case errors.Is(err, errPrefix):
		return "the next snapshot replaces it: copy it if you want to go back to that prefix"
	case errors.Is(err, errDamaged):
		return "look after the disk; the next snapshot replaces it"
	}
	return "see to it that it can be read"
}

// Key returns the key of the table that was saved, with which one is to be made
// for Load; the zero Key, which stands for a new one, if there is no good file.
func (f File) Key() [32]byte {
	r, err := f.open()
	if err != nil {
		return [32]byte{}
	}
	defer r.Close()
	w := &walker{r: bufio.NewReaderSize(r, headerSize)}
	_ = w.header() // Load will tell
	return w.summary.Key
}

// Save replaces the file by a snapshot (see Write), so that after a crash at any time there is the old one or the new one, whole. If that fails,
// or ctx ends, the old one is still there.
func (f File) Save(ctx context.Context, from Origin, export func(yield func(nat64.Entry) bool)) (Summary, error) {
	temp := f.Path() + "~~"
	s, err := writeDurably(temp, from, func(yield func(nat64.Entry) bool) {
		export(func(e nat64.Entry) bool { return ctx.Err() == nil && yield(e) })
	})
	if err == nil {
		err = ctx.Err() // what has been written is not all
	}
	if err == nil {
		err = os.Rename(temp, f.Path())
	}
	if err != nil {
		os.Remove(temp) // it may be what fills the disk
		return Summary{}, fmt.Errorf("natstate: sessions not saved: %w: %s", err, f.remedy(err))
	}
	if err := syncDir(filepath.Dir(f.path)); err != nil {
		return s, fmt.Errorf("natstate: sessions saved, but a crash may bring back the old file: %w: see to the disk of %s", err, f.name)
	}
	return s, nil
}

// writeDurably writes a new file and waits until the disk has it. What had that
// name is removed first: it may be a crashed run's, of another user, or a link.
// Only the user it runs as may read who talks to whom.
func writeDurably(path string, from Origin, export func(yield func(nat64.Entry) bool)) (Summary, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Summary{}, err
	}
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Summary{}, err
	}
	s, err := Write(w, from, export)
	if err == nil {
		err = w.Sync()
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	return s, err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems have none for directories
		return err
	}
	return nil
}

// remedy says what to do about an error.
func (f File) remedy(err error) string {
	dir := filepath.Dir(f.name)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "there was no time for it"
	case errors.Is(err, errForeign):
		return "report this as a fault of taygo"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space in " + dir
	case errors.Is(err, syscall.EROFS):
		return "mount " + dir + " writable, or name another file in nat64-state-file"
	case errors.Is(err, fs.ErrPermission):
		return "make " + dir + " writable for this user, or name another file in nat64-state-file"
	case errors.Is(err, fs.ErrNotExist):
		return "type `mkdir -p " + dir + "`"
	}
	return "see to it that files can be made in " + dir
}
