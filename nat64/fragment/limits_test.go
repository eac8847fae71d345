package fragment_test

import (
	"runtime"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
	"taygo/translate/wire"
)

// from4 returns a fragment from one of many IPv4 hosts, with n octets of data.
func from4(src, id, at int, more bool, n int) []byte {
	h := pkttest.IPv4{Src: addr4(src), Dst: pool4, ID: uint16(id), Offset: at, MF: more}
	data := pkttest.Pattern(byte(at), n)
	if at == 0 {
		copy(data, []byte{0, farPort, port4 >> 8, port4 & 255, 6, 0, 1, 2})
	}
	return h.Packet(pkttest.Proto{Number: 17, Data: data})
}

func addr4(n int) string { return wire.Addr4(10<<24 + uint32(n)).String() }

// A limitTest is fragments, of which some have to go.
type limitTest struct {
	rule  string
	o     fragment.Options
	steps []limitStep
	lost  uint64
}

// A limitStep is a fragment from a source, and what comes of it.
type limitStep struct {
	src, id, at int
	want        translate.Verdict
	out         int
}

func limitTests() []limitTest {
	const held, ok, full = translate.Held, translate.Translated, translate.FragmentsFull
	return []limitTest{
		{
			"the oldest of the source goes",
			fragment.Options{SourceFragments: 2},
			[]limitStep{{1, 1, 64, held, 0}, {1, 2, 64, held, 0}, {1, 3, 64, held, 0}, {1, 1, 0, ok, 1}, {1, 2, 0, ok, 2}, {1, 3, 0, ok, 2}},
			1,
		},
		{
			"with all that is kept of it",
			fragment.Options{SourceFragments: 3},
			[]limitStep{{1, 1, 64, held, 0}, {1, 1, 192, held, 0}, {1, 2, 64, held, 0}, {1, 3, 64, held, 0}, {1, 1, 0, ok, 1}, {1, 3, 0, ok, 2}},
			2,
		},
		{
			"not that of another source",
			fragment.Options{SourceFragments: 1},
			[]limitStep{{2, 1, 64, held, 0}, {1, 1, 64, held, 0}, {1, 2, 64, held, 0}, {2, 1, 0, ok, 2}, {1, 1, 0, ok, 1}, {1, 2, 0, ok, 2}},
			1,
		},
		{
			"by octets of a source",
			fragment.Options{SourceOctets: 512},
			[]limitStep{{1, 1, 64, held, 0}, {1, 2, 64, held, 0}, {1, 3, 64, held, 0}, {1, 1, 0, ok, 1}, {1, 3, 0, ok, 2}},
			1,
		},
		{
			"of all, the oldest of the same source goes first",
			fragment.Options{Fragments: 3},
			[]limitStep{{2, 1, 64, held, 0}, {1, 1, 64, held, 0}, {1, 2, 64, held, 0}, {1, 3, 64, held, 0}, {2, 1, 0, ok, 2}, {1, 1, 0, ok, 1}, {1, 3, 0, ok, 2}},
			1,
		},
		{
			"of all, the oldest if the source has none",
			fragment.Options{Fragments: 2},
			[]limitStep{{2, 1, 64, held, 0}, {3, 1, 64, held, 0}, {1, 1, 64, held, 0}, {2, 1, 0, ok, 1}, {3, 1, 0, ok, 2}, {1, 1, 0, ok, 2}},
			1,
		},
		{
			"by octets of all",
			fragment.Options{Octets: 512},
			[]limitStep{{2, 1, 64, held, 0}, {3, 1, 64, held, 0}, {1, 1, 64, held, 0}, {2, 1, 0, ok, 1}, {1, 1, 0, ok, 2}},
			1,
		},
		{
			"a datagram that needs all of it alone is discarded",
			fragment.Options{SourceFragments: 2},
			[]limitStep{{1, 1, 64, held, 0}, {1, 1, 192, held, 0}, {1, 1, 320, full, 0}, {1, 1, 0, full, 0}, {1, 2, 64, held, 0}},
			2,
		},
		{
			"a fragment that is too much alone",
			fragment.Options{Octets: 255},
			[]limitStep{{1, 1, 64, full, 0}, {1, 1, 0, full, 0}, {1, 2, 0, ok, 1}, {1, 2, 64, ok, 1}},
			0,
		},
		{
			"in order, nothing is kept",
			fragment.Options{Fragments: 1, SourceFragments: 1},
			[]limitStep{{1, 1, 64, held, 0}, {1, 2, 0, ok, 1}, {1, 2, 64, ok, 1}, {2, 1, 0, ok, 1}, {2, 1, 64, ok, 1}, {1, 1, 0, ok, 2}},
			0,
		},
		{
			"ports of the oldest datagram are forgotten",
			fragment.Options{Datagrams: 2},
			[]limitStep{{1, 1, 0, ok, 1}, {2, 1, 0, ok, 1}, {3, 1, 0, ok, 1}, {1, 1, 64, held, 0}, {2, 1, 64, ok, 1}, {3, 1, 64, ok, 1}},
			0,
		},
		{
			"of the same source first",
			fragment.Options{SourceDatagrams: 1},
			[]limitStep{{2, 1, 0, ok, 1}, {1, 1, 0, ok, 1}, {1, 2, 0, ok, 1}, {2, 1, 64, ok, 1}, {1, 1, 64, held, 0}, {1, 2, 64, ok, 1}},
			0,
		},
	}
}

