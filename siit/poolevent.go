package siit

import (
	"fmt"
	"net/netip"

	"taygo/translate/wire"
)

// An Event is something that happened to a lease.
type Event struct {
	Kind   EventKind
	V4, V6 netip.Addr
}

// An EventKind is what happened, as the directive log dyn tells it.
type EventKind uint8

// The kinds of events.
const (
	Assigned    EventKind = iota // a host without a lease got a free address
	Reassigned                   // a host without a lease took over a dormant one
	Reactivated                  // a packet from the host ended that its lease was dormant
	Loaded                       // the lease was restored
	Dormant                      // the lifetime of the lease went by without a packet
)

// String returns the word of Tayga's log lines.
func (k EventKind) String() string {
	return [...]string{"assigned", "reassigned", "reactivated", "loaded", "dormant"}[k]
}

// String returns the log line that Tayga writes for the event.
func (e Event) String() string { return fmt.Sprintf("DYN: %v %v->%v", e.Kind, e.V4, e.V6) }

// eventsHeld is how many events wait to be read.
const eventsHeld = 1024

// Events returns what happens to leases. It is never closed. What is not read in
// time is lost, so that no packet waits for a reader.
func (d *DynamicPool) Events() <-chan Event { return d.events }

// EventsLost returns how many events have been lost.
func (d *DynamicPool) EventsLost() uint64 { return d.lost.Load() }

func (d *DynamicPool) tell(k EventKind, v4, v6 wire.Addr) {
	select {
	case d.events <- Event{k, v4.Netip(), v6.Netip()}:
	default:
		d.lost.Add(1)
	}
}
