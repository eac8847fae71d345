// Package beside holds what differs for somebody who runs taygo in place of
// Tayga: one table, from which docs/from-tayga.md is written, and which its tests
// hold to the truth. They run Tayga, as Debian has it, and taygo with the same
// configuration and give both the same packets: a difference that no row permits
// fails them, and so does a row that no packet needs.
package beside

// A Difference is one thing that taygo does otherwise than Tayga. All fields are
// text for people; numbers such as 3/4 are type and code of an ICMP message.
type Difference struct {
	Name     string // unique
	Tayga    string // what Tayga does, 0.9.2 where versions differ
	Taygo    string // what taygo does
	Why      string // the clause of an RFC, or what is wrong with what Tayga does
	Operator string // what an operator may notice, or has to do; empty: nothing
	// Unseen says that no packet of the tests shows it: it is no matter of single
	// packets, or of a directive that both do not share.
	Unseen bool
}

// Differences returns the table, in the order of the documentation. The caller
// owns it.
func Differences() []Difference {
	var all []Difference
	for _, part := range [][]Difference{addresses, headers, messages, ownErrors, operation} {
		all = append(all, part...)
	}
	return all
}

var addresses = []Difference{
	{
		Name: "reserved IPv4 addresses", Tayga: "drops 240.0.0.0/4 and translates 0.0.0.0/8", Taygo: "translates 240.0.0.0/4 and drops 0.0.0.0/8",
		Why: "RFC 1122 §3.2.1.3; RFC 7915 §4.1 leaves 240/4 open", Operator: "`class-e no` drops sources in 240.0.0.0/4.",
	},
	{
		Name: "no address on the other side", Tayga: "3/1 and 1/0 for a destination, 3/10 and 1/5 for a source; nothing for an ICMP message that is no echo request",
		Taygo: "3/13 and 1/1", Why: "RFC 7915 §4.4, §5.4", Operator: "What counts such ICMP errors counts other codes.",
	},
	{
		Name: "untranslatable addresses", Tayga: "1/0 or 1/5; sends an ICMP error from there on", Taygo: "dropped, and nobody is told",
		Why: "RFC 7915 §5.1, RFC 1812 §5.3.7, RFC 6052 §3.1, RFC 4443 §2.4 (e.5)",
	},
	{
		Name: "not global under 64:ff9b::/96", Tayga: "3/1, 3/10, 1/0 or 1/5; 100.64.0.0/10 passes", Taygo: "dropped",
		Why: "RFC 6052 §3.1", Operator: "`wkpf-strict no` lifts it.",
	},
	{
		Name: "hop limit 1 and an address in ::/8", Tayga: "drops the packet", Taygo: "3/0, whatever the destination", Why: "RFC 7915 §5.1: the hop limit comes first",
	},
	{
		Name: "stray bits", Tayga: "refuses an address whose suffix or octet of bits 64 to 71 is not zero", Taygo: "ignores them",
		Why: "RFC 6052 §2.2",
	},
	{
		Name: "hairpin", Tayga: "refuses an IPv6 packet to the prefix and the IPv4 address of an IPv6 host", Taygo: "translates it twice, to that host",
		Why: "RFC 7757 §4.2", Operator: "Hosts with a `map` reach each other by their IPv4 addresses; `hairpin off` ends it.",
	},
	{
		Name: "prefix address of a mapped host as source", Tayga: "1/5, or nothing for ICMP", Taygo: "translates it by the prefix",
		Why: "RFC 7757 §4.2.2: a destination that a map has is not for the prefix, a source may be", Operator: "`deny-ipv4` excludes addresses from the prefix.",
	},
	{
		Name: "own IPv4 address under the prefix", Tayga: "refuses it as a hairpin", Taygo: "answers for itself",
		Why: "it is an address of the translator (RFC 4443 §4.2)", Operator: "The prefix and `ipv4-addr` can be pinged.",
	},
	{
		Name: "packets from the own addresses", Tayga: "translates `ipv4-addr` and `ipv6-addr` into each other",
		Taygo:    "translates `ipv4-addr` by the prefix, and refuses `ipv6-addr` (1/1)",
		Why:      "the pair is no map (RFC 7757 §3.2); nobody but the translator may send from its addresses",
		Operator: "Do not give an interface `ipv4-addr` or `ipv6-addr`.",
	},
}

