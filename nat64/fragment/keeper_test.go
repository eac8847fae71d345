package fragment_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
	"taygo/translate/wire"
)

// TestOnlyWhatConcernsIt: fragments of flows that are not stateful, of protocols
// without ports and of the other family's ICMP pass untouched; a fragment without
// an octet is malformed; one of a single fragment is none.
func TestOnlyWhatConcernsIt(t *testing.T) {
	h4 := pkttest.IPv4{Src: far4, Dst: "192.0.2.200", ID: 7, Offset: 8}
	in4, h6 := h4, pkttest.IPv6{Src: host6, Dst: far6}
	in4.Dst = pool4
	f6 := pkttest.Fragment{Offset: 8, ID: 7}
	data := func(proto uint8) pkttest.Proto { return pkttest.Proto{Number: proto, Data: make([]byte, 8)} }
	for _, tt := range []struct {
		name string
		pkt  []byte
		want translate.Verdict
	}{
		{"not stateful", h4.Packet(data(17)), translate.NoBinding},
		{"stateful", in4.Packet(data(17)), translate.Held},
		{"SCTP", in4.Packet(data(132)), translate.StatelessOnly},
		{"ICMP", in4.Packet(data(1)), translate.Held},
		{"ICMP to another", h4.Packet(data(1)), translate.FragmentedICMP},
		{"ICMPv6 in IPv4", in4.Packet(data(58)), translate.ProtocolUntranslatable},
		{"ICMPv6", h6.Packet(f6, data(58)), translate.Held},
		{"ICMPv4 in IPv6", h6.Packet(f6, data(1)), translate.ProtocolUntranslatable},
		{"ESP in IPv6", h6.Packet(f6, data(50)), translate.StatelessOnly},
		{"no octet", in4.Packet(pkttest.Proto{Number: 17}), translate.Malformed},
		{"no octet, IPv6", h6.Packet(f6, pkttest.Proto{Number: 17}), translate.Malformed},
		{"a first fragment without all of its header", h6.Packet(pkttest.Fragment{More: true}, pkttest.Proto{Number: 6, Data: make([]byte, 16)}), translate.TinyFragment},
		{"an atomic fragment", h6.Packet(pkttest.Fragment{ID: 7}, pkttest.UDP{Sport: port6, Dport: farPort}), translate.Translated},
	} {
		w := newWorld(t, fragment.Options{}, 1)
		v, _ := w.send(tt.pkt)
		if st := w.store.Status(); v != tt.want || (st.Fragments == 1) != (v == translate.Held) || st.Datagrams != 0 {
			t.Errorf("%s: %v, want %v; %+v", tt.name, v, tt.want, st)
		}
		w.holds()
	}
}

// TestOwnAddressShared: with an address that is the translator's and the pool's,
// a fragmented echo request is for the translator, a fragmented reply for a host;
// both are known when they have been reassembled.
func TestOwnAddressShared(t *testing.T) {
	for _, reply := range []bool{false, true} {
		w := newWorld(t, fragment.Options{}, 1)
		p := policy()
		p.Own4, p.Own4Shared = addr(pool4), true
		w.workers[0].tr.Policy = p
		pkt := pkttest.IPv4{Src: far4, Dst: pool4, ID: 3}.Packet(pkttest.Echo{ID: port4, Reply: reply, Data: pkttest.Pattern(1, 100)})
		parts := split(t, pkt, 3)
		w.send(parts[2])
		w.send(parts[0])
		v, got := w.send(parts[1])
		if v != translate.Held || len(got) != 1 || (got[0][0]>>4 == 6) != reply {
			t.Fatalf("reply %v: %v, %x", reply, v, got)
		}
		if !reply && !bytes.Equal(got[0][28:], pkt[28:]) {
			t.Errorf("the answer is %x", got[0])
		}
	}
}

