package oracle

// The tables of ICMP types, codes, pointers and MTUs (RFC 7915 §4.2, §5.2).

// none marks a pointer without counterpart.
const none = -1

type typeCode struct{ kind, code byte }

var (
	// unreachable4 are the codes of ICMPv4 Destination Unreachable, but for 2 and 4.
	unreachable4 = map[byte]typeCode{
		0: {1, 0}, 1: {1, 0}, 3: {1, 4}, 5: {1, 0}, 6: {1, 0}, 7: {1, 0}, 8: {1, 0},
		9: {1, 1}, 10: {1, 1}, 11: {1, 0}, 12: {1, 0}, 13: {1, 1}, 15: {1, 1},
	}
	// unreachable6 are the codes of ICMPv6 Destination Unreachable.
	unreachable6 = map[byte]typeCode{0: {3, 1}, 1: {3, 10}, 2: {3, 1}, 3: {3, 1}, 4: {3, 3}}

	// pointers4 and pointers6 are the header fields of either version that have a
	// counterpart, octet by octet.
	pointers4 = []int{
		0, 1, 4, 4, none, none, none, none, 7, 6, none, none,
		8, 8, 8, 8, 24, 24, 24, 24,
	}
	pointers6 = []int{
		0, 1, none, none, 2, 2, 9, 8,
		12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12,
		16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
	}
)

// convertMeaning translates type, code, pointer and MTU of an ICMP error.
func (c *Config) convertMeaning(p *packet, m *icmpMessage, inner *packet) (*icmpMessage, *refusal) {
	var out *icmpMessage
	if p.version == 4 {
		out = c.meaning4(m, inner)
	} else {
		out = c.meaning6(m, inner)
	}
	if out == nil {
		return nil, silently(pick(p, "B4-4.2-03", "B6-5.2-08"))
	}
	return out, nil
}

// meaning4 is nil for what ICMPv6 cannot say.
func (c *Config) meaning4(m *icmpMessage, inner *packet) *icmpMessage {
	switch {
	case m.kind == 3 && m.code == 2: // B4-4.2-05
		return &icmpMessage{kind: 4, code: 1, word: 6}
	case m.kind == 3 && m.code == 4: // B4-4.2-06
		return &icmpMessage{kind: 2, word: uint32(c.mtu6(int(m.word&0xffff), inner))}
	case m.kind == 3:
		to, known := unreachable4[m.code]
		if !known {
			return nil
		}
		return &icmpMessage{kind: to.kind, code: to.code}
	case m.kind == 11: // B4-4.2-07
		return &icmpMessage{kind: 3, code: m.code}
	case m.kind == 12 && (m.code == 0 || m.code == 2): // B4-4.2-08
		return parameterProblem(4, pointers4, int(m.word>>24), 0)
	default:
		return nil
	}
}

// meaning6 is nil for what ICMPv4 cannot say.
func (c *Config) meaning6(m *icmpMessage, inner *packet) *icmpMessage {
	switch {
	case m.kind == 1: // B6-5.2-03
		to, known := unreachable6[m.code]
		if !known {
			return nil
		}
		return &icmpMessage{kind: to.kind, code: to.code}
	case m.kind == 2 && m.word >= 88: // B6-5.2-04
		return &icmpMessage{kind: 3, code: 4, word: uint32(c.mtu4(int(m.word), inner))}
	case m.kind == 3: // B6-5.2-05
		return &icmpMessage{kind: 11, code: m.code}
	case m.kind == 4 && m.code == 0 && m.word < uint32(len(pointers6)): // B6-5.2-06
		return parameterProblem(12, pointers6, int(m.word), 24)
	case m.kind == 4 && m.code == 1: // B6-5.2-07
		return &icmpMessage{kind: 3, code: 2}
	default:
		return nil
	}
}

// parameterProblem writes the translated pointer into the second word, shifted
// to where the version wants it.
func parameterProblem(kind byte, pointers []int, pointer, shift int) *icmpMessage {
	if pointer >= len(pointers) || pointers[pointer] == none {
		return nil
	}
	return &icmpMessage{kind: kind, word: uint32(pointers[pointer]) << shift}
}

// mtu6 is the MTU of a Packet Too Big for that of a Fragmentation Needed. A
// router older than RFC 1191 tells 0, and the MTU has to be guessed.
func (c *Config) mtu6(told int, inner *packet) int {
	if told == 0 {
		for _, plateau := range c.Plateaus {
			if plateau < inner.total && plateau >= 1280 {
				told = max(told, plateau)
			}
		}
	}
	return max(1280, min(told+20, c.MTU6, c.MTU4+20))
}

// mtu4 is the MTU of a Fragmentation Needed for that of a Packet Too Big. No IPv4
// link has less than 68 (RFC 791 §3.2).
func (c *Config) mtu4(told int, inner *packet) int {
	shrink := 20
	if inner.frag != nil {
		shrink = 28
	}
	return max(68, min(told-shrink, c.MTU4, c.MTU6-20, 65535))
}
