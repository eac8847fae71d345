package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// Fragments that arrive in any order, those of two datagrams mixed and read by
// different workers, wait for the one that has the ports.
func TestNetnsNAT64FragmentsInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines + "workers 4\n"})
	w.start()
	for _, x := range []struct {
		way
		server *net.UDPConn
		wrap   func(id uint16, data []byte) []byte
	}{
		{w.out(w.seven), udp(t, w.four, four, 7), func(_ uint16, data []byte) []byte {
			return pkttest.IPv6{Src: seven, Dst: fourAs6}.Packet(pkttest.UDP{Sport: 4000, Dport: 7, Data: data})
		}},
		{w.bound(), udp(t, w.seven, seven, 7), func(id uint16, data []byte) []byte {
			return pkttest.IPv4{Src: four, Dst: natPool4, ID: id}.Packet(pkttest.UDP{Sport: 4000, Dport: 7, Data: data})
		}},
	} {
		for seed := range uint64(10) {
			for _, size := range []int{256, 1280, 1500} {
				t.Run(fmt.Sprintf("of %d octets %s, order %d", size, x.name, seed), func(t *testing.T) {
					a, b := noise(8000), noise(7777)[1:]
					id := uint16(100 + 2*seed)
					one, err := pkttest.Split(x.wrap(id, a), size, uint32(id))
					must(t, err)
					two, err := pkttest.Split(x.wrap(id+1, b), size, uint32(id+1))
					must(t, err)
					all := slices.Concat(one, two)
					rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					send(t, x.from, all...)
					for range 2 {
						if got, _ := hear(t, x.server); got != string(a) && got != string(b) {
							t.Errorf("%d octets arrive, or other ones", len(got))
						}
					}
				})
			}
		}
	}
	if n := w.status(); n.FromIP6.Packets["held"] == 0 || n.FromIP4.Packets["held"] == 0 {
		t.Error("no fragment has waited")
	}
}

// Both hosts open the same TCP connection at once, and it becomes one (RFC 5382
// REQ-2): the SYN from IPv4 is first, and waits for that from IPv6.
func TestNetnsNAT64SimultaneousOpen(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines + "nat64-filtering address-dependent\n"})
	w.start()
	for port := uint16(5000); port < 5005; port++ {
		opened := make(chan net.Conn, 1)
		stored := w.status().FromIP4.Packets["syn_stored"]
		go func() {
			defer close(opened)
			c, err := dialPort(t, w.four, transport(four, port), transport(natPool4, port))
			if err != nil {
				t.Errorf("from IPv4: %v", err)
				return
			}
			opened <- c
		}()
		eventually(t, "the SYN from IPv4 is kept", func() error {
			if n := w.status().FromIP4.Packets["syn_stored"]; n == stored {
				return errors.New("not yet")
			}
			return nil
		})
		a, err := dialPort(t, w.seven, transport(seven, port), transport(fourAs6, port))
		must(t, err)
		b := <-opened
		if b == nil {
			break
		}
		for _, ends := range [][2]net.Conn{{a, b}, {b, a}} {
			must(t, ends[1].SetDeadline(deadline()))
			_, err = io.WriteString(ends[0], "hello")
			must(t, err)
			got := make([]byte, 5)
			if _, err := io.ReadFull(ends[1], got); err != nil || string(got) != "hello" {
				t.Errorf("%q arrives, %v", got, err)
			}
		}
		must(t, a.Close())
		must(t, b.Close())
	}
}

// dialPort connects from a port of a host.
func dialPort(t *testing.T, h *netlab.Host, from, to netip.AddrPort) (net.Conn, error) {
	var c net.Conn
	err := h.Do(func() (err error) {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(from)}
		c, err = d.DialContext(within(t), "tcp", to.String())
		return err
	})
	return c, err
}
