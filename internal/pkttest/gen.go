package pkttest

import (
	"math/rand/v2"
	"net/netip"
)

// Addresses are what a Gen picks from. Each list may hold both families; a family
// that a list lacks is made up for from the others, and one that is in none at all
// is not generated.
type Addresses struct {
	Mapped   []netip.Addr // hosts with a mapping of their own, in either family's form
	Embedded []netip.Addr // hosts reached by an RFC 6052 prefix, in either family's form
	Unmapped []netip.Addr // what the translator has no mapping for
	Martian  []netip.Addr // what may not be used at all
}

// A Gen makes random packets, the same ones for the same seed. Packets lie in
// memory that the Gen uses again: what Packet returns is good until the next
// Packet, what Mutate returns until the next Mutate. A Gen is for one goroutine.
type Gen struct {
	rng     *rand.Rand
	routes4 route
	routes6 route
	noise   []byte // where data comes from

	pkt, whole, inner, mutant, old []byte

	// The layers of the packet in the making: here, because a layer behind an
	// interface would be allocated otherwise.
	layers  [8]Layer
	proto   Proto
	udp     UDP
	tcp     TCP
	echo    Echo
	icmp    ICMP
	icmpErr ICMPError
	hop     HopByHop
	dest    [2]DestOptions
	routing Routing
	quoting bool // the packet is for an ICMP error to quote
}

// A route is the choice of addresses of one family.
type route struct{ mapped, embedded, unmapped, martian []string }

const maxPacket = 65535

// NewGen returns a Gen. It panics if there is no address at all.
func NewGen(seed uint64, a Addresses) *Gen {
	g := &Gen{rng: rand.New(rand.NewPCG(seed, 0x7461_7967_6f)), noise: make([]byte, 2*maxPacket)}
	for i := range g.noise {
		g.noise[i] = byte(g.rng.Uint32())
	}
	g.routes4, g.routes6 = newRoute(a, false), newRoute(a, true)
	if g.routes4.mapped == nil && g.routes6.mapped == nil {
		panic("pkttest: NewGen: no addresses")
	}
	for _, buf := range []*[]byte{&g.pkt, &g.whole, &g.inner, &g.mutant, &g.old} {
		*buf = make([]byte, 0, 2*maxPacket)
	}
	return g
}

// newRoute returns the addresses of one family.
func newRoute(a Addresses, v6 bool) route {
	of := func(list []netip.Addr) []string {
		var out []string
		for _, addr := range list {
			if addr.Is6() == v6 {
				out = append(out, addr.String())
			}
		}
		return out
	}
	r := route{of(a.Mapped), of(a.Embedded), of(a.Unmapped), of(a.Martian)}
	lists := []*[]string{&r.mapped, &r.embedded, &r.unmapped, &r.martian}
	for range lists {
		for i, list := range lists {
			if *list == nil {
				*list = *lists[(i+1)%len(lists)]
			}
		}
	}
	return r
}

// Packet returns a random packet of either family: mostly well-formed, between
// addresses that can be translated; some are fragments, some carry options,
// extension headers, ICMP errors, and a few are odd: wrong checksums, hop limits
// of 0 and 1, lengths that lie.
func (g *Gen) Packet() []byte {
	v6 := g.rng.Uint32()&1 == 0
	if v6 && g.routes6.mapped == nil || !v6 && g.routes4.mapped == nil {
		v6 = !v6
	}
	src, dst := g.addresses(v6)
	if !g.chance(10) {
		g.pkt = g.build(g.pkt[:0], v6, src, dst)
		return g.pkt
	}
	g.whole = g.build(g.whole[:0], v6, src, dst)
	g.pkt = g.fragment(g.pkt[:0], g.whole)
	return g.pkt
}

// chance is true in percent of 100 cases.
func (g *Gen) chance(percent uint32) bool { return g.rng.Uint32N(100) < percent }

// addresses picks a source and a destination: a mapped and an embedded one in
// most packets, in the order in which they occur in that family.
func (g *Gen) addresses(v6 bool) (src, dst string) {
	r := &g.routes4
	if v6 {
		r = &g.routes6
	}
	near, far := g.address(r, r.mapped), g.address(r, r.embedded)
	if v6 {
		return near, far
	}
	return far, near
}

