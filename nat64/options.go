package nat64

import (
	"net/netip"
	"time"

	"taygo/nat64/fragment"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// Options are what an operator chooses about stateful translation. Defaults has
// those of the RFCs. A Table keeps the slices; they are not to be changed.
type Options struct {
	Prefix    pref64.Prefix  // in which IPv6 hosts see IPv4 hosts
	Own6      wire.Addr      // source of ICMP errors from IPv4 routers that Source refuses
	Pools     []ports.Range  // the transport addresses that IPv6 hosts share
	Static    []Static       // bindings that are always there (RFC 6146 §3.1)
	Dedicated []Dedicated    // addresses that one host has alone
	Source    AddressVerdict // of an IPv4 host that sends; nil: all may
	// Destination judges IPv4 hosts that are sent to; nil: all may be.
	Destination AddressVerdict
	// Hairpins reports whether an IPv4 address belongs to an IPv6 host in another
	// way than through this Table: packets to it turn back as those to the pool do
	// (RFC 6146 §3.8). nil: none does.
	Hairpins func(v4 uint32) bool
	// Mapped reports whether an IPv6 host has an explicit mapping, so that none of its
	// packets come here any more. nil: none has.
	Mapped func(v6 wire.Addr) bool

	// Fragments knows the ports of later fragments (RFC 6146 §3.4), which its
	// Keepers have let pass; nil: later fragments are not translated.
	Fragments *fragment.Store

	AddressDependent bool // filtering (RFC 6146 §3.5.1.2); otherwise endpoint-independent
	IncomingTCP      bool // connections may be opened from IPv4 (RFC 6146 §3.5.2.2)
	Informational    bool // ICMPv6 echo messages are translated (RFC 6146 §3.5.3)
	RefreshInbound   bool // packets from IPv4 prolong sessions too (RFC 6146 §5.3)
	RSTCloses        bool // an RST behind a FIN starts Timeouts.Closing; otherwise it prolongs, as the RFC has it
	Parity           bool // UDP ports stay odd or even (RFC 4787 REQ-4)
	SoftPairing      bool // a host whose address has no port left gets one of another (RFC 7857 §4)

	// Key decides which address and which shard a host belongs to. Restored with
	// the Key that it was exported under (Table.Key), a table has its hosts where
	// they were; zero: a new one.
	Key [32]byte

	PortHold time.Duration // for which a released UDP port or ICMP identifier is given to no other host (RFC 6888 REQ-8)
	Timeouts Timeouts
	Limits   Limits

	Block           int                 // ports of the blocks that sources get; 0: ports one by one
	BlocksPerSource int                 // 0: no limit
	Deterministic   ports.Deterministic // blocks that follow from addresses (RFC 7422); zero: none
}

// An AddressVerdict returns translate.Translated, or why packets from or to an
// IPv4 address are not translated. It is called for each packet, by any goroutine.
type AddressVerdict func(v4 uint32) translate.Verdict

// Timeouts are how long sessions live without packets (RFC 6146 §4). All of them
// are at least a second.
type Timeouts struct {
	UDP         time.Duration // UDP_DEFAULT
	Established time.Duration // TCP_EST
	Opening     time.Duration // TCP_TRANS, of a handshake (RFC 7857 §2.1)
	Closing     time.Duration // TCP_TRANS, behind the last FIN, an RST or a probe
	IncomingSYN time.Duration // TCP_INCOMING_SYN: how long a SYN is kept
	ICMP        time.Duration // ICMP_DEFAULT
}

// Limits bound memory, and what one source may have of it (RFC 6146 §5.3, RFC 6888
// REQ-4). Zero is no limit, except for SYNs.
type Limits struct {
	Sessions       int // in all
	SourceBits     int // length of the IPv6 prefixes that are one source, 1 to 128
	SourceBindings int // of a source, of all protocols together
	SourceSessions int // of a source; strangers can open half of them
	SourcePorts    int // of a source, of each protocol
	SourceRate     int // new sessions of a source in a second
	SourceBurst    int // and at once
	SYNs           int // kept SYNs (RFC 6146 §3.5.2.2)
	SYNOctets      int // of their packets
}

// A Static is one binding, or a run of them, that is always there: port i of V6
// belongs to port i of V4.
type Static struct {
	Proto  uint8          // wire.ProtoTCP, ProtoUDP or ProtoICMP
	V6, V4 netip.AddrPort // with the first port
	Ports  int            // how many; 0 is 1
}

// A Dedicated gives a host an IPv4 address of its own: what no other binding says
// about a port of either is translated one to one, and so are protocols that have
// no ports. The address is taken out of Options.Pools.
type Dedicated struct {
	V6, V4 netip.Addr
}

// Defaults returns Options with the values of the RFCs, and no prefix and no pool.
func Defaults() Options {
	return Options{
		IncomingTCP: true, Informational: true, RefreshInbound: true, Parity: true,
		PortHold: 120 * time.Second,
		Timeouts: Timeouts{
			UDP: 300 * time.Second, Established: 7200 * time.Second, Opening: 240 * time.Second,
			Closing: 240 * time.Second, IncomingSYN: 6 * time.Second, ICMP: 60 * time.Second,
		},
		Limits: Limits{SourceBits: 64, SYNs: 4096, SYNOctets: 512 << 10},
	}
}

// Pool returns the transport addresses that a Table of o gives out, or the error
// with which New would refuse o.
func (o Options) Pool() (*ports.Pool, error) {
	r, err := newRules(o)
	if err != nil {
		return nil, err
	}
	return r.pool, nil
}

// Check returns the error with which New would refuse o.
func (o Options) Check() error {
	_, err := newRules(o)
	return err
}
