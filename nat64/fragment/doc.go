// Package fragment finds out the ports of fragments (RFC 6146 §3.4). Only the
// first fragment of a datagram carries them, so the ports are remembered for
// those that follow, and fragments that come before the first are kept. What can
// be translated as a whole only is reassembled: ICMP messages, whose checksum
// covers more in ICMPv6 than in ICMPv4, and UDP over IPv4 without a checksum,
// which is to get one.
//
// A Store is shared; each worker has a Keeper, which is the translate.Fragments of
// its Translator. What has become ready comes from Keeper.Next, and is translated
// as if it had just arrived.
//
// Memory is bounded, by fragments, octets and source; when it runs short, the
// oldest fragments go, those of the same source first, and without an answer. That
// a first fragment, or one that follows it, passes takes no memory that a flood of
// others could use up.
package fragment
