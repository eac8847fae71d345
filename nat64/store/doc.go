// Package store keeps the bindings and sessions of a stateful NAT64 (RFC 6146
// §3.1): memory and indexes, and nothing of the rules. It reads no clock; times
// are ticks whose meaning is the caller's.
//
// A binding joins the IPv6 transport address of a host with an IPv4 transport
// address of the pool, for one protocol; it is found by either. A session joins a
// binding with the IPv4 transport address of a peer. The first session of a
// binding lies in the binding's own record, so that a packet of either direction
// costs two cache misses: a slot of an index, and the record.
//
// A Store is divided into shards, each with its own lock. A binding lives in the
// shard of its IPv4 port (OfPort), so that a packet from the IPv4 side finds it
// under one lock. A packet from the IPv6 side looks in its home shard (OfHash).
// The caller chooses the IPv4 port of a new binding among those of the home
// shard, and both are the same; where it had to take a port of another shard, it
// tells the home shard (Displace).
//
// Records and indexes lie outside of the Go heap, in memory that is taken from
// the system as it is needed; an unused Store has none. Where the system refuses,
// Bind and Open report it, and what is stored stays as it was. Memory that
// became free is used again, and not given back. Nothing that a packet waits for
// moves more than one table of an index, of a thousand slots, or two nodes of a
// tree, of 21 sessions, at each level; what the system is slow to give, Prepare
// asks for in advance.
//
// A caller holds one shard's lock at a time, never two.
package store
