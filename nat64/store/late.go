package store

import "unsafe"

// A late is a record that by4 does not have yet. The lines of the index that a new
// binding belongs into by its IPv4 side are in no cache, as its port is a random one.
// They come meanwhile, if the binding is entered only when the shard is asked again;
// those of the IPv6 side have come for Out.
type late struct {
	record uint32 // 0: none
	hash   uint64
}

// insertLate enters a record in by4, later.
func (sh *Shard) insertLate(n uint32, h uint64) {
	sh.late = late{n, h}
	if d := sh.by4.dir.Load(); d != nil {
		table, i := d.table(h), d.home(h)
		at := [...]uintptr{uintptr(unsafe.Pointer(lineAt(table, i))), uintptr(unsafe.Pointer(lineAt(table, d.other(i, apart(h)))))}
		prefetch(&at[0], len(at))
	}
}

// catchUp enters what is late. Without memory it stays late, and catchUp returns
// false: then there can be no other.
func (sh *Shard) catchUp() bool {
	if sh.late.record == 0 {
		return true
	}
	if !sh.by4.insert(sh.late.hash, sh.late.record) {
		return false
	}
	sh.late = late{}
	return true
}
