package tundev

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/translate/wire"
)

// The kernel is the oracle: a host behind the one with the TUN device hears, per
// flow, the packets that were written, when the kernel in between must cut
// super-packets itself.
func TestNetnsMergeIsUndoneByTheKernel(t *testing.T) {
	l := newLine(t, 9000)
	off(t, l.gw, "far", txChecksum)
	heard := newTap(t, l.far, "gw")
	choose := random(2)
	var s *sender
	b := make([]byte, 1<<16)
	for turn := range 300 {
		if turn%20 == 0 {
			s = newSender(choose, harmless...)
		}
		var given []sent
		var want, got [][]byte
		for range 1 + choose(150) {
			x := s.packet()
			given = append(given, x)
			for _, p := range x.packets {
				want = append(want, forwarded(t, p, true))
			}
		}
		must(t, l.Queues()[0].Write(batchOf(given...)))
		for len(got) < len(want) {
			p := heard.next(t, b)
			if p == nil {
				break
			}
			got = append(got, forwarded(t, p, false))
		}
		if err := agree(want, got); err != nil {
			t.Fatalf("turn %d, %d of %d packets: %v", turn, len(got), len(want), err)
		}
	}
	if s := l.Queues()[0].Stats(); s.Merged < s.Written/3 || s != (Stats{Written: s.Written, Merged: s.Merged}) {
		t.Errorf("counted %+v, want a third merged, and no loss", s)
	}
}

// forwarded returns a packet as the next router receives it, or as it was
// received, without what may be written in two ways: the checksum of the IPv4
// header, which is verified, and a zero of TCP.
func forwarded(t *testing.T, p []byte, hop bool) []byte {
	t.Helper()
	p = bytes.Clone(p)
	if p[0]>>4 == 4 {
		if folded(octetSum(p[:start(p)])) != 0xffff {
			t.Errorf("an IPv4 header with a wrong checksum: % x", p)
		}
		if hop {
			p[8]--
		}
		clear(p[10:12])
		if p[6]&0x40 != 0 {
			clear(p[4:6])
		}
		if p[9] == 6 && p[36] == 0xff && p[37] == 0xff {
			clear(p[36:38])
		}
		return p
	}
	if hop {
		p[7]--
	}
	if p[6] == 6 && p[56] == 0xff && p[57] == 0xff {
		clear(p[56:58])
	}
	return p
}

// Sockets that know nothing of super-packets get each datagram by itself: on the
// host with the TUN device, and on the next one.
func TestNetnsMergedDatagramsOfAllSizesArriveSingly(t *testing.T) {
	l := newLine(t, 1500)
	for _, c := range []struct {
		name, kind, address string
		socket              net.PacketConn
	}{
		{"IPv4 here", "UDP4", "192.0.2.1", socketOf(t, l.gw, "192.0.2.1")},
		{"IPv6 here", "UDP6", "2001:db8::1", socketOf(t, l.gw, "2001:db8::1")},
		{"IPv4 there", "UDP4", "203.0.113.1", socketOf(t, l.far, "203.0.113.1")},
		{"IPv6 there", "UDP6", "2001:db8:1::1", socketOf(t, l.far, "2001:db8:1::1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := l.Queues()[0].Stats()
			for size := 1; size <= map[string]int{"UDP4": 1472, "UDP6": 1452}[c.kind]; size++ {
				var given []sent
				var want [][]byte
				for i, n := range []int{size, size, size, size/2 + 1, size, size} {
					x := flow(c.kind, 0, i, n)
					x.four.Dst, x.six.Dst = c.address, c.address
					given, want = append(given, x.sent()), append(want, x.data)
				}
				must(t, l.Queues()[0].Write(batchOf(given...)))
				arrive(t, c.socket, want)
			}
			if s := l.Queues()[0].Stats(); s.Merged-before.Merged < (s.Written-before.Written)/2 {
				t.Errorf("counted %+v after %+v, want half merged", s, before)
			}
		})
	}
}

// arrive holds that the next datagrams of a socket are those.
func arrive(t *testing.T, s net.PacketConn, want [][]byte) {
	t.Helper()
	b := make([]byte, 1<<16)
	must(t, s.SetReadDeadline(time.Now().Add(5*time.Second)))
	for i, w := range want {
		n, _, err := s.ReadFrom(b)
		if err != nil || !bytes.Equal(b[:n], w) {
			t.Fatalf("datagram %d of %d has %d octets, %v, want\n% x, got\n% x", i, len(want), n, err, w, b[:n])
		}
	}
}

