package rib

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
)

// A Reason tells why a route is not mapped. Accepted, the zero value, is none.
type Reason uint8

// The reasons. Their names are labels of the metrics.
const (
	Accepted       Reason = iota
	UnknownGateway        // an IPv4 gateway without a row, and there is no default
	NoGateway             // the destination is on the link
	IPv6Refused           // an IPv6 gateway (RFC 8950), and these are not to be taken
	NoLeg                 // all its next hops are dead
	Filtered              // a rule denies it
	NonGlobal             // not for the Well-Known Prefix (RFC 6052 §3.1)
	DefaultRefused        // the default route, which is denied
	NotDefault            // any other route, when the default route is the only one wanted
	WrongType             // throw, local, broadcast, multicast and the like
	TooManyRoutes         // the table is full
	TooManySets           // no number is left for its set of next hops
	reasons               // how many there are
)

var reasonNames = [...]string{
	"accepted", "unknown-gateway", "no-gateway", "ipv6-refused", "no-leg", "filtered", "non-global",
	"default-refused", "not-default", "wrong-type", "too-many-routes", "too-many-sets",
}

// String returns the name of r.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// A RejectedHop is a next hop that routes were not mapped for.
type RejectedHop struct {
	Via    netip.Addr // the zero Addr for routes without a gateway
	Reason Reason
	Routes uint64 // how often, whole routes and legs of others
	Last   Prefix // the route that it was last
}

// Rejected counts what is not mapped, and remembers up to a limit which next hops
// that was for. The zero value remembers none; make it with NewRejected.
type Rejected struct {
	routes [reasons]uint64
	legs   [reasons]uint64
	hops   map[rejectedKey]*RejectedHop
	limit  int
	missed uint64
}

type rejectedKey struct {
	via netip.Addr
	why Reason
}

// NewRejected returns one that remembers up to limit next hops.
func NewRejected(limit int) *Rejected {
	return &Rejected{hops: map[rejectedKey]*RejectedHop{}, limit: limit}
}

// Route counts a route that is not mapped. via is the next hop that is the reason,
// or the zero Addr.
func (r *Rejected) Route(p Prefix, why Reason, via netip.Addr) {
	r.routes[why]++
	r.remember(p, why, via)
}

// Leg counts a leg that is left out of a route that is mapped.
func (r *Rejected) Leg(p Prefix, why Reason, via netip.Addr) {
	r.legs[why]++
	r.remember(p, why, via)
}

func (r *Rejected) remember(p Prefix, why Reason, via netip.Addr) {
	if !via.IsValid() && why != NoGateway {
		return
	}
	k := rejectedKey{via, why}
	h := r.hops[k]
	if h == nil {
		if len(r.hops) >= r.limit {
			r.missed++
			return
		}
		h = &RejectedHop{Via: via, Reason: why}
		r.hops[k] = h
	}
	h.Routes, h.Last = h.Routes+1, p
}

// Routes returns how many routes were not mapped for a reason, ever since.
func (r *Rejected) Routes(why Reason) uint64 { return r.routes[why] }

// Legs returns how many legs were left out for a reason, ever since.
func (r *Rejected) Legs(why Reason) uint64 { return r.legs[why] }

// Missed returns how many routes and legs the list has not because it was full.
func (r *Rejected) Missed() uint64 { return r.missed }

// List returns the next hops remembered, those of the most routes first.
func (r *Rejected) List() []RejectedHop {
	list := make([]RejectedHop, 0, len(r.hops))
	for _, h := range r.hops {
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b RejectedHop) int {
		return cmp.Or(cmp.Compare(b.Routes, a.Routes), a.Via.Compare(b.Via), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// Forget empties the list, as at the begin of a resync, which finds again what
// still holds. The counts stay.
func (r *Rejected) Forget() {
	clear(r.hops)
	r.missed = 0
}

// Reasons returns all reasons but Accepted, in order.
func Reasons() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for r := Accepted + 1; r < reasons; r++ {
			if !yield(r) {
				return
			}
		}
	}
}
