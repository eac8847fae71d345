package tundev

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/translate/wire"
)

// Where the mirror shows a host itself, by family.
var mirrored = map[string]struct{ self, other string }{
	"IPv4": {"192.0.2.1", "192.0.2.2"},
	"IPv6": {"2001:db8::1", "2001:db8::2"},
}

// devices are all ways that packets go.
var devices = map[string]struct {
	options Options
	offered offers
}{
	"1 queue":                          {Options{}, allOffers},
	"2 queues":                         {Options{Queues: 2, TxQueueLen: DefaultTxQueueLen}, allOffers},
	"1 queue, super-packets":           {Options{Offload: true}, allOffers},
	"2 queues, super-packets":          {Options{Offload: true, Queues: 2}, allOffers},
	"2 queues, super-packets, no USO":  {Options{Offload: true, Queues: 2}, offers{allOffers.flags, []int{tsoOffload}}},
	"2 queues, without virtio headers": {Options{Offload: true, Queues: 2}, withoutHeader},
}

// What the kernel sends through a device comes back to it whole, and is taken.
func TestNetnsTraffic(t *testing.T) {
	for name, c := range devices {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, c.options, c.offered)
			addressed(t, h, d)
			var super, partial atomic.Int64
			mirrors(t, d, func(_ int, f *wire.Frame) {
				if f.Offload.Segment > 0 {
					super.Add(1)
				}
				if f.Offload.Partial {
					partial.Add(1)
				}
				if mtu := 1500; f.Offload.Segment == 0 && f.Len() > mtu {
					t.Errorf("a packet of %d octets without a segment size", f.Len())
				}
			})
			for family, at := range mirrored {
				t.Run("TCP over "+family, func(t *testing.T) { carryTCP(t, h, at.self, at.other) })
				t.Run("UDP over "+family, func(t *testing.T) { carryUDP(t, h, at.self, at.other) })
			}
			if got := super.Load() > 0; got != d.Mode().TSO {
				t.Errorf("%d super-packets in mode %q", super.Load(), d.Mode())
			}
			if got := partial.Load() > 0; got != d.Mode().TSO {
				t.Errorf("%d partial checksums in mode %q", partial.Load(), d.Mode())
			}
			for i, q := range d.Queues() {
				settle(func() bool { s := q.Stats(); return s.Written == s.Read })
				if s := q.Stats(); s.Read == 0 || s.Written != s.Read || s != (Stats{Read: s.Read, Written: s.Written, Merged: s.Merged}) {
					t.Errorf("queue %d dropped packets: %+v", i, s)
				}
			}
		})
	}
}

// carryTCP sends some MB over a connection, and back.
func carryTCP(t *testing.T, h *netlab.Host, self, other string) {
	server, err := h.Listen("tcp", net.JoinHostPort(self, "0"))
	must(t, err)
	defer server.Close()
	go func() {
		if c, err := server.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, port, _ := net.SplitHostPort(server.Addr().String())
	c, err := h.Dial(ctx, "tcp", net.JoinHostPort(other, port))
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	sent := make([]byte, 4<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(sent)
	go func() {
		_, _ = c.Write(sent)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	must(t, err)
	if !bytes.Equal(got, sent) {
		t.Errorf("%d octets came back from %d, or other ones", len(got), len(sent))
	}
}

// carryUDP sends datagrams of many flows, each of which goes to some queue.
func carryUDP(t *testing.T, h *netlab.Host, self, other string) {
	server, err := h.ListenPacket("udp", net.JoinHostPort(self, "0"))
	must(t, err)
	defer server.Close()
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(b[:n], from)
		}
	}()
	_, port, _ := net.SplitHostPort(server.LocalAddr().String())
	for i := range 64 {
		c, err := h.Dial(t.Context(), "udp", net.JoinHostPort(other, port))
		must(t, err)
		must(t, c.SetDeadline(time.Now().Add(10*time.Second)))
		sent := bytes.Repeat([]byte{byte(i)}, 1+i*20)
		_, err = c.Write(sent)
		must(t, err)
		got := make([]byte, 2000)
		n, err := c.Read(got)
		must(t, err)
		if !bytes.Equal(got[:n], sent) {
			t.Errorf("sent %d octets, got %d, or other ones", len(sent), n)
		}
		must(t, c.Close())
	}
}

// Datagrams that a socket sends as one stay one up to the receiver's stack.
func TestNetnsDatagramSuperPacket(t *testing.T) {
	for family, at := range mirrored {
		t.Run(family, func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, Options{Offload: true}, allOffers)
			addressed(t, h, d)
			seen := make(chan string, 100)
			mirrors(t, d, func(_ int, f *wire.Frame) {
				if f.Offload.Segment > 0 {
					seen <- fmt.Sprint(f.Offload)
				}
			})
			server, err := h.ListenPacket("udp", net.JoinHostPort(at.self, "0"))
			must(t, err)
			defer server.Close()
			_, port, _ := net.SplitHostPort(server.LocalAddr().String())
			c, err := h.Dial(t.Context(), "udp", net.JoinHostPort(at.other, port))
			must(t, err)
			defer c.Close()
			raw, err := c.(*net.UDPConn).SyscallConn()
			must(t, err)
			must(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1000) }))
			must(t, err)
			_, err = c.Write(make([]byte, 10*1000+300))
			must(t, err)
			if got, want := within(t, 5*time.Second, "the super-packet", seen), "{1000 true false}"; got != want {
				t.Errorf("the frame's offload is %s, want %s", got, want)
			}
			must(t, server.SetReadDeadline(time.Now().Add(5*time.Second)))
			b := make([]byte, 70000)
			for i := range 11 {
				n, _, err := server.ReadFrom(b)
				if err != nil {
					t.Fatalf("datagram %d: %v; %+v", i, err, d.Queues()[0].Stats())
				}
				if want := []int{1000, 300}[i/10]; n != want {
					t.Errorf("datagram %d has %d octets, want %d", i, n, want)
				}
			}
		})
	}
}
