package routemap

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A tally counts what a Mapper does. It may be written and read at any time.
type tally struct {
	events   atomic.Uint64
	adds     atomic.Uint64 // RTM_NEWROUTE
	replaces atomic.Uint64 // RTM_NEWROUTE with NLM_F_REPLACE
	deletes  atomic.Uint64 // RTM_DELROUTE
	overruns atomic.Uint64
	audits   atomic.Uint64
	moves    atomic.Uint64 // of the routes of a nexthop object, by one message

	mu      sync.Mutex
	errnos  map[unix.Errno]uint64
	resyncs [reasons]uint64
	took    time.Duration
	latency histogram
}

func (t *tally) request(kind, flags uint16) {
	switch {
	case kind == unix.RTM_DELROUTE:
		t.deletes.Add(1)
	case flags&unix.NLM_F_REPLACE != 0:
		t.replaces.Add(1)
	default:
		t.adds.Add(1)
	}
}

func (t *tally) failed(errno unix.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.errnos == nil {
		t.errnos = map[unix.Errno]uint64{}
	}
	t.errnos[errno]++
}

func (t *tally) resynced(why reason, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resyncs[why]++
	t.took = took
}

// latencyBounds are the upper bounds of the buckets of update latency.
var latencyBounds = [...]time.Duration{
	20 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, time.Second,
}

// A histogram counts how long updates took.
type histogram struct {
	counts [len(latencyBounds) + 1]uint64
	sum    time.Duration
}

// observe counts n updates that took that long each.
func (t *tally) observe(took time.Duration, n uint64) {
	if n == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := 0
	for at < len(latencyBounds) && took > latencyBounds[at] {
		at++
	}
	t.latency.counts[at] += n
	t.latency.sum += took * time.Duration(n)
}
