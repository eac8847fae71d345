package conf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A nat64Time is a timeout as it is written.
type nat64Time struct {
	word  string
	floor int // seconds, the least of RFC 6146 §4
	most  int // seconds
	field func(*NAT64Timeouts) *time.Duration
}

const month = 30 * 24 * 60 * 60

var nat64Times = []nat64Time{
	{"udp", 120, month, func(t *NAT64Timeouts) *time.Duration { return &t.UDP }},
	{"tcp-established", 7200, month, func(t *NAT64Timeouts) *time.Duration { return &t.Established }},
	{"tcp-opening", 240, month, func(t *NAT64Timeouts) *time.Duration { return &t.Opening }},
	{"tcp-closing", 240, month, func(t *NAT64Timeouts) *time.Duration { return &t.Closing }},
	{"tcp-incoming-syn", 6, 240, func(t *NAT64Timeouts) *time.Duration { return &t.IncomingSYN }},
	{"icmp", 60, month, func(t *NAT64Timeouts) *time.Duration { return &t.ICMP }},
	{"fragment", 2, 120, func(t *NAT64Timeouts) *time.Duration { return &t.Fragment }},
}

// setNAT64Timeout takes a timeout; one that the RFC does not allow only with the
// word force.
func setNAT64Timeout(p *parser, args []string) {
	i, ok := p.oneOf(wordsOf(nat64Times, func(t nat64Time) string { return t.word }), args[0])
	if !ok {
		return
	}
	t := nat64Times[i]
	n, ok := p.number(args[1], 1, t.most)
	forced := len(args) == 3
	switch {
	case !ok:
	case forced && lower(args[2]) != "force":
		p.fail(strconv.Quote(args[2])+" is not the word force", unlessGlued(args[2], "write force, or nothing"))
	case n < t.floor && !forced:
		p.fail(fmt.Sprintf("%s %d is less than the %d seconds that RFC 6146 §4 wants", t.word, n, t.floor),
			fmt.Sprintf("write at least %d, or %d force", t.floor, n))
	case p.notTwice(t.word):
		*t.field(&p.conf.NAT64.Timeouts) = time.Duration(n) * time.Second
	}
}

// A nat64Limit is a limit as it is written.
type nat64Limit struct {
	word      string
	low, high int
	field     func(*NAT64Limits) *int
}

var nat64Limits = []nat64Limit{
	{"sessions", 1, 1e9, func(l *NAT64Limits) *int { return &l.Sessions }},
	{"source-bindings", 0, 1e9, func(l *NAT64Limits) *int { return &l.SourceBindings }},
	{"source-sessions", 0, 1e9, func(l *NAT64Limits) *int { return &l.SourceSessions }},
	{"source-rate", 0, 1e6, func(l *NAT64Limits) *int { return &l.SourceRate }},
	{"source-ports", 0, 1e9, func(l *NAT64Limits) *int { return &l.SourcePorts }},
	{"fragments", 0, 1e6, func(l *NAT64Limits) *int { return &l.Fragments }},
	{"fragment-octets", 0, 1 << 30, func(l *NAT64Limits) *int { return &l.FragmentOctets }},
	{"syns", 0, 1e6, func(l *NAT64Limits) *int { return &l.SYNs }},
	{"syn-octets", 0, 1 << 30, func(l *NAT64Limits) *int { return &l.SYNOctets }},
}

// setNAT64Limit takes a limit; that of a rate may have a burst, which is else as
// much as comes in a second.
func setNAT64Limit(p *parser, args []string) {
	i, ok := p.oneOf(wordsOf(nat64Limits, func(l nat64Limit) string { return l.word }), args[0])
	if !ok {
		return
	}
	l := nat64Limits[i]
	n, ok := p.number(args[1], l.low, l.high)
	if !ok {
		return
	}
	burst := n
	if len(args) == 3 {
		switch {
		case l.word != "source-rate":
			p.fail(l.word+" takes one number", "remove "+strconv.Quote(args[2])+"; only source-rate has a burst")
			return
		case n == 0:
			p.fail("a rate of 0 is no limit, so there is no burst", "remove "+strconv.Quote(args[2])+", or write a rate of at least 1")
			return
		}
		if burst, ok = p.number(args[2], 1, l.high); !ok {
			return
		}
	}
	if !p.notTwice(l.word) {
		return
	}
	*l.field(&p.conf.NAT64.Limits) = n
	if l.word == "source-rate" {
		p.conf.NAT64.Limits.SourceBurst = burst
	}
}

func setNAT64Log(p *parser, args []string) {
	events := []string{"bindings", "sessions", "blocks", "limits", "destinations"}
	l := &p.conf.NAT64.Log
	fields := []*bool{&l.Bindings, &l.Sessions, &l.Blocks, &l.Limits, &l.Destinations}
	for _, arg := range args {
		if i, ok := p.oneOf(events, arg); ok {
			*fields[i] = true
		}
	}
}

// setNAT64LogTo takes a file, a socket after unix: or a collector after ipfix:.
func setNAT64LogTo(p *parser, args []string) {
	kind, rest, _ := strings.Cut(args[0], ":")
	switch lower(kind) {
	case "ipfix":
		address, port, found := cutPort(rest)
		f := familyOf(address)
		if !found || (f == ipv6) != strings.HasPrefix(rest, "[") {
			p.fail(strconv.Quote(args[0])+" names no address with a port", unlessGlued(args[0], "write ipfix:ADDR:PORT, such as ipfix:192.0.2.9:4739 or ipfix:[2001:db8::9]:4739"))
			return
		}
		a, ok := p.addr(f, address)
		if !ok {
			return
		}
		if n, ok := p.number(port, 1, 65535); ok {
			p.conf.NAT64.LogTo = NAT64LogTo{Kind: NAT64LogIPFIX, Collector: netip.AddrPortFrom(a, uint16(n))}
		}
	case "unix":
		if p.socketPath(rest, "") {
			p.conf.NAT64.LogTo = NAT64LogTo{Kind: NAT64LogUnix, Path: rest}
		}
	default:
		switch {
		case args[0][0] != '/':
			p.fail(strconv.Quote(args[0])+" is not an absolute path", unlessGlued(args[0], "write a path that starts with /, or unix:PATH or ipfix:ADDR:PORT"))
		case strings.HasSuffix(args[0], "/"):
			p.fail(strconv.Quote(args[0])+" is a directory", "add the name of the file")
		default:
			p.conf.NAT64.LogTo = NAT64LogTo{Kind: NAT64LogFile, Path: args[0]}
		}
	}
}

func setNAT64StateFile(p *parser, args []string) {
	switch {
	case lower(args[0]) == NAT64StateOff:
		p.conf.NAT64.StateFile = NAT64StateOff
	case strings.HasSuffix(args[0], "/"):
		p.fail(strconv.Quote(args[0])+" is a directory", "add the name of the file")
	default:
		p.conf.NAT64.StateFile = args[0]
	}
}

// wordsOf returns the words of the rows.
func wordsOf[T any](rows []T, word func(T) string) []string {
	words := make([]string, len(rows))
	for i, r := range rows {
		words[i] = word(r)
	}
	return words
}

// either sets a switch by two words, of which the second sets it.
func either(off, on string, field func(*Config) *bool) setter {
	words := []string{off, on}
	return func(p *parser, args []string) {
		if i, ok := p.oneOf(words, args[0]); ok {
			*field(p.conf) = i == 1
		}
	}
}
