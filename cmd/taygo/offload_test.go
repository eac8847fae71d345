package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// TestNetnsOffloadsSwitchedUnderTraffic: a transfer goes on, octet by octet, while
// the hosts on both sides switch their offloads off and on.
func TestNetnsOffloadsSwitchedUnderTraffic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	stop := make(chan struct{})
	var switching sync.WaitGroup
	switching.Go(func() {
		for on := false; ; on = !on {
			for _, h := range []*netlab.Host{w.six, w.four, w.xlat} {
				for _, dev := range []string{"xlat", "six", "four"} {
					if _, err := h.Netlink().LinkByName(dev); err == nil {
						if err := h.Offload(dev, on); err != nil {
							t.Error(err)
						}
					}
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	for _, x := range w.ways() {
		t.Run(x.name, func(t *testing.T) {
			for range 3 {
				transfer(t, x, 6<<20)
			}
		})
	}
	close(stop)
	switching.Wait()
}

// TestNetnsWireHasPlainPackets: between ends without offloads, whatever is on the
// links is a packet that any host takes: no longer than the link, with right
// checksums, and DF where the RFC has it.
func TestNetnsWireHasPlainPackets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	for dev, h := range map[string]*netlab.Host{"xlat": w.six, "xlat ": w.four, "six": w.xlat, "four": w.xlat} {
		tool(t, h, "ethtool", "-K", strings.TrimSpace(dev), "tx", "off", "tso", "off", "gso", "off", "gro", "off")
	}
	for _, x := range w.ways() {
		t.Run(x.name, func(t *testing.T) {
			seen := captureAt(t, x.to, "xlat")
			transfer(t, x, 2<<20)
			n := 0
			for _, p := range seen() {
				if err := wirePacket(p); err != nil {
					t.Errorf("%v\n%x", err, p[:min(len(p), 80)])
				}
				if len(p) > 1400 {
					n++
				}
			}
			if n < 100 {
				t.Errorf("%d long packets were captured of some 1,400", n)
			}
		})
	}
}

// wirePacket finds what is wrong with a packet of a TCP connection on a link of
// 1500 octets.
func wirePacket(p []byte) error {
	switch {
	case len(p) > 1500:
		return fmt.Errorf("%d octets on a link of 1500", len(p))
	case p[0]>>4 == 4 && len(p) > 1260 && p[6]&0x40 == 0:
		return fmt.Errorf("a packet of %d octets without DF", len(p))
	case p[0]>>4 == 4 && p[6]&0x3f|p[7] != 0:
		return fmt.Errorf("a fragment")
	}
	return pkttest.Checker{}.Check(p)
}

// captureAt collects what arrives at a device for TCP until its result is called.
func captureAt(t *testing.T, h *netlab.Host, dev string) func() [][]byte {
	t.Helper()
	fd := -1
	must(t, h.Do(func() (err error) {
		i, err := net.InterfaceByName(dev)
		if err != nil {
			return err
		}
		all := int(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL)))
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, all); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: uint16(all), Ifindex: i.Index})
	}))
	must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20))
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}))
	return func() (all [][]byte) {
		defer unix.Close(fd)
		b := make([]byte, 1<<17)
		for {
			n, from, err := unix.Recvfrom(fd, b, 0)
			if err != nil {
				return all
			}
			l, ok := from.(*unix.SockaddrLinklayer)
			if ok && l.Pkttype == unix.PACKET_HOST && n > 40 && (b[0]>>4 == 4 && b[9] == 6 || b[0]>>4 == 6 && b[6] == 6) {
				all = append(all, bytes.Clone(b[:n]))
			}
		}
	}
}

// TestNetnsTransfersOverEveryMTU: links of any two lengths, and what the device has,
// carry a transfer both ways; nothing is lost in a black hole.
func TestNetnsTransfersOverEveryMTU(t *testing.T) {
	t.Parallel()
	for _, mtu := range []int{1280, 1400, 1500, 9000} {
		for _, four := range []int{1280, 1400, 1500, 9000} {
			t.Run(fmt.Sprintf("IPv6 %d, IPv4 %d", mtu, four), func(t *testing.T) {
				w := newWorld(t, plan{mtu6: mtu, mtu4: four, routers: true})
				w.device()
				must(t, w.xlat.MTU("nat64", 9000))
				w.run()
				for _, x := range w.ways() {
					transfer(t, x, 1<<20)
				}
			})
		}
	}
}

// TestNetnsDatagramsOfEverySegment: one send of many datagrams, as QUIC does it,
// arrives as these datagrams, for segments of all lengths.
func TestNetnsDatagramsOfEverySegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	for _, x := range w.ways() {
		t.Run(x.name, func(t *testing.T) {
			server, err := x.to.ListenPacket("udp", net.JoinHostPort(x.listen, "0"))
			must(t, err)
			defer server.Close()
			_, port, _ := net.SplitHostPort(server.LocalAddr().String())
			c, err := x.from.Dial(within(t), "udp", net.JoinHostPort(x.dial, port))
			must(t, err)
			defer c.Close()
			for size := 1; size <= 1452; size += max(1, size/16) {
				burst(t, c.(*net.UDPConn), server, size)
			}
		})
	}
}

// burst sends segments of a length, and a shorter one, in one call, and wants each.
func burst(t *testing.T, c *net.UDPConn, server net.PacketConn, size int) {
	t.Helper()
	raw, err := c.SyscallConn()
	must(t, err)
	must(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, size) }))
	must(t, err)
	sent := noise(min(40*size+(size+1)/2, 64000))
	_, err = c.Write(sent)
	must(t, err)
	_ = server.SetReadDeadline(time.Now().Add(patience))
	var got []byte
	b := make([]byte, 1<<16)
	for len(got) < len(sent) {
		n, _, err := server.ReadFrom(b)
		if err != nil {
			t.Fatalf("segments of %d octets: %d of %d octets arrive: %v", size, len(got), len(sent), err)
		}
		if want := min(size, len(sent)-len(got)); n != want {
			t.Fatalf("segments of %d octets: one of %d arrives, want %d", size, n, want)
		}
		got = append(got, b[:n]...)
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("segments of %d octets: other ones arrive, or in another order", size)
	}
}

// TestNetnsSlowReaderHoldsUpNobody: where a queue holds one packet, packets are
// lost, and counted by the kernel, but connections go on.
func TestNetnsSlowReaderHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	link, err := w.xlat.Netlink().LinkByName("nat64")
	must(t, err)
	must(t, w.xlat.Netlink().LinkSetTxQLen(link, 1))
	for _, x := range w.ways() {
		transfer(t, x, 2<<20)
	}
}

// TestNetnsDeviceOfIPTuntap: a device that ip tuntap made, with one queue, is used
// as it is.
func TestNetnsDeviceOfIPTuntap(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{}, {"vnet_hdr"}, {"multi_queue"}, {"multi_queue", "vnet_hdr"}} {
		t.Run(fmt.Sprint(flags), func(t *testing.T) {
			w := newWorld(t, plan{})
			tool(t, w.xlat, "ip", append([]string{"tuntap", "add", "dev", "nat64", "mode", "tun"}, flags...)...)
			w.routes()
			w.run()
			for _, x := range w.ways() {
				transfer(t, x, 2<<20)
			}
		})
	}
}
