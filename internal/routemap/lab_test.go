package routemap

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A bench is a host with a TUN device, to which a process holds a queue, and with
// a second device that leads elsewhere.
type bench struct {
	*netlab.Host
	t     testing.TB
	index int
	queue *os.File // of the TUN, which has a carrier while it is open
}

const (
	tun       = "nat64"
	elsewhere = "far"
)

func newBench(t *testing.T) bench {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	h, err := lab.Host("gw")
	must(t, err)
	far, err := lab.Host(elsewhere)
	must(t, err)
	must(t, lab.Link(h.End(netip.MustParsePrefix("192.0.2.129/25"), netip.MustParsePrefix("2001:db8:f::1/64")), far.End(), 1500))
	b := bench{Host: h, t: t}
	b.makeTUN()
	return b
}

// makeTUN makes a device that stays until it is deleted.
func (b *bench) makeTUN() {
	b.t.Helper()
	must(b.t, b.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		b.queue = os.NewFile(uintptr(fd), "tun")
		queue := b.queue
		b.t.Cleanup(func() { _ = queue.Close() })
		ifr, err := unix.NewIfreq(tun)
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
			return err
		}
		return unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1)
	}))
	link, err := b.Netlink().LinkByName(tun)
	must(b.t, err)
	b.index = link.Attrs().Index
}

// ip runs the ip command.
func (b bench) ip(args ...string) string {
	b.t.Helper()
	out, err := b.Run(b.t.Context(), "ip", args...)
	must(b.t, err)
	return string(out)
}

// apply is Apply inside the host, for a setup that it takes.
func (b bench) apply(s Setup) *Link {
	b.t.Helper()
	l, err := b.try(s)
	must(b.t, err)
	return l
}

func (b bench) try(s Setup) (*Link, error) {
	b.t.Helper()
	var l *Link
	err := b.Do(func() error {
		var err error
		l, err = Apply(b.index, s)
		return err
	})
	return l, err
}

var discipline = regexp.MustCompile(` qdisc \w+`)

// state returns all that the kernel has of links, addresses and routes, but for
// the queueing discipline, which a device gets the first time it is set up, and
// the link-local address, which is a new one each time.
func (b bench) state() string {
	b.t.Helper()
	b.settle()
	var lines []string
	for _, args := range [][]string{
		{"-o", "link", "show"}, {"-o", "addr", "show"}, {"-4", "route", "show", "table", "all"}, {"-6", "route", "show", "table", "all"},
	} {
		for line := range strings.Lines(b.ip(args...)) {
			if !strings.Contains(line, "fe80::") {
				lines = append(lines, discipline.ReplaceAllString(strings.Join(strings.Fields(line), " "), ""))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// settle waits until the kernel, which does that in its own time, has made local
// routes for all IPv6 addresses of the TUN, if that is up.
func (b bench) settle() {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		addresses := b.ip("-6", "-o", "addr", "show", "up")
		local := b.ip("-6", "route", "show", "table", "local", "type", "local")
		device := " " + tun + " "
		if !strings.Contains(addresses, "tentative") && strings.Count(addresses, device) == strings.Count(local, device) {
			return
		}
	}
	b.t.Fatal("the kernel does not come to rest")
}

// unchanged fails unless the state is as it was.
func (b bench) unchanged(before string) {
	b.t.Helper()
	if after := b.state(); after != before {
		b.t.Errorf("the kernel had\n%s\n\nand has\n%s", diff(before, after), diff(after, before))
	}
}

// diff returns the lines of a that b has not.
func diff(a, b string) string {
	have := strings.Split(b, "\n")
	var only []string
	for line := range strings.SplitSeq(a, "\n") {
		if !slices.Contains(have, line) {
			only = append(only, line)
		}
	}
	return strings.Join(only, "\n")
}

// routes returns the main table's routes to the TUN, each with its protocol.
func (b bench) routes() []string {
	b.t.Helper()
	k := b.kernel()
	defer k.close()
	var all []string
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		routes, err := k.routes(family, unix.RT_TABLE_MAIN, b.index)
		must(b.t, err)
		for _, r := range routes {
			if r.proto != unix.RTPROT_KERNEL {
				all = append(all, fmt.Sprintf("%v %d", r.dst, r.proto))
			}
		}
	}
	slices.Sort(all)
	return all
}

// addresses returns those of the TUN, but for the kernel's own.
func (b bench) addresses() []string {
	b.t.Helper()
	k := b.kernel()
	defer k.close()
	list, err := k.addresses(b.index)
	must(b.t, err)
	var all []string
	for _, a := range list {
		if a.proto == 0 || a.proto > ifaProtoKernel {
			all = append(all, fmt.Sprintf("%v %d", a.prefix, a.proto))
		}
	}
	slices.Sort(all)
	return all
}

func (b bench) kernel() *kernel {
	b.t.Helper()
	var k *kernel
	must(b.t, b.Do(func() error {
		var err error
		k, err = dial()
		return err
	}))
	return k
}

func (b bench) has(what string, got []string, want ...string) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Errorf("the %s are %q, want %q", what, got, want)
	}
}
