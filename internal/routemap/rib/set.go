package rib

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
)

// ErrSets is why Intern refuses one more set.
var ErrSets = errors.New("no number is left for one more set of next hops")

// A Kind tells what becomes of packets.
type Kind uint8

// The kinds of a route.
const (
	Unicast     Kind = iota // they go to a next hop
	Blackhole               // they are dropped without a word
	Unreachable             // they are answered: no route
	Prohibit                // they are answered: administratively prohibited
)

// String returns the word that ip(8) uses for k.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

var kindNames = [...]string{Unicast: "unicast", Blackhole: "blackhole", Unreachable: "unreachable", Prohibit: "prohibit"}

// A Leg is one next hop of a route. In a route that is read it may have an IPv4
// gateway; in one that is written the gateway is IPv6.
type Leg struct {
	Via    netip.Addr // the gateway; the zero Addr if the destination is on the link
	Device string     // name of the device; empty leaves it to the kernel
	Onlink bool       // the gateway is on the link, whatever the addresses of the device say
	Weight uint16     // share of the packets among the legs; 0 counts as 1
}

// compare orders legs by all but their weight.
func (l Leg) compare(m Leg) int {
	return cmp.Or(l.Via.Compare(m.Via), cmp.Compare(l.Device, m.Device), cmp.Compare(flag(l.Onlink), flag(m.Onlink)))
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// A Set is what a route does with packets: a kind, the metric of the route that
// carries it out, and for Unicast at least one leg. Two routes with equal sets
// share a number.
type Set struct {
	Kind   Kind
	Metric uint32
	Legs   []Leg
}

// maxWeight is the greatest weight of a leg in a nexthop group of the kernel.
const maxWeight = 256

// canonical sorts the legs of s in place and merges equal ones, adding their
// weights; of the weights only their ratio stays, up to 256.
func (s Set) canonical() Set {
	for i := range s.Legs {
		s.Legs[i].Weight = max(s.Legs[i].Weight, 1)
	}
	slices.SortFunc(s.Legs, Leg.compare)
	weights := make([]uint64, 0, 16)
	out := s.Legs[:0]
	for _, l := range s.Legs {
		if n := len(out); n > 0 && out[n-1].compare(l) == 0 {
			weights[n-1] += uint64(l.Weight)
			continue
		}
		out, weights = append(out, l), append(weights, uint64(l.Weight))
	}
	s.Legs = out
	if len(weights) == 0 {
		return s
	}
	common := weights[0]
	for _, w := range weights {
		common = gcd(common, w)
	}
	for i, most := 0, slices.Max(weights)/common; i < len(out); i++ {
		w := weights[i] / common
		if most > maxWeight {
			w = max(1, (w*maxWeight+most/2)/most)
		}
		out[i].Weight = uint16(w)
	}
	return s
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Sets gives each different Set a number. The zero value is empty and ready to
// use.
type Sets struct {
	byKey map[string]NextHop
	sets  []Set // by number; 0 is None
	used  []bool
	freed []NextHop
	key   []byte
}

// Intern returns the number of s, the same for every Set that means the same:
// legs in another order, or one leg in two halves. It sorts s.Legs in place and
// keeps no reference to them. When all MaxSets numbers are in use the error is
// ErrSets.
func (t *Sets) Intern(s Set) (NextHop, error) {
	s = s.canonical()
	t.key = s.appendKey(t.key[:0])
	if nh, ok := t.byKey[string(t.key)]; ok {
		return nh, nil
	}
	if t.byKey == nil {
		t.byKey, t.sets, t.used = map[string]NextHop{}, make([]Set, 1), make([]bool, 1)
	}
	var nh NextHop
	switch n := len(t.freed); {
	case n > 0:
		nh, t.freed = t.freed[n-1], t.freed[:n-1]
	case len(t.sets) <= MaxSets:
		nh, t.sets, t.used = NextHop(len(t.sets)), append(t.sets, Set{}), append(t.used, false)
	default:
		return None, fmt.Errorf("rib: %v: %w: all %d are in use: let the routing daemon send fewer different next hops, or fix the metric",
			s, ErrSets, MaxSets)
	}
	s.Legs = slices.Clone(s.Legs)
	t.sets[nh], t.used[nh], t.byKey[string(t.key)] = s, true, nh
	return nh, nil
}

// At returns the Set of a number in use, or of any other the zero Set. Its legs
// are not to be changed.
func (t *Sets) At(nh NextHop) Set {
	if int(nh) >= len(t.sets) {
		return Set{}
	}
	return t.sets[nh]
}

// Has tells whether nh is in use.
func (t *Sets) Has(nh NextHop) bool {
	return int(nh) < len(t.used) && t.used[nh]
}

// Release gives up a number, for Intern to use it again. Call it when no route has
// it any more.
func (t *Sets) Release(nh NextHop) {
	if !t.Has(nh) {
		return
	}
	t.key = t.sets[nh].appendKey(t.key[:0])
	delete(t.byKey, string(t.key))
	t.sets[nh], t.used[nh] = Set{}, false
	t.freed = append(t.freed, nh)
}

// Len returns how many numbers are in use.
func (t *Sets) Len() int { return len(t.byKey) }

// All returns the numbers in use and their sets, ascending. Nothing may be
// interned or released meanwhile, but for the one that is at hand.
func (t *Sets) All() iter.Seq2[NextHop, Set] {
	return func(yield func(NextHop, Set) bool) {
		for i := 1; i < len(t.sets); i++ {
			if nh := NextHop(i); t.Has(nh) && !yield(nh, t.sets[nh]) {
				return
			}
		}
	}
}

// appendKey appends octets that are equal for equal sets only.
func (s Set) appendKey(b []byte) []byte {
	b = append(b, byte(s.Kind))
	b = binary.BigEndian.AppendUint32(b, s.Metric)
	for _, l := range s.Legs {
		a := l.Via.As16()
		b = append(append(b, flag(l.Via.IsValid()), flag(l.Via.Is4()), flag(l.Onlink)), a[:]...)
		b = binary.BigEndian.AppendUint16(b, l.Weight)
		b = append(append(b, byte(len(l.Device))), l.Device...)
	}
	return b
}
