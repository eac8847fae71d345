package control

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A NAT64 is the state of stateful translation (RFC 6146). Keys of Pool, Bindings
// and Held are protocols.
type NAT64 struct {
	Pool      map[string]Fill   `json:"pool"`     // ports of the pool's addresses; identifiers of icmp
	Bindings  map[string]int    `json:"bindings"` // that are not held
	Held      map[string]int    `json:"held"`     // released, while their ports are given to no other host
	Sessions  Fill              `json:"sessions"`
	States    map[string]int    `json:"states"`    // sessions by state
	SYNs      Fill              `json:"syns"`      // kept (RFC 6146 §3.5.2.2)
	Fragments Fill              `json:"fragments"` // kept (RFC 6146 §3.4)
	Blocks    int               `json:"blocks"`    // of ports, that subscribers have
	Octets    uint64            `json:"octets"`    // memory of bindings and sessions
	Evicted   uint64            `json:"evicted"`
	Probes    uint64            `json:"probes"`             // segments sent to hosts of idle connections
	Sources   int               `json:"sources"`            // prefixes of hosts that have bindings
	Top       []Source          `json:"top"`                // those with the most sessions, most first
	FeedLost  uint64            `json:"feed_lost"`          // changes that those who follow did not get
	LogLost   map[string]uint64 `json:"log_lost,omitempty"` // changes that a log did not write, by log
	LogErrors map[string]string `json:"log_errors,omitempty"`
	Snapshot  Snapshot          `json:"snapshot"`
}

// A Fill says how full something is. Of is 0 if it has no limit.
type Fill struct {
	Used int `json:"used"`
	Of   int `json:"of"`
}

// A Source is a prefix of IPv6 hosts that limits count as one.
type Source struct {
	Prefix   netip.Prefix `json:"prefix"`
	Bindings int          `json:"bindings"`
	Sessions int          `json:"sessions"`
}

// A Snapshot is the state of the file that sessions outlive a restart in.
type Snapshot struct {
	File     string    `json:"file,omitempty"`  // empty: there is none
	Time     time.Time `json:"time,omitzero"`   // when it was taken
	Bindings int       `json:"bindings"`        // in it
	Sessions int       `json:"sessions"`        // in it
	Error    string    `json:"error,omitempty"` // why there is no newer one
}

// A Session is one line of GET /sessions. Ports are identifiers for icmp.
type Session struct {
	Protocol string         `json:"protocol"`         // tcp, udp or icmp
	IPv6     netip.AddrPort `json:"ipv6,omitzero"`    // of the host
	IPv4     netip.AddrPort `json:"ipv4"`             // of the pool
	Peer     netip.AddrPort `json:"peer"`             // whom the host talks to, in IPv4
	State    string         `json:"state"`            // as in RFC 6146 §3.5.2; FROM_V6, FROM_V4 or BOTH_WAYS of udp and icmp
	Stored   bool           `json:"stored,omitempty"` // only a SYN from Peer that is kept (RFC 6146 §3.5.2.2); IPv6 may be missing
	Left     time.Duration  `json:"left_ns"`          // until it ends, if no packet comes
}

// A Binding is one line of GET /bib, and what POST and DELETE /bib take.
type Binding struct {
	Protocol string         `json:"protocol"`        // tcp, udp or icmp
	IPv6     netip.AddrPort `json:"ipv6"`            // of the host
	IPv4     netip.AddrPort `json:"ipv4"`            // of the pool
	Ports    int            `json:"ports,omitempty"` // how many, from those of IPv6 and IPv4 on; 0 is one
	Kind     string         `json:"kind,omitempty"`  // dynamic, static, or held: released, and given to no other host yet
	Sessions int            `json:"sessions"`
	Left     time.Duration  `json:"left_ns,omitempty"` // of one that is held
}

// A Change is one line of GET /sessions/follow.
type Change struct {
	Time     time.Time      `json:"time"`
	Event    string         `json:"event"` // named as in RFC 8158; EventLost says that Lost events are missing here
	Protocol string         `json:"protocol,omitempty"`
	IPv6     netip.AddrPort `json:"ipv6,omitzero"`
	IPv4     netip.AddrPort `json:"ipv4,omitzero"`
	Peer     netip.AddrPort `json:"peer,omitzero"`
	Last     uint16         `json:"last,omitempty"` // port of a block that begins with that of IPv4
	Lost     uint64         `json:"lost,omitempty"`
}

// EventLost is the Event of a Change that stands for those that are missing.
const EventLost = "Events Lost"

// Protocols are the words for the protocols that have sessions.
var Protocols = []string{"tcp", "udp", "icmp"}

// ParseProtocol returns the word that a word in any case stands for.
func ParseProtocol(s string) (string, error) {
	for _, p := range Protocols {
		if strings.EqualFold(s, p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("control: protocol: %q has no sessions: write tcp, udp or icmp", s)
}
