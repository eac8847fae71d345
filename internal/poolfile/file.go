package poolfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"taygo/siit"
)

// Name is the name of the file in the data directory.
const Name = "dynamic.map"

// A File is the dynamic.map of a data directory. Its methods may not be called
// at the same time.
type File struct {
	dir  string
	name string // of dir, for people
}

// In returns the file in a directory, which need not exist yet.
func In(dir string) File { return File{dir, dir} }

// Called returns the file with another name for its directory in what it tells: a
// process that works there, or has it as its root, opens it by a path that means
// nothing to the operator.
func (f File) Called(name string) File { return File{f.dir, name} }

// Name returns the path of the file for people.
func (f File) Name() string { return filepath.Join(f.name, Name) }

// Path returns where the file is.
func (f File) Path() string { return filepath.Join(f.dir, Name) }

// Load reads the file; if there is none there are no leases. The errors are about
// single lines, and about the file if it, or the rest of it, cannot be read.
func (f File) Load(now time.Time) ([]Entry, []error) {
	r, err := os.OpenFile(f.Path(), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("poolfile: leases not loaded: %w: make %s readable for this user", err, f.Name())}
	}
	defer r.Close()
	return ReadMap(f.Name(), r, now)
}

// Save replaces the file, so that after a crash at any moment there is the old
// one or the new one, whole. If that fails the old one is still there.
func (f File) Save(leases []siit.Lease, now time.Time) error {
	temp := f.Path() + "~~"
	err := writeDurably(temp, leases, now)
	if err == nil {
		err = os.Rename(temp, f.Path())
	}
	if err != nil {
		os.Remove(temp) // it may be what fills the disk
		return fmt.Errorf("poolfile: leases not saved: %w: %s", err, f.remedy(err))
	}
	if err := syncDir(f.dir); err != nil {
		return fmt.Errorf("poolfile: leases saved, but a crash may bring back the old file: %w", err)
	}
	return nil
}

// writeDurably writes a new file and waits until the disk has it. What had that
// name is removed first: it may be a crashed run's, of another user, or a link.
func writeDurably(path string, leases []siit.Lease, now time.Time) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = WriteMap(w, leases, now)
	if err == nil {
		err = w.Sync()
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	return err
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
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space in " + f.name
	case errors.Is(err, syscall.EROFS):
		return "mount " + f.name + " writable, or name another data-dir"
	case errors.Is(err, fs.ErrPermission):
		return "make " + f.name + " writable for this user, or name another data-dir"
	case errors.Is(err, fs.ErrNotExist):
		return "type `mkdir -p " + f.name + "`"
	}
	return "see to it that files can be made in " + f.name
}
