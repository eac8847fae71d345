package store

// A late is a record that by4 does not have yet. The line of the index that a new
// binding belongs into by its IPv4 side is in no cache, as its port is a random one.
// It comes meanwhile, if the binding is entered only when the shard is asked again;
// that of the IPv6 side has come for Out.
type late struct {
	record uint32 // 0: none
	hash   uint64
}

// insertLate enters a record in by4, later.
func (sh *Shard) insertLate(n uint32, h uint64) {
	sh.late = late{n, h}
	if d := sh.by4.dir.Load(); d != nil {
		at := d.address(h)
		prefetch(&at, 1)
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
