package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// Datagrams of any length that both families can carry arrive whole, and so do
// the answers: in one piece, in fragments of the sender, in fragments of the
// translator.
func TestNetnsDatagramLengths(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	for _, x := range w.ways() {
		echo(t, x.to, net.JoinHostPort(x.listen, "7"))
		// 1233 is the first that makes more than 1280 octets of IPv6, 1453 and 1473
		// more than a link takes, and 65507 the last that an IPv4 packet can hold.
		for _, n := range []int{0, 1, 1232, 1233, 1452, 1453, 1472, 1473, 8000, 32768, 65487, 65507} {
			t.Run(fmt.Sprint(n, " octets ", x.name), func(t *testing.T) {
				c, err := x.from.Dial(within(t), "udp", net.JoinHostPort(x.dial, "7"))
				must(t, err)
				defer c.Close()
				onSocket(t, c, always)
				must(t, c.SetDeadline(deadline()))
				sent, got := noise(n), make([]byte, 1<<16)
				_, err = c.Write(sent)
				must(t, err)
				m, err := c.Read(got)
				must(t, err)
				if !bytes.Equal(got[:m], sent) {
					t.Errorf("%d octets came back, or other ones", m)
				}
			})
		}
	}
	if s := w.status(); s.FromIP4.Packets["fragmented"] == 0 {
		t.Error("no packet from IPv4 was cut into fragments that IPv6 takes")
	}
}

// send sends hand-made packets from a host.
func send(t *testing.T, h *netlab.Host, packets ...[]byte) {
	t.Helper()
	must(t, h.Do(func() error {
		v6 := packets[0][0]>>4 == 6
		var to unix.Sockaddr
		family := unix.AF_INET
		if v6 {
			family = unix.AF_INET6
		}
		s, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		for _, p := range packets {
			if v6 {
				to = &unix.SockaddrInet6{Addr: [16]byte(p[24:40])}
			} else {
				to = &unix.SockaddrInet4{Addr: [4]byte(p[16:20])}
			}
			if err := unix.Sendto(s, p, 0, to); err != nil {
				return fmt.Errorf("send %d octets: %w", len(p), err)
			}
		}
		return nil
	}))
}

// Fragments that arrive in any order, those of two datagrams mixed, are put
// together again by the receiver.
func TestNetnsFragmentsInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	wrap := []func(dport, id uint16, data []byte) []byte{
		func(dport, _ uint16, data []byte) []byte {
			return pkttest.IPv6{Src: six, Dst: fourAs6}.Packet(pkttest.UDP{Sport: 4000, Dport: dport, Data: data})
		},
		func(dport, id uint16, data []byte) []byte {
			return pkttest.IPv4{Src: four, Dst: sixAs4, ID: id}.Packet(pkttest.UDP{Sport: 4000, Dport: dport, Data: data})
		},
	}
	for i, x := range w.ways() {
		server, err := x.to.ListenPacket("udp", net.JoinHostPort(x.listen, "0"))
		must(t, err)
		t.Cleanup(func() { _ = server.Close() })
		must(t, server.SetDeadline(time.Now().Add(2*patience)))
		port := netip.MustParseAddrPort(server.LocalAddr().String()).Port()
		for seed := range uint64(10) {
			for _, size := range []int{256, 1280, 1500} {
				t.Run(fmt.Sprintf("of %d octets %s, order %d", size, x.name, seed), func(t *testing.T) {
					a, b := noise(8000), noise(7777)[1:]
					id := uint16(100 + 2*seed)
					one, err := pkttest.Split(wrap[i](port, id, a), size, uint32(id))
					must(t, err)
					two, err := pkttest.Split(wrap[i](port, id+1, b), size, uint32(id+1))
					must(t, err)
					all := slices.Concat(one, two)
					rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					send(t, x.from, all...)
					for range 2 {
						got := make([]byte, 1<<16)
						n, _, err := server.ReadFrom(got)
						must(t, err)
						if !bytes.Equal(got[:n], a) && !bytes.Equal(got[:n], b) {
							t.Errorf("%d octets arrive, or other ones", n)
						}
					}
				})
			}
		}
	}
}

// A UDP datagram from IPv4 without a checksum has the fate that udp-cksum-mode
// gives it. IPv6 hosts take one that has none only if a program asks for it.
func TestNetnsNoUDPChecksum(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode        string
		takes       bool // the receiver takes datagrams without a checksum
		octets      int
		arrives     bool
		kernelFinds int // datagrams that the receiver's kernel refuses for their checksum
	}{
		{"drop", true, 100, false, 0},
		{"calc", false, 100, true, 0},
		{"calc", false, 2000, false, 0}, // of a fragment none can be computed
		{"fwd", true, 100, true, 0},
		{"fwd", false, 100, false, 1},
	} {
		t.Run(fmt.Sprintf("%s, %d octets, taken %v", c.mode, c.octets, c.takes), func(t *testing.T) {
			w := newWorld(t, plan{lines: "udp-cksum-mode " + c.mode + "\n", unjudged: true})
			w.start()
			server, err := w.six.ListenPacket("udp", net.JoinHostPort(six, "7"))
			must(t, err)
			defer server.Close()
			if c.takes {
				onSocket(t, server, func(fd int, _ bool) error {
					return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_NO_CHECK6_RX, 1)
				})
			}
			client, err := w.four.Dial(within(t), "udp", net.JoinHostPort(sixAs4, "7"))
			must(t, err)
			defer client.Close()
			onSocket(t, client, always)
			first, last := noise(c.octets), []byte("the next one, with a checksum")
			for i, data := range [][]byte{first, last} {
				onSocket(t, client, func(fd int, _ bool) error {
					return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1-i)
				})
				_, err = client.Write(data)
				must(t, err)
			}
			must(t, server.SetReadDeadline(deadline()))
			got := make([]byte, 1<<16)
			n, _, err := server.ReadFrom(got)
			must(t, err)
			if got := got[:n]; !bytes.Equal(got, first) && !bytes.Equal(got, last) || bytes.Equal(got, first) != c.arrives {
				t.Errorf("%d octets arrive first, of datagrams of %d and %d", n, len(first), len(last))
			}
			counted, err := kernelCounters(w.six)
			must(t, err)
			if n := counted["Udp6InCsumErrors"]; n != c.kernelFinds {
				t.Errorf("the receiver's kernel refuses %d datagrams for their checksum, want %d", n, c.kernelFinds)
			}
			dropped := 0
			if !c.arrives && c.kernelFinds == 0 {
				dropped = 1
			}
			if n := w.status().FromIP4.Packets["zero_udp_checksum"]; n != uint64(dropped) {
				t.Errorf("zero_udp_checksum is %d, want %d", n, dropped)
			}
		})
	}
}
