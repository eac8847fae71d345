package poolfile

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/internal/netlab"
	"taygo/siit"
)

// some returns n leases, the one used last first.
func some(n int) (all []siit.Lease) {
	for i := range n {
		all = append(all, siit.Lease{
			V4:   netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}),
			V6:   netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 14: byte(i >> 8), 15: byte(i)}),
			Idle: time.Duration(i) * time.Minute,
		})
	}
	return all
}

// loaded returns the leases in the file, and fails if it is not whole.
func loaded(t *testing.T, f File) (all []siit.Lease) {
	t.Helper()
	entries, errs := f.Load(now)
	for _, err := range errs {
		t.Error(err)
	}
	for _, e := range entries {
		all = append(all, e.Lease)
	}
	return all
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	f := In(t.TempDir())
	if got := loaded(t, f); got != nil {
		t.Errorf("without a file: %v", got)
	}
	for _, n := range []int{3, 5000, 0} {
		if err := f.Save(some(n), now); err != nil {
			t.Fatal(err)
		}
		if got := loaded(t, f); !slices.Equal(got, some(n)) {
			t.Errorf("of %d leases %d are loaded", n, len(got))
		}
	}
	names, err := os.ReadDir(filepath.Dir(f.Path()))
	if err != nil || len(names) != 1 || names[0].Name() != Name {
		t.Errorf("%v, %v", names, err)
	}
}

// TestLeftoversDoNotMatter: of a run that crashed while it wrote, and a link that
// somebody laid.
func TestLeftoversDoNotMatter(t *testing.T) {
	f := In(t.TempDir())
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lay := range []func(path string) error{
		func(path string) error { return os.WriteFile(path, []byte("half a li"), 0o400) },
		func(path string) error { return os.Symlink(victim, path) },
	} {
		if err := lay(f.Path() + "~~"); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(some(2), now); err != nil {
			t.Fatal(err)
		}
		if got := loaded(t, f); len(got) != 2 {
			t.Errorf("%d leases", len(got))
		}
	}
	if b, err := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("what the link led to is now %q, %v", b, err)
	}
}

// refused saves leases where it cannot be done, and compares what it says.
func refused(t *testing.T, f File, cause error, remedy string) {
	t.Helper()
	err := f.Save(some(3000), now)
	if err == nil || !strings.Contains(err.Error(), cause.Error()) || !strings.Contains(err.Error(), remedy) || !strings.Contains(err.Error(), f.dir) {
		t.Errorf("%v; want %v, %q", err, cause, remedy)
	}
	if _, err := os.Lstat(f.Path() + "~~"); err == nil {
		t.Error("half a file is left")
	}
}

func TestSaveSaysWhatToDo(t *testing.T) {
	missing := In(filepath.Join(t.TempDir(), "none"))
	refused(t, missing, syscall.ENOENT, "mkdir -p "+missing.dir)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, In(file), syscall.ENOTDIR, "see to it")
	taken := In(t.TempDir())
	if err := os.MkdirAll(filepath.Join(taken.Path(), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, taken, syscall.EEXIST, "see to it")
	if _, errs := taken.Load(now); len(errs) != 1 || !strings.Contains(errs[0].Error(), taken.Path()) {
		t.Errorf("to load a directory: %v", errs)
	}
}

// TestTheOperatorsNameOfTheDirectory: a process may know it by another.
func TestTheOperatorsNameOfTheDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	f := In(".").Called("/var/spool/tayga")
	if err := os.WriteFile(Name, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := f.Load(now); len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "/var/spool/tayga/dynamic.map:1: ") {
		t.Errorf("%v", errs)
	}
	if err := f.Save(some(3), now); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, In(dir)); len(got) != 3 {
		t.Errorf("%d leases", len(got))
	}
	if err := os.Remove(dir + "/" + Name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/"+Name, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(nil, now); err == nil || !strings.Contains(err.Error(), "in /var/spool/tayga") {
		t.Errorf("%v", err)
	}
}

