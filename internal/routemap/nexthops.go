package routemap

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rtnl"
)

// A hopKey is what a nexthop object leads to. The zero hopKey drops packets.
type hopKey struct {
	via    netip.Addr
	link   uint32
	onlink bool
}

// A hop is a nexthop object of ours, or would be one if the kernel took it.
type hop struct {
	id  uint32
	up  bool  // it is in the kernel
	why error // why it is not; nil if it is up
}

// A member is a part of a group.
type member struct {
	hopKey
	weight uint16
}

// A group is a nexthop object that leads to those of its members that are up.
type group struct {
	id   uint32
	want []member
	up   bool
	have []rtnl.Member
}

// errMissing is why something that is only looked at is not up.
var errMissing = errors.New("it is not in the kernel")

// errAllDown is why a group is not in the kernel.
var errAllDown = errors.New("none of its next hops is usable")

// nextHops are the nexthop objects of ours in the kernel. Their numbers are stable:
// what is there of the same content, as from a process before, is taken over.
type nextHops struct {
	conn     *rtnl.Conn
	dry      bool // only look
	protocol uint8
	first    uint32 // of the numbers that are ours
	cursor   uint32 // where to look for the next free number
	hops     map[hopKey]*hop
	groups   map[string]*group
	found    map[uint32]rtnl.NextHop // ours in the kernel that nothing here stands for
	taken    map[uint32]bool         // numbers in use, by whomever
}

func newNextHops(conn *rtnl.Conn, protocol uint8, first uint32) *nextHops {
	return &nextHops{
		conn: conn, protocol: protocol, first: first,
		hops: map[hopKey]*hop{}, groups: map[string]*group{}, found: map[uint32]rtnl.NextHop{}, taken: map[uint32]bool{},
	}
}

// keyOf returns what an object of the kernel leads to.
func keyOf(h rtnl.NextHop) hopKey {
	if h.Blackhole {
		return hopKey{}
	}
	return hopKey{h.Gateway, h.Link, h.Flags&unix.RTNH_F_ONLINK != 0}
}

func groupKey(want []member) string {
	var b []byte
	for _, m := range want {
		b = fmt.Appendf(b, "%v %d %t %d,", m.via, m.link, m.onlink, m.weight)
	}
	return string(b)
}

// ensure returns the object of a key, which is up if the kernel takes it.
func (n *nextHops) ensure(key hopKey) *hop {
	h := n.hops[key]
	if h != nil {
		return h
	}
	h = &hop{}
	n.hops[key] = h
	for id, there := range n.found {
		if there.Group == nil && there.Family == unix.AF_INET6 && !there.Encap && keyOf(there) == key && (h.id == 0 || id < h.id) {
			h.id, h.up = id, true
		}
	}
	delete(n.found, h.id)
	if !h.up {
		n.raise(key, h)
	}
	return h
}

// raise has the kernel make the object of a hop.
func (n *nextHops) raise(key hopKey, h *hop) {
	want := rtnl.NextHop{Family: unix.AF_INET6, Gateway: key.via, Link: key.link, Blackhole: key == hopKey{}}
	if key.onlink {
		want.Flags = unix.RTNH_F_ONLINK
	}
	h.id, h.why = n.create(want)
	h.up = h.why == nil
}

// create makes an object with a number that is free.
func (n *nextHops) create(want rtnl.NextHop) (uint32, error) {
	if n.dry {
		return 0, errMissing
	}
	want.Protocol = n.protocol
	for range nextHopRange {
		id := n.first + n.cursor
		n.cursor = (n.cursor + 1) % nextHopRange
		if n.taken[id] {
			continue
		}
		want.ID = id
		err := n.conn.Do(func(b *rtnl.Batch) {
			b.NextHop(unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE|unix.NLM_F_EXCL, &want)
		})
		if err == nil {
			n.taken[id] = true
			return id, nil
		}
		if !errors.Is(err, unix.EEXIST) {
			n.cursor = id - n.first
			return 0, err
		}
		n.taken[id] = true // somebody else's
	}
	return 0, fmt.Errorf("routemap: nexthop objects: all %d numbers from %d on are in use: take another range", nextHopRange, n.first)
}

// ensureGroup returns the group of members in their order.
func (n *nextHops) ensureGroup(want []member) (*group, error) {
	key := groupKey(want)
	g := n.groups[key]
	if g == nil {
		g = &group{want: slices.Clone(want)}
		n.groups[key] = g
	}
	return g, n.fit(g)
}

