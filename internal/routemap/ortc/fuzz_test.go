package ortc

import (
	"encoding/binary"
	"testing"

	"taygo/internal/routemap/rib"
)

// FuzzUpdate takes each six octets as a change to the given table: an address, a
// length and a next hop, or none, after every few an Update. Each step is checked
// at the addresses of the changes, and the end against a table made at once.
func FuzzUpdate(f *testing.F) {
	f.Fuzz(func(t *testing.T, changes []byte, loose bool) {
		n := network{hops: 6}
		for i := 0; i+6 <= min(len(changes), 6*40); i += 6 {
			n.addrs = append(n.addrs, binary.BigEndian.Uint32(changes[i:]))
			n.bits = append(n.bits, changes[i+4]%33)
		}
		mode := Exact
		if loose {
			mode = Loose
		}
		y := newTrial(t, network{hops: n.hops}, mode, 1)
		for i, a := range n.addrs {
			p := rib.Prefix{Addr: a, Bits: n.bits[i]}.Masked()
			y.probe = append(y.probe, a, p.Addr, p.Last(), p.Addr-1, p.Last()+1)
		}
		for i := range n.addrs {
			p := rib.Prefix{Addr: n.addrs[i], Bits: n.bits[i]}.Masked()
			if what := changes[6*i+5]; what%8 < 6 {
				nh := rib.NextHop(1 + what%8)
				y.in.Set(p, nh)
				y.routes[p] = nh
			} else {
				y.in.Delete(p)
				delete(y.routes, p)
			}
			y.table.Touch(p)
			if changes[6*i+5]&0x80 != 0 {
				y.update()
			}
		}
		y.update()
		y.compare()
	})
}
