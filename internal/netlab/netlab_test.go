package netlab_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"taygo/internal/netlab"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func newLab(t *testing.T) *netlab.Lab {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	return lab
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func host(t *testing.T, lab *netlab.Lab, name string) *netlab.Host {
	t.Helper()
	h, err := lab.Host(name)
	must(t, err)
	return h
}

// line joins three hosts: left, router, right.
func line(t *testing.T) (left, right *netlab.Host) {
	t.Helper()
	lab := newLab(t)
	left, right = host(t, lab, "left"), host(t, lab, "right")
	router := host(t, lab, "router")
	must(t, lab.Link(left.End(prefix("192.0.2.1/24"), prefix("2001:db8:1::1/64")),
		router.End(prefix("192.0.2.2/24"), prefix("2001:db8:1::2/64")), 1500))
	must(t, lab.Link(router.End(prefix("198.51.100.2/24"), prefix("2001:db8:2::2/64")),
		right.End(prefix("198.51.100.1/24"), prefix("2001:db8:2::1/64")), 1500))
	must(t, router.Forward())
	must(t, left.Route(prefix("0.0.0.0/0"), netip.MustParseAddr("192.0.2.2"), ""))
	must(t, left.Route(prefix("::/0"), netip.MustParseAddr("2001:db8:1::2"), "router"))
	must(t, right.Route(prefix("192.0.2.0/24"), netip.MustParseAddr("198.51.100.2"), ""))
	must(t, right.Route(prefix("2001:db8:1::/64"), netip.MustParseAddr("2001:db8:2::2"), ""))
	return left, right
}

// The first datagram and the first connection pass: a laboratory is ready when
// its links are made.
func TestNetnsPing(t *testing.T) {
	left, right := line(t)
	for _, address := range []string{"198.51.100.1:7", "[2001:db8:2::1]:7"} {
		t.Run("UDP "+address, func(t *testing.T) {
			server, err := right.ListenPacket("udp", address)
			must(t, err)
			defer server.Close()
			client, err := left.Dial(t.Context(), "udp", address)
			must(t, err)
			go func() {
				b := make([]byte, 100)
				if n, from, err := server.ReadFrom(b); err == nil {
					_, _ = server.WriteTo(b[:n], from)
				}
			}()
			echo(t, client)
		})
		t.Run("TCP "+address, func(t *testing.T) {
			server, err := right.Listen("tcp", address)
			must(t, err)
			defer server.Close()
			client, err := left.Dial(t.Context(), "tcp", address)
			must(t, err)
			go func() {
				if c, err := server.Accept(); err == nil {
					_, _ = io.CopyN(c, c, 4)
					_ = c.Close()
				}
			}()
			echo(t, client)
		})
	}
}

func echo(t *testing.T, c net.Conn) {
	t.Helper()
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err := c.Write([]byte("ping"))
	must(t, err)
	b := make([]byte, 4)
	_, err = io.ReadFull(c, b)
	must(t, err)
	if string(b) != "ping" {
		t.Errorf("echo is %q", b)
	}
}

func interfaces(t *testing.T) []string {
	t.Helper()
	all, err := net.Interfaces()
	must(t, err)
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return names
}

func TestNetnsDoIsInsideAndTheCallerOutside(t *testing.T) {
	left, _ := line(t)
	before := interfaces(t)
	self, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	for range 50 {
		must(t, left.Do(func() error {
			if got := interfaces(t); !slices.Equal(got, []string{"lo", "router"}) {
				return fmt.Errorf("interfaces inside are %v", got)
			}
			return nil
		}))
	}
	if after := interfaces(t); !slices.Equal(after, before) {
		t.Errorf("interfaces outside were %v, now %v", before, after)
	}
	if now, err := os.Readlink("/proc/self/ns/net"); now != self || err != nil {
		t.Errorf("the process was in %s, is in %s (%v)", self, now, err)
	}
}

func TestNetnsDoHandsOnErrorAndPanic(t *testing.T) {
	left, _ := line(t)
	want := errors.New("mine")
	if err := left.Do(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("Do returns %v", err)
	}
	defer func() {
		if got := recover(); got != "alarm" {
			t.Errorf("Do panics with %v", got)
		}
	}()
	_ = left.Do(func() error { panic("alarm") })
	t.Error("Do returns after a panic")
}

func TestNetnsDoHandsOnGoexit(t *testing.T) {
	left, _ := line(t)
	went := make(chan string, 1)
	go func() {
		defer close(went)
		_ = left.Do(func() error { runtime.Goexit(); return nil })
		went <- "on"
	}()
	if got, ok := <-went; ok {
		t.Errorf("the caller of Do went %s after a Goexit", got)
	}
}

func TestNetnsProcessIsInside(t *testing.T) {
	left, _ := line(t)
	out, err := left.Run(t.Context(), "cat", "/proc/net/dev")
	must(t, err)
	if !strings.Contains(string(out), "router:") {
		t.Errorf("the process sees no device router:\n%s", out)
	}
	out, err = left.Command(t.Context(), "cat", "/proc/sys/net/ipv4/ip_forward").Output()
	must(t, err)
	if string(out) != "0\n" {
		t.Errorf("ip_forward of a host is %q", out)
	}
	_, err = left.Run(t.Context(), "cat", "/nowhere")
	if want := new(exec.ExitError); !errors.As(err, &want) || !strings.Contains(err.Error(), "/nowhere: No such file") {
		t.Errorf("the error of a process is %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err = left.Run(ctx, "sleep", "60"); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("sleep beyond its context: %v after %v", err, time.Since(begun))
	}
}

func TestNetnsDevice(t *testing.T) {
	left, right := line(t)
	must(t, left.MTU("router", 1280))
	must(t, left.Addr("router", prefix("203.0.113.1/24")))
	must(t, left.Route(prefix("203.0.113.128/25"), netip.Addr{}, "router"))
	link, err := left.Netlink().LinkByName("router")
	must(t, err)
	if link.Attrs().MTU != 1280 {
		t.Errorf("the MTU is %d", link.Attrs().MTU)
	}
	must(t, right.Down("router"))
	if c, err := right.Dial(t.Context(), "udp", "192.0.2.1:7"); err == nil {
		t.Errorf("%v has a route through a link that is down", c.LocalAddr())
	}
	must(t, right.Up("router"))
	c, err := right.Dial(t.Context(), "udp", "198.51.100.2:7")
	must(t, err)
	must(t, c.Close())
}

func TestNetnsErrorsNameTheHostAndTheThing(t *testing.T) {
	lab := newLab(t)
	a, b := host(t, lab, "a"), host(t, lab, "b")
	must(t, lab.Link(a.End(), b.End(), 1500))
	_, twice := lab.Host("a")
	_, long := lab.Host("sixteen-octets-x")
	for _, c := range []struct {
		err  error
		want string
	}{
		{twice, `host "a": exists already`},
		{long, `host "sixteen-octets-x": a name has 1 to 15 octets`},
		{lab.Link(a.End(), b.End(), 1500), "link a to b: file exists"},
		{a.Up("tun0"), `host "a": set up "tun0": Link not found`},
		{a.Sysctl("net.ipv4.nonsense", "1"), "set net.ipv4.nonsense to 1"},
		{a.Route(prefix("192.0.2.0/24"), netip.MustParseAddr("203.0.113.1"), ""), "192.0.2.0/24 via 203.0.113.1"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v does not contain %q", c.err, c.want)
		}
	}
	must(t, lab.Close())
	if _, err := lab.Host("c"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a host of a closed laboratory: %v", err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	return len(fds)
}

func TestNetnsCloseFreesAll(t *testing.T) {
	watch := host(t, newLab(t), "watch")
	before := descriptors(t)
	for range 20 {
		lab, err := netlab.New()
		must(t, err)
		must(t, lab.Link(host(t, lab, "a").End(), host(t, lab, "b").End(), 1500))
		far, err := lab.Host("far")
		must(t, err)
		must(t, lab.Link(watch.End(), far.End(), 1500))
		must(t, lab.Close())
		// The end of a namespace takes its links with it, and those their peers.
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := watch.Netlink().LinkByName("far"); err != nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the namespace of a closed laboratory lives on")
			}
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
