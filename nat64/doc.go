// Package nat64 is the stateful Mapper: RFC 6146 with the behaviour that the
// BCPs ask of a NAT (RFC 4787, 5382, 5508, 6888, 7857).
//
// A Table holds bindings, each of which gives a transport address of an IPv6 host
// a transport address of the IPv4 pool, and the sessions of each binding, one for
// each IPv4 transport address that it talks to. Identifiers of ICMP queries stand
// for ports. The TCP machine of RFC 6146 §3.5.2 is a table, in state.go.
//
// No clock is read here: each call gets the time, as a duration since some moment
// of the caller's choice that only grows. A Table counts it in sixteenths of a
// second, and rounds deadlines up.
//
// Locks: a binding and its sessions belong to one shard of package store, whose
// lock each packet takes once. The table of source prefixes and the SYNs that are
// kept have locks of their own, taken behind that of a shard. No two shards are
// locked at once.
package nat64
