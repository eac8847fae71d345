package fragment_test

import (
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
)

// A part is a fragment of a UDP datagram, in multiples of 8 octets.
type part struct {
	at, n int
	last  bool
}

// make returns it as a packet with the given Identification, from either side.
func (x part) make(v6 bool, id int, proto uint8) []byte {
	data := pkttest.Pattern(byte(x.at), 8*x.n)
	if x.last && len(data) > 3 {
		data = data[:len(data)-3]
	}
	if x.at == 0 {
		copy(data, []byte{port4 >> 8, port4 & 255, 0, farPort, 0, 200, 1, 2})
		if proto == 1 || proto == 58 {
			copy(data, []byte{8, 0, 0, 0, port4 >> 8, port4 & 255, 0, 1})
		}
	}
	body := pkttest.Proto{Number: proto, Data: data}
	if v6 {
		return pkttest.IPv6{Src: host6, Dst: far6}.Packet(pkttest.Fragment{Offset: 8 * x.at, More: !x.last, ID: uint32(id)}, body)
	}
	return pkttest.IPv4{Src: far4, Dst: pool4, ID: uint16(id), Offset: 8 * x.at, MF: !x.last}.Packet(body)
}

// TestOverlap: a fragment that overlaps another, or contradicts what is known of the
// datagram's end, is the end of the datagram, whatever order they come in: what is
// held is dropped, and the rest as it comes (RFC 5722 §4). Another datagram with
// another Identification is not concerned.
func TestOverlap(t *testing.T) {
	const ok, held, overlap = translate.Translated, translate.Held, translate.FragmentOverlap
	for _, tt := range []struct {
		rule  string
		parts []part
		want  []translate.Verdict
	}{
		{"none", []part{{0, 3, false}, {3, 2, false}, {5, 2, true}}, []translate.Verdict{ok, ok, ok}},
		{"the same again", []part{{0, 3, false}, {3, 2, false}, {3, 2, false}, {5, 2, true}}, []translate.Verdict{ok, ok, overlap, overlap}},
		{"the first again", []part{{0, 3, false}, {0, 3, false}, {3, 2, true}}, []translate.Verdict{ok, overlap, overlap}},
		{"by 8 octets with the one before", []part{{0, 3, false}, {2, 2, false}}, []translate.Verdict{ok, overlap}},
		{"by 8 octets with the one behind", []part{{0, 2, false}, {4, 2, false}, {2, 3, false}}, []translate.Verdict{ok, ok, overlap}},
		{"around another", []part{{4, 2, false}, {3, 9, true}, {0, 3, false}}, []translate.Verdict{held, overlap, overlap}},
		{"within another", []part{{3, 9, true}, {4, 2, false}, {0, 3, false}}, []translate.Verdict{held, overlap, overlap}},
		{"the first over one held", []part{{2, 2, true}, {0, 3, false}}, []translate.Verdict{held, overlap}},
		{"behind the last", []part{{0, 3, false}, {5, 2, true}, {7, 1, false}}, []translate.Verdict{ok, ok, overlap}},
		{"two last ones", []part{{0, 3, false}, {5, 2, true}, {3, 1, true}}, []translate.Verdict{ok, ok, overlap}},
		{"a last one before another", []part{{0, 3, false}, {9, 2, false}, {5, 2, true}}, []translate.Verdict{ok, ok, overlap}},
		{"fills two gaps", []part{{2, 1, false}, {4, 1, false}, {3, 1, false}, {0, 2, false}, {5, 1, true}}, []translate.Verdict{held, held, held, ok, ok}},
		{"the last of all again", []part{{0, 3, false}, {3, 2, true}, {3, 2, true}}, []translate.Verdict{ok, ok, held}},
		{"the Identification again", []part{{0, 3, false}, {3, 2, true}, {0, 2, false}, {2, 9, true}}, []translate.Verdict{ok, ok, ok, ok}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			for _, v6 := range []bool{false, true} {
				w := newWorld(t, fragment.Options{}, 1)
				for i, x := range tt.parts {
					if v, _ := w.send(x.make(v6, 7, 17)); v != tt.want[i] {
						t.Errorf("IPv6 %v, fragment %d: %v, want %v", v6, i, v, tt.want[i])
					}
					w.holds()
				}
				if v, got := w.send(part{0, 3, false}.make(v6, 8, 17)); v != ok || len(got) != 1 {
					t.Errorf("IPv6 %v, another datagram: %v", v6, v)
				}
				if tt.want[len(tt.want)-1] == overlap && w.store.Status().Fragments != 0 {
					t.Errorf("%d fragments of a datagram that is dropped are kept", w.store.Status().Fragments)
				}
			}
		})
	}
}

