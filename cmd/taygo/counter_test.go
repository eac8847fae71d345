package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/control"
	"taygo/internal/netlab"
	p "taygo/internal/pkttest"
	"taygo/translate"
)

// A sample is a packet and the counter that it ends in.
type sample struct {
	counter string
	packet  []byte
}

// to4 and to6 return a packet that is fit to be translated, if what it carries is:
// to IPv4, and to IPv6.
func to4(layers ...p.Layer) []byte { return p.IPv6{Src: six, Dst: fourAs6}.Packet(layers...) }
func to6(layers ...p.Layer) []byte { return p.IPv4{Src: four, Dst: sixAs4}.Packet(layers...) }

var datagram = p.UDP{Sport: 9, Dport: 9, Data: p.Pattern(1, 100)}

// quote4 and quote6 are what an ICMP error about a translated packet quotes.
var (
	quote4 = p.IPv4{Src: sixAs4, Dst: four}.Packet(datagram)
	quote6 = p.IPv6{Src: fourAs6, Dst: six}.Packet(datagram)
)

var samples4 = []sample{
	{"translated", to6(datagram)},
	{"fragmented", to6(p.UDP{Sport: 9, Dport: 9, Data: p.Pattern(1, 1400)})},
	{"answered", p.IPv4{Src: four, Dst: own4}.Packet(p.Echo{ID: 1})},
	{"malformed", p.IPv4{Src: four, Dst: sixAs4, Len: 2000}.Packet(datagram)},
	{"header_checksum", p.IPv4{Src: four, Dst: sixAs4, Sum: p.Wrong}.Packet(datagram)},
	{"tiny_fragment", p.IPv4{Src: four, Dst: sixAs4, MF: true}.Packet(p.Proto{Number: 6, Data: p.Pattern(1, 8)})},
	{"own_protocol", p.IPv4{Src: four, Dst: own4}.Packet(datagram)},
	{"own_dropped", p.IPv4{Src: four, Dst: own4}.Packet(p.Echo{Reply: true})},
	{"illegal_source", p.IPv4{Src: "127.0.0.1", Dst: sixAs4}.Packet(datagram)},
	{"illegal_destination", p.IPv4{Src: four, Dst: "224.0.0.251"}.Packet(datagram)},
	{"hop_limit", p.IPv4{Src: four, Dst: sixAs4, TTL: 1}.Packet(datagram)},
	{"source_route", p.IPv4{Src: four, Dst: sixAs4, Options: []byte{0x83, 7, 4, 192, 0, 2, 9}}.Packet(datagram)},
	{"protocol", to6(p.Proto{Number: 2, Data: p.Pattern(1, 8)})},
	{"fragmented_icmp", p.IPv4{Src: four, Dst: sixAs4, MF: true}.Packet(p.Echo{Data: p.Pattern(1, 8)})},
	{"zero_udp_checksum", to6(p.UDP{Sport: 9, Dport: 9, Sum: p.Zero})},
	{"source_denied", p.IPv4{Src: "192.0.2.130", Dst: sixAs4}.Packet(datagram)},
	{"destination_denied", p.IPv4{Src: four, Dst: "192.0.2.130"}.Packet(datagram)},
	{"icmp_type", to6(p.ICMP{Type: 13})},
	{"icmp_pointer", to6(p.ICMPError{Type: 12, Pointer: 4, Quote: quote4})},
	{"icmp_checksum", to6(p.ICMPError{Type: 3, Quote: quote4, Sum: p.Wrong})},
	{"icmp_nested", to6(p.ICMPError{Type: 3, Quote: p.IPv4{Src: sixAs4, Dst: four}.Packet(p.ICMPError{Type: 3, Quote: quote4})})},
	{"quote_malformed", to6(p.ICMPError{Type: 3, Quote: quote4[:12]})},
	{"quote_unmapped", to6(p.ICMPError{Type: 3, Quote: p.IPv4{Src: "192.0.2.130", Dst: four}.Packet(datagram)})},
	{"too_big", p.IPv4{Src: four, Dst: sixAs4, DF: true}.Packet(p.UDP{Sport: 9, Dport: 9, Data: p.Pattern(1, 1460)})},
}

