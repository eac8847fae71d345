package conf

import (
	"slices"
	"strconv"
	"strings"
)

// Tables of the kernel (ip-route(8)).
const (
	mainTable  = 254
	localTable = 255
	mostTable  = 1<<32 - 1
	mostMetric = 1<<32 - 1
	// defaultSource is the IPv4 table that is read if the file names none.
	defaultSource = 464
)

// A routeMark is a protocol number of routes (rtnetlink(7)).
type routeMark struct {
	word   string
	number uint8
}

// routeMarks are the protocol numbers that have a meaning on every host; 46 are
// our own routes to the TUN device.
var routeMarks = []routeMark{
	{"redirect", 1},
	{"kernel", 2},
	{"boot", 3},
	{"static", 4},
	{"gated", 8},
	{"ra", 9},
	{"mrt", 10},
	{"zebra", 11},
	{"bird", 12},
	{"dnrouted", 13},
	{"xorp", 14},
	{"ntk", 15},
	{"dhcp", 16},
	{"mrouted", 17},
	{"keepalived", 18},
	{"babel", 42},
	{"taygo-tun", 46},
	{"openr", 99},
	{"bgp", 186},
	{"isis", 187},
	{"ospf", 188},
	{"rip", 189},
	{"eigrp", 192},
}

// setRouteSource takes a table of the kernel, or a file.
func setRouteSource(p *parser, args []string) {
	kind, ok := p.oneOf([]string{"kernel", "file"}, args[0])
	s := RouteSource{At: p.at}
	switch {
	case !ok:
		return
	case kind == 0:
		if s, ok = p.kernelSource(s, args[1:]); !ok || !p.notTwice("kernel table "+strconv.Itoa(int(s.Table))) {
			return
		}
	case len(args) != 2:
		p.fail("file takes 1 path, not "+strconv.Itoa(len(args)-1), "write route-source file PATH")
		return
	case strings.HasSuffix(args[1], "/"):
		p.fail(strconv.Quote(args[1])+" is a directory", "add the name of the file")
		return
	default:
		if s.File = args[1]; !p.notTwice(strconv.Quote(s.File)) {
			return
		}
	}
	p.conf.Routes.Sources = append(p.conf.Routes.Sources, s)
}

// kernelSource reads what follows kernel.
func (p *parser) kernelSource(s RouteSource, args []string) (RouteSource, bool) {
	s.Table = defaultSource
	if len(args) > 0 && lower(args[0]) == "table" {
		if len(args) == 1 {
			p.fail("no table follows the word table", "write main or a number from 1 to "+strconv.Itoa(mostTable))
			return s, false
		}
		table, ok := p.table(args[1])
		if !ok {
			return s, false
		}
		s.Table = table
		args = args[2:]
	}
	switch {
	case len(args) == 0:
		return s, true
	case lower(args[0]) != "proto":
		p.fail(strconv.Quote(args[0])+" is not possible here", unlessGlued(args[0], "write route-source kernel [table N] [proto P …]"))
		return s, false
	case len(args) == 1:
		p.fail("no protocol follows the word proto", "write one or more, such as bird or bgp")
		return s, false
	}
	for _, arg := range args[1:] {
		mark, ok := p.mark(arg)
		switch {
		case !ok:
			return s, false
		case slices.Contains(s.Protocols, mark):
			p.fail(arg+" is given twice", "remove one")
			return s, false
		}
		s.Protocols = append(s.Protocols, mark)
	}
	return s, true
}

// table reads the name or the number of a table.
func (p *parser) table(s string) (uint32, bool) {
	if lower(s) == "main" {
		return mainTable, true
	}
	if !allDigits(s) {
		p.fail(strconv.Quote(s)+" is neither main nor a number", unlessGlued(s, "write main or a number from 1 to "+strconv.Itoa(mostTable)))
		return 0, false
	}
	n, ok := p.number(s, 1, mostTable)
	if ok && n == localTable {
		p.fail("255 is the table local, which the kernel keeps for itself", "write another table")
		return 0, false
	}
	return uint32(n), ok
}

// mark reads the name or the number of a route's protocol.
func (p *parser) mark(s string) (uint8, bool) {
	if i := slices.IndexFunc(routeMarks, func(m routeMark) bool { return m.word == lower(s) }); i >= 0 {
		return routeMarks[i].number, true
	}
	if !allDigits(s) {
		p.fail(strconv.Quote(s)+" is no protocol of routes that is known by name", unlessGlued(s, "write a number from 1 to 255, or a name such as bird or bgp"))
		return 0, false
	}
	n, ok := p.number(s, 1, 255)
	return uint8(n), ok
}