// TestOverlapDiscardsWhatIsReassembled: nothing of the datagram leaves.
func TestOverlapDiscardsWhatIsReassembled(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		proto := uint8(1)
		if v6 {
			proto = 58
		}
		w := newWorld(t, fragment.Options{}, 1)
		for i, x := range []part{{0, 3, false}, {5, 2, true}, {4, 2, false}, {3, 2, false}} {
			v, got := w.send(x.make(v6, 7, proto))
			want := translate.Held
			if i > 1 {
				want = translate.FragmentOverlap
			}
			if v != want || got != nil {
				t.Errorf("IPv6 %v, fragment %d: %v and %d packets, want %v", v6, i, v, len(got), want)
			}
		}
		w.holds()
	}
}

// TestAlikeButForOneThing: fragments belong together if addresses, Identification
// and protocol are the same, and the family (RFC 791 §3.2, RFC 8200 §4.5).
func TestAlikeButForOneThing(t *testing.T) {
	first := part{0, 3, false}
	later := pkttest.Proto{Number: 17, Data: make([]byte, 8)}
	h4 := pkttest.IPv4{Src: far4, Dst: pool4, ID: 7, Offset: 24}
	h6, f6 := pkttest.IPv6{Src: host6, Dst: far6}, pkttest.Fragment{Offset: 24, ID: 7}
	src4, id4, src6, dst6, id6 := h4, h4, h6, h6, f6
	src4.Src, id4.ID, src6.Src, dst6.Dst, id6.ID = other4, 8, "2001:db8:1::8", prefix6+other4, 7+1<<16
	for _, tt := range []struct {
		name string
		pkt  []byte
		want translate.Verdict
	}{
		{"the same", h4.Packet(later), translate.Translated},
		{"another source", src4.Packet(later), translate.Held},
		{"another Identification", id4.Packet(later), translate.Held},
		{"another protocol", h4.Packet(pkttest.Proto{Number: 6, Data: later.Data}), translate.Held},
		{"the same, IPv6", h6.Packet(f6, later), translate.Translated},
		{"another source, IPv6", src6.Packet(f6, later), translate.Held},
		{"another destination, IPv6", dst6.Packet(f6, later), translate.Held},
		{"the upper half of the Identification", h6.Packet(id6, later), translate.Held},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, fragment.Options{}, 1)
			for _, v6 := range []bool{false, true} {
				if v, _ := w.send(first.make(v6, 7, 17)); v != translate.Translated {
					t.Fatalf("the first: %v", v)
				}
			}
			if v, _ := w.send(tt.pkt); v != tt.want {
				t.Errorf("%v, want %v", v, tt.want)
			}
		})
	}
}

