package tundev

import (
	"bytes"
	"os"
	"testing"
)

// sequence writes n packets of s in one batch and judges what becomes of them.
// It returns how many writes they took.
func sequence(t *testing.T, c *capture, s *sender, n int) int {
	t.Helper()
	var given []sent
	var want, before [][]byte
	octets := 0
	for range n {
		x := s.packet()
		if octets += x.frame.Len() + 1000; octets > 150_000 { // what the socket holds
			break
		}
		given = append(given, x)
		want = append(want, x.packets...)
		before = append(before, bytes.Clone(x.frame.Bytes()))
	}
	refused := c.Stats().BadFrame
	must(t, c.Write(batchOf(given...)))
	writes := c.drain(t)
	if c.Stats().BadFrame > refused {
		t.Errorf("%d frames are called bad", c.Stats().BadFrame-refused)
	}
	got, err := kernelSends(writes)
	if err == nil {
		err = agree(want, got)
	}
	if err != nil {
		t.Error(err)
	}
	if !alike(given, before) {
		t.Error("a packet was changed by its write")
	}
	return len(writes)
}

// What is written becomes the packets given, each flow in its order.
func TestMergeIsExact(t *testing.T) {
	turns := 600
	switch {
	case os.Getenv("TAYGO_LONG") != "":
		turns = 100_000
	case testing.Short():
		turns = 100
	}
	for name, events := range map[string][]event{"harmless": harmless, "harmful": append(harmful, harmless...)} {
		choose := random(1)
		c := newCapture(t, granted.all)
		s := newSender(choose, events...)
		writes := 0
		for turn := range turns {
			if turn%50 == 0 {
				s = newSender(choose, events...)
			}
			writes += sequence(t, c, s, 1+choose(200))
			if t.Failed() {
				t.Fatalf("%s, turn %d", name, turn)
			}
		}
		sum := c.Stats()
		if sum.Written-sum.Merged != uint64(writes) || sum.Merged < sum.Written/3 {
			t.Errorf("%s: %d writes are counted %+v, want a third merged", name, writes, sum)
		}
	}
}

// FuzzMerge lets the input choose the sequence.
func FuzzMerge(f *testing.F) {
	for _, seed := range []string{"", "\x00\x01\x02\x03\x01\x00\x00\x01", "merge what can be merged, and nothing else"} {
		f.Add([]byte(seed))
	}
	c := newCapture(f, granted.all)
	f.Fuzz(func(t *testing.T, b []byte) {
		sequence(t, c, newSender(script(b), append(harmful, harmless...)...), 2+len(b)/3)
	})
}
