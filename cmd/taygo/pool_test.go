package main

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
)

// Hosts without a map get an address of the dynamic pool, by which they are
// reached, until there is none left; and they keep it over a restart.
func TestNetnsDynamicPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.configure("dynamic-pool 198.51.100.128/30\ndata-dir " + w.dir + "\nlog dyn\n")
	var hosts []string
	for i := range 4 {
		host := fmt.Sprintf("2001:db8:1::8%d", i)
		hosts = append(hosts, host)
		must(t, w.six.Addr("lo", prefix(host+"/128")))
		must(t, w.xlat.Route(prefix(host+"/128"), addr(six), ""))
	}
	p := w.start()
	leases := map[string]string{}
	for _, host := range hosts[:3] {
		seen := seenAs(t, w, host)
		if leases[host] = seen; !prefix("198.51.100.128/30").Contains(addr(seen)) || seen == "198.51.100.128" {
			t.Errorf("%s is seen as %s, which is not in the pool", host, seen)
		}
		w.ping(w.six, fourAs6, 2, "-I", host)
		w.ping(w.four, seen, 2)
		p.out.wait(t, "DYN: assigned "+seen+"->"+host+"\n", 1)
	}
	send(t, w.six, pkttest.IPv6{Src: hosts[3], Dst: fourAs6}.Packet(pkttest.UDP{Sport: 7, Dport: 7}))
	eventually(t, "the host too many is told", func() error {
		counted, err := kernelCounters(w.six)
		if got := counted["Icmp6InDestUnreachs"]; err == nil && got != 1 {
			err = fmt.Errorf("%d times", got)
		}
		return err
	})
	if d := w.status().FromIP6; d.Packets["pool_full"] != 1 || d.ErrorsSent != 1 {
		t.Errorf("pool_full is %d, %d errors sent", d.Packets["pool_full"], d.ErrorsSent)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	w.run()
	for i := range hosts[:3] { // in another order
		host := hosts[2-i]
		w.ping(w.four, leases[host], 1)
		if seen := seenAs(t, w, host); seen != leases[host] {
			t.Errorf("after a restart %s is seen as %s, not %s", host, seen, leases[host])
		}
	}
}

// seenAs returns the address under which the host four sees an address of six.
func seenAs(t *testing.T, w *world, src string) string {
	t.Helper()
	// Not a fixed port: a program that a test beside this one just starts may for a
	// moment hold the socket of the last call.
	server, err := w.four.ListenPacket("udp", net.JoinHostPort(four, "0"))
	must(t, err)
	defer server.Close()
	client, err := w.six.ListenPacket("udp", net.JoinHostPort(src, "0"))
	must(t, err)
	defer client.Close()
	port := server.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	_, err = client.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr(fourAs6), port)))
	must(t, err)
	must(t, server.SetReadDeadline(deadline()))
	_, from, err := server.ReadFrom(make([]byte, 10))
	must(t, err)
	return netip.MustParseAddrPort(from.String()).Addr().String()
}
