// Package control lets an operator look into a running taygo and steer it, over
// a unix socket that speaks HTTP:
//
//	GET    /status                             a Status
//	GET    /metrics                            all numbers as Prometheus reads them
//	GET    /explain?proto=&src=&dst=           a FlowExplanation
//	POST   /reload                             reads the configuration again
//	GET    /sessions?client=&proto=&limit=     a Session a line
//	GET    /sessions/follow?client=&proto=     a Change a line, until the client goes
//	GET    /bib?client=&proto=&limit=          a Binding a line
//	POST   /bib, DELETE /bib                   make and remove a static Binding
//	GET    /routes/summary                     a routemap.Summary
//	GET    /routes/show?prefix=&limit=         a routemap.RouteInfo a line
//	GET    /routes/lookup?ipv4=                a Lookup
//	GET    /routes/nexthops                    a routemap.NextHopInfo a line
//	GET    /routes/rejected                    Rejections
//	POST   /routes/verify?full=                a VerifyLine a line
//	POST   /routes/resync                      a routemap.Summary, when it is done
//	POST   /routes/flush                       a Flushed
//
// Nothing here can hold up a packet, and who reads slowly holds up nobody: the
// answer is cut off.
package control

import (
	"time"

	"taygo/internal/routemap"
)

// A Status is what a running taygo says of itself.
type Status struct {
	Version string        `json:"version"`
	PID     int           `json:"pid"`
	Uptime  time.Duration `json:"uptime_ns"`
	Config  string        `json:"config"`   // path of the configuration file
	Reloads int           `json:"reloads"`  // how often it was replaced
	Device  Device        `json:"device"`   // the TUN
	IPv4    string        `json:"ipv4"`     // own address
	IPv6    string        `json:"ipv6"`     // own address
	Prefix  string        `json:"prefix"`   // empty if there is none
	Maps    int           `json:"maps"`     // explicit mappings
	MTU4    int           `json:"ipv4_mtu"` // octets
	MTU6    int           `json:"ipv6_mtu"` // octets
	FromIP4 Direction     `json:"from_ipv4"`
	FromIP6 Direction     `json:"from_ipv6"`
	NAT64   *NAT64        `json:"nat64,omitempty"` // nil: no sessions are kept
	// Routes is how route mapping stands; nil: there is none. The Server fills it in.
	Routes *routemap.Summary `json:"routes,omitempty"`
}

// A Device is the state of the TUN.
type Device struct {
	Name    string `json:"name"`
	State   string `json:"state"` // up, down or lost
	MTU     int    `json:"mtu"`   // octets
	Mode    string `json:"mode"`  // queues and offloads in use
	Workers int    `json:"workers"`
	Queues  Queues `json:"queues"`
}

// Queues counts the packets at the device since it was opened, super-packets as
// one.
type Queues struct {
	Read      uint64 `json:"read"`
	Missed    uint64 `json:"missed"` // not read: the kernel dropped it because a queue was full
	Written   uint64 `json:"written"`
	Merged    uint64 `json:"merged"`     // of those written, along with another of their flow
	BadHeader uint64 `json:"bad_header"` // not read: the kernel's header contradicts the packet
	Refused   uint64 `json:"refused"`    // not written: the kernel finds the packet wrong
	Down      uint64 `json:"down"`       // not written: the device was down
	Full      uint64 `json:"full"`       // not written: the kernel had no room
}

// A Direction counts what arrived in one family since the start.
type Direction struct {
	Packets       map[string]uint64 `json:"packets"` // by verdict
	Octets        uint64            `json:"octets"`
	ErrorsSent    uint64            `json:"icmp_errors_sent"`    // to senders of this family
	ErrorsLimited uint64            `json:"icmp_errors_limited"` // kept back by a rate limit
	ErrorsOff     uint64            `json:"icmp_errors_off"`     // kept back by icmp-errors never
}
