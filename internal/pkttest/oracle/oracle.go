// Package oracle is a slow and plain stateless IPv4/IPv6 translator (RFC 7915,
// 6052, 7757, 6791) against which tests judge the fast one. A packet is parsed
// into structs, the rules are applied one after the other, and what comes out is
// serialised from nothing. It shares no code with the packages it judges, and
// nothing but tests may use it.
//
// The rule names in Outcome.Why are those of the project's list of requirements
// (docs/rfc.md): B4 is IPv4 to IPv6, B6 is IPv6 to IPv4, BE are the translator's
// own ICMP errors, A are addresses, C explicit address mappings.
package oracle

import "net/netip"

// A Pair is one explicit address mapping (RFC 7757 §3.2). The IPv4 suffix must
// not be longer than the IPv6 suffix; nothing here checks it.
type Pair struct{ V4, V6 netip.Prefix }

// A Config says how to translate. It is taken as valid: prefix lengths, host bits
// and overlaps are not checked. Sizes are in bytes. Nothing changes it.
type Config struct {
	Prefix     netip.Prefix // RFC 6052 translation prefix; zero: none
	WKPFStrict bool         // refuse non-global IPv4 addresses under 64:ff9b::/96 (RFC 6052 §3.1)

	Own4, Own6   netip.Addr   // the translator's own addresses; a zero Own6 becomes Own4 under Prefix
	EAM          []Pair       // explicit address mappings
	Pool4, Pool6 []netip.Addr // sources of errors from routers without a counterpart (RFC 6791); empty: own; the first is used

	MTU4, MTU6    int // next-hop MTUs; 0: 1500
	LowestIPv6MTU int // IPv6 size that needs no path MTU discovery (RFC 7915 §4); 0: 1280

	UDPZero string // UDP checksum 0: "compute", "forward", anything else drops
	Hairpin string // "simple", "intrinsic" (RFC 7757 §4.2), anything else: off

	TrafficClass, TOS int // written into IPv6 and IPv4 headers; -1: copied from the other

	DenyIPv4 []netip.Prefix // IPv4 addresses that must not be translated through Prefix
	ClassE   bool           // 240.0.0.0/4 is a legal source

	Plateaus         []int // RFC 1191 §7.1; empty: those of the RFC
	ExtensionHeaders int   // most IPv6 extension headers a packet may have, Fragment Header included; 0: 8
	InterfaceInfo    bool  // tell a replaced IPv6 source in an RFC 5837 object (RFC 6791 §4)
}

// Kinds of Outcome.
const (
	Translated = "translate"
	Reply      = "icmp-reply"
	Dropped    = "drop"
)

// An Outcome is what the translator owes for one packet.
type Outcome struct {
	Kind    string     // Translated, Reply (an ICMP message of our own to the sender) or Dropped
	Packets [][]byte   // what comes out, in order
	Free    [][][2]int // for each packet the [offset, length] ranges that may differ: generated IPv4 Identifications and the checksums over them, checksums for which 0x0000 and 0xffff mean the same
	Why     string     // the rule that decided
}

// Translate returns what must happen to one IP packet, given as read from a TUN
// device without packet information. It does not keep or change pkt.
func Translate(cfg *Config, pkt []byte) Outcome {
	c := cfg.filled()
	p, refused := parse(pkt, c.ExtensionHeaders)
	if refused != nil {
		return Outcome{Kind: Dropped, Why: refused.rule}
	}
	if c.isOwn(p.dst) {
		return c.local(p)
	}
	for _, check := range []func(*packet) *refusal{c.illegalAddress, expired, sourceRouted, c.forbiddenProtocol} {
		if refused := check(p); refused != nil {
			return c.refuse(p, refused)
		}
	}
	q, refused := c.convert(p, firstPass)
	if refused != nil {
		return c.refuse(p, refused)
	}
	rule := directionRule(p)
	from := p
	if q.hairpin && c.Hairpin == "intrinsic" {
		from = q
		if q, refused = c.convert(from, secondPass); refused != nil {
			return c.refuse(p, refused)
		}
		rule = "C-4.2-02"
	}
	pieces, refused := c.fit(p, from, q)
	if refused != nil {
		return c.refuse(p, refused)
	}
	out := Outcome{Kind: Translated, Why: rule}
	for _, piece := range pieces {
		out.add(piece)
	}
	return out
}

func (o *Outcome) add(p *packet) {
	b, free := p.serialise()
	o.Packets = append(o.Packets, b)
	o.Free = append(o.Free, free)
}

func directionRule(p *packet) string {
	switch {
	case p.version == 4:
		return "B4-4.1-01"
	case p.frag != nil:
		return "B6-5.1.1-01"
	default:
		return "B6-5.1-01"
	}
}

// filled returns a copy in which zero values have become the defaults.
func (c *Config) filled() *Config {
	full := *c
	defaults := []struct {
		value    *int
		standard int
	}{{&full.MTU4, 1500}, {&full.MTU6, 1500}, {&full.LowestIPv6MTU, 1280}, {&full.ExtensionHeaders, 8}}
	for _, d := range defaults {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if len(full.Plateaus) == 0 {
		full.Plateaus = []int{65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}
	}
	if !full.Own6.IsValid() {
		full.Own6 = full.own4InPrefix() // BE-08
	}
	return &full
}
