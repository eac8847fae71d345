package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taygo/conf"
	"taygo/internal/pkttest"
	"taygo/tundev"
)

// toHost is a datagram to an IPv4 address with a mapping.
func toHost(dst string) []byte {
	return pkttest.IPv4{Src: "203.0.113.5", Dst: dst}.Packet(pkttest.UDP{Sport: 1, Dport: 2, Data: []byte("hello")})
}

func destination6(p []byte) string { return netip.AddrFrom16([16]byte(p[24:40])).String() }

func TestPacketsAreTranslatedOnTheirQueue(t *testing.T) {
	r := start(t, baseConfig, 3)
	d := <-r.opened
	for i, q := range d.ports {
		q.in <- [][]byte{toHost("198.51.100.10"), toHost("127.0.0.1"), toHost("198.51.100.10")}
		for range 2 {
			if got := destination6(receive(t, q)); got != "2001:db8:1::10" {
				t.Errorf("queue %d: sent to %s", i, got)
			}
		}
		if len(q.out) > 0 {
			t.Errorf("queue %d: more came out", i)
		}
	}
	waitFor(t, func() bool { return r.Status().FromIP4.Packets["translated"] == 6 })
	s := r.Status()
	if s.FromIP4.Packets["illegal_destination"] != 3 || s.FromIP4.Octets != 9*33 || s.Device.Workers != 3 {
		t.Errorf("status %+v", s)
	}
}

// TestReloadIsAtomic: each batch sees one configuration whole, the old or the new.
func TestReloadIsAtomic(t *testing.T) {
	r := start(t, baseConfig, 1)
	q := (<-r.opened).ports[0]
	text := func(i int) string {
		return strings.Replace(baseConfig, "2001:db8:1::10\n", fmt.Sprintf("2001:db8:%d::10\nmap 198.51.100.11 2001:db8:%d::11\n", i, i), 1)
	}
	batch := [][]byte{toHost("198.51.100.10"), toHost("198.51.100.11")}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			r.write(t, text(i%7+2))
			if err := r.Reload(); err != nil {
				t.Error(err)
			}
		}
	}()
	r.write(t, text(1))
	for running := true; running; {
		select {
		case <-done:
			running = false
		case q.in <- batch:
			first, second := destination6(receive(t, q)), destination6(receive(t, q))
			if strings.HasSuffix(second, "::11") && strings.TrimSuffix(first, "10") != strings.TrimSuffix(second, "11") {
				t.Fatalf("one batch went to %s and %s", first, second)
			}
		}
	}
	if n := r.Status().Reloads; n != 300 {
		t.Errorf("%d reloads", n)
	}
}

