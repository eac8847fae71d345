package routemap

import "time"

// A chore is something that is done some time after its cause.
type chore int

const (
	choreResync    chore = iota // read the sources anew
	choreNextHops               // look after our nexthop objects
	choreAggregate              // write what changed, aggregated
	choreAudit                  // read our table anew
	chorePeriodic               // both of these, for no reason
	choreCollect                // give up what nobody needs
	choreWithdrawn              // see what is left after many routes were taken back
	choreHold                   // end a hold
	choreWays                   // ask again for the way to gateways
	chores
)

// How long after the first cause a chore is done: so that a cause with many
// messages is one cause.
const (
	debounce       = 50 * time.Millisecond
	debounceSmall  = 20 * time.Millisecond
	burstGap       = 2 * time.Millisecond // without a change ends a burst of them
	collectAfter   = 5 * time.Second
	retryFirst     = time.Second
	retryMost      = 30 * time.Second
	auditRetryMost = time.Minute
)

// timers are the times at which chores are due; the zero Time is never.
type timers struct {
	at     [chores]time.Time
	reason reason // of the resync
	every  time.Duration

	retry      time.Duration // of next hops that are not usable
	auditRetry time.Duration // after an audit that did not help
}

// in makes a chore due some time from now, unless it is due before.
func (t *timers) in(c chore, d time.Duration) {
	if at := time.Now().Add(d); t.at[c].IsZero() || at.Before(t.at[c]) {
		t.at[c] = at
	}
}

// put makes a chore due some time from now, and not before.
func (t *timers) put(c chore, d time.Duration) { t.at[c] = time.Now().Add(d) }

// due tells whether it is time for a chore, which is not due then any more.
func (t *timers) due(c chore) bool {
	if t.at[c].IsZero() || time.Now().Before(t.at[c]) {
		return false
	}
	t.at[c] = time.Time{}
	return true
}

// pending tells whether a chore will be due.
func (t *timers) pending(c chore) bool { return !t.at[c].IsZero() }

// next returns when the next chore is due; the zero Time if none is.
func (t *timers) next() time.Time {
	var first time.Time
	for _, at := range t.at {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func (t *timers) auditEvery(d time.Duration) {
	if t.every = d; d > 0 {
		t.put(chorePeriodic, d)
	}
}

// longer doubles a wait, from first up to most.
func longer(wait *time.Duration, first, most time.Duration) time.Duration {
	*wait = min(max(2**wait, first), most)
	return *wait
}

// A reason is why the sources were read anew.
type reason uint8

const (
	reasonStart     reason = iota
	reasonOverrun          // the kernel lost messages
	reasonLink             // a device went down, up or away
	reasonAddress          // an IPv4 address was removed
	reasonNextHop          // a nexthop object was replaced or deleted, or ours became usable
	reasonAmbiguous        // one of several routes with one metric went
	reasonWithdrawn        // many routes were taken back
	reasonHold             // a hold ended
	reasonRoom             // there is room for routes that were too many
	reasonAudit            // it was time
	reasonRequest          // somebody asked
	reasonError            // the last time failed
	reasons
)

var reasonNames = [reasons]string{
	"start", "overrun", "link", "address", "nexthop", "ambiguous", "withdrawn", "hold", "room", "audit", "request", "error",
}

// String returns the name of r, which is a label of the metrics.
func (r reason) String() string { return reasonNames[r] }