// nothingMore holds that no other datagram has come.
func nothingMore(t *testing.T, s net.PacketConn) {
	t.Helper()
	must(t, s.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	if n, _, err := s.ReadFrom(make([]byte, 1<<16)); err == nil {
		t.Errorf("a datagram of %d octets too many", n)
	}
}

func TestNetnsMergeMakesNoWrongChecksumGood(t *testing.T) {
	l := newLine(t, 1500)
	for _, c := range []struct{ kind, address string }{{"UDP4", "203.0.113.1"}, {"UDP6", "2001:db8:1::1"}} {
		s := socketOf(t, l.far, c.address)
		var given []sent
		var want [][]byte
		for i := range 40 {
			x := flow(c.kind, 0, i, 100)
			if i%5 == 2 {
				x.udp.Sum = pkttest.Wrong
			} else {
				want = append(want, x.data)
			}
			given = append(given, x.sent())
		}
		must(t, l.Queues()[0].Write(batchOf(given...)))
		arrive(t, s, want)
		nothingMore(t, s)
		if s := l.Queues()[0].Stats(); s.Merged == 0 {
			t.Errorf("counted %+v, nothing merged", s)
		}
	}
}

// Datagrams that a link does not take: those that may be fragmented are, and of
// the others the short one arrives all the same.
func TestNetnsMergeOverANarrowLink(t *testing.T) {
	l := newLine(t, 1280)
	s := socketOf(t, l.far, "203.0.113.1")
	for _, c := range []struct {
		name    string
		df      bool
		arrives []int
	}{
		{"DF clear", false, []int{1400, 1400, 1400, 7}},
		{"DF set", true, []int{7}},
	} {
		var given []sent
		var want [][]byte
		for i, n := range []int{1400, 1400, 1400, 7} {
			x := flow("UDP4", 0, i, n)
			x.four.DF = c.df
			given = append(given, x.sent())
			if n == 7 || !c.df {
				want = append(want, x.data)
			}
		}
		must(t, l.Queues()[0].Write(batchOf(given...)))
		arrive(t, s, want)
		nothingMore(t, s)
	}
}

// A connection over segments that the kernel sends singly, with the checksum left
// to the device, and finished.
func TestNetnsMergeOfTCP(t *testing.T) {
	for name, features := range map[string][]uint32{"partial checksums": {tso, gso}, "finished checksums": {tso, gso, txChecksum}} {
		for family, at := range mirrored {
			t.Run(fmt.Sprint(name, " ", family), func(t *testing.T) {
				h := newHost(t)
				d := openAt(t, h, Options{Offload: true, TxQueueLen: DefaultTxQueueLen}, allOffers)
				addressed(t, h, d)
				off(t, h, d.Name(), features...)
				mirrors(t, d, func(_ int, f *wire.Frame) {
					if f.Offload.Segment > 0 || f.Offload.Partial && len(features) > 2 {
						t.Errorf("a frame with %+v", f.Offload)
					}
				})
				carryTCP(t, h, at.self, at.other)
				q := d.Queues()[0]
				settle(func() bool { s := q.Stats(); return s.Written == s.Read })
				if s := q.Stats(); s.Merged < s.Written/10 || s != (Stats{Read: s.Written, Written: s.Written, Merged: s.Merged}) {
					t.Errorf("counted %+v, want many merged, and no loss", s)
				}
			})
		}
	}
}

func TestNetnsMergeIsCountedByPacketsWhereNothingIsTaken(t *testing.T) {
	h := newHost(t)
	d := openAt(t, h, Options{Offload: true}, allOffers)
	q := d.Queues()[0]
	given := train("UDP6", 10, nil)
	must(t, q.Write(batchOf(given...))) // it is down
	if got, want := q.Stats(), (Stats{Down: 10}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	must(t, h.Netlink().LinkDel(linkOf(t, h, d)))
	if err := q.Write(batchOf(given...)); !errors.Is(err, ErrGone) {
		t.Errorf("a Write to a deleted device: %v", err)
	}
}
