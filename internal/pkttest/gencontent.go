package pkttest

import "slices"

// content picks what the packet carries, size octets long if that can be.
func (g *Gen) content(v6 bool, size int, src, dst string) Layer {
	switch n := g.rng.Uint32N(100); {
	case n < 30:
		return g.makeTCP(size)
	case n < 60:
		return g.makeUDP(size)
	case n < 74:
		g.echo = Echo{Reply: g.chance(50), ID: uint16(g.rng.Uint32()), Seq: uint16(g.rng.Uint32()), Data: g.data(size - 8), Sum: g.sum()}
		return &g.echo
	case n < 90 && !g.quoting:
		return g.makeError(v6, size, src, dst)
	case n < 93:
		g.icmp = ICMP{Type: byte(g.rng.Uint32()), Code: byte(g.rng.Uint32N(4)), Word: g.rng.Uint32(), Data: g.data(size - 8), Sum: g.sum()}
		return &g.icmp
	case n < 99:
		g.proto = Proto{Number: protocols[g.rng.IntN(len(protocols))], Data: g.data(size)}
		return &g.proto
	}
	g.proto = Proto{Number: byte(g.rng.Uint32()), Data: g.data(size)}
	return &g.proto
}

// Protocols that a translator treats in a way of their own, or copies.
var protocols = [...]uint8{0, 1, 2, 4, 6, 17, 33, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135, 136, 139, 140, 253}

// sum is the right checksum in most cases.
func (g *Gen) sum() Field {
	switch n := g.rng.Uint32N(100); {
	case n < 2:
		return Wrong
	case n < 4:
		return Zero
	}
	return 0
}

func (g *Gen) makeUDP(size int) Layer {
	ports := g.rng.Uint32()
	g.udp = UDP{Sport: uint16(ports >> 16), Dport: uint16(ports), Data: g.data(size - 8), Sum: g.sum()}
	if g.chance(1) {
		g.udp.Len = g.odd()
	}
	return &g.udp
}

func (g *Gen) makeTCP(size int) Layer {
	r := g.rng.Uint64()
	g.tcp = TCP{
		Sport: uint16(r), Dport: uint16(r >> 16), Seq: uint32(r >> 32), Ack: uint32(r >> 8),
		Flags: ACK, Window: uint16(r >> 24), Sum: g.sum(),
	}
	switch n := r >> 56; {
	case n < 40:
		g.tcp.Flags, g.tcp.Options = SYN, synOptions
	case n < 80:
		g.tcp.Flags, g.tcp.Options = SYN|ACK, synOptions[:4]
	case n < 120:
		g.tcp.Flags = byte(r)
	}
	g.tcp.Data = g.data(size - 20 - len(g.tcp.Options))
	if g.chance(1) {
		g.tcp.DataOffset = g.odd()
	}
	return &g.tcp
}

// MSS 1460, SACK permitted, timestamps, window scale 7.
var synOptions = []byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7}

// Types and codes of errors, weighted by repetition.
var (
	errors4 = [...][2]byte{
		{3, 0},
		{3, 1},
		{3, 2},
		{3, 3},
		{3, 4},
		{3, 4},
		{3, 4},
		{3, 5},
		{3, 9},
		{3, 10},
		{3, 13},
		{3, 14},
		{11, 0},
		{11, 0},
		{11, 1},
		{12, 0},
		{12, 0},
		{12, 1},
		{12, 2},
		{4, 0},
		{5, 1},
	}
	errors6 = [...][2]byte{
		{1, 0},
		{1, 1},
		{1, 2},
		{1, 3},
		{1, 4},
		{1, 5},
		{2, 0},
		{2, 0},
		{2, 0},
		{3, 0},
		{3, 0},
		{3, 1},
		{4, 0},
		{4, 0},
		{4, 0},
		{4, 1},
		{4, 2},
		{100, 0},
		{137, 0},
	}
)

