package main

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// IPv4 hosts reach what a static binding names, single ports and both ends of a
// range, and nothing beside it.
func TestNetnsNAT64Static(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: `nat64-static tcp [2001:db8:2::10]:80 198.51.100.129:8080
nat64-static tcp [2001:db8:3::10]:80 198.51.100.130:80
nat64-static udp [2001:db8:2::10]:6000-6099 198.51.100.129:7000-7099
nat64-static icmp [2001:db8:2::10]:0-65535 198.51.100.129:0-65535
nat64-timeout tcp-incoming-syn 1 force
`})
	w.start()
	servePages(t, w.seven, seven, 100_000)
	servePages(t, w.eight, eight, 100_000)
	for _, at := range []string{"198.51.100.129:8080", "198.51.100.130:80"} {
		tool(t, w.four, "curl", "-sS", "--fail", "--noproxy", "*", "-o", "/dev/null", "http://"+at+"/1")
	}
	for _, port := range []uint16{6000, 6050, 6099} {
		server, client := udp(t, w.seven, seven, port), udp(t, w.four, four, 0)
		at := transport("198.51.100.129", port+1000)
		tell(t, client, at.String(), "there")
		got, back := hear(t, server)
		if got != "there" || back.Addr() != addr(fourAs6) {
			t.Errorf("%q comes from %v", got, back)
		}
		tell(t, server, back.String(), "back")
		wantHeard(t, client, "back", at)
	}
	w.ping(w.four, "198.51.100.129", 3)
	before := w.status().FromIP4.Packets["no_binding"]
	tell(t, udp(t, w.four, four, 0), "198.51.100.129:7100", "beside it")
	w.counted(4, "no_binding", before+1)
	// A SYN that nobody awaits is kept, and answered when its time is over.
	begun := time.Now()
	_, err := w.four.Dial(within(t), "tcp", "198.51.100.129:8081")
	if took := time.Since(begun); !errors.Is(err, syscall.ECONNREFUSED) || took < time.Second {
		t.Errorf("a connection to a port beside it: %v after %v", err, took)
	}
}

// With nat64-incoming-tcp no, connections are opened from IPv6 only.
func TestNetnsNAT64NoIncomingTCP(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines + "nat64-incoming-tcp no\n"})
	w.listenBound()
	w.start()
	serveTCP(t, w.seven, seven, 5000, func(*net.TCPConn) {})
	must(t, w.four.Do(func() error {
		c, err := net.DialTimeout("tcp", natPool4+":5000", 300*time.Millisecond)
		if err == nil {
			_ = c.Close()
			return errors.New("a connection is opened from IPv4")
		}
		return nil
	}))
	w.counted(4, "tcp_incoming", 1) // the next SYN would come after a second
	transfer(t, w.out(w.seven), 1<<20)
}

// With nat64-icmp-informational no, hosts without a map cannot ping, but are told
// errors.
func TestNetnsNAT64NoInformational(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-icmp-informational no\n"})
	w.start()
	if out, err := tryTool(t, w.seven, "ping", "-n", "-c", "1", "-W", "1", fourAs6); err == nil {
		t.Errorf("a ping is answered:\n%s", out)
	}
	w.counted(6, "icmp_informational", 1)
	if _, err := w.seven.Dial(within(t), "tcp", net.JoinHostPort(fourAs6, "9")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection to a closed port: %v", err)
	}
	c, err := w.seven.Dial(within(t), "udp", net.JoinHostPort(fourAs6, "9"))
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(deadline()))
	_, err = c.Write([]byte("hello"))
	must(t, err)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a datagram to a closed port: %v", err)
	}
}

