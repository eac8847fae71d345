package translate

// A Verdict is the fate of one packet: that it was sent on, or why it was not.
// It indexes the counters, names the metric and the log line, and chooses the
// ICMP error that the sender is owed, so that a reason to drop is one row of one
// table. The zero Verdict is Translated.
type Verdict uint8

// The verdicts, in the order in which a packet is judged.
const (
	Translated Verdict = iota
	Fragmented
	Hairpinned
	Answered

	Held
	SYNStored

	Malformed
	HeaderChecksum
	TinyFragment
	OwnProtocol
	OwnDropped
	IllegalSource
	IllegalDestination
	HopLimit
	SourceRoute
	ProtocolUntranslatable
	FragmentedICMP
	ExtensionAfterFragment
	ZeroUDPChecksum
	SourceUnmapped
	DestinationUnmapped
	SourceNotGlobal
	DestinationNotGlobal
	SourceDenied
	DestinationDenied
	PoolFull
	SourceInPrefix
	StatelessOnly
	NoBinding
	NoSession
	Filtered
	TCPIncoming
	ICMPInformational
	SourceLimit
	SourceRate
	PortsExhausted
	SessionsFull
	SYNStoreFull
	SYNUnanswered
	FragmentOverlap
	FragmentsFull
	ICMPType
	ICMPPointer
	ICMPChecksum
	ICMPNested
	QuoteMalformed
	QuoteUnmapped
	TooBig
	NoRoom

	NumVerdicts = iota
)

// A Class groups verdicts as the directive log of tayga.conf does.
type Class uint8

// The classes.
const (
	Passed   Class = iota // sent on: not logged
	Dropped               // dropped without an answer
	Rejected              // refused with an ICMP error
	ICMP                  // answered by an ICMP error that routers send
	Self                  // addressed to the translator itself
)

// An icmpMessage is the type and code of an ICMP message; type 0 stands for none.
type icmpMessage struct{ kind, code uint8 }

// String returns the word that the directive log uses, or "none".
func (c Class) String() string { return [...]string{"none", "drop", "reject", "icmp", "self"}[c] }

type verdictRow struct {
	name   string // metric label and log key
	class  Class
	v4, v6 icmpMessage // error owed to an IPv4 and to an IPv6 sender
	rfc    string
	what   string
}

