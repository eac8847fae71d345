package main

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/control"
	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// While hosts transfer pages, somebody in IPv4 forges resets and ICMP errors for
// their connections by the ten thousand, with the right ports and wrong sequence
// numbers. No connection is lost.
func TestNetnsNAT64Forgeries(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{unjudged: true}) // kernels count what is forged
	w.start()
	serveTCP(t, w.four, four, 7, echoStream)
	var pulses []*pulse
	for range 10 {
		pulses = append(pulses, w.startPulse(seven))
	}
	idle := w.newChat(seven)
	must(t, idle.exchange())
	servePages(t, w.four, four, 1<<20)
	var pages sync.WaitGroup
	for i := range 8 {
		pages.Go(func() {
			for j := range 5 {
				if err := fetch(w.seven, fourAs6, 10*i+j, 1<<20); err != nil {
					t.Error(err)
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(6, 4))
	times := 100
	if os.Getenv("TAYGO_LONG") != "" {
		times = 1000
	}
	for round := range 5 {
		for _, s := range w.sessions(natTCP) {
			if s.State == "ESTABLISHED" || s.State == "TRANS" {
				forgeFor(t, w.four, s, random, times)
			}
		}
		if round == 2 {
			pages.Wait()
		}
	}
	for i, p := range pulses {
		if err := p.end(); err != nil {
			t.Errorf("connection %d is lost: %v", i, err)
		}
	}
	if err := idle.exchange(); err != nil {
		t.Errorf("an idle connection is lost: %v", err)
	}
	if n := w.status().FromIP4.Packets["translated"]; n < 20_000 {
		t.Errorf("of all that is forged only %d are translated", n)
	}
}

// forgeFor sends a host of a session so many forged packets of each kind.
func forgeFor(t *testing.T, from *netlab.Host, s control.Session, random *rand.Rand, times int) {
	t.Helper()
	var packets [][]byte
	for range times {
		tcp := pkttest.TCP{Sport: s.Peer.Port(), Dport: s.IPv4.Port(), Seq: random.Uint32(), Ack: random.Uint32(), Flags: pkttest.RST}
		ip := pkttest.IPv4{Src: s.Peer.Addr().String(), Dst: s.IPv4.Addr().String()}
		packets = append(packets, ip.Packet(tcp))
		tcp.Flags |= pkttest.ACK
		packets = append(packets, ip.Packet(tcp))
		quoted := pkttest.IPv4{Src: s.IPv4.Addr().String(), Dst: s.Peer.Addr().String(), DF: true}.Packet(
			pkttest.TCP{Sport: s.IPv4.Port(), Dport: s.Peer.Port(), Seq: random.Uint32(), Flags: pkttest.ACK})
		for _, e := range []pkttest.ICMPError{{Type: 3, Code: 1}, {Type: 3, Code: 3}, {Type: 3, Code: 4, MTU: 576}, {Type: 11}} {
			e.Quote = quoted
			packets = append(packets, pkttest.IPv4{Src: fourToo, Dst: s.IPv4.Addr().String()}.Packet(e))
		}
	}
	for some := range slices.Chunk(packets, 100) { // the kernel drops what comes all at once
		send(t, from, some...)
		time.Sleep(time.Millisecond)
	}
}

// One network opens flows at several times its limit. The connections of all others
// live on, and they open new ones.
func TestNetnsNAT64Flood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, lines, counter string }{
		{"beyond the rate", "nat64-limit source-rate 200 400\n", "source_rate"},
		{"beyond the sessions", "nat64-limit source-sessions 1000\n", "source_limit"},
		{"beyond the bindings", "nat64-limit source-bindings 1000\n", "source_limit"},
		{"beyond the ports", "nat64-limit source-ports 1000\n", "source_limit"},
		{"beyond all sessions that there may be", "nat64-limit sessions 3000\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNATWorld(t, plan{lines: c.lines, unjudged: true})
			w.start()
			serveTCP(t, w.four, four, 7, echoStream)
			var pulses []*pulse
			for range 20 {
				pulses = append(pulses, w.startPulse(seven))
			}
			const flows = 10_000
			w.flood(flows)
			for range 5 {
				chat := w.newChat(seven)
				must(t, chat.exchange())
				must(t, chat.Close())
			}
			for i, p := range pulses {
				if err := p.end(); err != nil {
					t.Errorf("connection %d is lost: %v", i, err)
				}
			}
			s := w.status()
			if c.counter != "" && s.FromIP6.Packets[c.counter] < flows/2 {
				t.Errorf("%s is %d of %d flows", c.counter, s.FromIP6.Packets[c.counter], flows)
			}
			if n := s.NAT64; n.Sessions.Used > 3000 || n.Sessions.Used < 400 {
				t.Errorf("there are %d sessions", n.Sessions.Used)
			}
		})
	}
}

// flood opens so many flows from addresses of eight's network, each with a datagram
// to a port where nobody listens. What comes back is dropped at once.
func (w *natWorld) flood(flows int) {
	w.t.Helper()
	// Or the kernel would look for each of those hosts, and forget others over that.
	tool(w.t, w.xlat, "ip", "route", "replace", "2001:db8:3:0:1::/80", "via", eight)
	must(w.t, w.eight.Do(func() error {
		s, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		to := &unix.SockaddrInet6{Addr: addr(fourAs6).As16()}
		for i := range flows {
			src := addr("2001:db8:3:0:1::").As16()
			binary.BigEndian.PutUint16(src[14:], uint16(i))
			p := pkttest.IPv6{Src: netip.AddrFrom16(src).String(), Dst: fourAs6}.Packet(pkttest.UDP{Sport: uint16(1024 + i%60000), Dport: 9})
			if err := unix.Sendto(s, p, 0, to); err != nil {
				return err
			}
			if i%50 == 49 {
				time.Sleep(time.Millisecond)
			}
		}
		return nil
	}))
}

// A pool that has no port left refuses new flows and tells their senders; those that
// are there go on.
func TestNetnsNAT64PortsExhausted(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-pool 198.51.100.128 40000-40019\n"})
	w.start()
	server := udp(t, w.four, four, 7)
	var clients []*net.UDPConn
	for i := range 20 {
		c := udp(t, w.seven, seven, uint16(5000+i))
		tell(t, c, net.JoinHostPort(fourAs6, "7"), strconv.Itoa(i))
		if text, from := hear(t, server); text != strconv.Itoa(i) || from.Port() < 40000 || from.Port() > 40019 {
			t.Errorf("flow %d is heard as %q from %v", i, text, from)
		}
		clients = append(clients, c)
	}
	tell(t, udp(t, w.eight, eight, 0), net.JoinHostPort(fourAs6, "7"), "one too many")
	for i, c := range clients {
		tell(t, c, net.JoinHostPort(fourAs6, "7"), "again "+strconv.Itoa(i))
		if text, _ := hear(t, server); text != "again "+strconv.Itoa(i) {
			t.Errorf("flow %d is heard as %q", i, text)
		}
	}
	w.counted(6, "ports_exhausted", 1)
	s := w.status()
	if s.FromIP6.ErrorsSent != 1 {
		t.Errorf("%d errors are sent", s.FromIP6.ErrorsSent)
	}
	if f := s.NAT64.Pool["udp"]; f.Used != 20 || f.Of != 20 {
		t.Errorf("the pool is %+v", f)
	}
	w.ping(w.eight, fourAs6, 1) // identifiers are left
}
