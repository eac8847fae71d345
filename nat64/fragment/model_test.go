package fragment_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
)

// An op is a fragment that arrives some time after the one before.
type op struct {
	wait  time.Duration
	v6    bool
	proto uint8
	id    int
	part  part
	zero  bool // of a UDP datagram without a checksum, if it is over IPv4
}

// opOf reads an op from four octets.
func opOf(b []byte) op {
	o := op{
		wait: time.Duration(b[0]&7) * 90 * time.Millisecond, v6: b[0]&8 != 0, id: int(b[0] >> 6), zero: b[0]&32 != 0,
		proto: 17, part: part{int(b[1] & 15), int(b[2] % 6), b[3]&3 == 0},
	}
	if b[0]&16 != 0 {
		o.proto = 1
		if o.v6 {
			o.proto = 58
		}
	}
	return o
}

// packet returns the fragment.
func (o op) packet() []byte {
	pkt := o.part.make(o.v6, o.id, o.proto)
	if o.part.at == 0 && o.zero && !o.v6 && o.proto == 17 && len(pkt) >= 28 {
		pkt[26], pkt[27] = 0, 0
	}
	return pkt
}

// A model knows slowly what a store with room for all does.
type model map[op]*modelled

// A modelled is a datagram. Its octets are known one by one.
type modelled struct {
	from         time.Duration
	seen         map[int]bool
	size         int
	first, whole bool
	over, bad    bool
}

// want returns the verdict that a fragment gets.
func (m model) want(o op, now time.Duration) translate.Verdict {
	id := op{v6: o.v6, proto: o.proto, id: o.id}
	n := 8 * o.part.n
	if o.part.last && n > 3 {
		n -= 3
	}
	switch {
	case o.part.at == 0 && n < 8:
		return translate.TinyFragment
	case o.part.at == 0 && o.part.last:
		return translate.Translated // no fragment
	case n == 0:
		return translate.Malformed
	}
	d := m[id]
	if d == nil || d.over || now >= d.from+2*time.Second {
		d = &modelled{from: now, seen: map[int]bool{}, whole: o.proto != 17}
		m[id] = d
	}
	end := 8*o.part.at + n
	d.bad = d.bad || o.part.last && (d.size != 0 || d.last() > end) || d.size != 0 && end > d.size
	for at := 8 * o.part.at; at < end; at++ {
		d.bad = d.bad || d.seen[at]
	}
	if d.bad {
		return translate.FragmentOverlap
	}
	for at := 8 * o.part.at; at < end; at++ {
		d.seen[at] = true
	}
	if o.part.last {
		d.size = end
	}
	if o.part.at == 0 {
		d.first = true
		d.whole = d.whole || o.zero && !o.v6
	}
	d.over = d.size != 0 && len(d.seen) == d.size
	if d.first && !d.whole {
		return translate.Translated
	}
	return translate.Held
}

// last returns where the octets end that have been seen.
func (d *modelled) last() int {
	end := 0
	for at := range d.seen {
		end = max(end, at+1)
	}
	return end
}

// run sends fragments to a store with room for all, and to one without, and
// compares the first with the model.
func run(t *testing.T, ops []op) {
	t.Helper()
	m := model{}
	w := newWorld(t, fragment.Options{}, 1)
	narrow := newWorld(t, fragment.Options{
		Fragments: 3, SourceFragments: 2, Octets: 1 << 10, SourceOctets: 1 << 10, Datagrams: 3, SourceDatagrams: 2,
	}, 1)
	for _, world := range []*world{w, narrow} {
		world.unchecked = true
	}
	for i, o := range ops {
		w.now += o.wait
		narrow.now = w.now
		want := m.want(o, w.now)
		if v, _ := w.send(o.packet()); v != want && !(o.part.at == 0 && o.part.last) {
			t.Fatalf("op %d %+v: %v, want %v", i, o, v, want)
		}
		w.holds()
		narrow.send(o.packet())
		narrow.holds()
		if st := narrow.store.Status(); st.Fragments > 3 || st.Octets > 1<<10 || st.Datagrams > 3 {
			t.Fatalf("op %d: %+v", i, st)
		}
	}
	for w.store.Sweep(w.now + time.Hour) {
	}
	if st := w.store.Status(); st.Fragments != 0 || st.Octets != 0 || st.Datagrams != 0 {
		t.Fatalf("%+v is left", st)
	}
}

// TestAgainstModel sends random fragments of few datagrams, which overlap, repeat,
// expire and complete.
func TestAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	met := map[translate.Verdict]int{}
	for range 400 {
		ops := make([]op, 60)
		m, now := model{}, time.Duration(0)
		for i := range ops {
			ops[i] = opOf([]byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())})
			now += ops[i].wait
			met[m.want(ops[i], now)]++
		}
		run(t, ops)
	}
	for _, v := range []translate.Verdict{translate.Held, translate.Translated, translate.FragmentOverlap, translate.Malformed, translate.TinyFragment} {
		if met[v] < 100 {
			t.Errorf("%v was met %d times", v, met[v])
		}
	}
}

// FuzzFragments is TestAgainstModel with fragments from octets, four each.
func FuzzFragments(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		var ops []op
		for ; len(b) >= 4 && len(ops) < 200; b = b[4:] {
			ops = append(ops, opOf(b))
		}
		run(t, ops)
	})
}

// FuzzPackets sends any octets as two packets: nothing panics, what is kept stays
// within its bounds, and what comes out is a packet.
func FuzzPackets(f *testing.F) {
	f.Fuzz(func(t *testing.T, a, b []byte) {
		w := newWorld(t, fragment.Options{}, 1)
		w.unchecked = true
		for _, pkt := range [][]byte{a, b, a} {
			_, out := w.send(pkt)
			for _, got := range out {
				if err := (pkttest.Checker{AllowBadTransport: true, AllowZeroUDP: true, AllowOddSource: true, AllowOddQuote: true}).Check(got); err != nil {
					t.Errorf("%v\n%x", err, got)
				}
			}
			w.holds()
		}
	})
}
