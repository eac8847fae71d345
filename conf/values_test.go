package conf

import (
	"strconv"
	"strings"
	"testing"
)

func TestModes(t *testing.T) {
	runGood(t, []good{
		{"hairpin simple", "hairpin simple", func(c *Config) { c.Hairpin = HairpinSimple }, ""},
		{"hairpin off, capitals", "HAIRPIN OFF", func(c *Config) { c.Hairpin = HairpinOff }, ""},
		{"checksum: dr is drop", "udp-cksum-mode DRy", func(*Config) {}, ""},
		{"checksum: calc", "udp-cksum-mode calculate", func(c *Config) { c.UDPChecksum = UDPChecksumCalc }, ""},
		{"checksum: fwd", "udp-cksum-mode fwd", func(c *Config) { c.UDPChecksum = UDPChecksumForward }, ""},
		{"checksum: forw", "udp-cksum-mode Forward", func(c *Config) { c.UDPChecksum = UDPChecksumForward }, ""},
		{"tun-lost wait", "tun-lost wait", func(c *Config) { c.TUNLost = TUNLostWait }, ""},
		{"tun-lost exit", "tun-lost exit", func(c *Config) { c.TUNLost = TUNLostExit }, ""},
		{"log nothing", "log", func(*Config) {}, ""},
		{"log two, one twice", "log Drop icmp drop", func(c *Config) { c.Log = Log{Drop: true, ICMP: true} }, ""},
		{"log all", "log drop reject icmp self dyn", func(c *Config) { c.Log = Log{true, true, true, true, true} }, ""},
		{"ICMP errors of both families", "icmp-errors ipv6 never\nicmp-errors IPv4 send", func(c *Config) {
			c.ICMPErrorsIPv4, c.ICMPErrorsIPv6 = ErrorsSent, ErrorsNever
		}, ""},
		{"traffic class 0 is not copy", "traffic-class 0", func(c *Config) { c.TrafficClass = DSField{Fixed: true} }, ""},
		{"TOS 255", "tos 255", func(c *Config) { c.TOS = DSField{true, 255} }, ""},
		{"TOS copy", "tos Copy", func(*Config) {}, ""},
	})
	runBad(t, []bad{
		{"no such hairpin mode", "hairpin on", `f:3: hairpin: "on" is not possible here: write intrinsic, simple or off`},
		{"checksum: fw alone", "udp-cksum-mode fw", `f:3: udp-cksum-mode: "fw" is not possible here: write drop, calc or fwd`},
		{"checksum: d alone", "udp-cksum-mode d", `f:3: udp-cksum-mode: "d" is not possible here: write drop, calc or fwd`},
		{"no such action", "tun-lost restart", `f:3: tun-lost: "restart" is not possible here: write recreate, wait or exit`},
		{"no such class", "log drop all", `f:3: log: "all" is not possible here: write drop, reject, icmp, self or dyn`},
		{"log twice", "log drop\nlog icmp", `f:4: log: given twice, first in line 3: remove one`},
		{"ICMP errors, no such family", "icmp-errors both never", `f:3: icmp-errors: "both" is not possible here: write ipv4 or ipv6`},
		{"ICMP errors, no such policy", "icmp-errors ipv4 no", `f:3: icmp-errors: "no" is not possible here: write limit, send or never`},
		{"ICMP errors, a family twice", "icmp-errors ipv4 send\nicmp-errors ipv6 send\nicmp-errors IPV4 send", `f:5: icmp-errors: ipv4 is given twice, first in line 3: remove one`},
		{"traffic class of 9 bits", "traffic-class 256", `f:3: traffic-class: 256 is out of range: write a number from 0 to 255`},
		{"TOS in words", "tos keep", `f:3: tos: "keep" is neither copy nor a number: write copy or a number from 0 to 255`},
	})
}

