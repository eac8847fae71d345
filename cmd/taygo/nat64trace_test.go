package main

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
)

// Each router on the way shows itself to a host without a map, whatever it probes
// with.
func TestNetnsNAT64Traceroute(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{routers: true})
	w.start()
	want := []string{"2001:db8:2::1", own6, "2001:db8:64::c000:201", "2001:db8:64::c000:202", fourAs6}
	for i, hop := range want[:len(want)-1] {
		if from := expired(t, w.seven, fourAs6, i+1); from != hop {
			t.Errorf("the hop limit %d of a ping ends at %q, want %q", i+1, from, hop)
		}
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"UDP", nil},
		{"UDP to one port", []string{"-U", "-p", "53"}},
		{"TCP", []string{"-T", "-p", "80"}}, // of its own making, so that the kernel knows nothing of it
	} {
		if c.name == "TCP" {
			w.without(icmpFaults)
		}
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"-n", "-q", "2", "-N", "1", "-w", "10"}, c.args...)
			out := tool(t, w.seven, "traceroute", append(args, fourAs6)...)
			if hops := traced(out); !slices.Equal(hops, want) {
				t.Errorf("traceroute shows %q, want %q", hops, want)
			}
		})
	}
}

// ICMP errors about packets of a session reach the program that sent them.
func TestNetnsNAT64ErrorsFromIPv4(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	tool(t, w.xlat, "ip", "route", "add", "unreachable", "192.0.2.201")
	tool(t, w.xlat, "ip", "route", "add", "prohibit", "192.0.2.202")
	w.start()
	for _, c := range []struct {
		name, network, to string
		want              syscall.Errno
	}{
		{"a closed port of UDP", "udp", net.JoinHostPort(fourAs6, "9"), syscall.ECONNREFUSED},
		{"a closed port of TCP", "tcp", net.JoinHostPort(fourAs6, "9"), syscall.ECONNREFUSED},
		{"an unreachable host, TCP", "tcp", "[2001:db8:64::192.0.2.201]:9", syscall.ENETUNREACH},
		{"a host that nobody may reach, UDP", "udp", "[2001:db8:64::192.0.2.202]:9", syscall.EACCES},
		{"a host that nobody may reach, TCP", "tcp", "[2001:db8:64::192.0.2.202]:9", syscall.EACCES},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := w.seven.Dial(within(t), c.network, c.to)
			if err == nil {
				defer conn.Close()
				must(t, conn.SetDeadline(deadline()))
				_, err = conn.Write([]byte("hello"))
				must(t, err)
				_, err = conn.Read(make([]byte, 10))
			}
			if !errors.Is(err, c.want) {
				t.Errorf("the program is told %v, want %v", err, c.want)
			}
		})
	}
	w.without(icmpFaults)
}

// An ICMP error from the IPv6 side reaches the IPv4 host, from the address of the
// pool that it has sent to.
func TestNetnsNAT64ErrorsFromIPv6(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	server, client := udp(t, w.four, four, 7), udp(t, w.seven, seven, 0)
	tell(t, client, net.JoinHostPort(fourAs6, "7"), "hello")
	_, mapped := hear(t, server)
	must(t, client.Close())
	must(t, server.Close())
	again, err := dialFrom(within(t), w.four, "udp", four, mapped.String())
	must(t, err)
	defer again.Close()
	must(t, again.SetDeadline(deadline()))
	_, err = again.Write([]byte("are you there?"))
	must(t, err)
	if _, err = again.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the IPv4 host is told %v", err)
	}
	if s := w.sessions(natUDP); len(s) != 2 { // to the port 7, and to that of again
		t.Errorf("an ICMP error has changed the sessions: %+v", s)
	}
	w.without(icmpFaults)
}

// transport returns a transport address.
func transport(a string, port uint16) netip.AddrPort { return netip.AddrPortFrom(addr(a), port) }
