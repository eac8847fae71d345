package routemap

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
)

// A Summary is the state of a Mapper at a glance.
type Summary struct {
	Running    bool          `json:"running"`
	Flushed    bool          `json:"flushed"` // all was taken away, until Resync
	Prefix     string        `json:"prefix"`
	Table      uint32        `json:"table"`
	Protocol   uint8         `json:"protocol"`
	Source     int           `json:"source"`     // routes in tables of the kernel that are sources, about
	Mapped     int           `json:"mapped"`     // of them and of lists, those that are mapped
	Kernel     int           `json:"kernel"`     // routes of ours that are in the IPv6 table for that
	Alternates int           `json:"alternates"` // prefixes with several routes, of which one counts
	Foreign    int           `json:"foreign"`    // routes of others in our table that are in the way
	NextHops   int           `json:"nexthops"`   // nexthop objects of ours
	Down       int           `json:"down"`       // next hops that are not usable
	Held       bool          `json:"held"`       // the source is empty, and its routes stay for a while
	HeldFor    time.Duration `json:"held_for_ns,omitempty"`
	Bytes      int           `json:"bytes"` // memory of the tables
	Resyncs    uint64        `json:"resyncs"`
	Overruns   uint64        `json:"overruns"`
	Busy       bool          `json:"busy"` // something is about to be written
}

// Summary returns the state.
func (m *Mapper) Summary() Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Summary{
		Running: m.asked.running(), Flushed: m.flushed, Prefix: m.opt.Prefix.String(), Table: m.opt.Table, Protocol: m.opt.Protocol,
		Source: m.source.candidates, Mapped: m.rib.Len(), Kernel: m.expected().Len(), Alternates: len(m.alternates),
		Foreign: m.inTheWay(), Held: m.held(), Bytes: m.bytes(), Overruns: m.tally.overruns.Load(), Busy: m.busy(),
	}
	if s.Held {
		s.HeldFor = max(0, time.Until(m.hold.until))
	}
	s.NextHops, s.Down = m.hops.count()
	m.tally.mu.Lock()
	defer m.tally.mu.Unlock()
	for _, n := range m.tally.resyncs {
		s.Resyncs += n
	}
	return s
}

// inTheWay returns how many routes of others have the place of one of ours.
func (m *Mapper) inTheWay() int {
	n := 0
	for f := range m.foreign {
		if nh, exists := m.expected().Get(f.prefix); exists && m.targetOf(nh).metric == f.metric {
			n++
		}
	}
	return n
}

func (m *Mapper) bytes() int {
	n := m.rib.Bytes()
	if m.agg != nil {
		n += m.agg.Bytes()
	}
	return n
}

func (n *nextHops) count() (up, down int) {
	for _, h := range n.hops {
		if h.up {
			up++
		} else {
			down++
		}
	}
	for _, g := range n.groups {
		if g.up {
			up++
		}
	}
	return up, down
}

// A RouteInfo is a mapped route.
type RouteInfo struct {
	Prefix    netip.Prefix `json:"prefix"` // IPv4
	Source    string       `json:"source"` // where it comes from
	Mapped    netip.Prefix `json:"mapped"` // IPv6
	Kind      string       `json:"kind"`
	Metric    uint32       `json:"metric"`             // of the mapped route
	NextHopID uint32       `json:"nexthop,omitempty"`  // number of the nexthop object
	Legs      []LegInfo    `json:"legs,omitempty"`     // where it leads
	Aggregate string       `json:"aggregate,omitzero"` // the route of the aggregated IPv6 table that its addresses follow
	Foreign   bool         `json:"foreign"`            // a route of somebody else is in its place
	Others    int          `json:"others,omitempty"`   // routes of the prefix that do not count
}

// A LegInfo is one next hop of a route.
type LegInfo struct {
	Via    netip.Addr `json:"via"`
	Device string     `json:"device"`
	Onlink bool       `json:"onlink,omitempty"`
	Weight uint16     `json:"weight,omitempty"`
}

