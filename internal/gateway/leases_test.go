package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"taygo/conf"
	"taygo/internal/pkttest"
	"taygo/internal/poolfile"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/wire"
)

const poolConfig = baseConfig + "dynamic-pool 192.0.2.0/24\ndynamic-pool-write 1\n"

// A poolRun is a gateway with a data directory, which a test stops and starts.
type poolRun struct {
	*run
	t      *testing.T
	log    *testLog // for the operator
	lines  *testLog // of packets and leases
	port   *memoryQueue
	cancel context.CancelFunc
}

// startIn runs a gateway whose leases are kept in dir.
func startIn(t *testing.T, dir, text string) *poolRun {
	t.Helper()
	r := &poolRun{
		run: &run{path: filepath.Join(t.TempDir(), "tayga.conf"), opened: make(chan *memoryDevice, 4), stopped: make(chan error, 1)},
		t:   t, log: &testLog{t: t}, lines: &testLog{t: t},
	}
	r.write(t, text)
	c, err := conf.Load(r.path)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(r.log, nil))
	r.Gateway, err = New(c, Options{Version: "test", Config: r.path, DataDir: dir, Log: log, PacketLog: r.lines})
	if err != nil {
		t.Fatal(err)
	}
	r.setUp = nil
	r.open = func(*conf.Config) (device, error) {
		d := newMemoryDevice(1, 1500)
		r.opened <- d
		return d, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	ready := make(chan struct{})
	go func() { r.stopped <- r.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-r.stopped:
		t.Fatalf("did not start: %v", err)
	}
	r.port = (<-r.opened).ports[0]
	return r
}

// stop ends the gateway as a signal does.
func (r *poolRun) stop() {
	r.t.Helper()
	r.cancel()
	if err := <-r.stopped; err != nil {
		r.t.Error(err)
	}
}

// from sends a packet from an IPv6 host and returns the source it gets.
func (r *poolRun) from(host string) string {
	r.t.Helper()
	r.port.in <- [][]byte{pkttest.IPv6{Src: host, Dst: "2001:db8:64::203.0.113.5"}.Packet(pkttest.UDP{Sport: 1, Dport: 2})}
	out := receive(r.t, r.port)
	return fmt.Sprintf("%d.%d.%d.%d", out[12], out[13], out[14], out[15])
}

// to sends a packet to an IPv4 address and returns the host that it goes to; ""
// if its sender gets an ICMP error.
func (r *poolRun) to(addr string) string {
	r.t.Helper()
	r.port.in <- [][]byte{toHost(addr)}
	out := receive(r.t, r.port)
	if out[0]>>4 == 4 {
		return ""
	}
	return destination6(out)
}

// has waits until a log contains what a pattern describes.
func has(t *testing.T, l *testLog, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(10 * time.Second); !re.MatchString(l.text()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %q in\n%s", pattern, l.text())
		}
	}
}

func (l *testLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// inFile waits until the file contains the lease.
func inFile(t *testing.T, dir, v4, v6 string) {
	t.Helper()
	waitFor(t, func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, poolfile.Name))
		return strings.Contains(string(b), "\n"+v4+"\t"+v6+"\t")
	})
}

const (
	host     = "2001:db8:9::69"
	hostAddr = "192.0.2.89" // by Tayga's sum
)

func TestLeasesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := startIn(t, dir, poolConfig)
	if got := r.to(hostAddr); got != "" {
		t.Errorf("before any packet it goes to %s", got)
	}
	if got := r.from(host); got != hostAddr {
		t.Errorf("the host gets %s", got)
	}
	if got := r.to(hostAddr); got != host {
		t.Errorf("back to %q", got)
	}
	inFile(t, dir, hostAddr, host) // if it were killed now
	const other, otherAddr = "2001:db8:9::6900", "192.0.2.90"
	if got := r.from(other); got != otherAddr {
		t.Errorf("another host gets %s", got)
	}
	r.stop()
	r = startIn(t, dir, poolConfig)
	has(t, r.log, `"leases loaded" .*leases=2\n`)
	if got := r.to(hostAddr); got != host {
		t.Errorf("after a restart it goes to %q", got)
	}
	if got := r.from(other); got != otherAddr {
		t.Errorf("after a restart the other gets %s", got)
	}
	r.stop()
}

func TestBadLinesAreToldAndLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, poolfile.Name)
	lines := fmt.Sprintf("### c\n%s %s %d\n192.0.2.7 2001:db8:9::7\n198.51.100.1 2001:db8:9::8 %[3]d\n", hostAddr, host, time.Now().Unix())
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startIn(t, dir, poolConfig)
	has(t, r.log, regexp.QuoteMeta(path)+`:3: 2 words`)
	has(t, r.log, regexp.QuoteMeta(path)+`:4: .*in no pool`)
	has(t, r.log, `leases=1\n`)
	if got := r.to(hostAddr); got != host {
		t.Errorf("the good line leads to %q", got)
	}
	r.stop()
}

// TestAFileForOtherPoolsStays: until a host gets an address of the pool that there
// is now.
func TestAFileForOtherPoolsStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := poolfile.In(dir).Path()
	line := fmt.Sprintf("198.51.100.1 2001:db8:9::8 %d\n", time.Now().Unix())
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	startIn(t, dir, poolConfig).stop()
	if b, err := os.ReadFile(path); err != nil || string(b) != line {
		t.Errorf("now it says %q, %v", b, err)
	}
	r := startIn(t, dir, poolConfig)
	r.from(host)
	r.stop()
	inFile(t, dir, hostAddr, host)
}