// TestTime: a fragment is held, and ports are remembered, for two seconds from the
// first of the datagram on, and not a moment longer, swept or not (RFC 6146 §3.4,
// §4). What expires goes without a word.
func TestTime(t *testing.T) {
	const ms = time.Millisecond
	first, second, third := part{0, 3, false}, part{3, 3, false}, part{6, 2, true}
	for _, tt := range []struct {
		rule  string
		hold  time.Duration
		parts []part
		at    []time.Duration
		want  []translate.Verdict
		out   []int // packets
	}{
		{
			"the first comes in time", 0,
			[]part{second, first, third},
			[]time.Duration{0, 1999 * ms, 1999 * ms},
			[]translate.Verdict{translate.Held, translate.Translated, translate.Translated},
			[]int{0, 2, 1},
		},
		{
			"the first comes too late", 0,
			[]part{second, first, third},
			[]time.Duration{0, 2000 * ms, 3999 * ms},
			[]translate.Verdict{translate.Held, translate.Translated, translate.Translated},
			[]int{0, 1, 1},
		},
		{
			"a later one comes too late", 0,
			[]part{first, second},
			[]time.Duration{500 * ms, 2500 * ms},
			[]translate.Verdict{translate.Translated, translate.Held},
			[]int{1, 0},
		},
		{
			"a fragment in between gives no more time", 0,
			[]part{third, second, first},
			[]time.Duration{0, 1900 * ms, 2000 * ms},
			[]translate.Verdict{translate.Held, translate.Held, translate.Translated},
			[]int{0, 0, 1},
		},
		{
			"as configured", 10 * time.Second,
			[]part{third, second, first},
			[]time.Duration{0, 9000 * ms, 9999 * ms},
			[]translate.Verdict{translate.Held, translate.Held, translate.Translated},
			[]int{0, 0, 3},
		},
		{
			"an overlap is forgotten", 0,
			[]part{first, first, second},
			[]time.Duration{0, 1 * ms, 2000 * ms},
			[]translate.Verdict{translate.Translated, translate.FragmentOverlap, translate.Held},
			[]int{1, 0, 0},
		},
	} {
		for _, run := range [][2]bool{{}, {true, false}, {false, true}, {true, true}} {
			sweep, v6 := run[0], run[1]
			w := newWorld(t, fragment.Options{Hold: tt.hold}, 1)
			for i, x := range tt.parts {
				w.now = time.Hour + tt.at[i]
				if sweep && w.store.Sweep(w.now) {
					t.Errorf("%s: a sweep leaves something", tt.rule)
				}
				if v, got := w.send(x.make(v6, 7, 17)); v != tt.want[i] || len(got) != tt.out[i] {
					t.Errorf("%s, swept %v, fragment %d: %v and %d packets, want %v and %d", tt.rule, sweep, i, v, len(got), tt.want[i], tt.out[i])
				}
				w.holds()
			}
		}
	}
}

// TestSweepEmptiesTheStore: when everything has expired, nothing is left, and what
// was kept in vain has been counted.
func TestSweepEmptiesTheStore(t *testing.T) {
	w := newWorld(t, fragment.Options{SourceFragments: 5000}, 1)
	for i := range 3000 {
		w.send(part{1 + i%2*3, 2, false}.make(i%3 == 0, i, 17))
		w.send(part{0, 2, false}.make(i%3 == 0, 5000+i, 17))
	}
	w.now = 2 * time.Second
	sweeps := 1
	for w.store.Sweep(w.now) {
		sweeps++
	}
	w.holds()
	if st := w.store.Status(); st != (fragment.Status{Expired: 3000}) || sweeps < 5 {
		t.Errorf("%+v after %d sweeps", st, sweeps)
	}
}

// TestExpiredWithoutASweep: what comes reclaims what has expired, a little each
// time; and nobody is told the ports of what has expired.
func TestExpiredWithoutASweep(t *testing.T) {
	w := newWorld(t, fragment.Options{}, 1)
	for i := range 40 {
		w.send(part{3, 2, false}.make(true, i, 17))
	}
	w.now = 2 * time.Second
	for i := range 10 {
		w.send(part{0, 2, false}.make(true, 100+i, 17))
	}
	if st := w.store.Status(); st.Fragments != 0 || st.Expired != 40 {
		t.Errorf("%+v", st)
	}
	w.workers[0].tr.Fragments = nil // so that only the Mapper asks
	for _, tt := range []struct {
		at   time.Duration
		want translate.Verdict
	}{{3999 * time.Millisecond, translate.Translated}, {4 * time.Second, translate.NoBinding}} {
		w.now = tt.at
		if v, _ := w.send(part{3, 2, false}.make(true, 100, 17)); v != tt.want {
			t.Errorf("at %v: %v, want %v", tt.at, v, tt.want)
		}
	}
}