// fit gives a group in the kernel the members that are up.
func (n *nextHops) fit(g *group) error {
	var alive []rtnl.Member
	for _, m := range g.want {
		if h := n.ensure(m.hopKey); h.up {
			alive = append(alive, rtnl.Member{ID: h.id, Weight: m.weight})
		}
	}
	slices.SortFunc(alive, func(a, b rtnl.Member) int { return cmp.Compare(a.ID, b.ID) })
	switch {
	case len(alive) == 0:
		return errAllDown
	case g.up && slices.Equal(alive, g.have):
		return nil
	case !g.up && n.adopt(g, alive):
		return nil
	}
	want := rtnl.NextHop{ID: g.id, Protocol: n.protocol, Group: alive}
	var err error
	if g.up {
		err = n.conn.Do(func(b *rtnl.Batch) { b.NextHop(unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, &want) })
	} else {
		g.id, err = n.create(want)
	}
	if err == nil {
		g.up, g.have = true, alive
	}
	return err
}

// adopt takes over a group of the same members that is in the kernel.
func (n *nextHops) adopt(g *group, alive []rtnl.Member) bool {
	g.id = 0
	for id, there := range n.found {
		if there.Group != nil && slices.Equal(sorted(there.Group), alive) && (g.id == 0 || id < g.id) {
			g.id, g.up, g.have = id, true, alive
		}
	}
	delete(n.found, g.id)
	return g.up
}

func sorted(list []rtnl.Member) []rtnl.Member {
	return slices.SortedFunc(slices.Values(list), func(a, b rtnl.Member) int { return cmp.Compare(a.ID, b.ID) })
}

// compare learns what is in the kernel of ours. It returns the numbers of objects
// that were believed to be there and are not, or lead elsewhere.
func (n *nextHops) compare(all map[uint32]rtnl.NextHop) map[uint32]bool {
	lost := map[uint32]bool{}
	clear(n.taken)
	n.found = map[uint32]rtnl.NextHop{}
	for id, there := range all {
		n.taken[id] = true
		if there.Protocol == n.protocol && id-n.first < nextHopRange {
			n.found[id] = there
		}
	}
	for key, h := range n.hops {
		there, ok := n.found[h.id]
		switch {
		case !h.up:
		case !ok || there.Group != nil || keyOf(there) != key:
			lost[h.id] = true
			h.up, h.id, h.why = false, 0, errMissing
		default:
			delete(n.found, h.id)
		}
	}
	for _, g := range n.groups {
		there, ok := n.found[g.id]
		switch {
		case !g.up:
		case !ok || there.Group == nil:
			lost[g.id] = true
			g.up, g.id = false, 0
		default:
			g.have = sorted(there.Group)
			delete(n.found, g.id)
		}
	}
	return lost
}

// mend tries to make what is not there, and to complete groups. It tells whether
// something came up.
func (n *nextHops) mend() (raised bool) {
	for key, h := range n.hops {
		if !h.up {
			n.raise(key, h)
			raised = raised || h.up
		}
	}
	for _, g := range n.groups {
		was := g.up
		_ = n.fit(g) // what is down is tried again
		raised = raised || g.up != was
	}
	return raised
}

// drop takes away the objects whose numbers are not in use, groups before their
// members.
func (n *nextHops) drop(used map[uint32]bool) {
	remove := func(id uint32) {
		// If that fails it is gone already, or the next look finds it again.
		_ = n.conn.Do(func(b *rtnl.Batch) { b.NextHop(unix.RTM_DELNEXTHOP, 0, &rtnl.NextHop{ID: id}) })
		delete(n.taken, id)
	}
	for key, g := range n.groups {
		if g.up && used[g.id] {
			for _, m := range g.want {
				used[n.ensure(m.hopKey).id] = true
			}
			continue
		}
		if g.up {
			remove(g.id)
		}
		delete(n.groups, key)
	}
	for _, id := range slices.SortedFunc(maps.Keys(n.found), func(a, b uint32) int {
		return cmp.Compare(len(n.found[b].Group), len(n.found[a].Group))
	}) {
		remove(id)
		delete(n.found, id)
	}
	for key, h := range n.hops {
		if h.up && !used[h.id] {
			remove(h.id)
			delete(n.hops, key)
		}
	}
}