// TestLimits: when there are too many fragments, the oldest datagrams go, those of
// the same source first; a source cannot displace those of others but by the bound
// on all of them (RFC 6146 §5.3).
func TestLimits(t *testing.T) {
	for _, tt := range limitTests() {
		t.Run(tt.rule, func(t *testing.T) {
			w := newWorld(t, tt.o, 1)
			for i, s := range tt.steps {
				v, got := w.send(from4(s.src, s.id, s.at, true, 64))
				if v != s.want || len(got) != s.out {
					t.Errorf("step %d %+v: %v and %d packets", i, s, v, len(got))
				}
				w.holds()
			}
			if st := w.store.Status(); st.Evicted != tt.lost {
				t.Errorf("%+v, want %d evicted", st, tt.lost)
			}
		})
	}
}

// TestSourceIsAPrefix: hosts of one IPv6 /64 are one source.
func TestSourceIsAPrefix(t *testing.T) {
	for _, tt := range []struct {
		name    string
		bits    int
		a, b    string
		evicted uint64
	}{
		{"the same /64", 0, "2001:db8:1::1", "2001:db8:1::ffff:0:0:1", 1},
		{"another /64", 0, "2001:db8:1::1", "2001:db8:1:1::1", 0},
		{"the same /56", 56, "2001:db8:1::1", "2001:db8:1:ff::1", 1},
		{"another /56", 56, "2001:db8:1::1", "2001:db8:1:100::1", 0},
		{"the same /96", 96, "2001:db8:1::1", "2001:db8:1::2", 1},
		{"another /96", 96, "2001:db8:1::1", "2001:db8:1::1:0:1", 0},
		{"another host", 128, "2001:db8:1::1", "2001:db8:1::2", 0},
	} {
		w := newWorld(t, fragment.Options{SourceFragments: 1, SourceBits: tt.bits}, 1)
		for _, src := range []string{tt.a, tt.b} {
			h := pkttest.IPv6{Src: src, Dst: far6}
			w.send(h.Packet(pkttest.Fragment{Offset: 8, ID: 1}, pkttest.Proto{Number: 17, Data: make([]byte, 8)}))
		}
		if st := w.store.Status(); st.Evicted != tt.evicted {
			t.Errorf("%s: %+v", tt.name, st)
		}
	}
}

// TestGaps: a datagram has no more than 256 gaps at once.
func TestGaps(t *testing.T) {
	w := newWorld(t, fragment.Options{SourceFragments: 1000, SourceOctets: 1 << 20}, 1)
	for i := range 258 {
		want := translate.Held
		if i >= 256 {
			want = translate.FragmentsFull
		}
		if v, _ := w.send(from4(1, 1, 16+16*i, true, 8)); v != want {
			t.Fatalf("gap %d: %v, want %v", i, v, want)
		}
	}
	w.holds()
	if st := w.store.Status(); st.Fragments != 0 {
		t.Errorf("%+v", st)
	}
}

