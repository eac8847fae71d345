package nat64

import (
	"time"

	"taygo/nat64/store"
)

// SweepAll calls Sweep until it has gone round once from where it was.
func (t *Table) SweepAll(now time.Duration, out Sink) {
	t.Sweep(now, out)
	for t.sweep.shard != 0 || t.sweep.at != (store.Cursor{}) {
		t.Sweep(now, out)
	}
}