// TestNoDirectory: translation goes on, and it is told once, until it works.
func TestNoDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	r := startIn(t, dir, poolConfig)
	r.from(host)
	has(t, r.log, `leases are not saved.*mkdir -p `+dir)
	for i := range 3 {
		r.from(fmt.Sprintf("2001:db8:9::%d", i+1))
		time.Sleep(time.Second)
	}
	if n := strings.Count(r.log.text(), "leases are not saved"); n != 1 {
		t.Errorf("told %d times:\n%s", n, r.log.text())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	has(t, r.log, "leases are saved again")
	inFile(t, dir, hostAddr, host)
	r.stop()
}

// TestTheFileHasTheNameThatTheOperatorKnows: a process in a jail works by another.
func TestTheFileHasTheNameThatTheOperatorKnows(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(poolfile.In(dir).Path(), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startIn(t, dir, poolConfig+"data-dir /var/spool/tayga\n")
	has(t, r.log, "/var/spool/tayga/dynamic.map:1: 1 words")
	r.stop()
}

func TestWithoutDataDirLeasesWork(t *testing.T) {
	t.Parallel()
	r := startIn(t, "", poolConfig)
	has(t, r.log, "no data-dir")
	if got := r.from(host); got != hostAddr {
		t.Errorf("the host gets %s", got)
	}
	r.stop()
}

func TestLeasesAreLogged(t *testing.T) {
	t.Parallel()
	r := startIn(t, t.TempDir(), poolConfig+"dynamic-pool-lifetime 2 5\nlog dyn\n")
	r.from(host)
	has(t, r.lines, "(?m)^DYN: assigned "+hostAddr+"->"+host+"$")
	has(t, r.lines, "(?m)^DYN: dormant "+hostAddr+"->"+host+"$")
	if got := r.to(hostAddr); got != "" {
		t.Errorf("a dormant lease leads to %s", got)
	}
	r.from(host)
	has(t, r.lines, "(?m)^DYN: reactivated "+hostAddr+"->"+host+"$")
	r.stop()
	r = startIn(t, t.TempDir(), poolConfig)
	r.from(host)
	r.stop()
	if got := r.lines.text(); got != "" {
		t.Errorf("logged without being asked: %s", got)
	}
}

func TestReloadEndsLeasesThatFallOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := startIn(t, dir, poolConfig)
	r.from(host)
	kept := r.from("2001:db8:9::1")
	r.write(t, poolConfig+"map "+hostAddr+" 2001:db8:7::7\n")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	has(t, r.log, "leases=1")
	if got := r.to(hostAddr); got != "2001:db8:7::7" {
		t.Errorf("the address goes to %q", got)
	}
	if got := r.to(kept); got != "2001:db8:9::1" {
		t.Errorf("the other address goes to %q", got)
	}
	if got := r.from(host); got == hostAddr {
		t.Errorf("the host still gets %s", got)
	}
	inFile(t, dir, kept, "2001:db8:9::1")
	r.write(t, baseConfig)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond) // two chances to save
	r.stop()
	inFile(t, dir, kept, "2001:db8:9::1") // without a pool the file stays as it was
}

// TestSaving holds the keeper to when it saves, by a clock of its own.
func TestSaving(t *testing.T) {
	dir := t.TempDir()
	c, err := conf.Parse("tayga.conf", strings.NewReader(poolConfig+"dynamic-pool-lifetime 400\n"))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := siit.NewDynamicPool(poolOptions(c))
	if err != nil {
		t.Fatal(err)
	}
	log := &testLog{t: t}
	now := time.Duration(0)
	file := poolfile.In(dir)
	k := &leaseKeeper{pool: pool, file: &file, log: slog.New(slog.NewTextHandler(log, nil)), clock: func() time.Duration { return now }}
	r, err := build(c, 1500, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.mapper.Dynamic = pool
	p := &translate.Packet{}
	p.V6, p.Src, p.Dst = true, wire.AddrFrom(netip.MustParseAddr(host)), wire.AddrFrom(netip.MustParseAddr("2001:db8:64::203.0.113.5"))
	path := file.Path()
	for _, tt := range []struct {
		what    string
		after   time.Duration
		changed bool
		want    bool
	}{
		{"nothing has happened", time.Second, false, false},
		{"a quarter of a lifetime is over", 99 * time.Second, false, true},
		{"a moment later", time.Second, false, false},
		{"there is a new lease", time.Second, true, true},
		{"another, too soon", time.Second / 2, true, false},
		{"when it is time", time.Second / 2, false, true},
		{"nearly a quarter of a lifetime later", 99 * time.Second, false, false},
		{"then", time.Second, false, true},
	} {
		now += tt.after
		if tt.changed {
			p.Now = now
			p.Src.Lo++
			if v := r.mapper.Map(p); v != translate.Translated {
				t.Fatal(v)
			}
		}
		os.Remove(path)
		k.keep(c)
		if _, err := os.Stat(path); (err == nil) != tt.want {
			t.Errorf("%s: saved: %v", tt.what, err == nil)
		}
	}
}

func TestExplainKnowsStoredLeases(t *testing.T) {
	dir := t.TempDir()
	line := fmt.Sprintf("%s\t%s\t%d\n", hostAddr, host, time.Now().Unix())
	if err := os.WriteFile(filepath.Join(dir, poolfile.Name), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := conf.Parse("t", strings.NewReader(poolConfig+"data-dir "+dir+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := Explain(c, []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(host), 0), netip.AddrPortFrom(netip.MustParseAddr(hostAddr), 0)})
	if err != nil {
		t.Fatal(err)
	}
	if all[0].To.String() != hostAddr || all[1].To.String() != host {
		t.Errorf("%v becomes %v, and %v becomes %v", host, all[0].To, hostAddr, all[1].To)
	}
}