// A host with an address of the pool for itself is reached by it in any protocol,
// and seen as it.
func TestNetnsNAT64Dedicated(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-dedicated 198.51.100.131 2001:db8:3::10\n"})
	w.start()
	const gre = "47"
	server, err := w.four.ListenPacket("ip4:"+gre, four)
	must(t, err)
	defer server.Close()
	client, err := w.eight.ListenPacket("ip6:"+gre, eight)
	must(t, err)
	defer client.Close()
	must(t, server.SetDeadline(deadline()))
	must(t, client.SetDeadline(deadline()))
	b := make([]byte, 100)
	_, err = client.WriteTo([]byte("there"), &net.IPAddr{IP: net.ParseIP(fourAs6)})
	must(t, err)
	n, from, err := server.ReadFrom(b)
	must(t, err)
	if string(b[:n]) != "there" || from.String() != "198.51.100.131" {
		t.Errorf("%q comes from %v", b[:n], from)
	}
	_, err = server.WriteTo([]byte("and back"), from)
	must(t, err)
	n, from, err = client.ReadFrom(b)
	must(t, err)
	if string(b[:n]) != "and back" || from.String() != fourAs6 {
		t.Errorf("%q comes back from %v", b[:n], from)
	}
	w.ping(w.eight, fourAs6, 2)
	w.ping(w.four, "198.51.100.131", 2)
	transfer(t, w.out(w.eight), 1<<20)
	transfer(t, way{"from IPv4 to a host with an address", w.four, w.eight, "198.51.100.131", eight}, 1<<20)
}

// A protocol that has no ports is refused, and the sender is told.
func TestNetnsNAT64OtherProtocols(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	const gre = "47"
	for _, c := range []struct {
		name string
		dial func() (net.Conn, error)
	}{
		{"from IPv6", func() (net.Conn, error) { return w.seven.Dial(within(t), "ip6:"+gre, fourAs6) }},
		{"from IPv4", func() (net.Conn, error) { return w.four.Dial(within(t), "ip4:"+gre, natPool4) }},
	} {
		conn, err := c.dial()
		must(t, err)
		_, err = conn.Write([]byte("hello"))
		must(t, err)
		must(t, conn.Close())
	}
	eventually(t, "both senders told", func() error {
		s := w.status()
		if s.FromIP4.ErrorsSent != 1 || s.FromIP6.ErrorsSent != 1 || s.FromIP4.Packets["stateless_only"] != 1 || s.FromIP6.Packets["stateless_only"] != 1 {
			return errors.New("not yet")
		}
		return nil
	})
	for name, host := range map[string]*netlab.Host{"Icmp6InDestUnreachs": w.seven, "Icmp InDestUnreachs": w.four} {
		eventually(t, name, func() error {
			counted, err := kernelCounters(host)
			if err == nil && counted[name] != 1 {
				err = errors.New("not told")
			}
			return err
		})
	}
}

// Static bindings are added and removed while taygo runs.
func TestNetnsNAT64AddedBinding(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-timeout tcp-incoming-syn 1 force\n"})
	w.start()
	servePages(t, w.seven, seven, 1000)
	good(t, w.xlat, "bib", "add", "-c", w.conf, "tcp", "[2001:db8:2::10]:80", "198.51.100.129:8080")
	curl := []string{"-sS", "--fail", "--noproxy", "*", "-m", "20", "-o", "/dev/null", "http://198.51.100.129:8080/1"}
	tool(t, w.four, "curl", curl...)
	b := w.bindings(control.Query{})
	if len(b) != 1 || b[0].Kind != "static" || b[0].IPv6 != transport(seven, 80) || b[0].IPv4 != transport("198.51.100.129", 8080) || b[0].Sessions != 1 {
		t.Errorf("bindings: %+v", b)
	}
	r := taygo(t, w.xlat, "bib", "add", "-c", w.conf, "tcp", "[2001:db8:3::10]:80", "198.51.100.129:8080")
	if r.code != 1 || !strings.Contains(r.stderr, "another static binding") {
		t.Errorf("a second binding of that port: status %d, %q", r.code, r.stderr)
	}
	good(t, w.xlat, "bib", "del", "-c", w.conf, "tcp", "198.51.100.129:8080")
	if out, err := tryTool(t, w.four, "curl", curl...); err == nil {
		t.Errorf("the binding is removed, but curl says %q", out)
	}
	if b := w.bindings(control.Query{}); len(b) != 0 {
		t.Errorf("bindings: %+v", b)
	}
}
