package natstate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"taygo/internal/netlab"
	"taygo/nat64"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// in returns the file in a directory.
func in(dir string) File { return At(filepath.Join(dir, "nat64.state")) }

// save saves n entries.
func save(f File, n int) error {
	_, err := f.Save(context.Background(), origin, slices.Values(entries(n)))
	return err
}

// holds fails unless the file has the first n entries, and nothing lies beside it.
func holds(t testing.TB, f File, n int) {
	t.Helper()
	var got taker
	l, err := f.Load(Options{Now: start}, got.restore)
	if err != nil || !slices.EqualFunc(got.all, entries(n), equal) || l.Restored != n {
		t.Errorf("%d entries, %+v, %v; want %d", len(got.all), l, err, n)
	}
	if _, err := os.Lstat(f.Path() + "~~"); err == nil {
		t.Error("half a file is left")
	}
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	f := in(t.TempDir())
	l, err := f.Load(Options{Now: start}, nil)
	if err != nil || l != (Loaded{}) || f.Key() != [32]byte{} {
		t.Errorf("without a file: %+v, %v", l, err)
	}
	for _, n := range []int{3, 5000, 0} {
		must(t, save(f, n))
		holds(t, f, n)
		if f.Key() != origin.Key {
			t.Errorf("the key is %x", f.Key())
		}
	}
	info, err := os.Stat(f.Path())
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

// TestLeftoversDoNotMatter: of a run that crashed while it wrote, and a link that
// somebody laid.
func TestLeftoversDoNotMatter(t *testing.T) {
	f := in(t.TempDir())
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.WriteFile(victim, []byte("precious"), 0o600))
	for _, lay := range []func(path string) error{
		func(path string) error { return os.WriteFile(path, []byte("half a snapshot"), 0o400) },
		func(path string) error { return os.Symlink(victim, path) },
	} {
		must(t, lay(f.Path()+"~~"))
		must(t, save(f, 2))
		holds(t, f, 2)
	}
	if b, err := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("what the link led to is now %q, %v", b, err)
	}
}

// TestFilesThatAreNotRestored: the message names file, cause and what to do, and
// there is no key in them.
func TestFilesThatAreNotRestored(t *testing.T) {
	good := small(t)
	for name, row := range map[string]struct {
		make func(path string) error
		says string
	}{
		"foreign":     {func(path string) error { return os.WriteFile(path, []byte("hello"), 0o600) }, "no snapshot of taygo's sessions: move it away"},
		"damaged":     {func(path string) error { return os.WriteFile(path, flip(good, 20), 0o600) }, "checksum: look after the disk"},
		"newer":       {func(path string) error { return os.WriteFile(path, flip(good, 8), 0o600) }, "another version of taygo has written this: its version is 65"},
		"a directory": {func(path string) error { return os.Mkdir(path, 0o700) }, "it is no file but a d"},
		"a pipe":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "it is no file but a p"},
	} {
		f := in(t.TempDir()).Called("/var/spool/taygo/nat64.state")
		must(t, row.make(f.Path()))
		if key := f.Key(); row.says[0] == 'i' && key != ([32]byte{}) {
			t.Errorf("%s: a key %x", name, key)
		}
		_, err := f.Load(Options{Now: start}, func([]nat64.Entry) (int, int) {
			t.Errorf("%s: something is restored", name)
			return 0, 0
		})
		if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), "/var/spool/taygo/nat64.state: ") {
			t.Errorf("%s: %v", name, err)
		}
		if f.Key() != [32]byte{} {
			t.Errorf("%s: key %x", name, f.Key())
		}
	}
}

// refusesToSave saves where that cannot be done, and compares what it says.
func refusesToSave(t *testing.T, f File, cause error, remedy string) {
	t.Helper()
	err := save(f, 3000)
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), remedy) {
		t.Errorf("%v; want %v, %q", err, cause, remedy)
	}
	if _, err := os.Lstat(f.Path() + "~~"); err == nil {
		t.Error("half a file is left")
	}
}

func TestSaveSaysWhatToDo(t *testing.T) {
	missing := in(filepath.Join(t.TempDir(), "none"))
	refusesToSave(t, missing, syscall.ENOENT, "mkdir -p "+filepath.Dir(missing.Path()))
	taken := in(t.TempDir()).Called("/srv/nat64.state")
	must(t, os.MkdirAll(filepath.Join(taken.Path(), "x"), 0o700))
	refusesToSave(t, taken, syscall.EEXIST, "see to it that files can be made in /srv")
	f := in(t.TempDir())
	must(t, save(f, 7))
	e := entry(1)
	e.Proto = 132
	_, err := f.Save(t.Context(), origin, slices.Values([]nat64.Entry{e}))
	if !errors.Is(err, errForeign) || !strings.Contains(err.Error(), "protocol 132") {
		t.Errorf("%v", err)
	}
	holds(t, f, 7)
}

// TestASaveThatHasNoTime leaves the old file.
func TestASaveThatHasNoTime(t *testing.T) {
	f := in(t.TempDir())
	must(t, save(f, 7))
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	_, err := f.Save(ctx, origin, func(yield func(nat64.Entry) bool) {
		for ; n < 100_000 && yield(entry(n)); n++ {
			if n == 1000 {
				stop()
			}
		}
	})
	if !errors.Is(err, context.Canceled) || n > 1001 {
		t.Errorf("after %d entries: %v", n, err)
	}
	holds(t, f, 7)
}

// inMounts calls f on a thread that sees its own mounts.
func inMounts(t *testing.T, f func() error) {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	defer lab.Close()
	host, err := lab.Host("host")
	must(t, err)
	must(t, host.Do(func() error {
		if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
			return fmt.Errorf("own mounts: %w", err)
		}
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("private mounts: %w", err)
		}
		return f()
	}))
}

// TestNetnsFullDisk: the old file stays, and when there is room again so is the
// new one.
func TestNetnsFullDisk(t *testing.T) {
	dir := t.TempDir()
	inMounts(t, func() error {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32k"); err != nil {
			return fmt.Errorf("tmpfs: %w", err)
		}
		f := in(dir)
		if err := save(f, 10); err != nil {
			return err
		}
		for range 3 {
			refusesToSave(t, f, syscall.ENOSPC, "free space in "+dir)
			holds(t, f, 10)
		}
		return save(f, 12)
	})
}

func TestNetnsReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	inMounts(t, func() error {
		f := in(dir)
		if err := save(f, 10); err != nil {
			return err
		}
		if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
		if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("remount: %w", err)
		}
		refusesToSave(t, f, syscall.EROFS, "mount "+dir+" writable")
		holds(t, f, 10)
		return nil
	})
}

func TestNetnsForbiddenDirectory(t *testing.T) {
	dir := t.TempDir()
	f := in(dir)
	must(t, save(f, 10))
	inMounts(t, func() error {
		const nobody = 65534
		syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0) // for this thread, which ends
		refusesToSave(t, f, syscall.EACCES, "make "+dir+" writable for this user")
		if _, err := f.Load(Options{}, nil); err == nil || !strings.Contains(err.Error(), "make "+f.Name()+" readable") {
			t.Errorf("loaded: %v", err)
		}
		return nil
	})
	holds(t, f, 10)
}
