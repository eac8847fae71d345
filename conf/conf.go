// Package conf reads tayga.conf: Tayga's own directives and ours, in Tayga's
// grammar. It yields plain values, each with the place it was set at, and all
// mistakes of a file at once. It builds nothing: whether a device opens or a
// route can be set is for others to find out, who then name the place.
//
// A line holds one directive and its arguments, words divided by spaces, tabs
// and carriage returns. A # that begins a word begins a comment. Names of
// directives and the fixed words among the arguments may be in either case.
// There is no quoting, no continuation and no inclusion. A line has at most 10
// words, and 510 bytes with its newline, comments included.
package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"time"
)

// A Config is a whole and checked tayga.conf. Where the file says nothing a
// field holds its default. A Config is not changed once Parse has returned it,
// so any number of goroutines may read it. Lengths are in bytes.
type Config struct {
	// TUNDevice is the name of the TUN device, 1 to 15 bytes; one "%d" in it
	// is a number of the kernel's choice. Empty: the kernel picks the name.
	TUNDevice string
	// IPv4Addr is the translator's own IPv4 address. Always set.
	IPv4Addr netip.Addr
	// IPv6Addr is the translator's own IPv6 address. The zero Addr stands for
	// IPv4Addr embedded in Prefix (RFC 6052 §2.2), which is then set, or in
	// 64:ff9b:1::/96 if Prefix may not hold it (RFC 6052 §3.1, RFC 8215).
	IPv6Addr netip.Addr
	// Prefix is the translation prefix, of length 32, 40, 48, 56, 64 or 96
	// (RFC 6052 §2.2). The zero Prefix: there is none, and Maps is not empty.
	Prefix netip.Prefix
	// Maps are the explicit address mappings (RFC 7757 §3) in the order of the
	// file. No prefix occurs twice; prefixes may be nested.
	Maps []Map
	// MapFile names a file with more maps, for LoadMaps: as it is written, and a
	// relative path starts at DataDir. Empty, the default: there is none.
	MapFile string
	// WKPFStrict keeps IPv4 addresses that are not global, and routes to them, out
	// of 64:ff9b::/96 (RFC 6052 §3.1). Default true.
	WKPFStrict bool
	// DenyIPv4 are the IPv4 prefixes never translated through Prefix; Maps
	// are not concerned. Default none.
	DenyIPv4 []netip.Prefix
	// ClassE accepts IPv4 sources in 240.0.0.0/4 (RFC 7915 §4.1). Default true.
	ClassE bool
	// Hairpin is the way packets between two mapped hosts take (RFC 7757 §4.2).
	// Default HairpinIntrinsic.
	Hairpin HairpinMode

	// DynamicPools are the IPv4 ranges that IPv6 hosts borrow an address from, in
	// the order of the file. They do not overlap, and no Map has the same range.
	// Default none.
	DynamicPools []DynamicPool
	// PoolLifetime is the time after its last packet for which an address stays
	// in use, and PoolDormant, at least as long, that after which it is given up;
	// in between it waits for its host, unless another needs it. Both are whole
	// seconds. Default 7440 seconds and 14 days.
	PoolLifetime, PoolDormant time.Duration
	// PoolWrite is how often changes of the pools are written to dynamic.map, in
	// whole seconds from 1 to a day. Default 5 seconds.
	PoolWrite time.Duration
	// DataDir is the directory of dynamic.map and of a relative MapFile, an
	// absolute path. Empty, the default: the file names none.
	DataDir string

	// NAT64 is stateful translation (RFC 6146), which is on if it has a pool.
	NAT64 NAT64
	// Routes is the mapping of IPv4 routes to IPv6 ones, which is on if it has a
	// source.
	Routes Routes

	// UDPChecksum is the fate of UDP datagrams without a checksum
	// (RFC 7915 §4.5). Default UDPChecksumDrop.
	UDPChecksum UDPChecksumMode
	// OfflinkMTU is the longest IPv6 packet made of an IPv4 packet that may be
	// fragmented, 1280 to 65535 (RFC 7915 §4, the lowest IPv6 MTU). Default 1280.
	OfflinkMTU int
	// IPv4MTU, 68 to 65535, and IPv6MTU, 1280 to 65535, are the next-hop MTUs.
	// Zero, the default: IPv6 that of the TUN device, IPv4 20 less.
	IPv4MTU, IPv6MTU int
	// MTUPlateaus are the MTUs tried for a router that tells none, 68 to 65535,
	// falling, without repetition (RFC 7915 §4.2). Default those of RFC 1191 §7.1.
	MTUPlateaus []int
	// TrafficClass makes the traffic class of an IPv6 packet (RFC 7915 §4.1),
	// TOS the TOS octet of an IPv4 packet (RFC 7915 §5.1). Default copied.
	TrafficClass, TOS DSField
	// ExtensionHeaders is the number of IPv6 extension headers a packet may
	// have, 0 to 64. Default 8.
	ExtensionHeaders int

	// ICMPSourceIPv4 are the sources of ICMPv4 errors whose IPv6 sender has no
	// IPv4 address (RFC 6791 §3), ICMPSourceIPv6 those of the mirrored case.
	// Empty, the default: the translator's own address.
	ICMPSourceIPv4, ICMPSourceIPv6 []netip.Prefix
	// ICMPInterfaceInfo adds the IPv6 sender to such ICMPv4 errors, as an
	// RFC 5837 object (RFC 6791 §4). Default false.
	ICMPInterfaceInfo bool
	// ICMPErrorsIPv4 and ICMPErrorsIPv6 tell whether the translator sends ICMP
	// errors of its own (RFC 7915 §4.4, §5.4). Default ErrorsLimited.
	ICMPErrorsIPv4, ICMPErrorsIPv6 ErrorPolicy
	// ICMPErrorRate limits own ICMP errors other than Packet Too Big and
	// fragmentation needed (RFC 4443 §2.4 (f)). Default 100 a second, burst 50.
	ICMPErrorRate Rate
	// ICMPTooBigRate limits Packet Too Big and fragmentation needed, which path
	// MTU discovery waits for. Default 1000 a second, burst 100.
	ICMPTooBigRate Rate

	// Workers is the number of threads that translate, 0 to 64. Zero, the
	// default: as many as there are CPUs, at most 64.
	Workers int
	// Offload takes TCP and UDP super-packets from the kernel and gives them back,
	// as far as it does that. Default true.
	Offload bool
	// RPSCPUs are the CPUs on which the kernel forwards what is written to the
	// device, counted from 0, ascending. None, the default, leaves that to the CPU
	// that writes.
	RPSCPUs []int
	// TUNLost is what to do when the running device is deleted. Default
	// TUNLostRecreate.
	TUNLost TUNLostAction
	// TUNUp sets the device up. Default false.
	TUNUp bool
	// TUNIPs are addresses of this host on the device, with the length of their
	// subnet, each once. Default none.
	TUNIPs []netip.Prefix
	// TUNRoutes are routes to the device, without host bits, each once. Default
	// none.
	TUNRoutes []netip.Prefix
	// TUNRouteAuto adds the routes that translation needs. Default false.
	TUNRouteAuto bool
	// TUNKeep leaves addresses and routes on the device at exit. Default false.
	TUNKeep bool
	// ControlSocket is the path of the control socket: absolute, at most 107
	// bytes, or ControlSocketOff. Empty, the default: /run/taygo/NAME.sock
	// with the name that the TUN device has in the end.
	ControlSocket string
	// Log chooses the packets that are logged. Default none.
	Log Log

	// Warnings are what works but is seldom meant, in the order of the lines.
	Warnings []Problem

	places map[string]Place
}

