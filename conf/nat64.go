package conf

import (
	"net/netip"
	"time"
)

// A NAT64 is stateful translation (RFC 6146): IPv6 hosts without a map share the
// IPv4 addresses of Pools. It is off, and nothing else of it counts, if there is
// no pool. All times are whole seconds.
type NAT64 struct {
	// Pools are the IPv4 transport addresses to share, in the order of the file.
	// No address and port occurs twice for one protocol, and none of the addresses
	// is in a Map or a DynamicPool. Together they have at most MaxNAT64Addresses
	// addresses. Default none.
	Pools []NAT64Pool
	// Static are the bindings that are always there (RFC 6146 §3.1). No IPv4 and no
	// IPv6 transport address occurs twice for one protocol. Default none.
	Static []NAT64Static
	// Dedicated are the pool addresses that one host has alone. No address occurs
	// twice. Default none.
	Dedicated []NAT64Dedicated

	// AddressDependent lets packets from IPv4 in only from addresses that the
	// binding has sent to (RFC 6146 §3.5). Default false: endpoint-independent.
	AddressDependent bool
	// IncomingTCP lets connections from IPv4 in (RFC 6146 §3.5.2). Default true.
	IncomingTCP bool
	// Informational translates ICMPv6 queries (RFC 6146 §3.5.3). Default true.
	Informational bool
	// RefreshInbound lets packets from IPv4 prolong a session (RFC 6146 §5.3).
	// Default true.
	RefreshInbound bool
	// RSTCloses ends a half-closed connection after Timeouts.Closing if an RST
	// comes, not after Timeouts.Established. Default false.
	RSTCloses bool
	// Parity keeps UDP ports odd or even (RFC 4787 §4.2.2). Default true.
	Parity bool
	// SoftPairing takes another IPv4 address for a host when the one it has is out
	// of ports (RFC 7857 §4). Default false: the host gets no port then.
	SoftPairing bool
	// PortHold is how long a released port of UDP or an identifier of ICMP waits
	// for another host (RFC 6888 §3 REQ-8), 0 to an hour. Default 120 seconds.
	PortHold time.Duration

	Timeouts NAT64Timeouts
	Limits   NAT64Limits
	// SourceBits is the length of the IPv6 prefixes that are one source for Limits
	// and BlockSize, 1 to 128. Default 64.
	SourceBits int

	// BlockSize is the number of ports in the blocks that sources get, each for all
	// protocols, a power of two from 32 to 8192. Zero, the default: ports are given
	// out one by one.
	BlockSize int
	// BlocksPerSource is how many blocks a source may have, at least 1 if BlockSize
	// is not zero, and zero otherwise.
	BlocksPerSource int
	// Deterministic gives sources ports that follow from their address (RFC 7422).
	// The zero value, the default: it does not. BlockSize is zero if it does.
	Deterministic NAT64Deterministic

	// Log chooses the events to log. Default none.
	Log NAT64Log
	// LogTo is where they go to.
	LogTo NAT64LogTo

	// StateFile names the file that keeps bindings and sessions over a restart: as
	// it is written, and a relative path starts at DataDir. It may be
	// NAT64StateOff. Default "nat64.state".
	StateFile string
	// StateInterval is how often it is written, up to a day. Zero: only at exit.
	// Default ten seconds.
	StateInterval time.Duration
}

// MaxNAT64Addresses is the number of IPv4 addresses that all pools may have.
const MaxNAT64Addresses = 65536

// NAT64StateOff as NAT64.StateFile means that a restart forgets all sessions.
const NAT64StateOff = "off"

// A NAT64Pool is a set of IPv4 transport addresses.
type NAT64Pool struct {
	V4             netip.Prefix // without host bits; it may hold Config.IPv4Addr
	First, Last    uint16       // ports of TCP and UDP, identifiers of ICMP; 1 ≤ First ≤ Last
	TCP, UDP, ICMP bool         // one of them at least
	At             Place
}

// A NAT64Protocol is a protocol that has bindings. The zero value is NAT64TCP.
type NAT64Protocol uint8

// The protocols that have bindings.
const (
	NAT64TCP  NAT64Protocol = iota
	NAT64UDP                // UDP
	NAT64ICMP               // ICMP queries, whose identifiers stand for ports
)

var nat64ProtocolWords = []string{"tcp", "udp", "icmp"}

// String returns the word used in tayga.conf.
func (p NAT64Protocol) String() string { return wordOf(nat64ProtocolWords, p) }

// A NAT64Static is a run of bindings that are always there: the i-th port of V6
// belongs to the i-th port of V4.
type NAT64Static struct {
	Protocol NAT64Protocol
	V6, V4   netip.AddrPort // with the first port of the run; V4 is an address of a pool
	Ports    int            // how many, at least 1
	At       Place
}

