package conf

import (
	"slices"
	"time"
)

// table has one row for each directive.
var table = slices.Concat(translationTable, nat64Table, routeTable)

// translationTable has a row for each directive of stateless translation, of the
// device and of the process: Tayga's first, then ours.
var translationTable = []directive{
	{
		Directive{
			"tun-device", "NAME",
			"The TUN device, made if it is not there. A name has 1 to 15 bytes. A %d in it is a number that the kernel picks; without the directive the kernel picks the whole name.",
			"", "",
		}, 1, 1, refused, setTUNDevice,
	},
	{
		Directive{
			"ipv4-addr", "A",
			"The IPv4 address of the translator itself: it answers pings, and its ICMP errors come from it. It must be given, and no host may have it.",
			"", "RFC 7915 §4.4",
		}, 1, 1, refused, setIPv4Addr,
	},
	{
		Directive{
			"ipv6-addr", "A",
			"The IPv6 address of the translator itself. It must be given if there is no prefix.",
			"ipv4-addr within prefix, or within 64:ff9b:1::/96 if the prefix may not hold it", "RFC 7915 §5.4",
		}, 1, 1, refused, setIPv6Addr,
	},
	{
		Directive{
			"prefix", "P/L",
			"The IPv6 prefix in which every IPv4 address has an IPv6 form, of length 32, 40, 48, 56, 64 or 96. The well-known prefix is 64:ff9b::/96.",
			"", "RFC 6052 §2.2",
		}, 1, 1, refused, setPrefix,
	},
	{
		Directive{
			"map", "V4[/n] V6[/m]",
			"Pairs an IPv4 address or prefix with an IPv6 one, before prefix is asked. The IPv6 length may leave more bits for hosts than the IPv4 length does; without a length it is a single address. Prefixes may be nested, and the longest one counts.",
			"", "RFC 7757 §3.2",
		}, 2, 2, repeated, setMap,
	},
	{
		Directive{
			"map-file", "PATH",
			"A file of map lines that is read again at each reload. A path that is not absolute starts at data-dir. A bad line is reported and passed over. No line can take away what tayga.conf sets, but a later line takes the place of one with the same IPv4 or the same IPv6 prefix; where prefixes merely overlap, the longest one counts.",
			"", "RFC 7757 §3",
		}, 1, 1, refused, setMapFile,
	},
	{
		Directive{
			"dynamic-pool", "P/L [V6/M …]",
			"IPv4 addresses for IPv6 hosts that have no map, one to a host for as long as it needs it; the first address is never given out. With IPv6 prefixes, only hosts in these get one. Repeat it for more pools, which may not overlap.",
			"", "",
		}, 1, 9, repeated, setDynamicPool,
	},
	{
		Directive{
			"dynamic-pool-lifetime", "SECONDS [DORMANT-SECONDS]",
			"How long after its last packet a host keeps the address it has of a pool, and after how long it is given up. In between no packet from IPv4 passes, and the address is the host's again when it sends, unless another host needed it.",
			"7440 1209600", "",
		}, 1, 2, refused, setPoolLifetime,
	},
	{
		Directive{
			"dynamic-pool-write", "SECONDS",
			"How often changes of the pools are written to dynamic.map in data-dir, 1 to 86400 seconds.",
			"5", "",
		}, 1, 1, refused, seconds(1, 86400, func(c *Config) *time.Duration { return &c.PoolWrite }),
	},
	{
		Directive{
			"data-dir", "PATH",
			"The directory, an absolute path, that keeps dynamic.map and nat64.state. Without it leases and sessions are forgotten at exit.",
			"$STATE_DIRECTORY if that is set", "",
		}, 1, 1, refused, setDataDir,
	},
	{
		Directive{
			"wkpf-strict", "yes|no",
			"Refuses to translate IPv4 addresses that are not global when prefix is 64:ff9b::/96, and to map routes to them when route-prefix is.",
			"yes", "RFC 6052 §3.1",
		}, 1, 1, lastWins, boolean(func(c *Config) *bool { return &c.WKPFStrict }),
	},
	{
		Directive{
			"udp-cksum-mode", "drop|calc|fwd",
			"What becomes of UDP datagrams without a checksum: they are dropped, get one, or are forwarded without.",
			"drop", "RFC 7915 §4.5",
		}, 1, 1, lastWins, setUDPChecksum,
	},
	{
		Directive{
			"offlink-mtu", "N",
			"The length up to which IPv6 packets are made of IPv4 packets that may be fragmented, 1280 to 65535 bytes. Longer ones are cut into fragments.",
			"1280", "RFC 7915 §4",
		}, 1, 1, refused, number(1280, 65535, func(c *Config) *int { return &c.OfflinkMTU }),
	},
	{
		Directive{
			"strict-frag-hdr", "WORD",
			"Has no effect. A packet gets a Fragment Header if it is a fragment, and never otherwise.",
			"", "RFC 7915 §4, RFC 8021",
		}, 1, 1, lastWins, setStrictFragHdr,
	},
	{
		Directive{
			"log", "[drop] [reject] [icmp] [self] [dyn]",
			"Logs packets that are dropped without an answer, rejected for want of a mapping, answered with another ICMP error, addressed to the translator itself, and leases of the dynamic pool.",
			"", "",
		}, 0, 9, refused, setLog,
	},
	{
		Directive{
			"workers", "N",
			"The number of threads that translate, 0 to 64. 0 is the default: one for each CPU, at most 64.",
			"0", "",
		}, 1, 1, refused, number(0, 64, func(c *Config) *int { return &c.Workers }),
	},
	{
		Directive{
			"tun-up", "yes|no",
			"Sets the TUN device up. The word up means yes.",
			"no", "",
		}, 1, 1, lastWins, setTUNUp,
	},
	{
		Directive{
			"tun-ip", "A[/n]",
			"Gives this host an IPv4 or IPv6 address on the TUN device, with the length of its subnet; without a length it is a single address. As many lines as needed.",
			"", "",
		}, 1, 1, repeated, setTUNIP,
	},
	{
		Directive{
			"tun-route", "A[/n]|auto",
			"Routes an IPv4 or IPv6 prefix to the TUN device, which must be up. With auto, routes what is translated: prefix, the IPv4 side of each map, the pools, ipv4-addr and ipv6-addr. As many lines as needed. A route of somebody else to the same prefix is left as it is.",
			"", "",
		}, 1, 1, repeated, setTUNRoute,
	},

	{
		Directive{
			"tun-keep", "yes|no",
			"Leaves the addresses and routes of tun-ip and tun-route at exit, where the device stays. Otherwise those that taygo added are removed.",
			"no", "",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.TUNKeep }),
	},
	{
		Directive{
			"ipv4-mtu", "N",
			"The next-hop MTU on the IPv4 side, 68 to 65535 bytes. 0 is the default: 20 less than the MTU of the TUN device.",
			"0", "RFC 7915 §5",
		}, 1, 1, refused, mtu(68, func(c *Config) *int { return &c.IPv4MTU }),
	},
	{
		Directive{
			"ipv6-mtu", "N",
			"The next-hop MTU on the IPv6 side, 1280 to 65535 bytes. 0 is the default: the MTU of the TUN device.",
			"0", "RFC 7915 §4",
		}, 1, 1, refused, mtu(1280, func(c *Config) *int { return &c.IPv6MTU }),
	},
	{
		Directive{
			"mtu-plateau", "N …",
			"The path MTUs to assume behind IPv4 routers that tell none, 68 to 65535 bytes, in any order, on as many lines as needed. They replace the default ones.",
			"65535 32000 17914 8166 4352 2002 1492 1006 508 296 68", "RFC 7915 §4.2, RFC 1191 §7.1",
		}, 1, 9, repeated, setMTUPlateau,
	},
	{
		Directive{
			"traffic-class", "copy|N",
			"The traffic class of packets from IPv4 to IPv6: the TOS octet, or N for every packet, 0 to 255, ECN bits included.",
			"copy", "RFC 7915 §4.1",
		}, 1, 1, refused, dsField(func(c *Config) *DSField { return &c.TrafficClass }),
	},
	{
		Directive{
			"tos", "copy|N",
			"The TOS octet of packets from IPv6 to IPv4: the traffic class, or N for every packet, 0 to 255, ECN bits included.",
			"copy", "RFC 7915 §5.1",
		}, 1, 1, refused, dsField(func(c *Config) *DSField { return &c.TOS }),
	},
	{
		Directive{
			"extension-headers", "N",
			"The number of IPv6 extension headers a packet may have, 0 to 64. Packets with more are dropped.",
			"8", "RFC 7915 §5.1",
		}, 1, 1, refused, number(0, 64, func(c *Config) *int { return &c.ExtensionHeaders }),
	},
	{
		Directive{
			"deny-ipv4", "P/L …",
			"IPv4 prefixes that are never translated through prefix. A map still counts.",
			"", "RFC 6052 §5",
		}, 1, 9, repeated, setDenyIPv4,
	},
	{
		Directive{
			"class-e", "yes|no",
			"Accepts IPv4 sources in 240.0.0.0/4.",
			"yes", "RFC 7915 §4.1",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.ClassE }),
	},
	{
		Directive{
			"hairpin", "intrinsic|simple|off",
			"How a mapped host reaches another by its IPv4 address: both translations at once, or with IPv4 sources never going by a map, or not at all.",
			"intrinsic", "RFC 7757 §4.2",
		}, 1, 1, refused, choice(hairpinWords, func(c *Config) *HairpinMode { return &c.Hairpin }),
	},
	{
		Directive{
			"icmp-source-ipv4", "A[/n] …",
			"Source addresses for ICMP errors to IPv4 from IPv6 routers that have no IPv4 address; one is taken at random for each.",
			"ipv4-addr", "RFC 6791 §3",
		}, 1, 9, repeated, setICMPSourceIPv4,
	},
	{
		Directive{
			"icmp-source-ipv6", "A[/n] …",
			"Source addresses for ICMP errors to IPv6 from IPv4 routers that have no IPv6 address; one is taken at random for each.",
			"ipv6-addr", "RFC 7915 §6",
		}, 1, 9, repeated, setICMPSourceIPv6,
	},
	{
		Directive{
			"icmp-interface-info", "yes|no",
			"Adds the IPv6 address of such a router to the ICMP error it sent.",
			"no", "RFC 6791 §4, RFC 5837",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.ICMPInterfaceInfo }),
	},
	{
		Directive{
			"icmp-errors", "ipv4|ipv6 limit|send|never",
			"Sends the translator's own ICMP errors to hosts of that family: up to the rates below, always, or never. Once for each family.",
			"limit for both", "RFC 7915 §4.4, §5.4",
		}, 2, 2, repeated, setICMPErrors,
	},
	{
		Directive{
			"icmp-error-rate", "PER-SECOND [BURST]",
			"How many own ICMP errors, too-big ones aside, may leave in a second, and how many at once; both 1 to 1000000.",
			"100 50", "RFC 4443 §2.4",
		}, 1, 2, refused, rate(func(c *Config) *Rate { return &c.ICMPErrorRate }),
	},
	{
		Directive{
			"icmp-too-big-rate", "PER-SECOND [BURST]",
			"The same for ICMPv6 Packet Too Big and ICMPv4 fragmentation needed, which have a limit of their own.",
			"1000 100", "RFC 4443 §2.4",
		}, 1, 2, refused, rate(func(c *Config) *Rate { return &c.ICMPTooBigRate }),
	},
	{
		Directive{
			"offload", "yes|no",
			"Takes TCP and UDP packets from the kernel before they are cut into segments, up to 64 KiB at once, and gives them back so. It is many times faster; turn it off to see single packets on the TUN device.",
			"yes", "",
		}, 1, 1, lastWins, boolean(func(c *Config) *bool { return &c.Offload }),
	},
	{
		Directive{
			"rps-cpus", "N[-N][,...]",
			"The CPUs on which the kernel forwards what is written to the TUN device (Receive Packet Steering), such as 2-3,6. By default the CPU that wrote a packet does. A worker then has that much more time to translate: best if the workers have other CPUs than these (taskset, CPUAffinity= of systemd).",
			"", "",
		}, 1, 1, refused, setRPSCPUs,
	},
	{
		Directive{
			"tun-lost", "recreate|wait|exit",
			"What to do when somebody deletes the TUN device: make it anew, wait for it to come back, or exit.",
			"recreate", "",
		}, 1, 1, refused, choice(tunLostWords, func(c *Config) *TUNLostAction { return &c.TUNLost }),
	},
	{
		Directive{
			"control-socket", "PATH|off",
			"The socket through which taygo is asked and told things while it runs: an absolute path of at most 107 bytes.",
			"/run/taygo/<tun-device>.sock", "",
		}, 1, 1, refused, setControlSocket,
	},
}
