package conf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A setter puts the arguments of a directive, whose number is right, into the
// Config, or records what is wrong with them.
type setter func(p *parser, args []string)

// number sets a whole number.
func number(low, high int, field func(*Config) *int) setter {
	return func(p *parser, args []string) {
		if n, ok := p.number(args[0], low, high); ok {
			*field(p.conf) = n
		}
	}
}

// mtu sets an MTU; 0 is the MTU derived from that of the TUN device.
func mtu(low int, field func(*Config) *int) setter {
	return func(p *parser, args []string) {
		if args[0] == "0" {
			*field(p.conf) = 0
			return
		}
		number(low, 65535, field)(p, args)
	}
}

// boolean sets a switch.
func boolean(field func(*Config) *bool) setter {
	return func(p *parser, args []string) {
		switch lower(args[0]) {
		case "true", "on", "yes", "1":
			*field(p.conf) = true
		case "false", "off", "no", "0":
			*field(p.conf) = false
		default:
			p.fail(strconv.Quote(args[0])+" is neither yes nor no", "write yes or no")
		}
	}
}

// choice sets one of the enumerated values that the words stand for.
func choice[T ~uint8](words []string, field func(*Config) *T) setter {
	return func(p *parser, args []string) {
		if v, ok := p.oneOf(words, args[0]); ok {
			*field(p.conf) = T(v)
		}
	}
}

// dsField sets "copy" or an octet.
func dsField(field func(*Config) *DSField) setter {
	return func(p *parser, args []string) {
		if lower(args[0]) == "copy" {
			*field(p.conf) = DSField{}
			return
		}
		if !allDigits(args[0]) {
			p.fail(strconv.Quote(args[0])+" is neither copy nor a number", "write copy or a number from 0 to 255")
			return
		}
		if n, ok := p.number(args[0], 0, 255); ok {
			*field(p.conf) = DSField{Fixed: true, Value: uint8(n)}
		}
	}
}

// rate sets the filling of a token bucket and, if given, its depth.
func rate(field func(*Config) *Rate) setter {
	return func(p *parser, args []string) {
		r := *field(p.conf)
		into := []*int{&r.PerSecond, &r.Burst}
		for i, arg := range args {
			n, ok := p.number(arg, 1, 1000000)
			if !ok {
				return
			}
			*into[i] = n
		}
		*field(p.conf) = r
	}
}

// setUDPChecksum goes by the beginning of the word, as Tayga does.
func setUDPChecksum(p *parser, args []string) {
	for _, m := range []struct {
		start string
		mode  UDPChecksumMode
	}{
		{"dr", UDPChecksumDrop},
		{"calc", UDPChecksumCalc},
		{"forw", UDPChecksumForward},
		{"fwd", UDPChecksumForward},
	} {
		if strings.HasPrefix(lower(args[0]), m.start) {
			p.conf.UDPChecksum = m.mode
			return
		}
	}
	p.oneOf(udpChecksumWords, args[0])
}

func setLog(p *parser, args []string) {
	classes := []string{"drop", "reject", "icmp", "self", "dyn"}
	l := &p.conf.Log
	fields := []*bool{&l.Drop, &l.Reject, &l.ICMP, &l.Self, &l.Dyn}
	for _, arg := range args {
		if i, ok := p.oneOf(classes, arg); ok {
			*fields[i] = true
		}
	}
}

func setICMPErrors(p *parser, args []string) {
	family, ok1 := p.oneOf([]string{"ipv4", "ipv6"}, args[0])
	policy, ok2 := p.oneOf(errorPolicyWords, args[1])
	if ok1 && ok2 && p.notTwice(lower(args[0])) {
		*[]*ErrorPolicy{&p.conf.ICMPErrorsIPv4, &p.conf.ICMPErrorsIPv6}[family] = ErrorPolicy(policy)
	}
}

func setMTUPlateau(p *parser, args []string) {
	for _, arg := range args {
		if n, ok := p.number(arg, 68, 65535); ok {
			p.conf.MTUPlateaus = append(p.conf.MTUPlateaus, n)
		}
	}
}

// setTUNDevice refuses the names that the kernel refuses.
func setTUNDevice(p *parser, args []string) {
	name := args[0]
	_, after, numbered := strings.Cut(name, "%")
	switch {
	case !p.deviceName(name):
	case numbered && (!strings.HasPrefix(after, "d") || strings.Contains(after, "%")):
		p.fail(strconv.Quote(name)+" has a % that is not a single %d", "write %d where the kernel shall put a number, and no other %")
	default:
		p.conf.TUNDevice = name
		if strings.ContainsAny(name, `"'`) {
			p.warn("the quotes are part of the name "+strconv.Quote(name), "write it without quotes")
		}
	}
}

// deviceName refuses a name that no interface may have.
func (p *parser) deviceName(name string) bool {
	switch bad := strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' || r == ':' }); {
	case len(name) > 15:
		p.fail(fmt.Sprintf("%q is %d bytes long", name, len(name)), "write a name of 1 to 15 bytes")
	case bad >= 0:
		p.fail(fmt.Sprintf("%q has a %q in it, which no interface name may have", name, name[bad]), "write a name of letters, digits and hyphens")
	case name == "." || name == "..":
		p.fail(strconv.Quote(name)+" is no name for an interface", "write a name of letters, digits and hyphens")
	default:
		return true
	}
	return false
}

// setControlSocket takes off or a path that fits into a socket address.
func setControlSocket(p *parser, args []string) {
	path := args[0]
	switch {
	case lower(path) == ControlSocketOff:
		p.conf.ControlSocket = ControlSocketOff
	case p.socketPath(path, ", or off"):
		p.conf.ControlSocket = path
	}
}

// socketPath refuses a path that is not that of a socket; or says what could be
// written in its place.
func (p *parser) socketPath(path, or string) bool {
	const most = 107 // unix(7): sun_path has 108 bytes, the last one zero
	switch {
	case !strings.HasPrefix(path, "/"):
		p.fail(strconv.Quote(path)+" is not an absolute path", "write a path that starts with /"+or)
	case path[len(path)-1] == '/':
		p.fail(strconv.Quote(path)+" is a directory", "add the name of the socket")
	case len(path) > most:
		p.fail(fmt.Sprintf("the path is %d bytes long, a socket takes %d", len(path), most), "write a shorter path")
	default:
		return true
	}
	return false
}

// number reads a whole number in a range.
func (p *parser) number(s string, low, high int) (int, bool) {
	n, err := strconv.Atoi(s)
	switch do := fmt.Sprintf("write a number from %d to %d", low, high); {
	case !allDigits(s):
		p.fail(strconv.Quote(s)+" is not a whole number", unlessGlued(s, do))
	case err != nil || n < low || n > high:
		p.fail(s+" is out of range", do)
	default:
		return n, true
	}
	return 0, false
}

// oneOf returns the index of a word among those that are possible.
func (p *parser) oneOf(words []string, s string) (int, bool) {
	i := slices.Index(words, lower(s))
	if i < 0 {
		last := len(words) - 1
		do := "write " + strings.Join(words[:last], ", ") + " or " + words[last]
		p.fail(strconv.Quote(s)+" is not possible here", unlessGlued(s, do))
	}
	return i, i >= 0
}

// unlessGlued returns do, or what to do first if the word s is two words that
// were to be apart.
func unlessGlued(s, do string) string {
	switch {
	case strings.Contains(s, "\u00a0"):
		return "put a plain space where there is a no-break space"
	case strings.Contains(s, "#"):
		return "put a space before the # of a comment"
	}
	return do
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
