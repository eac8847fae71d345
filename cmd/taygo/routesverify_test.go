package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/control"
	"taygo/internal/routemap"
)

func TestVerdicts(t *testing.T) {
	same := routemap.Verdict{Equal: true, Source: 1000, Mapped: 800, Kernel: 200, Tries: 1, Took: 1234567 * time.Microsecond}
	full := same
	full.Full = true
	held := routemap.Verdict{Held: true, Kernel: 200, Different: 1 << 20, Tries: 2}
	differ := routemap.Verdict{
		Source: 10, Mapped: 10, Kernel: 9, Full: true, Missing: 2, Surplus: 1, NextHops: 1, Different: 256, Foreign: 1, Limited: true, Tries: 5,
		Differences: []routemap.Mismatch{{First: addr("198.51.100.0"), Last: addr("198.51.100.255"), Want: "2001:db8:a::1 dev eth0", Have: "no route"}},
	}
	for _, row := range []struct {
		name, args string
		v          routemap.Verdict
		want       string
		err        error
	}{
		{"equal", "verify", same, "tables   equal for all addresses\nsources  1000 routes in tables of the kernel\nmapped   800 routes, those of files included\nkernel   200 IPv6 routes of ours; 0 of others are in the way\ntook     1.235s, 1 tries\n", nil},
		{"equal in full", "verify --full", full, "tables   equal, route by route and for all addresses\nsources  1000 routes in tables of the kernel\nmapped   800 routes, those of files included\nkernel   200 IPv6 routes of ours; 0 of others are in the way\nroutes   0 missing, 0 too many\ntook     1.235s, 1 tries\n", nil},
		{"held", "verify", held, "tables     different on purpose: the sources are empty, and their routes are held for a while\nsources    0 routes in tables of the kernel\nmapped     0 routes, those of files included\nkernel     200 IPv6 routes of ours; 0 of others are in the way\naddresses  1048576 lead elsewhere\ntook       0s, 2 tries\n", nil},
		{"different", "verify --full", differ, `tables     different
sources    10 routes in tables of the kernel
mapped     10 routes, those of files included
           more are not taken: raise route-max
kernel     9 IPv6 routes of ours; 1 of others are in the way
routes     2 missing, 1 too many
next hops  1 missing
addresses  256 lead elsewhere
           198.51.100.0-198.51.100.255: no route, not 2001:db8:a::1 dev eth0
took       0s, 5 tries
`, errDiffer},
		{"different as JSON", "verify --full --json", routemap.Verdict{Full: true}, `{"equal":false,"source":0,"mapped":0,"kernel":0,"foreign":0,"missing":0,"surplus":0,"missing_nexthops":0,"different_addresses":0,"held":false,"limited":false,"full":true,"tries":0,"took_ns":0}` + "\n", errDiffer},
	} {
		asked := "POST /routes/verify?full=false"
		if row.v.Full {
			asked = "POST /routes/verify?full=true"
		}
		socket := fakeRoutes(t, map[string]any{asked: []control.VerifyLine{{Done: 5, Total: 10}, {Verdict: &row.v}}})
		got, err := typed(t.Context(), routesLine(socket, row.args)...)
		if !errors.Is(err, row.err) || got != row.want {
			t.Errorf("%s: %v\n%swant\n%s", row.name, err, got, row.want)
		}
	}
}

func TestVerifyThatEndsEarly(t *testing.T) {
	for says, lines := range map[string][]control.VerifyLine{
		"the table is on fire": {{Done: 5, Total: 10}, {Error: "the table is on fire"}},
		"it has no verdict":    {{Done: 5, Total: 10}},
	} {
		socket := fakeRoutes(t, map[string]any{"POST /routes/verify?full=false": lines})
		if got, err := typed(t.Context(), "routes", "verify", "-s", socket); err == nil || !strings.Contains(err.Error(), says) || got != "" {
			t.Errorf("%v, want %q; prints %q", err, says, got)
		}
	}
}

// TestProgressIsForTerminals shows how far something is on one, and takes that away
// at the end; nothing is shown elsewhere.
func TestProgressIsForTerminals(t *testing.T) {
	var text bytes.Buffer
	file, err := os.Create(t.TempDir() + "/f")
	must(t, err)
	defer file.Close()
	for _, p := range []*progress{newProgress(&text, "routes read"), newProgress(file, "routes read")} {
		p.show(5, 10)
		p.clear()
	}
	if info, err := file.Stat(); err != nil || info.Size() > 0 || text.Len() > 0 {
		t.Errorf("%d octets in a file, %q elsewhere, %v", info.Size(), &text, err)
	}
	master, slave := terminal(t)
	p := newProgress(slave, "routes read")
	p.show(5, 10)
	p.show(6, 10) // too soon
	p.last = time.Time{}
	p.show(12, 10) // there were more than was thought
	p.clear()
	p.clear()
	const want = "\r5 routes read, 50 %\x1b[K\r12 routes read, 100 %\x1b[K\r\x1b[K"
	got := make([]byte, len(want)) // which come in as many reads as the kernel likes
	if _, err := io.ReadFull(master, got); string(got) != want || err != nil {
		t.Errorf("shown %q, %v; want %q", got, err, want)
	}
}

// terminal returns both sides of a terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { master.Close() })
	must(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, master.Fd(), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY)
	if errno != 0 {
		t.Fatal(errno)
	}
	slave = os.NewFile(fd, "terminal")
	t.Cleanup(func() { slave.Close() })
	return master, slave
}