// inMounts calls f on a thread that sees its own mounts.
func inMounts(t *testing.T, f func() error) {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	host, err := lab.Host("host")
	if err != nil {
		t.Fatal(err)
	}
	err = host.Do(func() error {
		if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
			return fmt.Errorf("own mounts: %w", err)
		}
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("private mounts: %w", err)
		}
		return f()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNetnsFullDisk: the old file stays, and when there is room again so is the
// new one.
func TestNetnsFullDisk(t *testing.T) {
	dir := t.TempDir()
	inMounts(t, func() error {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32k"); err != nil {
			return fmt.Errorf("tmpfs: %w", err)
		}
		f := In(dir)
		if err := f.Save(some(10), now); err != nil {
			return err
		}
		for range 3 {
			refused(t, f, syscall.ENOSPC, "free space in "+dir)
			if got := loaded(t, f); !slices.Equal(got, some(10)) {
				t.Errorf("the old file has %d leases", len(got))
			}
		}
		return f.Save(some(12), now)
	})
}

func TestNetnsReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	inMounts(t, func() error {
		f := In(dir)
		if err := f.Save(some(10), now); err != nil {
			return err
		}
		if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
		if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("remount: %w", err)
		}
		refused(t, f, syscall.EROFS, "mount "+dir+" writable")
		if got := loaded(t, f); !slices.Equal(got, some(10)) {
			t.Errorf("the old file has %d leases", len(got))
		}
		return nil
	})
}

func TestNetnsForbiddenDirectory(t *testing.T) {
	dir := t.TempDir()
	f := In(dir)
	if err := f.Save(some(10), now); err != nil {
		t.Fatal(err)
	}
	inMounts(t, func() error {
		const nobody = 65534
		syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0) // for this thread, which ends
		refused(t, f, syscall.EACCES, "make "+dir+" writable for this user")
		if _, errs := f.Load(now); len(errs) != 1 || !strings.Contains(errs[0].Error(), "make "+f.Name()+" readable") {
			t.Errorf("loaded: %v", errs)
		}
		return nil
	})
	if got := loaded(t, f); !slices.Equal(got, some(10)) {
		t.Errorf("the old file has %d leases", len(got))
	}
}

// TestEachChangedByte changes each byte of a file to each value: nothing breaks,
// and the lines that were not changed count.
func TestEachChangedByte(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMap(&b, some(4), now); err != nil {
		t.Fatal(err)
	}
	text := b.Bytes()[strings.Index(b.String(), "### Written"):]
	lines := bytes.SplitAfter(text, []byte("\n"))
	for at := range text {
		changed := bytes.Clone(text)
		for value := range 256 {
			changed[at] = byte(value)
			entries, _ := ReadMap("m", bytes.NewReader(changed), now)
			kept, start := 0, 0
			for _, line := range lines {
				end := start + len(line)
				// A changed newline spoils the line behind it too.
				hit := at >= start && at < end || start > 0 && at == start-1
				want, _, _ := parseLine(string(line), now)
				if !hit && want.V4.IsValid() && slices.ContainsFunc(entries, func(e Entry) bool { return e.Lease == want }) {
					kept++
				}
				if hit && want.V4.IsValid() {
					kept++ // it may be anything now
				}
				start = end
			}
			if kept != 4 {
				t.Fatalf("byte %d = %#x: %d good lines of 4 count:\n%s", at, value, kept, changed)
			}
		}
	}
}

// TestTruncatedFile: of a file that ends anywhere, all whole lines count.
func TestTruncatedFile(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMap(&b, some(4), now); err != nil {
		t.Fatal(err)
	}
	for end := range b.Len() {
		text := b.Bytes()[:end]
		entries, errs := ReadMap("m", bytes.NewReader(text), now)
		whole := max(0, bytes.Count(text, []byte("\n"))-11)
		if len(entries) < whole || len(entries)+len(errs) > whole+1 {
			t.Errorf("%d bytes: %d leases, %v", end, len(entries), errs)
		}
		for i, e := range entries[:min(whole, len(entries))] {
			if e.Lease != some(4)[i] {
				t.Errorf("%d bytes: %v", end, e)
			}
		}
	}
}

// TestAPipeHoldsUpNobody: Load finds no leases in it, and Save replaces it.
func TestAPipeHoldsUpNobody(t *testing.T) {
	f := In(t.TempDir())
	if err := syscall.Mkfifo(f.Path(), 0o600); err != nil {
		t.Fatal(err)
	}
	if entries, errs := f.Load(time.Now()); len(entries) != 0 || len(errs) != 0 {
		t.Errorf("%v, %v", entries, errs)
	}
	if err := f.Save(nil, time.Now()); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(f.Path()); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
