package tundev

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// exchanged writes packets and returns how many of them each write carried, such
// as "2 1". It holds that the kernel sends, per flow, what was given.
func exchanged(t *testing.T, c *capture, given ...sent) string {
	t.Helper()
	var want [][]byte
	for _, s := range given {
		want = append(want, s.packets...)
	}
	before := c.Stats()
	var counts []string
	var got [][]byte
	must(t, c.Write(batchOf(given...)))
	writes := c.drain(t)
	for _, w := range writes {
		packets, err := kernelCuts(w)
		if err != nil {
			t.Errorf("write of % x: %v", w, err)
		}
		counts = append(counts, fmt.Sprint(len(packets)))
		got = append(got, packets...)
	}
	if err := agree(want, got); err != nil {
		t.Error(err)
	}
	after := c.Stats()
	if n := after.Written - before.Written; n != uint64(len(given)) || n-(after.Merged-before.Merged) != uint64(len(writes)) {
		t.Errorf("%d packets in %d writes are counted %+v after %+v", len(given), len(writes), after, before)
	}
	return strings.Join(counts, " ")
}

// agree holds that what a host sends is what it was given: the packets of each
// flow, and the others between its addresses, in order.
func agree(want, got [][]byte) error {
	wanted, found := byFlow(want), byFlow(got)
	for key, w := range wanted {
		g := found[key]
		for i := range max(len(w), len(g)) {
			switch {
			case i >= len(g):
				return fmt.Errorf("flow %q: packet %d of %d is not sent", key, i, len(w))
			case i >= len(w):
				return fmt.Errorf("flow %q: %d packets too many are sent", key, len(g)-len(w))
			case !same(w[i], g[i]):
				return fmt.Errorf("flow %q: packet %d is\n% x, want\n% x", key, i, g[i], w[i])
			}
		}
	}
	if len(wanted) != len(found) {
		return fmt.Errorf("%d flows are sent, want %d", len(found), len(wanted))
	}
	return nil
}

// byFlow sorts packets by flow. A packet whose ports are not right behind an IP
// header without options is in each flow between its addresses.
func byFlow(packets [][]byte) map[string][][]byte {
	flows := map[string][][]byte{}
	var keys []string
	key := func(p []byte) (pair, flow string) {
		pair = "no IP"
		switch {
		case len(p) >= 20 && p[0]>>4 == 4:
			pair = string(p[12:20])
			if p[0] == 0x45 && p[6]&0x3f|p[7] == 0 && (p[9] == 17 && len(p) >= 28 || p[9] == 6 && len(p) >= 40) {
				flow = string(p[20:24]) + string(p[9])
			}
		case len(p) >= 40 && p[0]>>4 == 6:
			pair = string(p[8:40])
			if p[6] == 17 && len(p) >= 48 || p[6] == 6 && len(p) >= 60 {
				flow = string(p[40:44]) + string(p[6])
			}
		}
		return pair, flow
	}
	for _, p := range packets {
		pair, flow := key(p)
		if !slices.Contains(keys, pair+flow) {
			keys = append(keys, pair+flow)
		}
	}
	for _, p := range packets {
		pair, flow := key(p)
		for _, k := range keys {
			if k == pair+flow || flow == "" && strings.HasPrefix(k, pair) {
				flows[k] = append(flows[k], p)
			}
		}
	}
	return flows
}