// A Map pairs an IPv4 prefix with an IPv6 prefix (RFC 7757 §3.2). Neither has
// host bits; the IPv4 suffix is no longer than the IPv6 suffix.
type Map struct {
	V4, V6 netip.Prefix
	At     Place
}

// At returns the place where a directive was set, the last one if it was set
// more than once, and the zero Place if the file does not set it. The name is
// in lower case.
func (c *Config) At(directive string) Place { return c.places[directive] }

// Load parses the file at path. It fails with Errors if something in the file
// is wrong, and with an error that wraps that of the system if the file cannot
// be opened.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("conf: %w: write that file (tayga-compat.conf.example is a start) or name another", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("conf: %w: make the file readable for this user or run as root", err)
	case err != nil:
		return nil, fmt.Errorf("conf: %w: name a file that can be opened", err)
	}
	defer f.Close()
	return Parse(path, f)
}

// defaults returns what a file that sets nothing means, but for MTUPlateaus, which
// are filled in at the end.
func defaults() *Config {
	return &Config{
		WKPFStrict:       true,
		ClassE:           true,
		Offload:          true,
		PoolLifetime:     (2*60 + 4) * time.Minute,
		PoolDormant:      14 * 24 * time.Hour,
		PoolWrite:        5 * time.Second,
		OfflinkMTU:       1280,
		ExtensionHeaders: 8,
		ICMPErrorRate:    Rate{PerSecond: 100, Burst: 50},
		ICMPTooBigRate:   Rate{PerSecond: 1000, Burst: 100},
		NAT64:            nat64Defaults(),
		Routes:           routeDefaults(),
		places:           map[string]Place{},
	}
}