// Show returns the mapped routes for p and for the prefixes inside it, in order,
// limit at most. It is empty if there are none.
func (m *Mapper) Show(p netip.Prefix, limit int) []RouteInfo {
	inside, ok := rib.PrefixOf(p)
	if !ok {
		if inside, ok = m.mapping.Unmap(p); !ok {
			return nil
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []RouteInfo
	for q, nh := range m.rib.Inside(inside) {
		if len(all) >= limit {
			break
		}
		all = append(all, m.info(q, nh))
	}
	return all
}

// Lookup returns the mapped route that packets to an IPv4 address, or to an IPv6
// address that stands for one, follow; or false if there is none.
func (m *Mapper) Lookup(a netip.Addr) (RouteInfo, bool) {
	p, ok := rib.PrefixOf(netip.PrefixFrom(a, a.BitLen()))
	if !ok {
		if a, ok = m.opt.Prefix.ExtractAddr(a); !ok {
			return RouteInfo{}, false
		}
		p, _ = rib.PrefixOf(netip.PrefixFrom(a, a.BitLen()))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	q, nh, ok := m.rib.Lookup(p.Addr)
	if !ok {
		return RouteInfo{}, false
	}
	info := m.info(q, nh)
	if m.agg != nil {
		info.Aggregate = "none"
		if out, _, ok := m.agg.Out().Lookup(p.Addr); ok {
			info.Aggregate = m.mapping.Map(out).String()
		}
	}
	return info, true
}

func (m *Mapper) info(p rib.Prefix, nh rib.NextHop) RouteInfo {
	t, set := m.targets[nh], m.sets.At(nh)
	info := RouteInfo{
		Prefix: p.Netip(), Mapped: m.mapping.Map(p), Kind: set.Kind.String(), Metric: t.metric, NextHopID: t.id,
		Source: m.sourceName(set), Foreign: m.foreign.has(p, t.metric), Others: max(0, len(m.alternates[p])-1),
	}
	for _, l := range set.Legs {
		info.Legs = append(info.Legs, LegInfo{l.Via, l.Device, l.Onlink, l.Weight})
	}
	if m.agg != nil {
		if out, _, ok := m.agg.Out().LookupUpTo(p.Addr, p.Bits); ok {
			info.Aggregate = m.mapping.Map(out).String()
		}
	}
	return info
}

// sourceName names the source of the routes of a set for people.
func (m *Mapper) sourceName(set rib.Set) string {
	if set.Metric == ^uint32(0) && m.opt.Unrouted != Unicast && set.Kind == m.opt.Unrouted {
		return "what meets packets without a route"
	}
	source := 0
	if len(m.opt.Sources) > 1 {
		source = int(set.Metric >> orderBits)
	}
	if table := m.opt.Sources[source].Table; table != 0 {
		return fmt.Sprintf("kernel table %d", table)
	}
	return fmt.Sprintf("file (source %d)", source+1)
}

// A NextHopInfo is a nexthop object of ours, or a next hop for which there is none.
type NextHopInfo struct {
	ID     uint32 `json:"id,omitempty"`
	To     string `json:"to"` // where it leads
	Group  bool   `json:"group"`
	Up     bool   `json:"up"`
	Routes int    `json:"routes"`        // of ours in the kernel that lead there themselves
	Why    string `json:"why,omitempty"` // it is not up
}

// NextHops returns the nexthop objects, and next hops that are not usable, sorted by
// where they lead.
func (m *Mapper) NextHops() []NextHopInfo {
	m.mu.Lock()
	defer m.mu.Unlock()
	routes := map[uint32]int{}
	for nh := range m.sets.All() {
		routes[m.targets[nh].id] += m.expected().Uses(nh)
	}
	var all []NextHopInfo
	for key, h := range m.hops.hops {
		all = append(all, info(h.id, m.nameHop(key), h.up, h.why, routes))
	}
	for _, g := range m.hops.groups {
		var to []string
		for _, one := range g.want {
			to = append(to, fmt.Sprintf("%s weight %d", m.nameHop(one.hopKey), one.weight))
		}
		slices.Sort(to)
		i := info(g.id, strings.Join(to, ", "), g.up, errAllDown, routes)
		i.Group = true
		all = append(all, i)
	}
	for gateway, w := range m.links.ways {
		if w.err != nil {
			all = append(all, info(0, gateway.String(), false, w.err, routes))
		}
	}
	slices.SortFunc(all, func(a, b NextHopInfo) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.ID, b.ID)) })
	return all
}

func info(id uint32, to string, up bool, why error, routes map[uint32]int) NextHopInfo {
	i := NextHopInfo{ID: id, To: to, Up: up}
	if up {
		i.Routes = routes[id]
	} else {
		i.ID = 0
		if why != nil {
			i.Why = why.Error()
		}
	}
	return i
}

// nameHop names a next hop for people.
func (m *Mapper) nameHop(key hopKey) string {
	if key == (hopKey{}) {
		return Blackhole.String()
	}
	name := fmt.Sprintf("%v dev %s", key.via, m.links.byIndex[key.link].Name)
	if key.onlink {
		name += " onlink"
	}
	return name
}

// kindName names a type of route for people.
func kindName(kind uint8) string {
	switch kind {
	case unix.RTN_UNREACHABLE:
		return Unreachable.String()
	case unix.RTN_PROHIBIT:
		return Prohibit.String()
	case unix.RTN_BLACKHOLE:
		return Blackhole.String()
	}
	return fmt.Sprintf("type %d", kind)
}

// A RejectedInfo is a next hop that routes were not mapped for since the last
// resync.
type RejectedInfo struct {
	Via    string       `json:"via"` // its gateway; empty if there is none
	Reason string       `json:"reason"`
	Routes uint64       `json:"routes"`
	Last   netip.Prefix `json:"last"` // the route that it was last
}

// Rejected returns the next hops that routes are not mapped for, those of the most
// routes first, and how many routes the list had no room for. Routes that are not
// mapped for other reasons are in Metrics.
func (m *Mapper) Rejected() ([]RejectedInfo, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []RejectedInfo{}
	for _, h := range m.rejected.List() {
		i := RejectedInfo{Reason: h.Reason.String(), Routes: h.Routes, Last: h.Last.Netip()}
		if h.Via.IsValid() {
			i.Via = h.Via.String()
		}
		all = append(all, i)
	}
	return all, m.rejected.Missed()
}