var headers = []Difference{
	{
		Name: "identification", Tayga: "DF and the number 0 in every IPv4 packet that is no fragment; no DF, and numbers from 1, to where it has seen a path MTU below 1280", Taygo: "up to 1260 octets no DF, and numbers",
		Why: "RFC 7915 §5.1, RFC 6864 §4.1", Operator: "Small packets pass IPv4 links with a small MTU.",
	},
	{
		Name: "UDP checksum ffff", Tayga: "sends a sum that comes out as 0000 so, one datagram in 65,536", Taygo: "sends ffff",
		Why: "RFC 768; RFC 7915 §4.5: 0000 means none, and an IPv6 host drops it",
	},
	{
		Name: "hop limit 0", Tayga: "drops it", Taygo: "11/0 or 3/0, as for 1", Why: "RFC 7915 §4.1, §5.1",
	},
	{
		Name: "source route", Tayga: "leaves it out and sends the packet on", Taygo: "3/5, and drops it if it is an ICMP error or a later fragment",
		Why: "RFC 7915 §4.1",
	},
	{
		Name: "Routing header", Tayga: "leaves it out, whatever segments are left", Taygo: "4/0 if segments are left, and drops it where no ICMP error may be sent",
		Why: "RFC 7915 §5.1",
	},
	{
		Name: "extension header behind a Fragment Header", Tayga: "sends it as an IPv4 protocol", Taygo: "drops the packet",
		Why: "RFC 7915 §5.1.1",
	},
	{
		Name: "protocols of one family", Tayga: "sends protocols 0, 43, 44, 58 and 60 to IPv6, and 1 to IPv4, as they are", Taygo: "drops them",
		Why: "RFC 7915 §4.1, §5.1: the numbers mean something else there",
	},
	{
		Name: "IGMP", Tayga: "sends it to IPv6, and back", Taygo: "drops it", Why: "RFC 7915 §4.2, §5.2",
	},
	{
		Name: "cut transport header", Tayga: "translates, or answers, fragments and packets that end within it", Taygo: "drops them",
		Why: "RFC 1858 §3, RFC 3128, RFC 7112 §5",
	},
	{
		Name: "empty fragment", Tayga: "drops an IPv4 fragment without data", Taygo: "translates it", Why: "RFC 791 §3.2 does not forbid it",
	},
	{
		Name: "length of IPv4 options", Tayga: "counts the IPv4 options, which it leaves out, and answers 3/4", Taygo: "sends the packet on if it fits without them",
		Why: "RFC 7915 §4.1: the options are ignored",
	},
	{
		Name: "two faults at once", Tayga: "tells the sender that an address cannot be translated, or that the packet is too big", Taygo: "looks at the packet first: one that no address could save is dropped, or refused for that",
		Why: "RFC 7915 §4, §5 leave the order open",
	},
	{
		Name: "fragment with DF", Tayga: "cuts it to 1280 octets, DF or not", Taygo: "leaves it whole, and answers 3/4 if its Fragment Header makes it too long",
		Why: "RFC 7915 §4.1, §1.4",
	},
}