var samples6 = []sample{
	{"translated", to4(datagram)},
	{"fragmented", to4(p.UDP{Sport: 9, Dport: 9, Data: p.Pattern(1, 1200)})},
	{"hairpinned", p.IPv6{Src: six, Dst: "2001:db8:64::" + sevenAs}.Packet(datagram)},
	{"answered", p.IPv6{Src: six, Dst: own6}.Packet(p.Echo{ID: 1})},
	{"malformed", p.IPv6{Src: six, Dst: fourAs6, Len: 2000}.Packet(datagram)},
	{"tiny_fragment", to4(p.Fragment{More: true}, p.Proto{Number: 6, Data: p.Pattern(1, 8)})},
	{"own_protocol", p.IPv6{Src: six, Dst: own6}.Packet(datagram)},
	{"own_dropped", p.IPv6{Src: six, Dst: own6}.Packet(p.Echo{Reply: true})},
	{"illegal_source", p.IPv6{Src: "::1", Dst: fourAs6}.Packet(datagram)},
	{"illegal_destination", p.IPv6{Src: six, Dst: "2001:db8:64::224.0.0.1"}.Packet(datagram)},
	{"hop_limit", p.IPv6{Src: six, Dst: fourAs6, HopLimit: 1}.Packet(datagram)},
	{"source_route", to4(p.Routing{SegmentsLeft: 1}, datagram)},
	{"protocol", to4(p.Proto{Number: 1, Data: p.Pattern(1, 8)})},
	{"fragmented_icmp", to4(p.Fragment{More: true}, p.Echo{Data: p.Pattern(1, 8)})},
	{"extension_after_fragment", to4(p.Fragment{More: true}, p.DestOptions{}, p.UDP{Data: p.Pattern(1, 104)})},
	{"zero_udp_checksum", to4(p.UDP{Sport: 9, Dport: 9, Sum: p.Zero})},
	{"source_unmapped", p.IPv6{Src: "2001:db8:9::9", Dst: fourAs6}.Packet(datagram)},
	{"destination_unmapped", p.IPv6{Src: six, Dst: "2001:db8:9::9"}.Packet(datagram)},
	{"source_denied", p.IPv6{Src: "2001:db8:64::192.0.2.130", Dst: fourAs6}.Packet(datagram)},
	{"destination_denied", p.IPv6{Src: six, Dst: "2001:db8:64::192.0.2.130"}.Packet(datagram)},
	{"icmp_type", to4(p.ICMP{Type: 130})},
	{"icmp_pointer", to4(p.ICMPError{Type: 4, Pointer: 2, Quote: quote6})},
	{"icmp_checksum", to4(p.ICMPError{Type: 1, Quote: quote6, Sum: p.Wrong})},
	{"icmp_nested", to4(p.ICMPError{Type: 1, Quote: p.IPv6{Src: fourAs6, Dst: six}.Packet(p.ICMPError{Type: 1, Quote: quote6})})},
	{"quote_malformed", to4(p.ICMPError{Type: 1, Quote: quote6[:30]})},
	{"quote_unmapped", to4(p.ICMPError{Type: 1, Quote: p.IPv6{Src: "2001:db8:9::9", Dst: six}.Packet(datagram)})},
	{"too_big", to4(p.UDP{Sport: 9, Dport: 9, Data: p.Pattern(1, 1400)})},
}

// Each packet that the device gives ends in one counter, and in the right one: the
// counters of a family add up to the packets of that family.
func TestNetnsCounters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{seven: true, lines: "deny-ipv4 192.0.2.128/26\nicmp-errors ipv4 never\nipv4-mtu 1000\n", unjudged: true})
	w.start()
	// Nothing comes back: the kernel drops what the translator gives it.
	must(t, w.xlat.Sysctl("net.ipv4.ip_forward", "0"))
	must(t, w.xlat.Sysctl("net.ipv6.conf.all.forwarding", "0"))
	before := w.status()
	const times = 3
	want := [2]map[string]uint64{maps.Clone(before.FromIP4.Packets), maps.Clone(before.FromIP6.Packets)}
	var octets [2]uint64
	var packets [][]byte
	for i, samples := range [][]sample{samples4, samples6} {
		for _, s := range samples {
			packets = append(packets, slices.Repeat([][]byte{s.packet}, times)...)
			want[i][s.counter] += times
			octets[i] += times * uint64(len(s.packet))
		}
	}
	must(t, put(w.xlat, "nat64", packets))
	var after control.Status
	sent := before.Device.Queues.Read + uint64(len(packets))
	eventually(t, "the packets read", func() error {
		after = w.status()
		if got := sum(after.FromIP4.Packets) + sum(after.FromIP6.Packets); got < sent {
			return fmt.Errorf("%d of %d", got, sent)
		}
		return nil
	})
	if q := after.Device.Queues; q.Read < sent || q.Read != sum(after.FromIP4.Packets)+sum(after.FromIP6.Packets) || q.BadHeader != 0 {
		t.Errorf("%d packets counted, the device has given %+v", sum(after.FromIP4.Packets)+sum(after.FromIP6.Packets), q)
	}
	for i, d := range []control.Direction{after.FromIP4, after.FromIP6} {
		for name, n := range want[i] {
			// From an interface without addresses the kernel of its own accord sends
			// multicast from the address ::, which nobody may forward.
			if d.Packets[name] != n && (i == 0 || name != "illegal_source" || d.Packets[name] < n) {
				t.Errorf("%s from IPv%d is %d, want %d", name, 4+2*i, d.Packets[name], n)
			}
		}
	}
	if got := after.FromIP4.Octets - before.FromIP4.Octets; got != octets[0] {
		t.Errorf("%d octets from IPv4, want %d", got, octets[0])
	}
	checkErrorCounts(t, after)
	checkNotGlobal(t, w)
	// A batch is written before it is full, and there is no pool here, neither a
	// dynamic one nor one for sessions, whose reasons have tests of their own.
	for name := range want[0] {
		if s := w.status(); name != "no_room" && name != "pool_full" && !ofSessions(name) && s.FromIP4.Packets[name]+s.FromIP6.Packets[name] == 0 {
			t.Errorf("no packet here ends in %s", name)
		}
	}
}

