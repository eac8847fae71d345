// Package ports hands out the transport addresses of stateful NAT64: pools of
// IPv4 prefixes with ranges of ports, or of ICMP identifiers, for each protocol
// (RFC 6146 §3.1), the choice among those that are free, blocks of ports for one
// subscriber (RFC 6888 REQ-14, RFC 7768), and deterministic assignment (RFC 7422).
//
// A Pool says what there is and never changes; a Ledger records what of it is
// taken. The ports of an address are divided among shards, so that each shard's
// part of the ledger can be guarded by the lock of the caller's own shard. A port
// is chosen uniformly among all that are free and suit best, by a random number
// of the caller: nobody can tell the next one (RFC 6056 §3.3.1), and the last free
// one is found as fast as the first.
//
// An IPv4 address is the integer of its four octets, most significant first; a
// port is in host byte order; wherever ports are spoken of, the identifiers of
// ICMP queries are meant as well. Protocols are those of IPv4: wire.ProtoTCP,
// wire.ProtoUDP, wire.ProtoICMP.
package ports