// TestMemoryOfOtherSizes: buffers that are spare are given up for those of other
// sizes, so that no more memory is in use than there may be.
func TestMemoryOfOtherSizes(t *testing.T) {
	const octets = 1 << 20
	w := newWorld(t, fragment.Options{Octets: octets, SourceOctets: octets, SourceFragments: 1 << 14}, 1)
	for round, size := range []int{64, 1400, 64, 8000, 400, 30_000} {
		for i := range octets / 256 {
			w.send(from4(1, i, 8, true, size&^7))
			if i%50 == 0 {
				w.holds()
			}
		}
		w.now = time.Duration(round+1) * 10 * time.Second
		for w.store.Sweep(w.now) {
		}
		w.holds()
	}
}

// TestConfigure: tighter bounds hold for what comes next.
func TestConfigure(t *testing.T) {
	w := newWorld(t, fragment.Options{}, 1)
	for id := range 100 {
		w.send(from4(1, id, 64, true, 64))
		w.send(from4(1, 1000+id, 0, true, 64))
	}
	w.store.Configure(fragment.Options{Fragments: 10, Datagrams: 1, SourceDatagrams: 1})
	w.send(from4(1, 500, 64, true, 64))
	w.holds()
	if st := w.store.Status(); st.Fragments != 10 || st.Evicted != 91 {
		t.Errorf("%+v", st)
	}
	for id := range 200 {
		w.send(from4(2, id, 0, true, 64))
		if v, _ := w.send(from4(2, id, 64, false, 64)); v != translate.Translated {
			t.Fatalf("the last fragment of datagram %d: %v", id, v)
		}
		w.holds()
	}
}

// TestFlood: a million fragments whose first never comes, of one source or of many,
// take no more memory than they may, and meanwhile every datagram of two fragments
// passes, in order or not (RFC 4787 REQ-14a).
func TestFlood(t *testing.T) {
	n := 1_000_000
	if testing.Short() || raced {
		n = 20_000
	}
	for _, sources := range []int{1, 1 << 20} {
		w := newWorld(t, fragment.Options{}, 1)
		in := wire.NewBatch(1<<12, 1)
		before := heap()
		for i := range n {
			w.now += time.Microsecond
			if v := w.workers[0].tr.Translate(numbered(in, i%sources, i), w.now, nil); v != translate.Held {
				t.Fatalf("%d: %v", i, v)
			}
			if i%1000 != 0 {
				continue
			}
			first, last := from4(7, i/1000, 0, true, 1400), from4(7, i/1000, 1400, false, 100)
			if i%2000 == 0 {
				first, last = last, first
			}
			_, one := w.send(first)
			_, two := w.send(last)
			if len(one)+len(two) != 3 { // the longer one is cut in two
				t.Fatalf("%d: %d and %d packets of a datagram", i, len(one), len(two))
			}
		}
		w.holds()
		if st := w.store.Status(); st.Fragments > 8192 || st.Octets > 16<<20 || st.Evicted < uint64(n)-8192-1 {
			t.Errorf("%d sources: %+v", sources, st)
		}
		if more := heap() - before; more > 24<<20 {
			t.Errorf("%d sources: %d octets more on the heap", sources, more)
		}
		runtime.KeepAlive(w)
	}
}

// numbered makes a later fragment from a certain host, with a certain
// Identification, in the memory of a batch.
func numbered(in *wire.Batch, src, id int) *wire.Frame {
	f := frames(in, [][]byte{flooding})[0]
	p := f.Bytes()
	src += 11 << 24
	p[4], p[5] = byte(id>>8), byte(id)
	p[12], p[13], p[14], p[15] = byte(src>>24), byte(src>>16), byte(src>>8), byte(src)
	p[10], p[11] = 0, 0
	sum := wire.Sum(0).AddBytes(p[:20]).Checksum()
	p[10], p[11] = byte(sum>>8), byte(sum)
	return f
}

var flooding = from4(1, 1, 8, true, 1400)

// heap is how many octets are in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
