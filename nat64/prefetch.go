package nat64

import (
	"encoding/binary"

	"taygo/nat64/store"
	"taygo/translate/wire"
)

// prefetchFrom is how many sessions a Table has when its memory begins to be more
// than what a processor keeps close by.
const prefetchFrom = 1 << 14

// Prefetch lets the processor fetch what Map will look at for the packets of a
// batch, as they were received: the memory of all at once, not of one after another.
// In a large Table this is most of what packets cost. It is a hint: it changes
// nothing, and leaves out what is not plain.
func (t *Table) Prefetch(frames []*wire.Frame) {
	if len(frames) < 2 || t.sessions.Load() < prefetchFrom {
		return
	}
	r := t.rules.Load()
	var next store.Lookups
	for _, f := range frames {
		if next.Full() {
			next.Fetch()
		}
		t.expect(&next, r, f.Bytes())
	}
	next.Fetch()
}

// expect adds the look-up that the packet in b needs, if it is not one with extension
// headers or a later fragment.
func (t *Table) expect(next *store.Lookups, r *rules, b []byte) {
	const room = 8 // of the transport header, ports or identifier among them
	switch {
	case len(b) >= wire.IPv6Len+room && b[0]>>4 == 6:
		var q tuple
		if q.index = indexOf(b[6]); q.index < 0 {
			return
		}
		q.proto, q.host = protoNumbers[q.index], wire.Load16(b[8:])
		q.hostPort, _ = portsOf(q.index, b[wire.IPv6Len:])
		next.AddOut(t.home(r, &q).Shard, q.proto, q.host, q.hostPort)
	case len(b) >= wire.IPv4Len+room && b[0] == 4<<4|wire.IPv4Len/4 && binary.BigEndian.Uint16(b[6:])&0x1fff == 0:
		index := indexOf(b[9])
		if index < 0 {
			return
		}
		_, port := portsOf(index, b[wire.IPv4Len:])
		next.AddIn(t.ofPort(port).Shard, protoNumbers[index], binary.BigEndian.Uint32(b[16:]), port)
	}
}
