package demo

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// A hop is a router on a path, or its end.
type hop struct {
	from netip.Addr
	end  bool
}

// traceHops shows each hop of the path to the server, and wants taygo to be the
// second one: the kernel of the router comes before it, and again after it.
func traceHops(ctx context.Context, n *network) (string, error) {
	p, err := newPinger(n.host6, host6Addr)
	if err != nil {
		return "", err
	}
	defer p.close()
	var hops []hop
	for limit := 1; limit <= 8 && ctx.Err() == nil; limit++ {
		a, err := p.probe(as6(host4Addr), limit)
		if err != nil {
			return "", fmt.Errorf("hop %d: %w", limit, err)
		}
		hops = append(hops, hop{a.from, a.kind == echoReply})
		if a.kind != timeExceeded {
			break
		}
	}
	text := writeHops(hops)
	if len(hops) != 4 || hops[1] != (hop{own6, false}) || hops[3] != (hop{as6(host4Addr), true}) {
		return "", fmt.Errorf("hops are %s: want %v, which is taygo, in the second place, and %s in the fourth", text, own6, write(as6(host4Addr)))
	}
	return text, nil
}

func writeHops(hops []hop) string {
	names := map[netip.Addr]string{
		router6Addr: " (router)", own6: " (taygo itself)", as6(router4Addr): " (router)", as6(host4Addr): " (server)",
	}
	var parts []string
	for i, h := range hops {
		parts = append(parts, fmt.Sprintf("%d %s%s", i+1, write(h.from), names[h.from]))
	}
	return strings.Join(parts, ", ")
}

const (
	echoPort   = 7
	ipv6Header = 40
	udpHeader  = 8
	// longer is by how much IPv6 packets are longer than the same IPv4 ones.
	longer = 20
)

// pathMTU sends a datagram as long as the first link takes, which the last link
// does not, hears of that, and sends it again, which the kernel then does in
// fragments. The server's echo comes in fragments, too.
func pathMTU(ctx context.Context, n *network) (string, error) {
	server, err := n.host4.ListenPacket("udp4", netip.AddrPortFrom(host4Addr, echoPort).String())
	if err != nil {
		return "", err
	}
	defer server.Close()
	go echoDatagrams(server)
	errors, err := newPinger(n.host6, host6Addr)
	if err != nil {
		return "", err
	}
	defer errors.close()
	client, err := n.host6.ListenPacket("udp6", netip.AddrPortFrom(host6Addr, 0).String())
	if err != nil {
		return "", err
	}
	defer client.Close()

	datagram := bytes.Repeat([]byte("taygo"), mtu6)[:mtu6-ipv6Header-udpHeader]
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(as6(host4Addr), echoPort))
	begun := time.Now()
	if _, err := client.WriteTo(datagram, to); err != nil {
		return "", err
	}
	a, err := errors.hear(begun, func(m message) bool { return m.kind == tooBig })
	switch {
	case err != nil:
		return "", fmt.Errorf("wait for Packet Too Big: %w", err)
	case a.mtu != mtu4+longer:
		return "", fmt.Errorf("%s says MTU %d, want %d", a.kind, a.mtu, mtu4+longer)
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	}
	if err := exchange(client, to, datagram); err != nil {
		return "", fmt.Errorf("the datagram in fragments: %w", err)
	}
	return fmt.Sprintf("a packet of %d octets: %s, MTU %d, from %s; sent again in fragments: echoed whole",
		mtu6, a.kind, a.mtu, write(a.from)), nil
}

// echoDatagrams sends back what comes, until the socket is closed.
func echoDatagrams(server net.PacketConn) {
	b := make([]byte, 2*mtu6)
	for {
		n, from, err := server.ReadFrom(b)
		if err != nil {
			return
		}
		_, _ = server.WriteTo(b[:n], from) // the client notices what is lost
	}
}

// exchange sends a datagram and wants the same one back.
func exchange(client net.PacketConn, to net.Addr, datagram []byte) error {
	if err := client.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	if _, err := client.WriteTo(datagram, to); err != nil {
		return err
	}
	b := make([]byte, 2*mtu6)
	n, from, err := client.ReadFrom(b)
	switch {
	case err != nil:
		return fmt.Errorf("no echo: %w", err)
	case !bytes.Equal(b[:n], datagram):
		return fmt.Errorf("the %d octets that came from %v are others than the %d sent", n, from, len(datagram))
	}
	return nil
}
