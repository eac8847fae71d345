package fragment_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
	"taygo/translate/wire"
)

func addr(s string) wire.Addr { return wire.AddrFrom(netip.MustParseAddr(s)) }

// A flow is a datagram from one side, and what it becomes on the other.
type flow struct {
	name     string
	in, out  []byte // whole
	together bool   // it is reassembled
}

// flows are datagrams of n octets of data in every protocol and both directions.
func flows(n int) []flow {
	data := pkttest.Pattern(1, n)
	to4, from6 := pkttest.IPv4{Src: far4, Dst: pool4, ID: 0x1234}, pkttest.IPv6{Src: host6, Dst: far6}
	to6, from4 := pkttest.IPv6{Src: far6, Dst: host6, HopLimit: 63}, pkttest.IPv4{Src: pool4, Dst: far4, ID: 0x1234, TTL: 63}
	udp := func(s, d uint16) pkttest.UDP { return pkttest.UDP{Sport: s, Dport: d, Data: data} }
	tcp := func(s, d uint16) pkttest.TCP { return pkttest.TCP{Sport: s, Dport: d, Data: data, Flags: pkttest.ACK} }
	none := udp(farPort, port4)
	none.Sum = pkttest.Zero
	return []flow{
		{"UDP 4 to 6", to4.Packet(udp(farPort, port4)), to6.Packet(udp(farPort, port6)), false},
		{"TCP 4 to 6", to4.Packet(tcp(farPort, port4)), to6.Packet(tcp(farPort, port6)), false},
		{"UDP 6 to 4", from6.Packet(udp(port6, farPort)), from4.Packet(udp(port4, farPort)), false},
		{"TCP 6 to 4", from6.Packet(tcp(port6, farPort)), from4.Packet(tcp(port4, farPort)), false},
		{"UDP without checksum", to4.Packet(none), to6.Packet(udp(farPort, port6)), true},
		{"echo 4 to 6", to4.Packet(pkttest.Echo{ID: port4, Data: data}), to6.Packet(pkttest.Echo{ID: port6, Data: data}), true},
		{"echo reply 6 to 4", from6.Packet(pkttest.Echo{ID: port6, Reply: true, Data: data}), from4.Packet(pkttest.Echo{ID: port4, Reply: true, Data: data}), true},
	}
}

// split cuts a packet into n fragments of about the same length.
func split(t testing.TB, pkt []byte, n int) [][]byte {
	t.Helper()
	headers, more := 20, 0
	if pkt[0]>>4 == 6 {
		headers, more = 40, 8
	}
	size := (len(pkt) - headers + n - 1) / n
	parts, err := pkttest.Split(pkt, headers+more+(size+7)&^7, 0x1234)
	if err != nil || len(parts) != n {
		t.Fatalf("%d fragments: %v", len(parts), err)
	}
	return parts
}

// permutations calls yield with every order of the numbers below n.
func permutations(n int, yield func([]int)) {
	order := make([]int, 0, n)
	var next func(used int)
	next = func(used int) {
		if len(order) == n {
			yield(order)
			return
		}
		for i := range n {
			if used>>i&1 == 0 {
				order = append(order, i)
				next(used | 1<<i)
				order = order[:len(order)-1]
			}
		}
	}
	next(0)
}

// TestEveryOrder: up to five fragments come in every order (RFC 6146 §3.4, RFC 4787
// REQ-14). Those before the first are held and leave behind it; the later ones
// leave at once, all with the same ports. What must be reassembled leaves when all
// have come. The receiver gets the same datagram each time.
func TestEveryOrder(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for _, f := range flows(n*200 - 30) {
			parts := split(t, f.in, n)
			permutations(n, func(order []int) {
				t.Run(fmt.Sprintf("%s %v", f.name, order), func(t *testing.T) { everyOrder(t, f, parts, order) })
			})
		}
	}
}

func everyOrder(t *testing.T, f flow, parts [][]byte, order []int) {
	w := newWorld(t, fragment.Options{}, 1)
	var all [][]byte
	first := false
	for i, part := range order {
		first = first || part == 0
		v, got := w.send(parts[part])
		all = append(all, got...)
		want, sent := translate.Held, 0
		switch {
		case f.together && i == len(order)-1:
			sent = 1
		case f.together:
		case part == 0:
			want, sent = translate.Translated, i+1
		case first:
			want, sent = translate.Translated, 1
		}
		if v != want || len(got) != sent {
			t.Fatalf("fragment %d: %v and %d packets, want %v and %d", part, v, len(got), want, sent)
		}
		w.holds()
	}
	whole, err := pkttest.Reassemble(all)
	if err != nil || !bytes.Equal(whole, f.out) {
		t.Fatalf("%v\n got %x\nwant %x", err, whole, f.out)
	}
	ports := w.workers[0].m.seen
	for _, p := range ports {
		if p != ports[0] {
			t.Errorf("ports %v", ports)
		}
	}
	if st := w.store.Status(); st.Fragments != 0 || st.Octets != 0 {
		t.Errorf("%+v is left", st)
	}
}