// ofSessions reports whether only stateful translation has the verdict.
func ofSessions(name string) bool {
	for v := translate.SourceInPrefix; v <= translate.FragmentsFull; v++ {
		if v.String() == name {
			return true
		}
	}
	return name == translate.Held.String() || name == translate.SYNStored.String()
}

// checkNotGlobal looks at the counters that only the Well-Known Prefix reaches.
func checkNotGlobal(t *testing.T, w *world) {
	t.Helper()
	text, err := os.ReadFile(w.conf)
	must(t, err)
	must(t, os.WriteFile(w.conf, bytes.Replace(text, []byte("2001:db8:64::/96"), []byte("64:ff9b::/96"), 1), 0o644))
	good(t, w.xlat, "reload", "-c", w.conf)
	const private, privateAs6 = "192.168.1.1", "64:ff9b::192.168.1.1"
	must(t, put(w.xlat, "nat64", [][]byte{
		p.IPv4{Src: private, Dst: sixAs4}.Packet(datagram),
		p.IPv4{Src: sixAs4, Dst: private}.Packet(datagram),
		p.IPv6{Src: privateAs6, Dst: six}.Packet(datagram),
		p.IPv6{Src: six, Dst: privateAs6}.Packet(datagram),
	}))
	eventually(t, "the private addresses are refused", func() error {
		s := w.status()
		for _, d := range []control.Direction{s.FromIP4, s.FromIP6} {
			for _, name := range []string{"source_not_global", "destination_not_global"} {
				if d.Packets[name] != 1 {
					return fmt.Errorf("%s: %d", name, d.Packets[name])
				}
			}
		}
		return nil
	})
}

// checkErrorCounts looks at the errors owed for the packets of TestNetnsCounters:
// own_protocol, hop_limit, source_route, source_denied, destination_denied and
// too_big in both families, source_unmapped and destination_unmapped in IPv6.
func checkErrorCounts(t *testing.T, s control.Status) {
	t.Helper()
	if d := s.FromIP4; d.ErrorsSent != 0 || d.ErrorsLimited != 0 || d.ErrorsOff != 6*3 {
		t.Errorf("errors to IPv4: %d sent, %d limited, %d off", d.ErrorsSent, d.ErrorsLimited, d.ErrorsOff)
	}
	if d := s.FromIP6; d.ErrorsSent != 8*3 || d.ErrorsLimited != 0 || d.ErrorsOff != 0 {
		t.Errorf("errors to IPv6: %d sent, %d limited, %d off", d.ErrorsSent, d.ErrorsLimited, d.ErrorsOff)
	}
}

func sum(counters map[string]uint64) (n uint64) {
	for _, c := range counters {
		n += c
	}
	return n
}

// put hands packets to a device as the kernel does with what it routes there, but
// without a look at them.
func put(h *netlab.Host, device string, packets [][]byte) error {
	return h.Do(func() error {
		link, err := net.InterfaceByName(device)
		if err != nil {
			return err
		}
		s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		for _, packet := range packets {
			kind := []byte{0x08, 0x00} // an EtherType
			if packet[0]>>4 == 6 {
				kind = []byte{0x86, 0xdd}
			}
			to := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(kind), Ifindex: link.Index}
			if err := unix.Sendto(s, packet, 0, to); err != nil {
				return fmt.Errorf("put %d octets: %w", len(packet), err)
			}
		}
		return nil
	})
}