func (g *Gen) address(r *route, usual []string) string {
	list := usual
	switch n := g.rng.Uint32N(100); {
	case n < 2:
		list = r.martian
	case n < 6:
		list = r.unmapped
	case n < 10:
		list = r.embedded
	case n < 14:
		list = r.mapped
	}
	return list[g.rng.IntN(len(list))]
}

// build appends a packet from src to dst that is not fragmented.
func (g *Gen) build(b []byte, v6 bool, src, dst string) []byte {
	if v6 {
		content := g.content(true, g.size()-40, src, dst) // first: a quoted packet is built with the same layers
		layers := append(g.extensions(g.layers[:0]), content)
		h := IPv6{Src: src, Dst: dst, TrafficClass: byte(g.rng.Uint32()), HopLimit: g.hopLimit()}
		if g.chance(20) {
			h.FlowLabel = g.rng.Uint32N(1 << 20)
		}
		if g.chance(1) {
			h.Len, h.Next, h.Version = g.odd(), g.odd(), g.odd()
		}
		return h.appendTo(b, layers)
	}
	h := IPv4{
		Src: src, Dst: dst, TOS: byte(g.rng.Uint32()), ID: uint16(g.rng.Uint32()),
		TTL: g.hopLimit(), DF: g.chance(60), Options: g.options(),
	}
	layers := append(g.layers[:0], g.content(false, g.size()-20-len(h.Options), src, dst))
	if g.chance(1) {
		h.Len, h.Sum, h.Version, h.IHL = g.odd(), g.odd(), g.odd(), g.odd()
	}
	return h.appendTo(b, layers)
}

// odd is the right value in most cases, and else a wrong one.
func (g *Gen) odd() Field {
	switch g.rng.Uint32N(16) {
	case 0:
		return Zero
	case 1:
		return Wrong
	case 2:
		return Field(g.rng.Uint32N(1 << 16))
	}
	return 0
}

func (g *Gen) hopLimit() Field {
	switch n := g.rng.Uint32N(100); {
	case n < 1:
		return Zero
	case n < 3:
		return 1
	case n < 5:
		return 2
	case n < 30:
		return Field(1 + g.rng.Uint32N(255))
	}
	return 64
}

// edges are packet lengths at which translators decide: the minimum MTU of each
// family, the usual one, with and without the 20 and 28 octets between families.
var edges = [...]int{68, 576, 1232, 1240, 1252, 1260, 1280, 1300, 1400, 1452, 1460, 1472, 1480, 1492, 1500, 1520, 1528, 9000}

// size picks the length of a packet.
func (g *Gen) size() int {
	switch n := g.rng.Uint32N(1000); {
	case n < 600:
		return g.rng.IntN(120)
	case n < 750:
		return g.rng.IntN(1500)
	case n < 970:
		return edges[g.rng.IntN(len(edges))] + g.rng.IntN(33) - 16
	case n < 995:
		return g.rng.IntN(9000)
	case n < 998:
		return maxPacket - g.rng.IntN(64)
	}
	return g.rng.IntN(maxPacket)
}

// data returns n random octets, which nobody may change.
func (g *Gen) data(n int) []byte {
	n = min(max(n, 0), maxPacket)
	at := g.rng.IntN(maxPacket)
	return g.noise[at : at+n]
}

// fragment appends one fragment of a packet to b.
func (g *Gen) fragment(b, whole []byte) []byte {
	p, why := dissect(whole)
	if why != "" || len(p.data) == 0 {
		return append(b, whole...)
	}
	at := g.rng.IntN(len(p.data)) &^ 7
	if g.chance(40) {
		at = 0
	}
	size := 8 * (1 + g.rng.IntN(min(180, len(p.data)/8+1)))
	p.fragment, p.at, p.id = true, at, g.rng.Uint32()
	if at+size < len(p.data) {
		p.data, p.more = p.data[at:at+size], true
	} else {
		p.data = p.data[at:]
	}
	if g.chance(5) { // ends in the middle, far behind, or nowhere
		p.more = g.chance(50)
		p.at += g.rng.IntN(8192) * 8 % (maxPacket - p.at - len(p.data) + 1) &^ 7
	}
	fragment, err := p.appendTo(b)
	if err != nil {
		return append(b, whole...)
	}
	return fragment
}