var (
	none          = icmpMessage{}
	prohibited4   = icmpMessage{3, 13}
	prohibited6   = icmpMessage{1, 1}
	verdictsTable = [NumVerdicts]verdictRow{
		Translated: {"translated", Passed, none, none, "RFC 7915 §4, §5", "translated and sent on"},
		Fragmented: {"fragmented", Passed, none, none, "RFC 7915 §4.1, §5.1.1", "translated, and cut into fragments that the next link takes"},
		Hairpinned: {"hairpinned", Passed, none, none, "RFC 7757 §4.2.2", "translated to IPv4 and at once back to IPv6, because its destination is an IPv6 host with an explicit mapping"},
		Answered:   {"answered", Self, none, none, "RFC 1122 §3.2.2.6, RFC 4443 §4.2", "an echo request to the translator itself, answered"},

		Held:      {"held", Passed, none, none, "RFC 6146 §3.4", "a fragment, kept until the one with the ports or the rest of the datagram arrives; counted again when it goes on"},
		SYNStored: {"syn_stored", Passed, none, none, "RFC 6146 §3.5.2.2", "a TCP SYN from IPv4, kept for a while in case the IPv6 host opens the same connection"},

		Malformed:              {"malformed", Dropped, none, none, "RFC 1812 §5.2.2, RFC 8200 §3", "a header contradicts itself or the length of the packet"},
		HeaderChecksum:         {"header_checksum", Dropped, none, none, "RFC 1812 §5.2.2", "the IPv4 header checksum is wrong"},
		TinyFragment:           {"tiny_fragment", Dropped, none, none, "RFC 1858 §3, RFC 3128, RFC 7112 §5", "the first fragment, or the whole packet, ends within the transport header"},
		OwnProtocol:            {"own_protocol", Self, icmpMessage{3, 2}, icmpMessage{4, 1}, "RFC 1122 §3.2.2.1, RFC 4443 §3.4", "addressed to the translator itself, in a protocol it does not speak"},
		OwnDropped:             {"own_dropped", Self, none, none, "RFC 1122 §3.2.2", "an ICMP message to the translator itself that asks for no answer"},
		IllegalSource:          {"illegal_source", Dropped, none, none, "RFC 7915 §4.1, §5.1", "no host may send from the source address"},
		IllegalDestination:     {"illegal_destination", Dropped, none, none, "RFC 1812 §5.3.7, RFC 7915 §5.1, RFC 6052 §5", "no router may forward to the destination address"},
		HopLimit:               {"hop_limit", ICMP, icmpMessage{11, 0}, icmpMessage{3, 0}, "RFC 7915 §4.1, §5.1", "the TTL or hop limit is spent"},
		SourceRoute:            {"source_route", Rejected, icmpMessage{3, 5}, icmpMessage{4, 0}, "RFC 7915 §4.1, §5.1", "a source route is not at its end"},
		ProtocolUntranslatable: {"protocol", Dropped, none, none, "RFC 7915 §4.2, §5.2", "a protocol number that means something else in the other family"},
		FragmentedICMP:         {"fragmented_icmp", Dropped, none, none, "RFC 7915 §1.2", "a fragment of an ICMP message, whose checksum cannot be computed"},
		ExtensionAfterFragment: {"extension_after_fragment", Dropped, none, none, "RFC 7915 §5.1.1", "an extension header that IPv4 lacks stands behind the Fragment Header"},
		ZeroUDPChecksum:        {"zero_udp_checksum", Dropped, none, none, "RFC 7915 §4.5", "a UDP datagram without a checksum"},
		SourceUnmapped:         {"source_unmapped", Rejected, prohibited4, prohibited6, "RFC 7915 §4.4, §5.4", "the source address has no counterpart on the other side"},
		DestinationUnmapped:    {"destination_unmapped", Rejected, prohibited4, prohibited6, "RFC 7915 §4.4, §5.4", "the destination address has no counterpart on the other side"},
		SourceNotGlobal:        {"source_not_global", Dropped, none, none, "RFC 6052 §3.1", "the Well-Known Prefix may not carry the source address"},
		DestinationNotGlobal:   {"destination_not_global", Dropped, none, none, "RFC 6052 §3.1", "the Well-Known Prefix may not carry the destination address"},
		SourceDenied:           {"source_denied", Rejected, prohibited4, prohibited6, "RFC 6052 §5", "the directive deny-ipv4 excludes the source address"},
		DestinationDenied:      {"destination_denied", Rejected, prohibited4, prohibited6, "RFC 6052 §5", "the directive deny-ipv4 excludes the destination address"},
		PoolFull:               {"pool_full", Rejected, prohibited4, prohibited6, "RFC 7915 §5.4", "the dynamic pool has no address left for the source, and no lease in it is dormant"},
		SourceInPrefix:         {"source_in_prefix", Dropped, none, none, "RFC 6146 §3.5", "an IPv6 source inside prefix, which could loop"},
		StatelessOnly:          {"stateless_only", Rejected, icmpMessage{3, 2}, icmpMessage{1, 4}, "RFC 6146 §3.4", "a protocol that has no ports, so that stateful translation cannot tell hosts apart"},
		NoBinding:              {"no_binding", Dropped, none, none, "RFC 6146 §3.5.1.2, §3.5.3", "to an IPv4 transport address that no IPv6 host is using"},
		NoSession:              {"no_session", Dropped, none, none, "RFC 6146 §3.5.2.2", "a TCP segment, not a SYN, of no connection that is known"},
		Filtered:               {"filtered", Rejected, prohibited4, prohibited6, "RFC 6146 §3.5.1.2, RFC 4787 §5", "from an IPv4 host to which the IPv6 host has sent nothing, with nat64-filtering address-dependent"},
		TCPIncoming:            {"tcp_incoming", Dropped, none, none, "RFC 6146 §3.5.2.2", "a connection opened from IPv4, which nat64-incoming-tcp refuses"},
		ICMPInformational:      {"icmp_informational", Dropped, none, none, "RFC 6146 §3.5.3", "an ICMPv6 echo message, which nat64-icmp-informational refuses"},
		SourceLimit:            {"source_limit", Rejected, icmpMessage{3, 1}, icmpMessage{1, 3}, "RFC 6888 REQ-4, REQ-11", "the source prefix has as many bindings, sessions or ports as it may have"},
		SourceRate:             {"source_rate", Rejected, icmpMessage{3, 1}, icmpMessage{1, 3}, "RFC 6888 REQ-4", "the source prefix opens sessions faster than it may"},
		PortsExhausted:         {"ports_exhausted", Rejected, icmpMessage{3, 1}, icmpMessage{1, 3}, "RFC 6146 §3.5.1.1, RFC 6888 REQ-11", "the pool has no port left for the source"},
		SessionsFull:           {"sessions_full", Rejected, icmpMessage{3, 1}, icmpMessage{1, 3}, "RFC 6146 §5.3", "there are as many sessions as there may be, or as memory holds"},
		SYNStoreFull:           {"syn_store_full", Dropped, none, none, "RFC 6146 §5.3", "a TCP SYN from IPv4 that would have been kept, but there are too many"},
		SYNUnanswered:          {"syn_unanswered", Rejected, icmpMessage{3, 3}, icmpMessage{1, 4}, "RFC 6146 §3.5.2.2, RFC 5382 REQ-4", "a kept TCP SYN from IPv4 that no IPv6 host answered in time; counted when its sender is told"},
		FragmentOverlap:        {"fragment_overlap", Dropped, none, none, "RFC 6146 §3.4, RFC 5722 §4", "a fragment that overlaps another of its datagram"},
		FragmentsFull:          {"fragments_full", Dropped, none, none, "RFC 6146 §3.4, §5.3", "a fragment that would have been kept, but there are too many"},
		ICMPType:               {"icmp_type", Dropped, none, none, "RFC 7915 §4.2, §5.2", "an ICMP type or code without counterpart"},
		ICMPPointer:            {"icmp_pointer", Dropped, none, none, "RFC 7915 §4.2, §5.2", "a Parameter Problem that points at a field without counterpart"},
		ICMPChecksum:           {"icmp_checksum", Dropped, none, none, "RFC 5508 §4.1", "the checksum of an ICMP error is wrong"},
		ICMPNested:             {"icmp_nested", Dropped, none, none, "RFC 7915 §4.3, §5.3", "an ICMP error that quotes another ICMP error"},
		QuoteMalformed:         {"quote_malformed", Dropped, none, none, "RFC 7915 §4.3, §5.3", "the packet quoted in an ICMP error cannot be read"},
		QuoteUnmapped:          {"quote_unmapped", Dropped, none, none, "RFC 7915 §4.3, §5.3", "an address of the packet quoted in an ICMP error has no counterpart"},
		TooBig:                 {"too_big", ICMP, icmpMessage{3, 4}, icmpMessage{2, 0}, "RFC 7915 §4, §5", "longer than the next link takes, and may not be fragmented"},
		NoRoom:                 {"no_room", Dropped, none, none, "", "the batch has no memory left for the packets it would become"},
	}
)

// String returns the name under which v is counted and logged.
func (v Verdict) String() string { return verdictsTable[v].name }

// Class returns the class under which v is logged.
func (v Verdict) Class() Class { return verdictsTable[v].class }

// RFC returns the clauses that demand the verdict.
func (v Verdict) RFC() string { return verdictsTable[v].rfc }

// What returns the meaning of the verdict as a phrase about the packet.
func (v Verdict) What() string { return verdictsTable[v].what }

// Sent reports whether a packet with this verdict was sent on.
func (v Verdict) Sent() bool { return v <= Answered }

// Reply names the ICMP error that the sender of a packet with this verdict is
// owed, as type/code, and whether there is one.
func (v Verdict) Reply(v6 bool) (kind, code uint8, ok bool) {
	m := verdictsTable[v].v4
	if v6 {
		m = verdictsTable[v].v6
	}
	return m.kind, m.code, m != none
}
