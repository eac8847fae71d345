package pkttest

import "errors"

// What a Checker finds wrong. Each error of Check wraps one of them.
var (
	ErrVersion   = errors.New("no IPv4 or IPv6 header")
	ErrLength    = errors.New("length field does not agree with the packet")
	ErrMTU       = errors.New("longer than the MTU")
	ErrHeader    = errors.New("header field no translator sets so")
	ErrHeaderSum = errors.New("IPv4 header checksum is wrong")
	ErrHopLimit  = errors.New("TTL or hop limit is 0")
	ErrAddress   = errors.New("address that may not be used")
	ErrProtocol  = errors.New("header that may not follow")
	ErrFragment  = errors.New("impossible fragment")
	ErrTransport = errors.New("transport header is cut or lies about its length")
	ErrSum       = errors.New("transport checksum is wrong")
	ErrZeroSum   = errors.New("UDP checksum is 0")
	ErrICMPType  = errors.New("ICMP type or code that RFC 7915 does not make")
	ErrICMPWord  = errors.New("second word of the ICMP message is wrong")
	ErrErrorSize = errors.New("ICMP error is too long")
	ErrQuote     = errors.New("quoted packet is wrong")
	ErrExtension = errors.New("RFC 4884 length or extension structure is wrong")
)
