package conf

import "time"

// nat64Table has a row for each directive of stateful translation.
var nat64Table = []directive{
	{
		Directive{
			"nat64-pool", "V4[/n] [FIRST-LAST] [tcp] [udp] [icmp]",
			"IPv4 addresses that IPv6 hosts without a map share, each connection with a port of its own; it turns stateful translation on. FIRST-LAST are the ports, and identifiers of ICMP queries, 1 to 65535; without protocols it is for all three. The address may be ipv4-addr itself. As many lines as needed, with at most 65536 addresses in all; no map and no dynamic-pool may have any of them.",
			"", "RFC 6146 §3.2",
		}, 1, 5, repeated, setNAT64Pool,
	},
	{
		Directive{
			"nat64-static", "tcp|udp|icmp [V6]:PORT[-PORT] V4:PORT[-PORT]",
			"A binding that is always there, so that IPv4 hosts reach the port of an IPv6 host by that of a pool address; the IPv6 address is in brackets. A range binds as many ports on both sides, one by one in order. For icmp the numbers are identifiers. The port need not be one of those that the pool gives out, and it gives out none that is bound here. As many lines as needed.",
			"", "RFC 6146 §3.1",
		}, 3, 3, repeated, setNAT64Static,
	},
	{
		Directive{
			"nat64-dedicated", "V4 V6",
			"Gives a pool address to one IPv6 host alone, so that it has its own ports and protocols without ports as well: its packets go out as V4 and come back, one to one, but for the ports of nat64-static. As many lines as needed.",
			"", "RFC 7915",
		}, 2, 2, repeated, setNAT64Dedicated,
	},
	{
		Directive{
			"nat64-filtering", "endpoint-independent|address-dependent",
			"Who may send to a binding from IPv4: everybody, or only addresses that it has sent to; others are told (ICMPv4 3/13), but for those that open a TCP connection, whose SYN is kept.",
			"endpoint-independent", "RFC 6146 §3.5, RFC 6888 §3",
		}, 1, 1, refused, either("endpoint-independent", "address-dependent", func(c *Config) *bool { return &c.NAT64.AddressDependent }),
	},
	{
		Directive{
			"nat64-incoming-tcp", "yes|no",
			"Lets IPv4 hosts open TCP connections to bindings. With no they are dropped without an answer.",
			"yes", "RFC 6146 §3.5.2",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.NAT64.IncomingTCP }),
	},
	{
		Directive{
			"nat64-icmp-informational", "yes|no",
			"Translates pings from IPv6. With no they are dropped without an answer; ICMP errors pass all the same.",
			"yes", "RFC 6146 §3.5.3",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.NAT64.Informational }),
	},
	{
		Directive{
			"nat64-refresh-inbound", "yes|no",
			"Whether a packet from IPv4 keeps a session alive, as one from IPv6 does.",
			"yes", "RFC 6146 §5.3, RFC 4787 §4.3",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.NAT64.RefreshInbound }),
	},
	{
		Directive{
			"nat64-rst-closes", "yes|no",
			"Whether an RST ends a connection that one side has closed after the timeout tcp-closing, not after tcp-established.",
			"no", "RFC 6146 §3.5.2",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.NAT64.RSTCloses }),
	},
	{
		Directive{
			"nat64-parity", "yes|no",
			"Gives odd UDP ports for odd ones and even for even ones, as long as there are some.",
			"yes", "RFC 6146 §3.5.1, RFC 7857 §8",
		}, 1, 1, refused, boolean(func(c *Config) *bool { return &c.NAT64.Parity }),
	},
	{
		Directive{
			"nat64-pairing", "hard|soft",
			"What a host gets when the IPv4 address that it has is out of ports: hard nothing, soft a port of another address.",
			"hard", "RFC 7857 §4, RFC 6888 §3",
		}, 1, 1, refused, either("hard", "soft", func(c *Config) *bool { return &c.NAT64.SoftPairing }),
	},
	{
		Directive{
			"nat64-port-hold", "SECONDS",
			"How long a UDP port or an ICMP identifier that is free again is kept from other hosts, 0 to 3600 seconds.",
			"120", "RFC 6888 §3",
		}, 1, 1, refused, seconds(0, 3600, func(c *Config) *time.Duration { return &c.NAT64.PortHold }),
	},
	{
		Directive{
			"nat64-timeout", "udp|tcp-established|tcp-opening|tcp-closing|tcp-incoming-syn|icmp|fragment SECONDS [force]",
			"After how many seconds without a packet a session ends: udp, icmp (queries), tcp-established, tcp-opening (a connection that is being opened), tcp-closing (closed by both sides, or reset). tcp-incoming-syn is how long a SYN from IPv4 that nobody awaits is kept, fragment how long a fragment waits for the first one. Less than the RFC allows needs the word force: udp 120, tcp-established 7200, tcp-opening and tcp-closing 240, tcp-incoming-syn 6, icmp 60, fragment 2. At most 2592000, but tcp-incoming-syn 240 and fragment 120. Once for each.",
			"udp 300, tcp-established 7200, tcp-opening 240, tcp-closing 240, tcp-incoming-syn 6, icmp 60, fragment 2", "RFC 6146 §4, RFC 7857 §2.1",
		}, 2, 3, repeated, setNAT64Timeout,
	},
	{
		Directive{
			"nat64-limit", "sessions|source-bindings|source-sessions|source-rate|source-ports|fragments|fragment-octets|syns|syn-octets N [BURST]",
			"The most that there may be: sessions in all, at least 1; of one source, an IPv6 prefix of nat64-source-length, source-bindings, source-sessions, source-rate (new sessions in a second, and with BURST at once), source-ports (ports of each protocol); fragments (that wait for the first one) and fragment-octets (theirs in all), syns (kept as tcp-incoming-syn says) and syn-octets. Of a source, 0 is no limit; of fragments and syns, none are kept. Beyond its limit a source gets an ICMP error. Once for each.",
			"sessions 10000000, source-bindings 0, source-sessions 1000000, source-rate 0, source-ports 65535, fragments 4096, fragment-octets 8388608, syns 4096, syn-octets 524288", "RFC 6146 §5.3, RFC 6888 §3",
		}, 2, 3, repeated, setNAT64Limit,
	},
	{
		Directive{
			"nat64-source-length", "N",
			"The length of the IPv6 prefixes that are one source, such as a customer, for nat64-limit and nat64-port-blocks, 1 to 128.",
			"64", "RFC 6888 §3",
		}, 1, 1, refused, number(1, 128, func(c *Config) *int { return &c.NAT64.SourceBits }),
	},
	{
		Directive{
			"nat64-port-blocks", "off|SIZE [MAX]",
			"Gives ports to a source in blocks of SIZE, a power of two from 32 to 8192, each for all protocols, and at most MAX of them, 1 to 2048 and 4 if it is left out; so a log needs a line for a block only. Every address must hold whole blocks, which begin at multiples of SIZE and are for all protocols that it has.",
			"off", "RFC 6888 §3, RFC 7768",
		}, 1, 2, refused, setNAT64PortBlocks,
	},
	{
		Directive{
			"nat64-deterministic", "V6/M SOURCE-LENGTH [SIZE] [overflow]",
			"Gives a fixed block of ports to each prefix of SOURCE-LENGTH in V6/M, so that no log is needed to tell who had a port: the first prefix has the first block of the pools, by address and by port from 1024 up, and so on. SIZE is as for nat64-port-blocks, of which this takes the place; without it, it is the greatest for which the pools have room. overflow gives a source whose block is used up one that is left.",
			"", "RFC 7422 §2",
		}, 2, 4, refused, setNAT64Deterministic,
	},
	{
		Directive{
			"nat64-log", "[bindings] [sessions] [blocks] [limits] [destinations]",
			"Logs to nat64-log-to what is made and what is gone of bindings, sessions and port blocks, and limits: sources that reach one, and pools without a port. destinations adds the IPv4 side to sessions, which tells who talks to whom.",
			"", "RFC 6888 §4",
		}, 1, 9, refused, setNAT64Log,
	},
	{
		Directive{
			"nat64-log-to", "PATH|unix:PATH|ipfix:ADDR:PORT",
			"Where nat64-log goes to: JSON lines to a file or to a unix socket, both of an absolute path, or IPFIX to a collector by UDP, with an IPv6 address in brackets.",
			"", "RFC 8158",
		}, 1, 1, refused, setNAT64LogTo,
	},
	{
		Directive{
			"nat64-state-file", "PATH|off",
			"The file that keeps bindings and sessions over a restart. A path that is not absolute starts at data-dir.",
			"nat64.state", "",
		}, 1, 1, refused, setNAT64StateFile,
	},
	{
		Directive{
			"nat64-state-interval", "SECONDS",
			"How often the state file is written, up to 86400 seconds, but for a twentieth of the time at most: a large one less often. With 0 it is written at exit only.",
			"10", "",
		}, 1, 1, refused, seconds(0, 86400, func(c *Config) *time.Duration { return &c.NAT64.StateInterval }),
	},
}
