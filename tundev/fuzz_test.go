package tundev

import (
	"bytes"
	"slices"
	"testing"
)

// What is read with a virtio header can be written with one, which the checker
// passes and which reads the same.
func FuzzDecode(f *testing.F) {
	for _, c := range offloads {
		f.Add(c.header.bytes(), c.packet)
	}
	f.Fuzz(func(t *testing.T, h, packet []byte) {
		if len(h) != headerLen {
			return
		}
		before := slices.Clone(packet)
		o, ok := decode(h, packet)
		if h[0]&1 == 0 && !bytes.Equal(packet, before) {
			t.Errorf("a packet without NEEDS_CSUM was changed")
		}
		if !ok {
			return
		}
		if o.Segment > 0 && !o.Partial || o.Segment == 0 && o.ECN {
			t.Errorf("offload %+v", o)
		}
		front := slices.Concat(make([]byte, headerLen), packet)
		if !encode(front, o) {
			if far, found := locate(packet); found && (far.end > 0xffff || len(packet)-far.end > maxSegments*int(o.Segment)) {
				return // the kernel sends no such super-packet
			}
			t.Fatalf("%+v of % x cannot be written", o, packet)
		}
		if err := judge(front); err != nil {
			t.Error(err)
		}
		if again, ok := decode(front[:headerLen], packet); !ok || again != o {
			t.Errorf("%+v reads back as %+v, %v", o, again, ok)
		}
	})
}

// What the kernel says of links never makes the parser run outside of it, and the
// request for a link is itself well formed.
func FuzzMessages(f *testing.F) {
	f.Add(linkRequest(7, ""))
	f.Add(linkRequest(0, "nat64"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for m := range messages(b) {
			if m.err == nil && len(m.link.name) > len(b) {
				t.Errorf("a name of %d octets in %d", len(m.link.name), len(b))
			}
		}
	})
}
