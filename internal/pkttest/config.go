package pkttest

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Config is how a translator is set up for a vector.
type Config struct {
	Name             string
	Mode             string       // siit or nat64
	Prefix           netip.Prefix // RFC 6052; invalid if there is none
	WKPStrict        bool         // RFC 6052 §3.1
	Own4, Own6       netip.Addr   // the translator's own: sources of its ICMP errors
	RFC6791          []netip.Addr // IPv4 sources for ICMP errors of unmapped IPv6 routers
	Map              []Mapping    // RFC 7757
	MTU4, MTU6       int          // of the next hops
	LowestIPv6MTU    int          // fragments made of IPv4 packets without DF: RFC 7915 §4
	UDPZeroChecksum  string       // compute or drop
	Hairpin          string       // intrinsic: RFC 7757 §4.2.2
	ZeroTrafficClass bool         // RFC 7915 §4.1
	TOS              int          // of every IPv4 packet; -1 is that of the IPv6 packet
	ICMPErrors       bool         // whether own ICMP errors are sent
	RateLimit        int          // own ICMP errors a second; 0 is no limit

	// From here on RFC 6146 alone.
	Pool                       []Ports
	BIB                        []Binding // static
	Filtering                  string    // endpoint-independent or address-dependent
	DropExternallyInitiatedTCP bool
	TCPEst, TCPTrans           time.Duration
	TCPIncomingSYN             time.Duration
	UDP, ICMP, Frag            time.Duration
	PortReuseHold              time.Duration
	MaxStoredSYNs              int
}

// A Mapping is an explicit address mapping (RFC 7757).
type Mapping struct{ V4, V6 netip.Prefix }

// Ports is a range of ports, or ICMP identifiers, of an IPv4 address.
type Ports struct {
	Addr        netip.Addr
	Proto       string // tcp, udp or icmp
	First, Last uint16
}

// A Binding is an entry of a binding information base (RFC 6146 §3.1).
type Binding struct {
	Proto  string // tcp, udp or icmp
	V6, V4 netip.AddrPort
}

// settings reads the value of each setting that a configuration may have.
var settings = map[string]func(c *Config, v []string) error{
	"mode":                          func(c *Config, v []string) error { return word(&c.Mode, v) },
	"prefix":                        func(c *Config, v []string) error { return parse(&c.Prefix, netip.ParsePrefix, v) },
	"wkp-strict":                    func(c *Config, v []string) error { return parse(&c.WKPStrict, strconv.ParseBool, v) },
	"own4":                          func(c *Config, v []string) error { return parse(&c.Own4, netip.ParseAddr, v) },
	"own6":                          func(c *Config, v []string) error { return parse(&c.Own6, netip.ParseAddr, v) },
	"rfc6791":                       func(c *Config, v []string) error { return add6791(c, v) },
	"map":                           addMapping,
	"mtu4":                          func(c *Config, v []string) error { return parse(&c.MTU4, strconv.Atoi, v) },
	"mtu6":                          func(c *Config, v []string) error { return parse(&c.MTU6, strconv.Atoi, v) },
	"lowest-ipv6-mtu":               func(c *Config, v []string) error { return parse(&c.LowestIPv6MTU, strconv.Atoi, v) },
	"udp-zero-checksum":             func(c *Config, v []string) error { return word(&c.UDPZeroChecksum, v) },
	"hairpin":                       func(c *Config, v []string) error { return word(&c.Hairpin, v) },
	"zero-traffic-class":            func(c *Config, v []string) error { return parse(&c.ZeroTrafficClass, strconv.ParseBool, v) },
	"tos-override":                  func(c *Config, v []string) error { return parse(&c.TOS, strconv.Atoi, v) },
	"icmp-errors":                   func(c *Config, v []string) error { return parse(&c.ICMPErrors, strconv.ParseBool, v) },
	"rate-limit":                    func(c *Config, v []string) error { return parse(&c.RateLimit, strconv.Atoi, v) },
	"pool":                          addPorts,
	"bib":                           addBinding,
	"filtering":                     func(c *Config, v []string) error { return word(&c.Filtering, v) },
	"drop-externally-initiated-tcp": func(c *Config, v []string) error { return parse(&c.DropExternallyInitiatedTCP, strconv.ParseBool, v) },
	"tcp-est":                       func(c *Config, v []string) error { return parse(&c.TCPEst, time.ParseDuration, v) },
	"tcp-trans":                     func(c *Config, v []string) error { return parse(&c.TCPTrans, time.ParseDuration, v) },
	"tcp-incoming-syn":              func(c *Config, v []string) error { return parse(&c.TCPIncomingSYN, time.ParseDuration, v) },
	"udp":                           func(c *Config, v []string) error { return parse(&c.UDP, time.ParseDuration, v) },
	"icmp":                          func(c *Config, v []string) error { return parse(&c.ICMP, time.ParseDuration, v) },
	"frag":                          func(c *Config, v []string) error { return parse(&c.Frag, time.ParseDuration, v) },
	"port-reuse-hold":               func(c *Config, v []string) error { return parse(&c.PortReuseHold, time.ParseDuration, v) },
	"max-stored-syns":               func(c *Config, v []string) error { return parse(&c.MaxStoredSYNs, strconv.Atoi, v) },
}

// apply sets what a line such as "mtu4 1400" says.
func (c *Config) apply(line string) error {
	words := strings.Fields(line)
	if len(words) == 0 || settings[words[0]] == nil {
		return fmt.Errorf("pkttest: %q: no such setting", line)
	}
	if err := settings[words[0]](c, words[1:]); err != nil {
		return fmt.Errorf("pkttest: %q: %w", line, err)
	}
	return nil
}

// parseConfigs reads a file of configurations: a line "config NAME", then one
// setting a line.
func parseConfigs(file, text string) ([]Config, error) {
	var all []Config
	for i, line := range strings.Split(text, "\n") {
		name, isName := strings.CutPrefix(line, "config ")
		switch {
		case line == "" || line[0] == '#':
		case isName:
			all = append(all, Config{Name: name, TOS: -1})
		case len(all) == 0:
			return nil, fmt.Errorf("pkttest: %s:%d: setting before the first configuration", file, i+1)
		default:
			if err := all[len(all)-1].apply(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
			}
		}
	}
	return all, nil
}