func TestSwitches(t *testing.T) {
	switches := map[string]func(*Config) *bool{
		"wkpf-strict":         func(c *Config) *bool { return &c.WKPFStrict },
		"tun-up":              func(c *Config) *bool { return &c.TUNUp },
		"tun-keep":            func(c *Config) *bool { return &c.TUNKeep },
		"class-e":             func(c *Config) *bool { return &c.ClassE },
		"offload":             func(c *Config) *bool { return &c.Offload },
		"icmp-interface-info": func(c *Config) *bool { return &c.ICMPInterfaceInfo },
	}
	for name, field := range switches {
		for word, want := range map[string]bool{
			"true": true, "on": true, "yes": true, "1": true, "YES": true,
			"false": false, "off": false, "no": false, "0": false, "Off": false,
		} {
			if got := *field(parse(t, file(name+" "+word))); got != want {
				t.Errorf("%s %s gives %v", name, word, got)
			}
		}
		for _, word := range []string{"2", "y", "nope", "enable"} {
			wantError(t, file(name+" "+word), "f:3: "+name+`: "`+word+`" is neither yes nor no: write yes or no`)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		name      string
		low, high int
		field     func(*Config) int
	}{
		{"offlink-mtu", 1280, 65535, func(c *Config) int { return c.OfflinkMTU }},
		{"workers", 0, 64, func(c *Config) int { return c.Workers }},
		{"ipv4-mtu", 68, 65535, func(c *Config) int { return c.IPv4MTU }},
		{"ipv6-mtu", 1280, 65535, func(c *Config) int { return c.IPv6MTU }},
		{"dynamic-pool-write", 1, 86400, func(c *Config) int { return int(c.PoolWrite.Seconds()) }},
		{"dynamic-pool-lifetime", 1, 315360000, func(c *Config) int { return int(c.PoolLifetime.Seconds()) }},
		{"dynamic-pool-lifetime 1", 1, 315360000, func(c *Config) int { return int(c.PoolDormant.Seconds()) }},
		{"extension-headers", 0, 64, func(c *Config) int { return c.ExtensionHeaders }},
		{"mtu-plateau", 68, 65535, func(c *Config) int { return c.MTUPlateaus[0] }},
		{"icmp-error-rate", 1, 1000000, func(c *Config) int { return c.ICMPErrorRate.PerSecond }},
		{"icmp-error-rate 1", 1, 1000000, func(c *Config) int { return c.ICMPErrorRate.Burst }},
		{"icmp-too-big-rate", 1, 1000000, func(c *Config) int { return c.ICMPTooBigRate.PerSecond }},
		{"icmp-too-big-rate 1", 1, 1000000, func(c *Config) int { return c.ICMPTooBigRate.Burst }},
	} {
		directive, _, _ := strings.Cut(tt.name, " ")
		for _, n := range []int{tt.low, tt.low + 1, tt.high} {
			if got := tt.field(parse(t, file(tt.name+" "+strconv.Itoa(n)))); got != n {
				t.Errorf("%s %d gives %d", tt.name, n, got)
			}
		}
		do := ": write a number from " + strconv.Itoa(tt.low) + " to " + strconv.Itoa(tt.high)
		outside := []string{strconv.Itoa(tt.high + 1), "99999999999999999999"}
		if tt.low > 1 {
			outside = append(outside, strconv.Itoa(tt.low-1))
		}
		for _, s := range outside {
			wantError(t, file(tt.name+" "+s), "f:3: "+directive+": "+s+" is out of range"+do)
		}
		for _, s := range []string{"-1", "+70", "1e3", "0x500", "1_300", "1280,", "٣", "1.5"} {
			wantError(t, file(tt.name+" "+s), "f:3: "+directive+": "+strconv.Quote(s)+" is not a whole number"+do)
		}
	}
}

func TestNumbersMore(t *testing.T) {
	runGood(t, []good{
		{"MTU 0 is derived from the device", "ipv4-mtu 0\nipv6-mtu 0", func(*Config) {}, ""},
		{"burst stays if it is left out", "icmp-error-rate 7\nicmp-too-big-rate 8", func(c *Config) {
			c.ICMPErrorRate, c.ICMPTooBigRate = Rate{7, 50}, Rate{8, 100}
		}, ""},
		{"plateaus replace the default, fall, and occur once", "mtu-plateau 576 1492 576\nmtu-plateau 9000 1492", func(c *Config) {
			c.MTUPlateaus = []int{9000, 1492, 576}
		}, ""},
		{"offlink-mtu within ipv6-mtu", "offlink-mtu 1500\nipv6-mtu 1500", func(c *Config) { c.OfflinkMTU, c.IPv6MTU = 1500, 1500 }, ""},
		{
			"offlink-mtu beyond ipv6-mtu", "offlink-mtu 1501\nipv6-mtu 1500", func(c *Config) { c.OfflinkMTU, c.IPv6MTU = 1501, 1500 },
			"f:3: offlink-mtu: 1501 is more than ipv6-mtu 1500 in line 4, so 1500 is used: make it no larger than ipv6-mtu",
		},
	})
	runBad(t, []bad{
		{"rate 0", "icmp-error-rate 0", "f:3: icmp-error-rate: 0 is out of range: write a number from 1 to 1000000"},
		{"comment glued to a number", "workers 4#four", `f:3: workers: "4#four" is not a whole number: put a space before the # of a comment`},
		{"comment glued to a word", "tun-lost wait#a while", `f:3: tun-lost: takes 1 argument, not 2: write tun-lost recreate|wait|exit`},
		{"comment glued to the last word", "tun-lost wait#", `f:3: tun-lost: "wait#" is not possible here: put a space before the # of a comment`},
	})
}

func TestNames(t *testing.T) {
	long := "/" + strings.Repeat("x", 106)
	runGood(t, []good{
		{"device of 15 bytes", "tun-device abcdefghijklmno", func(c *Config) { c.TUNDevice = "abcdefghijklmno" }, ""},
		{"device numbered by the kernel", "tun-device nat%d", func(c *Config) { c.TUNDevice = "nat%d" }, ""},
		{"quotes are part of the name", `tun-device "nat64"`, func(c *Config) { c.TUNDevice = `"nat64"` }, `f:3: tun-device: the quotes are part of the name "\"nat64\"": write it without quotes`},
		{"socket", "control-socket /run/t.sock", func(c *Config) { c.ControlSocket = "/run/t.sock" }, ""},
		{"socket of 107 bytes", "control-socket " + long, func(c *Config) { c.ControlSocket = long }, ""},
		{"no socket", "control-socket OFF", func(c *Config) { c.ControlSocket = ControlSocketOff }, ""},
	})
	runBad(t, []bad{
		{"device of 16 bytes", "tun-device abcdefghijklmnop", `f:3: tun-device: "abcdefghijklmnop" is 16 bytes long: write a name of 1 to 15 bytes`},
		{"device with a slash", "tun-device a/b", `f:3: tun-device: "a/b" has a '/' in it, which no interface name may have: write a name of letters, digits and hyphens`},
		{"device with a colon", "tun-device a:1", `f:3: tun-device: "a:1" has a ':' in it, which no interface name may have: write a name of letters, digits and hyphens`},
		{"device with a form feed", "tun-device a\fb", `f:3: tun-device: "a\fb" has a '\f' in it, which no interface name may have: write a name of letters, digits and hyphens`},
		{"device dot", "tun-device .", `f:3: tun-device: "." is no name for an interface: write a name of letters, digits and hyphens`},
		{"device dot dot", "tun-device ..", `f:3: tun-device: ".." is no name for an interface: write a name of letters, digits and hyphens`},
		{"device %s", "tun-device nat%s", `f:3: tun-device: "nat%s" has a % that is not a single %d: write %d where the kernel shall put a number, and no other %`},
		{"device %d twice", "tun-device %d%d", `f:3: tun-device: "%d%d" has a % that is not a single %d: write %d where the kernel shall put a number, and no other %`},
		{"device twice", "tun-device a\ntun-device b", `f:4: tun-device: given twice, first in line 3: remove one`},
		{"device missing", "tun-device", `f:3: tun-device: takes 1 argument, not 0: write tun-device NAME`},
		{"relative socket", "control-socket t.sock", `f:3: control-socket: "t.sock" is not an absolute path: write a path that starts with /, or off`},
		{"socket is a directory", "control-socket /run/", `f:3: control-socket: "/run/" is a directory: add the name of the socket`},
		{"socket of 108 bytes", "control-socket " + long + "x", `f:3: control-socket: the path is 108 bytes long, a socket takes 107: write a shorter path`},
	})
}

func TestModeStrings(t *testing.T) {
	for got, want := range map[string]string{
		HairpinIntrinsic.String(): "intrinsic", HairpinSimple.String(): "simple", HairpinMode(9).String(): "9",
		UDPChecksumDrop.String(): "drop", UDPChecksumCalc.String(): "calc", UDPChecksumForward.String(): "fwd",
		ErrorsLimited.String(): "limit", ErrorsSent.String(): "send", ErrorsNever.String(): "never",
		TUNLostRecreate.String(): "recreate", TUNLostWait.String(): "wait", TUNLostExit.String(): "exit",
		DSField{}.String(): "copy", DSField{Fixed: true}.String(): "0", HairpinOff.String(): "off",
	} {
		if got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
