// Package pkttest is what tests of a translator need and what no translator may
// contain: builders that lay out a packet field by field, a Checker that judges
// a packet without knowing how it came about, the conformance vectors, and a
// generator of random packets.
//
// Everything here works on raw IP packets as a TUN device carries them, IPv4 and
// IPv6 told apart by their first nibble. Nothing here is taken from, or shared
// with, the translator, so that one mistake cannot hide in both.
//
// A packet of three layers:
//
//	pkt := pkttest.IPv4{Src: "192.0.2.1", Dst: "198.51.100.10", DF: true}.Packet(
//		pkttest.UDP{Sport: 53, Dport: 40000, Data: pkttest.Pattern(1, 20)})
package pkttest
