package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// A logged event, with the names of RFC 8158.
type logged struct {
	Time     time.Time
	Event    string
	Protocol string
	IPv6     netip.Addr `json:"sourceIPv6Address"`
	Port6    uint16     `json:"sourceTransportPort"`
	IPv4     netip.Addr `json:"postNATSourceIPv4Address"`
	Port4    uint16     `json:"postNAPTSourceTransportPort"`
	Peer     netip.Addr `json:"postNATDestinationIPv4Address"`
	PeerPort uint16     `json:"postNAPTDestinationTransportPort"`
	First    uint16     `json:"portRangeStart"`
	Last     uint16     `json:"portRangeEnd"`
}

// The log names each binding, session or block of ports as it is made, and what
// became of it, and no destination unless that is wished.
func TestNetnsNAT64Log(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, lines string
		want        []string // the events of two connections of one host to one server
		peers       bool
	}{
		{"bindings", "nat64-log bindings\n", []string{"NAT64 BIB Create", "NAT64 BIB Create"}, false},
		{"sessions", "nat64-log sessions\n", []string{"NAT64 Session Create", "NAT64 Session Create"}, false},
		{"sessions with destinations", "nat64-log sessions destinations\n", []string{"NAT64 Session Create", "NAT64 Session Create"}, true},
		{"blocks", "nat64-log blocks\nnat64-pool 198.51.100.128 1024-65535\nnat64-port-blocks 64\n", []string{"NAT Port Block Allocation"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNATWorld(t, plan{})
			path := w.dir + "/nat64.log"
			w.configure(c.lines + "nat64-log-to " + path + "\n")
			w.start()
			serveTCP(t, w.four, four, 7, echoStream)
			begun := time.Now()
			for range 2 {
				must(t, w.newChat(seven).exchange())
			}
			bindings := portsOf(w)
			for i, e := range readLog(t, path, len(c.want)) {
				if e.Event != c.want[i] || e.IPv4 == (netip.Addr{}) || e.Peer.IsValid() != c.peers {
					t.Errorf("event %d is %+v", i, e)
				}
				if e.Time.Before(begun.Add(-time.Second)) || e.Time.After(time.Now().Add(time.Second)) {
					t.Errorf("event %d is of %v", i, e.Time)
				}
				if c.peers && netip.AddrPortFrom(e.Peer, e.PeerPort) != transport(four, 7) {
					t.Errorf("event %d has the destination %v, %d", i, e.Peer, e.PeerPort)
				}
				if e.First != 0 {
					if e.IPv6 != addr("2001:db8:2::") || e.First%64 != 0 || e.Last != e.First+63 {
						t.Errorf("event %d has the block %+v", i, e)
					}
					continue
				}
				host := "tcp " + netip.AddrPortFrom(e.IPv6, e.Port6).String()
				if bindings[host] != netip.AddrPortFrom(e.IPv4, e.Port4).String() {
					t.Errorf("%s has the port %s, but the log says %+v", host, bindings[host], e)
				}
			}
		})
	}
}

// readLog waits until the log has n lines, and returns them.
func readLog(t *testing.T, path string, n int) (all []logged) {
	t.Helper()
	var text []byte
	eventually(t, "the log has its lines", func() error {
		var err error
		if text, err = os.ReadFile(path); err == nil && strings.Count(string(text), "\n") < n {
			err = fmt.Errorf("%s", text)
		}
		return err
	})
	for line := range strings.Lines(string(text)) {
		var e logged
		must(t, json.Unmarshal([]byte(line), &e))
		all = append(all, e)
	}
	if len(all) != n {
		t.Errorf("%d lines, not %d:\n%s", len(all), n, text)
	}
	return all
}

// The end of a binding is logged, too, and after a rotation into the new file.
func TestNetnsNAT64LogRotation(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	path := w.dir + "/nat64.log"
	w.configure("nat64-log bindings\nnat64-log-to " + path + "\nnat64-timeout icmp 1 force\nnat64-timeout udp 1 force\n")
	w.start()
	server, client := udp(t, w.four, four, 7), udp(t, w.seven, seven, 5001)
	tell(t, client, net.JoinHostPort(fourAs6, "7"), "hello")
	_, mapped := hear(t, server)
	all := readLog(t, path, 2)
	for i, want := range []string{"NAT64 BIB Create", "NAT64 BIB Delete"} {
		e := all[i]
		if e.Event != want || e.Protocol != "udp" || netip.AddrPortFrom(e.IPv6, e.Port6) != transport(seven, 5001) || netip.AddrPortFrom(e.IPv4, e.Port4) != mapped {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	must(t, os.Rename(path, path+".1"))
	eventually(t, "it has a new file", func() error {
		_, err := os.Stat(path)
		return err
	})
	tell(t, client, net.JoinHostPort(fourAs6, "7"), "hello again")
	hear(t, server)
	if all := readLog(t, path, 2); all[0].Event != "NAT64 BIB Create" {
		t.Errorf("the new file begins with %+v", all[0])
	}
}
