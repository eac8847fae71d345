package bench

import (
	"strings"
	"testing"
	"time"

	"taygo/translate/wire"
)

// What the benchmarks translate is translated, again and again in the same way.
func TestWorkerTranslatesTheSame(t *testing.T) {
	r, err := newRules(1000)
	must(t, err)
	packets := manyFlows(512)
	w := r.newWorker(0, 1, packets, wire.Offload{})
	var first []string
	for i := range 3 {
		must(t, w.round())
		if len(w.out.Frames()) != len(packets) {
			t.Fatalf("%d packets became %d", len(packets), len(w.out.Frames()))
		}
		for k, f := range w.out.Frames() {
			if b := f.Bytes(); b[0]>>4 == 4 { // Identifications are chosen anew
				clear(b[4:6])
				clear(b[10:12])
			}
			if i == 0 {
				first = append(first, string(f.Bytes()))
			} else if first[k] != string(f.Bytes()) {
				t.Fatalf("packet %d is translated otherwise in round %d", k, i)
			}
			if f.Bytes()[0]>>4 == packets[k][0]>>4 {
				t.Fatalf("packet %d is of the same family as before", k)
			}
		}
	}
}

func TestWorkerTellsWhatIsNotTranslated(t *testing.T) {
	r, err := newRules(1)
	must(t, err)
	w := r.newWorker(0, 1, [][]byte{{0x45, 0}}, wire.Offload{})
	if err := w.round(); err == nil || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("a malformed packet: %v", err)
	}
}

func TestWorkersTranslateAlone(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		if rate, err := translateAlone(n, 20*time.Millisecond); err != nil || !(rate > 0) {
			t.Errorf("%d workers: %v packets a second, %v", n, rate, err)
		}
	}
}

func TestPairsAreATable(t *testing.T) {
	for _, n := range []int{1, 2, 100_000} {
		if _, err := newRules(n); err != nil {
			t.Errorf("%d pairs: %v", n, err)
		}
	}
}