var messages = []Difference{
	{
		Name: "echo code", Tayga: "copies the code of an echo request or reply", Taygo: "sends 0", Why: "RFC 792, RFC 4443 §4.1",
	},
	{
		Name: "checksum of a ping", Tayga: "drops echo requests and replies whose checksum is wrong", Taygo: "sends them on, still wrong",
		Why: "RFC 7915 §4.5: checksums are carried over; the receiver judges them",
	},
	{
		Name: "destination unreachable 1/3", Tayga: "drops it", Taygo: "translates it to 3/1", Why: "RFC 7915 §5.2",
	},
	{
		Name: "ICMP error from a router without counterpart", Tayga: "drops it unless it is 3/0, 3/1, 3/4, 1/2 or 2/0",
		Taygo: "sends it from `ipv4-addr` or `ipv6-addr`, or from the prefix", Why: "RFC 7915 §4.1, §6, RFC 6791 §3",
		Operator: "Traceroute shows such hops. `icmp-source-ipv4` and `icmp-source-ipv6` give them addresses of their own.",
	},
	{
		Name: "parameter problem", Tayga: "drops 12 and 4/0", Taygo: "translates them, with the pointer", Why: "RFC 7915 §4.2, §5.2",
	},
	{
		Name: "short quote of TCP", Tayga: "drops an ICMP error that quotes fewer than 20 octets of TCP", Taygo: "translates it",
		Why: "RFC 792: 8 octets are enough; RFC 7915 §4.3, §5.3", Operator: "Path MTU discovery and TCP traceroute work behind routers that quote little.",
	},
	{
		Name: "quoted ping", Tayga: "drops ICMP errors about an echo reply, or a ping whose checksum it cannot verify", Taygo: "translates them",
		Why: "RFC 7915 §4.3, §5.3: only quoted ICMP errors are refused",
	},
	{
		Name: "quoted packet that cannot be judged", Tayga: "drops an ICMP error whose quote is short, is cut in its header, or lies about its length", Taygo: "translates as much as there is",
		Why: "RFC 7915 §4.3, §5.3",
	},
	{
		Name: "quoted ICMP fragment", Tayga: "drops the ICMP error", Taygo: "translates it", Why: "a ping without DF is cut into such fragments (RFC 7915 §4.1)",
	},
	{
		Name: "quoted fragment", Tayga: "quotes no Fragment Header, and takes 20 from the MTU", Taygo: "quotes one, and takes 28", Why: "RFC 7915 §4.3, §5.3",
	},
	{
		Name: "quoted identification", Tayga: "writes DF and 0 into the quoted packet", Taygo: "writes what it sent", Why: "RFC 7915 §5.3",
	},
	{
		Name: "quoted prefix address of a mapped host", Tayga: "drops the ICMP error", Taygo: "translates it", Why: "RFC 7915 §5.3: such packets were sent",
	},
	{
		Name: "MTU of 1 to 67", Tayga: "takes the MTU of a 3/4 for none, and guesses one", Taygo: "translates it; the least is 1280", Why: "RFC 7915 §4.2: only 0 means none",
	},
	{
		Name: "extensions", Tayga: "loses the extensions of an ICMP error, and its length", Taygo: "carries them over", Why: "RFC 7915 §4.2, §5.2, RFC 4884 §4",
		Operator: "Traceroute through the translator shows MPLS labels.",
	},
	{
		Name: "source of an ICMP error", Tayga: "an ICMP error from the prefix address of a mapped host comes from `ipv4-addr`, or is dropped", Taygo: "it keeps its address",
		Why: "RFC 7915 §5.1: the prefix has it",
	},
}

var ownErrors = []Difference{
	{
		Name: "ICMP errors about ICMP", Tayga: "sends none but about echo requests", Taygo: "sends them about all but ICMP errors",
		Why: "RFC 1812 §4.3.2.7, RFC 4443 §2.4 (e)",
	},
	{
		Name: "ICMP errors about later fragments", Tayga: "sends them", Taygo: "sends none", Why: "RFC 1812 §4.3.2.7; RFC 7915 §4.4",
	},
	{
		Name: "rate of ICMP errors", Tayga: "has no limit", Taygo: "100 a second, and 1,000 about packets that are too big", Why: "RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f)",
		Operator: "`icmp-error-rate`, `icmp-too-big-rate`, or `icmp-errors ipv4 send` and `icmp-errors ipv6 send` for no limit.", Unseen: true,
	},
}

var operation = []Difference{
	{
		Name: "errors at start", Tayga: "tells the system log, and a TUN device that cannot be opened is exit status 0 in the background",
		Taygo: "tells standard error too, and exits with status 1", Why: "nobody sees a start that failed",
		Operator: "Init scripts see a failed start.", Unseen: true,
	},
	{
		Name: "signals", Tayga: "HUP ends 0.9.6 and older ones; USR1 and USR2 end all", Taygo: "HUP reads tayga.conf and the map-file again; USR1 and USR2 do nothing",
		Why: "a signal to reload must not end the network", Unseen: true,
	},
	{
		Name: "dynamic.map", Tayga: "writes it within 45 seconds of a new lease, and else every 84 hours", Taygo: "writes it within 5 seconds of any change",
		Why: "leases must survive kill -9", Operator: "The file can go from one to the other and back. `dynamic-pool-write` sets the time.", Unseen: true,
	},
	{
		Name: "TUN devices", Tayga: "needs a device with as many queues as it was built for", Taygo: "fits itself to the device",
		Why: "`--mktun` of one version is EINVAL in the other", Unseen: true,
	},
	{
		Name: "a second process", Tayga: "shares a device with several queues without a word", Taygo: "refuses to start", Why: "each would get half of the packets", Unseen: true,
	},
	{
		Name: "map with host bits or a bad length", Tayga: "takes `10.0.0.0/40`, `/abc` and host bits, and makes dead or one-way entries", Taygo: "refuses the file, with the line",
		Why: "the entry cannot work", Operator: "`taygo check` tells all such lines before you change.", Unseen: true,
	},
}