// makeError returns an ICMP error to dst about a packet that dst sent to src or
// beyond, cut anywhere.
func (g *Gen) makeError(v6 bool, size int, src, dst string) Layer {
	kind := errors4[g.rng.IntN(len(errors4))]
	if v6 {
		kind = errors6[g.rng.IntN(len(errors6))]
	}
	to := src
	if g.chance(50) { // the error is from a router on the way
		s, d := g.addresses(v6)
		if to = s; v6 {
			to = d
		}
	}
	g.quoting = true
	if g.chance(90) {
		g.inner = g.build(g.inner[:0], v6, dst, to)
	} else {
		g.whole = g.build(g.whole[:0], v6, dst, to)
		g.inner = g.fragment(g.inner[:0], g.whole)
	}
	g.quoting = false
	g.icmpErr = ICMPError{Type: kind[0], Code: kind[1], Quote: g.quote(v6, size)}
	switch {
	case v6 && kind[0] == 2 || !v6 && kind[0] == 3 && kind[1] == 4:
		g.icmpErr.MTU = g.mtu()
	case v6 && kind[0] == 4 || !v6 && kind[0] == 12:
		g.icmpErr.Pointer = g.rng.Uint32N(48)
	}
	mayExtend := v6 && (kind[0] == 1 || kind[0] == 3) || !v6 && (kind[0] == 3 || kind[0] >= 11)
	if mayExtend && g.chance(25) || g.chance(1) {
		g.icmpErr.Ext = extensionSamples[g.rng.IntN(len(extensionSamples))]
	}
	if g.chance(3) {
		g.icmpErr.Length, g.icmpErr.Sum = g.odd(), g.odd()
	}
	return &g.icmpErr
}

// quote cuts the packet in g.inner for an error that is to be size octets long.
func (g *Gen) quote(v6 bool, size int) []byte {
	least := 28 // RFC 792 asks for the header and 8 octets
	if v6 {
		least = 48
	}
	n := len(g.inner)
	switch r := g.rng.Uint32N(100); {
	case r < 20:
		n = least
	case r < 40:
		n = g.rng.IntN(n + 1)
	case r < 60:
		n = max(size-least, least)
	}
	return g.inner[:min(n, len(g.inner), 1500)]
}

// Extension structures: an MPLS label stack (RFC 4950), an interface (RFC 5837),
// both, one without a checksum, one that is cut short.
var (
	mpls             = Object{Class: 1, Type: 1, Data: []byte{0, 1, 1, 64}}
	interfaceInfo    = Object{Class: 2, Type: 4, Data: append([]byte{0, 1, 0, 0}, 192, 0, 2, 1)}
	extensionSamples = [][]byte{
		Extension(mpls), Extension(interfaceInfo), Extension(mpls, interfaceInfo), Extension(),
		{0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 1, 64},
		Extension(mpls)[:9],
	}
)

func (g *Gen) mtu() uint32 {
	switch n := g.rng.Uint32N(100); {
	case n < 20:
		return g.rng.Uint32N(100)
	case n < 30:
		return 0
	case n < 35:
		return g.rng.Uint32()
	}
	return uint32(edges[g.rng.IntN(len(edges))])
}

// IPv4 options: none in most packets.
var optionSamples = [...][]byte{
	{1, 1, 1, 0},
	{7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	{148, 4, 0, 0},
	{131, 7, 4, 192, 0, 2, 9, 0},
	{131, 7, 8, 192, 0, 2, 9, 0},
	{1, 137, 7, 4, 192, 0, 2, 9},
	{68, 0, 0, 0},
	{131, 200, 4, 0},
	{131, 2, 0, 0},
	{1, 1, 1, 131},
}

func (g *Gen) options() []byte {
	switch n := g.rng.Uint32N(100); {
	case n < 1:
		return g.data(4 * g.rng.IntN(11))
	case n < 9:
		return optionSamples[g.rng.IntN(len(optionSamples))]
	}
	return nil
}

// extensions appends IPv6 extension headers: none in most packets.
func (g *Gen) extensions(layers []Layer) []Layer {
	if !g.chance(20) {
		return layers
	}
	for i := range 1 + g.rng.IntN(4) {
		switch n := g.rng.Uint32N(4); {
		case n == 0 && !slices.Contains(layers, Layer(&g.hop)):
			g.hop = HopByHop{Options: optionsOf6[g.rng.IntN(len(optionsOf6))]}
			layers = append(layers, &g.hop)
		case n == 1 && !slices.Contains(layers, Layer(&g.routing)):
			g.routing = Routing{Type: byte(g.rng.Uint32N(5)), Data: g.data(4 + 8*g.rng.IntN(3))}
			if g.chance(20) {
				g.routing.SegmentsLeft = 1
			}
			layers = append(layers, &g.routing)
		case n > 1:
			g.dest[i%2] = DestOptions{Options: optionsOf6[g.rng.IntN(len(optionsOf6))]}
			layers = append(layers, &g.dest[i%2])
		}
	}
	if g.chance(3) {
		g.dest[0].Len, g.hop.Len = g.odd(), g.odd()
	}
	return layers
}

// Options of Hop-by-Hop and Destination Options headers: padding, router alert,
// jumbo payload, tunnel limit, one that has to be refused.
var optionsOf6 = [...][]byte{
	nil, {1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {5, 2, 0, 0}, {0xc2, 4, 0, 1, 0, 0}, {4, 1, 3}, {0x9e, 0},
}
