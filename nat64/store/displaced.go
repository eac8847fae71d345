package store

import "taygo/translate/wire"

// Displace notes in a home shard that the binding of an IPv6 transport address
// lives in another shard, to.
func (sh *Shard) Displace(proto uint8, v6 wire.Addr, port uint16, to *Shard) {
	if sh.displaced == nil {
		sh.displaced = map[key6]*Shard{}
	}
	sh.displaced[key6{v6, port, proto}] = to
}

// Displaced returns the shard where the binding of an IPv6 transport address
// lives by Displace, nil if there is none. It is to be asked when Out finds none
// in the home shard, and costs next to nothing while nothing is displaced.
func (sh *Shard) Displaced(proto uint8, v6 wire.Addr, port uint16) *Shard {
	if len(sh.displaced) == 0 {
		return nil
	}
	return sh.displaced[key6{v6, port, proto}]
}

// Undisplace takes back what Displace noted, if it did.
func (sh *Shard) Undisplace(proto uint8, v6 wire.Addr, port uint16) {
	delete(sh.displaced, key6{v6, port, proto})
}