func TestABadFileLeavesTheRunningRules(t *testing.T) {
	r := start(t, baseConfig, 1)
	q := (<-r.opened).ports[0]
	for name, text := range map[string]string{
		"mistake": baseConfig + "prefix 2001:db8::/33\n",
		"empty":   "",
	} {
		r.write(t, text)
		if err := r.Reload(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	q.in <- [][]byte{toHost("198.51.100.10")}
	if got := destination6(receive(t, q)); got != "2001:db8:1::10" {
		t.Errorf("sent to %s", got)
	}
}

func TestWhatCannotChangeAtRunTimeStays(t *testing.T) {
	r := start(t, baseConfig, 1)
	<-r.opened
	r.write(t, strings.Replace(baseConfig, "memory0", "other0", 1)+"workers 9\n")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if r.config.TUNDevice != "memory0" || r.config.Workers != 0 {
		t.Errorf("device %s, %d workers", r.config.TUNDevice, r.config.Workers)
	}
}

func TestMTUOfTheDeviceIsFollowed(t *testing.T) {
	r := start(t, baseConfig, 1)
	d := <-r.opened
	if s := r.Status(); s.MTU6 != 1500 || s.MTU4 != 1480 {
		t.Errorf("MTUs %d, %d", s.MTU6, s.MTU4)
	}
	d.setMTU(9000)
	waitFor(t, func() bool { return r.Status().MTU6 == 9000 && r.Status().MTU4 == 8980 })
	d.setMTU(1000) // less than IPv6 needs: refused, and told
	d.setMTU(1400)
	waitFor(t, func() bool { return r.Status().MTU6 == 1400 })
}

func TestALostDevice(t *testing.T) {
	t.Run("recreate", func(t *testing.T) {
		r := start(t, baseConfig, 2)
		(<-r.opened).ports[1].fail <- tundev.ErrGone
		q := (<-r.opened).ports[0]
		q.in <- [][]byte{toHost("198.51.100.10")}
		receive(t, q)
	})
	t.Run("exit", func(t *testing.T) {
		r := start(t, baseConfig+"tun-lost exit\n", 2)
		(<-r.opened).ports[0].fail <- tundev.ErrGone
		if err := <-r.stopped; err == nil || !strings.Contains(err.Error(), tundev.ErrGone.Error()) {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("no privilege to make it again", func(t *testing.T) {
		r := start(t, baseConfig, 1)
		d := <-r.opened
		r.open = func(*conf.Config) (device, error) { return nil, os.ErrPermission }
		d.ports[0].fail <- tundev.ErrGone
		if err := <-r.stopped; !errors.Is(err, os.ErrPermission) {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("another error ends it", func(t *testing.T) {
		r := start(t, baseConfig, 2)
		(<-r.opened).ports[0].fail <- fmt.Errorf("broken")
		if err := <-r.stopped; err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestPacketLog(t *testing.T) {
	r := start(t, baseConfig+"log drop icmp\n", 1)
	q := (<-r.opened).ports[0]
	expired := pkttest.IPv6{Src: "2001:db8:1::10", Dst: "2001:db8:64::203.0.113.5", HopLimit: 1}.
		Packet(pkttest.UDP{Sport: 1, Dport: 2})
	q.in <- [][]byte{toHost("127.0.0.1"), expired, toHost("198.51.100.10")}
	sink := r.packetLog.sink.(*testLog)
	const want = "DROP: v4 203.0.113.5->127.0.0.1 (33 bytes) (proto 17) no router may forward to the destination address\n" +
		"ICMP: v6 2001:db8:1::10->2001:db8:64::cb00:7105 (8 bytes) (proto 17) the TTL or hop limit is spent\n"
	waitFor(t, func() bool {
		sink.mu.Lock()
		defer sink.mu.Unlock()
		return sink.b.String() == want
	})
}

// TestABlockedLogHoldsUpNoPacket: nobody takes lines, packets flow on, and what
// was lost is counted.
func TestABlockedLogHoldsUpNoPacket(t *testing.T) {
	l := newPacketLog(nil)
	r := start(t, baseConfig, 1)
	q := (<-r.opened).ports[0]
	q.in <- [][]byte{toHost("127.0.0.1")}
	waitFor(t, func() bool { return r.Status().FromIP4.Packets["illegal_destination"] == 1 })
	p := r.workers[0].translator.Packet()
	for range linesHeld + 100 {
		l.add(p, 0)
	}
	if n := l.lost.Load(); n != 100 {
		t.Errorf("%d lines lost, want 100", n)
	}
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the condition does not come true")
		}
	}
}

func TestWhatShowsOnlyWhenPutTogether(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"own IPv6 address made of ipv4-addr is mapped": {
			"ipv4-addr 192.0.2.1\nprefix 2001:db8:64::/96\nmap 198.51.100.1 2001:db8:64::192.0.2.1\n",
			":3: map: 2001:db8:64::c000:201 is the translator's own address",
		},
		"a map-file that is not there": {
			"ipv4-addr 192.0.2.1\nprefix 2001:db8:64::/96\nmap-file /nowhere/maps\n", ":3: map-file: open /nowhere/maps",
		},
	} {
		path := filepath.Join(t.TempDir(), "tayga.conf")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
