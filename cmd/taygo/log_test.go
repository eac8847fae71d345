package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// Each class of the directive log prints its packets, with the reason, and no
// other.
func TestNetnsLog(t *testing.T) {
	t.Parallel()
	const stranger = "2001:db8:1::99" // has no map
	packets := []struct {
		class  string
		from   func(*world) *netlab.Host
		packet []byte
		line   string
	}{
		{
			"drop", func(w *world) *netlab.Host { return w.four },
			pkttest.IPv4{Src: four, Dst: sixAs4}.Packet(pkttest.UDP{Sport: 9, Dport: 9, Sum: pkttest.Zero}),
			"DROP: v4 192.0.2.80->198.51.100.10 (28 bytes) (proto 17) a UDP datagram without a checksum\n",
		},
		{
			"reject", func(w *world) *netlab.Host { return w.six },
			pkttest.IPv6{Src: stranger, Dst: fourAs6}.Packet(pkttest.UDP{Sport: 9, Dport: 9}),
			"REJECT: v6 2001:db8:1::99->2001:db8:64::c000:250 (8 bytes) (proto 17) the source address has no counterpart on the other side\n",
		},
		{
			"icmp", func(w *world) *netlab.Host { return w.four },
			pkttest.IPv4{Src: four, Dst: sixAs4, TTL: 2}.Packet(pkttest.Echo{ID: 1}),
			"ICMP: v4 192.0.2.80->198.51.100.10 (28 bytes) (proto 1) the TTL or hop limit is spent\n",
		},
		{
			"self", func(w *world) *netlab.Host { return w.six },
			pkttest.IPv6{Src: six, Dst: own6}.Packet(pkttest.Echo{ID: 1}),
			"SELF: v6 2001:db8:1::10->2001:db8::64 (8 bytes) (proto 58) an echo request to the translator itself, answered\n",
		},
	}
	for _, classes := range []string{"drop", "reject", "icmp", "self", "drop reject icmp self", ""} {
		t.Run("log "+classes, func(t *testing.T) {
			w := newWorld(t, plan{lines: "log " + classes + "\n", unjudged: true})
			must(t, w.six.Addr("lo", prefix(stranger+"/128")))
			must(t, w.xlat.Route(prefix(stranger+"/128"), addr(six), ""))
			p := w.start()
			want := 0
			for _, x := range packets {
				send(t, x.from(w), x.packet)
				if strings.Contains(classes, x.class) {
					want++
					p.out.wait(t, x.line, 1)
				}
			}
			w.ping(w.six, fourAs6, 2)
			if got := strings.Count(p.out.String(), "\n"); got != want {
				t.Errorf("%d lines, want %d:\n%s", got, want, &p.out)
			}
		})
	}
}

// Nobody reads what the process prints, or who did has gone: packets flow, the
// status is told, and the end is a good one.
func TestNetnsLogThatNobodyReads(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		t.Run(fmt.Sprint("gone ", gone), func(t *testing.T) {
			w := newWorld(t, plan{lines: "log self\n"})
			w.device()
			path, err := builtBinary()
			must(t, err)
			reader, writer, err := os.Pipe()
			must(t, err)
			defer reader.Close()
			_, err = unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, 4096)
			must(t, err)
			p := start(t, w.xlat, writer, path, "run", "-c", w.conf)
			must(t, writer.Close())
			p.log.wait(t, "translating", 1)
			w.ping(w.four, own4, 60)
			eventually(t, "the pipe is full", func() error {
				n, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCINQ)
				if err == nil && n < 4000 {
					err = fmt.Errorf("%d octets", n)
				}
				return err
			})
			if gone {
				must(t, reader.Close())
			}
			w.ping(w.four, own4, 20)
			for _, x := range w.ways() {
				transfer(t, x, 1<<20)
			}
			if s := w.status(); s.FromIP4.Packets["answered"] != 80 {
				t.Errorf("%d answered, not 80", s.FromIP4.Packets["answered"])
			}
			good(t, w.xlat, "reload", "-c", w.conf)
			if code := p.stop(); code != 0 {
				t.Errorf("status %d", code)
			}
		})
	}
}
