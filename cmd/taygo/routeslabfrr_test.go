package main

import "testing"

// FRR and taygo on one host: zebra and bgpd have sockets of their own, so that they
// meet no other FRR of the machine.
func TestNetnsFRRSameHost(t *testing.T) {
	w := newDaemonWorld(t)
	both := []string{"-z", w.path("z"), "--vty_socket", w.dir, "-P", "0"}
	start(t, w.host, nil, "/usr/lib/frr/zebra", append(both, "-f", w.path("same-host.zebra.conf"), "-i", w.path("zebra.pid"))...)
	eventually(t, "zebra listens", func() error { return exists(w.path("z")) })
	start(t, w.host, nil, "/usr/lib/frr/bgpd", append(both, "-S", "-f", w.path("same-host.bgpd.conf"), "-i", w.path("bgpd.pid"))...)
	w.taygo("same-host-frr.tayga.conf")
	w.has(w.host, "main", mappedHere, lostDst)
	w.has(w.neighbour, "main", []string{plainDst + " via 2001:db8:b::1", extendedDst + " via 2001:db8:b::1"}, lostDst)
	w.verified()

	w.birdc(w.border, "border", "disable near")
	w.has(w.host, "main", mappedHere[1:], plainDst)
	w.has(w.neighbour, "main", []string{extendedDst + " via 2001:db8:b::1"}, plainDst)
	w.verified()
	w.birdc(w.border, "border", "enable near")
	w.has(w.host, "main", mappedHere, lostDst)
	w.verified()
}
