package load

import (
	"bytes"
	"testing"
)

var one = Shape{Flows: 1, Burst: 1}

func TestPayload(t *testing.T) {
	for _, seq := range []uint64{0, 1, 1 << 40, 1<<64 - 1} {
		var p payload
		p.fill(7, seq, one.port(seq))
		if trial, got, ok := read(p[:], one); trial != 7 || got != seq || !ok {
			t.Errorf("payload %d reads as %d, %d, %v", seq, trial, got, ok)
		}
		for bit := range 8 * len(p) {
			p[bit/8] ^= 1 << (bit % 8)
			if _, _, ok := read(p[:], one); ok {
				t.Errorf("payload %d with bit %d changed is taken for intact", seq, bit)
			}
			p[bit/8] ^= 1 << (bit % 8)
		}
		for i := range len(p)/2 - 1 { // an Internet checksum does not see it
			swapped := p
			copy(swapped[2*i:], p[2*i+2:2*i+4])
			copy(swapped[2*i+2:], p[2*i:2*i+2])
			if _, _, ok := read(swapped[:], one); ok && swapped != p {
				t.Errorf("payload %d with words %d and %d exchanged is taken for intact", seq, i, i+1)
			}
		}
		if _, _, ok := read(p[:len(p)-1], one); ok {
			t.Error("a payload cut short is taken for intact")
		}
	}
}

func FuzzPayload(f *testing.F) {
	var p payload
	p.fill(1, 2, one.port(2))
	f.Add(p[:])
	f.Add(p[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		trial, seq, ok := read(b, one)
		var sent payload
		sent.fill(trial, seq, one.port(seq))
		if ok != (len(b) == PayloadLen && bytes.Equal(b, sent[:])) {
			t.Errorf("%x is intact: %v", b, ok)
		}
	})
}

func TestShape(t *testing.T) {
	for _, c := range []struct {
		rule  string
		shape Shape
		want  []int
	}{
		{"one flow has all", Shape{1, 4}, []int{0, 0, 0, 0, 0, 0}},
		{"flows take turns", Shape{3, 1}, []int{0, 1, 2, 0, 1, 2}},
		{"a burst is of one flow", Shape{2, 2}, []int{0, 0, 1, 1, 0, 0}},
	} {
		for seq, want := range c.want {
			if got := c.shape.flow(uint64(seq)); got != want {
				t.Errorf("%s: datagram %d is of flow %d, want %d", c.rule, seq, got, want)
			}
		}
	}
}
