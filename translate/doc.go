// Package translate turns IPv4 packets into IPv6 packets and back, as RFC 7915
// lays down: headers, fragments, ICMP, the packets that ICMP errors quote, and
// the errors that the translator itself owes. It decides nothing about
// addresses: a Mapper does. It knows no device, no configuration and no kernel,
// and takes the time as a parameter.
//
// A packet's way is Translator.Translate: parse, judge, map, rewrite, and for
// some verdicts the ICMP error. Every path ends in a Verdict.
package translate
