package oracle

import (
	"encoding/binary"
	"slices"
)

// A refusal is why a packet is not translated, and what its sender is told.
type refusal struct {
	rule   string
	answer answer
	word   uint32 // second word of the ICMP message: MTU or pointer
	within bool   // an address that the translated one hides is illegal
}

// An answer is a kind of ICMP error of our own.
type answer int

const (
	silence answer = iota
	timeExceeded
	routeFailed
	tooBig
	prohibition // no mapping, or policy
	protocolUnreachable
)

// answers are the ICMPv4 and ICMPv6 type and code of each (BE-11).
var answers = map[answer]struct{ v4, v6 [2]byte }{
	timeExceeded:        {[2]byte{11, 0}, [2]byte{3, 0}},
	routeFailed:         {[2]byte{3, 5}, [2]byte{4, 0}},
	tooBig:              {[2]byte{3, 4}, [2]byte{2, 0}},
	prohibition:         {[2]byte{3, 13}, [2]byte{1, 1}},
	protocolUnreachable: {[2]byte{3, 2}, [2]byte{4, 1}},
}

func silently(rule string) *refusal      { return &refusal{rule: rule} }
func illegalWithin(rule string) *refusal { return &refusal{rule: rule, within: true} }
func prohibited(rule string) *refusal    { return &refusal{rule: rule, answer: prohibition} }

// pick returns the rule for the version of p.
func pick(p *packet, v4, v6 string) string {
	if p.version == 4 {
		return v4
	}
	return v6
}

// expired refuses a packet that no router may send on (B4-4.1-08, B6-5.1-07).
func expired(p *packet) *refusal {
	if p.hops > 1 {
		return nil
	}
	return &refusal{rule: pick(p, "B4-4.1-08", "B6-5.1-07"), answer: timeExceeded}
}

// sourceRouted refuses a packet that has not been everywhere its sender wants it
// to go (B4-4.1-13, B6-5.1-09).
func sourceRouted(p *packet) *refusal {
	if !p.sourceRoute && p.segmentsLeft == 0 {
		return nil
	}
	return &refusal{
		rule:   pick(p, "B4-4.1-13", "B6-5.1-09"),
		answer: routeFailed,
		word:   uint32(p.segmentsLeft),
	}
}

// refuse answers a refused packet, or drops it where an error is not allowed.
func (c *Config) refuse(p *packet, r *refusal) Outcome {
	if r.answer == silence {
		return Outcome{Kind: Dropped, Why: r.rule}
	}
	if r.answer == prohibition && p.version == 6 && p.icmp() {
		return Outcome{Kind: Dropped, Why: "BE-05"}
	}
	source := c.Own4
	if p.version == 6 {
		source = c.Own6
	}
	if c.noErrorAbout(p) || !source.IsValid() {
		return Outcome{Kind: Dropped, Why: "BE-03"}
	}
	q := ownMessage(p)
	q.src = source
	of, total := answers[r.answer].v4, 576
	if p.version == 6 {
		of, total = answers[r.answer].v6, 1280
	}
	message := []byte{of[0], of[1], 0, 0}
	message = binary.BigEndian.AppendUint32(message, r.word)
	quote := p.wire[:min(len(p.wire), total-q.headerLen()-len(message))]
	return answered(q, append(message, quote...), r.rule)
}

// noErrorAbout reports whether an ICMP error about p is forbidden (BE-03). The
// later fragments of an ICMPv6 message might be those of an error, and so might
// what an extension header behind a Fragment Header hides.
func (c *Config) noErrorAbout(p *packet) bool {
	redirect := p.version == 6 && p.icmp() && !p.laterFragment() && p.payload[0] == 137
	hidden := p.laterFragment() && (p.version == 4 || p.icmp()) ||
		p.version == 6 && p.frag != nil && slices.Contains([]uint8{0, 43, 44, 51, 60, 135, 139, 140}, p.proto)
	notOneHost := c.badSource(p.src)
	return p.icmpError() || redirect || hidden || notOneHost
}

// local handles a packet to the translator itself (E-LOCAL-01): it answers whole
// echo requests and knows no other protocol.
func (c *Config) local(p *packet) Outcome {
	const rule = "E-LOCAL-01"
	switch {
	case p.laterFragment():
		return Outcome{Kind: Dropped, Why: rule}
	case !p.icmp():
		pointer := uint32(0)
		if p.version == 6 {
			pointer = 6 // Next Header
		}
		return c.refuse(p, &refusal{rule: rule, answer: protocolUnreachable, word: pointer})
	}
	request, reply := byte(8), byte(0)
	if p.version == 6 {
		request, reply = 128, 129
	}
	// RFC 1122 §3.2.1.3: nothing may be done for an illegal source.
	if p.payload[0] != request || p.fragmented() || c.badSource(p.src) || !p.checksumRight() {
		return Outcome{Kind: Dropped, Why: rule}
	}
	q := ownMessage(p)
	q.src, q.tos = p.dst, p.tos
	return answered(q, append([]byte{reply, 0, 0, 0}, p.payload[4:]...), rule)
}

// ownMessage is the header of an ICMP message of our own to the sender of p
// (BE-09).
func ownMessage(p *packet) *packet {
	return &packet{version: p.version, dst: p.src, hops: 64, proto: p.proto, madeID: p.version == 4}
}

func answered(q *packet, message []byte, rule string) Outcome {
	q.proto = protoICMP
	if q.version == 6 {
		q.proto = protoICMPv6
	}
	q.payload, q.length = message, len(message)
	q.setChecksum()
	out := Outcome{Kind: Reply, Why: rule}
	out.add(q)
	return out
}