// A NAT64Dedicated gives a host a pool address of its own: what no static binding
// says about a port of either is translated one to one, and so are protocols
// without ports.
type NAT64Dedicated struct {
	V4 netip.Addr // of a pool, and not Config.IPv4Addr
	V6 netip.Addr
	At Place
}

// NAT64Timeouts are the times after its last packet at which a session ends
// (RFC 6146 §4).
type NAT64Timeouts struct {
	UDP         time.Duration // default 300 s, RFC's least 120 s
	Established time.Duration // TCP_EST; default 7200 s, which is the least
	Opening     time.Duration // TCP_TRANS of a handshake; default 240 s, which is the least
	Closing     time.Duration // TCP_TRANS at the end; default 240 s, which is the least
	IncomingSYN time.Duration // of a SYN that is kept; default 6 s, which is the least
	ICMP        time.Duration // default 60 s, which is the least
	Fragment    time.Duration // FRAGMENT_MIN; default 2 s, which is the least
}

// NAT64Limits keep one source, or all of them, from taking all (RFC 6146 §5.3,
// RFC 6888 §3 REQ-4). A source is an IPv6 prefix of NAT64.SourceBits bits.
type NAT64Limits struct {
	Sessions       int // in all, at least 1; default 10 million
	SourceBindings int // of a source; zero, the default: no limit
	SourceSessions int // of a source; zero: no limit; default 1 million
	SourceRate     int // new sessions of a source in a second; zero, the default: no limit
	SourceBurst    int // and at once, at least 1; zero if SourceRate is
	SourcePorts    int // ports of a source in each protocol; zero: no limit; default 65535
	Fragments      int // fragments held; zero: none; default 4096
	FragmentOctets int // their octets in all; default 8 MiB
	SYNs           int // SYNs kept; zero: none; default 4096
	SYNOctets      int // their octets in all; default 512 KiB
}

// A NAT64Deterministic gives each source in an IPv6 prefix a block of ports, the
// same for all protocols, by computation alone (RFC 7422): source i has block i of
// the pools, by address and then by port, none of which has a port below 1024.
type NAT64Deterministic struct {
	V6         netip.Prefix // of all sources; the zero Prefix: none
	SourceBits int          // the length of the prefix of one, at least that of V6
	// BlockSize is the number of ports in a block, a power of two from 32 to 8192:
	// the greatest for which there is room if the file does not say.
	BlockSize int
	// Overflow gives a source whose block is used up blocks that no source has.
	Overflow bool
}

// A NAT64Log tells which events to log. The zero value logs none.
type NAT64Log struct {
	Bindings     bool // made and gone
	Sessions     bool // made and gone
	Blocks       bool // port blocks taken and freed
	Limits       bool // a source at its limit, a pool without ports
	Destinations bool // the IPv4 side of a session as well (RFC 6888 §4 REQ-12)
}

// A NAT64LogKind is a kind of place to log to. The zero value is NAT64LogNone.
type NAT64LogKind uint8

// The kinds of places to log to.
const (
	NAT64LogNone  NAT64LogKind = iota // nowhere
	NAT64LogFile                      // JSON lines in a file
	NAT64LogUnix                      // JSON lines to a unix socket
	NAT64LogIPFIX                     // IPFIX over UDP (RFC 8158)
)

// A NAT64LogTo is a place to log to.
type NAT64LogTo struct {
	Kind      NAT64LogKind
	Path      string         // absolute; empty unless Kind is NAT64LogFile or NAT64LogUnix
	Collector netip.AddrPort // zero unless Kind is NAT64LogIPFIX
}

// nat64Defaults returns stateful translation as a file without a word of it has
// it.
func nat64Defaults() NAT64 {
	return NAT64{
		IncomingTCP: true, Informational: true, RefreshInbound: true, Parity: true,
		PortHold: 120 * time.Second,
		Timeouts: NAT64Timeouts{
			UDP: 300 * time.Second, Established: 7200 * time.Second, Opening: 240 * time.Second, Closing: 240 * time.Second,
			IncomingSYN: 6 * time.Second, ICMP: 60 * time.Second, Fragment: 2 * time.Second,
		},
		Limits: NAT64Limits{
			Sessions: 10000000, SourceSessions: 1000000, SourcePorts: 65535,
			Fragments: 4096, FragmentOctets: 8 << 20, SYNs: 4096, SYNOctets: 512 << 10,
		},
		SourceBits:    64,
		StateFile:     "nat64.state",
		StateInterval: 10 * time.Second,
	}
}
