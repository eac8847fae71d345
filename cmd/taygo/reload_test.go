package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/control"
	"taygo/internal/pkttest"
)

// A reload, by the command or by SIGHUP, takes effect while packets flow, and
// none of them is lost.
func TestNetnsReloadUnderTraffic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	must(t, w.six.Addr("lo", prefix("2001:db8:1::30/128")))
	must(t, w.six.Addr("lo", prefix("2001:db8:1::31/128")))
	for _, dst := range []string{"2001:db8:1::30/128", "2001:db8:1::31/128"} {
		must(t, w.xlat.Route(prefix(dst), addr(six), ""))
	}
	p := w.start()
	var flows []*flow
	for i, x := range append(w.ways(), w.ways()...) {
		flows = append(flows, startFlow(t, x, strconv.Itoa(100+i), patience))
	}
	// A flood: each echo request leaves when the last one is answered, or sooner.
	pings := start(t, w.four, nil, "ping", "-n", "-q", "-f", "-i", "0.002", sixAs4)

	for i := range 10 {
		host := 30 + i%2
		w.configure(fmt.Sprintf("map 198.51.100.30 2001:db8:1::%d\nlog self\n", host))
		if i%4 < 2 {
			good(t, w.xlat, "reload", "-c", w.conf)
		} else {
			p.signal(syscall.SIGHUP)
		}
		p.log.wait(t, "configuration replaced", i+1)
		if got := heardAs(t, w, "198.51.100.30"); got != fmt.Sprintf("2001:db8:1::%d", host) {
			t.Errorf("after reload %d the map leads to %s, not to %d", i, got, host)
		}
		for _, f := range flows {
			f.goesOn(10)
		}
	}
	for i, f := range flows {
		f.stop()
		if n := f.lost.Load(); n > 0 {
			t.Errorf("flow %d has lost %d datagrams of %d", i, n, n+f.answered.Load())
		}
	}
	pings.signal(syscall.SIGINT)
	pings.wait()
	eventually(t, "all pings answered", func() error {
		counted, err := kernelCounters(w.four)
		if sent, got := counted["Icmp OutEchos"], counted["Icmp InEchoReps"]; err == nil && (sent < 10 || got < sent) {
			err = fmt.Errorf("%d of %d", got, sent)
		}
		return err
	})
	if s := w.status(); s.Reloads != 10 || s.Maps != 3 {
		t.Errorf("%d reloads, %d maps", s.Reloads, s.Maps)
	}
}

// heardAs returns the address of the host six at which a datagram to an IPv4
// address arrives.
func heardAs(t *testing.T, w *world, dst string) string {
	t.Helper()
	server, err := w.six.ListenPacket("udp", "[::]:9")
	must(t, err)
	defer server.Close()
	must(t, server.SetReadDeadline(deadline()))
	onSocket(t, server, func(fd int, _ bool) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	})
	send(t, w.four, pkttest.IPv4{Src: four, Dst: dst}.Packet(pkttest.UDP{Sport: 9, Dport: 9}))
	control := make([]byte, 100)
	_, n, _, _, err := server.(*net.UDPConn).ReadMsgUDP(nil, control)
	must(t, err)
	messages, err := unix.ParseSocketControlMessage(control[:n])
	must(t, err)
	return netip.AddrFrom16([16]byte(messages[0].Data)).String()
}

// A file with mistakes changes nothing, and each mistake is told with its place.
func TestNetnsReloadOfABadFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	p := w.start()
	w.configure("map 198.51.100.10 2001:db8:1::30\nmtu 1500\nhairpin perhaps\n")
	places := []string{w.conf + ":8: map", w.conf + ":9: unknown directive \"mtu\"", w.conf + ":10: hairpin"}
	p.signal(syscall.SIGHUP)
	p.log.wait(t, "the running one stays", 1)
	r := taygo(t, w.xlat, "reload", "-s", w.dir+"/socket")
	if r.code != 1 {
		t.Errorf("status %d", r.code)
	}
	for _, place := range places {
		if !strings.Contains(r.stderr, place) {
			t.Errorf("taygo reload does not say %q, but\n%s", place, r.stderr)
		}
		if log := strings.ReplaceAll(p.log.String(), `\"`, `"`); !strings.Contains(log, place) {
			t.Errorf("the log does not say %q, but\n%s", place, log)
		}
	}
	must(t, os.Remove(w.conf))
	if r := taygo(t, w.xlat, "reload", "-s", w.dir+"/socket"); r.code != 1 || !strings.Contains(r.stderr, "no such file") {
		t.Errorf("without a file: status %d, %q", r.code, r.stderr)
	}
	w.ping(w.six, fourAs6, 2)
	w.ping(w.four, sixAs4, 2)
	must(t, os.WriteFile(w.conf, []byte(strings.Replace(commonLines, "nat64", "other", 1)), 0o644))
	good(t, w.xlat, "reload", "-s", w.dir+"/socket")
	p.log.wait(t, "directive=tun-device", 1)
	w.configure("")
	if s := w.status(); s.Reloads != 1 || s.Device.Name != "nat64" {
		t.Errorf("%d reloads, device %s", s.Reloads, s.Device.Name)
	}
}

// Hundreds of reloads, or with TAYGO_LONG ten thousand, lose no datagram and leave
// nothing behind.
func TestNetnsManyReloads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	p := w.start()
	f := startFlow(t, w.ways()[0], "7", patience)
	client := control.Client{Path: w.dir + "/socket"}
	reload := func(n int) {
		t.Helper()
		for i := range n {
			lines := ""
			for j := range 100 * (i % 2) {
				lines += fmt.Sprintf("map 198.51.100.%d 2001:db8:1:%d::1\n", 100+j, j)
			}
			w.configure(lines)
			must(t, client.Reload(within(t)))
		}
	}
	reload(20)
	before := p.resources()
	many := 300
	if os.Getenv("TAYGO_LONG") != "" {
		many = 10_000
	}
	reload(many)
	var after resources
	eventually(t, "descriptors closed", func() error {
		if after = p.resources(); after.descriptors > before.descriptors {
			return fmt.Errorf("%d descriptors, %d before", after.descriptors, before.descriptors)
		}
		return nil
	})
	// Threads come and go with the scheduler; goroutines that stay show in memory.
	if after.threads > before.threads+5 || after.memory > before.memory+16<<10 {
		t.Errorf("after all reloads there are %+v, before there were %+v", after, before)
	}
	f.goesOn(10)
	f.stop()
	if s := w.status(); s.Reloads != 20+many || f.lost.Load() != 0 {
		t.Errorf("%d reloads, %d datagrams lost", s.Reloads, f.lost.Load())
	}
}

// resources are what a process holds.
type resources struct {
	descriptors, threads int
	memory               int // KiB
}

func (p *process) resources() (r resources) {
	p.t.Helper()
	at := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	all, err := os.ReadDir(at + "fd")
	must(p.t, err)
	r.descriptors = len(all)
	text, err := os.ReadFile(at + "status")
	must(p.t, err)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch words[0] {
		case "Threads:":
			r.threads, err = strconv.Atoi(words[1])
		case "VmRSS:":
			r.memory, err = strconv.Atoi(words[1])
		}
		must(p.t, err)
	}
	return r
}