// TestNextNeedsRoom: what is ready stays ready while the batch has no room, and
// counts as kept.
func TestNextNeedsRoom(t *testing.T) {
	w := newWorld(t, fragment.Options{}, 1)
	k := w.workers[0]
	if k.keep.Ready() || k.keep.Next(k.in) != nil {
		t.Error("ready, with nothing kept")
	}
	f := flows(3000)[0]
	parts := split(t, f.in, 3)
	var all [][]byte
	translated := func(fr *wire.Frame, want translate.Verdict) {
		k.out.Reset()
		if v := k.tr.Translate(fr, 0, k.out); v != want {
			t.Fatalf("%v, want %v", v, want)
		}
		for _, fr := range k.out.Frames() {
			all = append(all, bytes.Clone(fr.Bytes()))
		}
	}
	translated(wire.NewFrame(parts[2]), translate.Held)
	translated(wire.NewFrame(parts[1]), translate.Held)
	translated(wire.NewFrame(parts[0]), translate.Translated)
	small := wire.NewBatch(2048, 1)
	for range 3 {
		if !k.keep.Ready() || k.keep.Next(wire.NewBatch(512, 1)) != nil {
			t.Fatal("nothing is ready, or it fits where it does not")
		}
	}
	if st := w.store.Status(); st.Fragments != 2 {
		t.Errorf("%+v", st)
	}
	for k.keep.Ready() {
		small.Reset()
		fr := k.keep.Next(small)
		if fr == nil {
			t.Fatal("it does not fit into an empty batch")
		}
		translated(fr, translate.Translated)
	}
	if whole, err := pkttest.Reassemble(all); err != nil || !bytes.Equal(whole, f.out) {
		t.Errorf("%v", err)
	}
	w.holds()
	if st := w.store.Status(); st.Fragments != 0 {
		t.Errorf("%+v", st)
	}
}

// TestNextWithoutEmptying: whoever takes one and adds two for long loses none, and
// gets them in order.
func TestNextWithoutEmptying(t *testing.T) {
	w := newWorld(t, fragment.Options{SourceFragments: 8192}, 1)
	k := w.workers[0]
	want, in := 0, wire.NewBatch(1<<12, 4)
	take := func() {
		in.Reset()
		k.out.Reset()
		k.tr.Translate(k.keep.Next(in), 0, k.out)
		if got := k.out.Frames()[0].Bytes(); int(got[46])<<8|int(got[47]) != want {
			t.Fatalf("datagram %d, want %d", int(got[46])<<8|int(got[47]), want)
		}
		want++
	}
	for id := range 4000 {
		for _, at := range []int{64, 0} {
			k.out.Reset()
			k.tr.Translate(wire.NewFrame(from4(1, id, at, at == 0, 64)), 0, k.out)
		}
		if id%2 == 0 {
			take()
		}
	}
	for k.keep.Ready() {
		take()
	}
	if want != 4000 {
		t.Errorf("%d of 4000", want)
	}
}

// TestWorkersAtOnce: fragments of a datagram reach different workers, in any order,
// and each leaves once, by whichever worker. Run with -race.
func TestWorkersAtOnce(t *testing.T) {
	const workers, datagrams = 4, 300
	w := newWorld(t, fragment.Options{Fragments: 1 << 16, SourceFragments: 1 << 16, SourceOctets: 1 << 28, Octets: 1 << 28}, workers)
	queues := make([][][]byte, workers)
	rng := rand.New(rand.NewPCG(31, 32))
	for id := range datagrams {
		for i, f := range flows(600) {
			id := id + i*datagrams
			pkt := bytes.Clone(f.in)
			if pkt[0]>>4 == 4 {
				pkt[4], pkt[5] = byte(id>>8), byte(id)
				pkt[10], pkt[11] = 0, 0
				sum := wire.Sum(0).AddBytes(pkt[:20]).Checksum()
				pkt[10], pkt[11] = byte(sum>>8), byte(sum)
			}
			parts, err := pkttest.Split(pkt, 300, uint32(id))
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range rng.Perm(len(parts)) {
				q := rng.IntN(workers)
				queues[q] = append(queues[q], parts[i])
			}
		}
	}
	var all sync.WaitGroup
	got := make([][][]byte, workers)
	for i, k := range w.workers {
		all.Go(func() {
			for _, pkt := range queues[i] {
				_, out := k.send(w, pkt)
				got[i] = append(got[i], out...)
			}
		})
	}
	all.Wait()
	w.holds()
	wantAll(t, got, datagrams)
}

// wantAll reassembles all that came out.
func wantAll(t *testing.T, got [][][]byte, datagrams int) {
	t.Helper()
	groups := map[string][][]byte{}
	for _, out := range got {
		for _, pkt := range out {
			name := fmt.Sprintf("4 %d %x", pkt[9], pkt[4:6])
			switch {
			case pkt[0]>>4 == 6 && pkt[6] == 44:
				name = fmt.Sprintf("6 %d %x", pkt[40], pkt[44:48])
			case pkt[0]>>4 == 6:
				name = fmt.Sprint("whole", len(groups))
			}
			groups[name] = append(groups[name], pkt)
		}
	}
	whole := 0
	for name, parts := range groups {
		if _, err := pkttest.Reassemble(parts); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		whole++
	}
	if want := len(flows(600)) * datagrams; whole != want {
		t.Errorf("%d datagrams came out, want %d", whole, want)
	}
}
