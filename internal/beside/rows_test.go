package beside

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// A mend turns what Tayga put out into what taygo would, for one difference, and
// reports whether there was anything to do.
type mend func(tayga, taygo []byte) bool

// mends are the differences that may occur beside others.
var mends = map[string]mend{
	"identification": func(a, b []byte) bool {
		if a[0]>>4 != 4 || a[6]&0x3f|a[7] != 0 || b[6]&0x3f|b[7] != 0 || b[6]&0x40 != 0 && len(b) <= 1260 {
			return false
		}
		return take(a, b, 4, 8) && resum(a, b)
	},
	"quoted identification": func(a, b []byte) bool {
		if a[0]>>4 != 4 || a[9] != 1 || len(a) < 48 || len(b) < 48 || binary.BigEndian.Uint32(a[32:]) != 0x4000 {
			return false
		}
		take(a, b, 38, 40) // the quoted header checksum
		return take(a, b, 32, 36)
	},
	"UDP checksum ffff": func(a, b []byte) bool {
		at := 20
		if a[0]>>4 == 6 {
			if at = 40; a[6] == 44 {
				at = 48
			}
		}
		v := look(b)
		if v.proto != 17 || v.offset > 0 || len(a) < at+8 || a[at+6]|a[at+7] != 0 || b[at+6]&b[at+7] != 0xff {
			return false
		}
		return take(a, b, at+6, at+8)
	},
	"echo code": func(a, b []byte) bool {
		v := look(b)
		at := len(b) - len(v.body)
		if v.error || v.proto != 1 && v.proto != 58 || v.offset > 0 || len(v.body) < 4 || b[at+1] != 0 {
			return false
		}
		changed := take(a, b, at+1, at+2)
		return changed && take(a, b, at+2, at+4)
	},
}

// take copies octets from to to of b into a, and reports whether they differed.
func take(a, b []byte, from, to int) bool {
	differ := len(a) >= to && len(b) >= to && !bytes.Equal(a[from:to], b[from:to])
	if differ {
		copy(a[from:to], b[from:to])
	}
	return differ
}

// resum takes over the IPv4 header checksum, and reports true.
func resum(a, b []byte) bool {
	take(a, b, 10, 12)
	return true
}

func is(list ...string) func(netip.Addr) bool {
	return func(a netip.Addr) bool {
		for _, s := range list {
			if a == netip.MustParseAddr(s) {
				return true
			}
		}
		return false
	}
}

const anyError = "1/0 1/5 3/0 3/1 3/10 3/2 3/4 4/1 11/0"

// causes tell whether a row permits how a packet fared.
var causes = map[string]func(f *facts) bool{
	"reserved IPv4 addresses": func(f *facts) bool {
		return f.in.any(within("240.0.0.0/4")) && f.went("nothing 1/0 1/5", "translated 3/4 3/5 3/2 11/0 0/0") ||
			f.in.any(within("0.0.0.0/8")) && f.went("translated 0/0 3/4 3/2 11/0 1/5", "nothing 1/1")
	},
	"no address on the other side": func(f *facts) bool { return f.rule("BE-04") && f.went("1/0 1/5 3/1 3/10 nothing", "1/1 3/13 nothing") },
	"untranslatable addresses": func(f *facts) bool {
		return f.rule("B6-5.1-12", "A-5-01", "BE-05", "B4-4.1-11", "B4-4.1-09") &&
			(f.went("1/0 1/5 3/1 3/10", "nothing") || f.in.error && f.went("translated", "nothing"))
	},
	"not global under 64:ff9b::/96": func(f *facts) bool { return f.rule("A-3.1-01") && f.went("translated 1/0 1/5 3/1 3/10", "nothing") },
	"hop limit 1 and an address in ::/8": func(f *facts) bool {
		return f.in.v6 && f.in.any(netip.MustParsePrefix("::/8").Contains) && f.rule("B6-5.1-07") && f.went("nothing", "3/0")
	},
	"stray bits": func(f *facts) bool {
		return f.in.any(stray) && f.went("1/0 1/5 nothing", "translated 4/0 1/1 nothing 4/1")
	},
	"hairpin": func(f *facts) bool {
		return f.in.v6 && f.rule("C-4.2-02") && mapped(f.in.dst) && f.went("1/0 nothing", "translated")
	},
	"prefix address of a mapped host as source": func(f *facts) bool {
		return f.in.v6 && mapped(f.in.src) && f.went("1/5 nothing", "translated nothing 4/0 1/1 3/0")
	},
	"own IPv4 address under the prefix": func(f *facts) bool {
		return f.in.v6 && within(own4+"/32")(f.in.dst) && f.went("1/0 1/5 3/0 nothing", "translated 4/1 nothing 129/0 3/0")
	},
	"packets from the own addresses": func(f *facts) bool {
		return f.in.any(is(own4)) && f.went("translated 3/4 11/0 3/2", "translated nothing 3/13") || f.in.any(is(own6)) && f.went("translated", "1/1 nothing")
	},
	"hop limit 0": func(f *facts) bool { return f.in.ttl == 0 && f.went("nothing", "11/0 3/0 3/2 4/1 0/0 129/0") },
	"source route": func(f *facts) bool {
		return !f.in.v6 && f.in.options && (f.rule("B4-4.1-13") || f.rule("BE-03")) && f.went("translated nothing 3/4", "3/5 nothing")
	},
	"Routing header": func(f *facts) bool {
		return f.in.v6 && f.in.routed && (f.rule("B6-5.1-09") || f.rule("BE-03")) && f.went("translated nothing 1/0 1/5", "4/0 nothing")
	},
	"extension header behind a Fragment Header": func(f *facts) bool {
		behind := f.rule("B6-5.1.1-04") || f.rule("BE-03") && f.in.options && (f.in.fragment || f.in.atomic)
		return behind && f.went("translated 1/0 1/5 3/0 4/1", "nothing")
	},
	"protocols of one family": func(f *facts) bool {
		return f.rule("B4-4.5-08", "B6-5.5-06", "B6-5.5-02") && f.went("translated 1/0 1/5", "nothing")
	},
	"IGMP":                 func(f *facts) bool { return f.rule("B4-4.2-04", "B6-5.2-08") && f.went("translated", "nothing") },
	"cut transport header": func(f *facts) bool { return f.rule("B4-0-04", "B6-0-04") && f.went("translated "+anyError, "nothing") },
	"fragment with DF": func(f *facts) bool {
		return !f.in.v6 && f.in.fragment && f.raw[6]&0x40 != 0 && f.in.total > 1232 && f.went("translated", "translated 3/4 nothing")
	},
	"echo code": func(f *facts) bool {
		q := f.in.quote
		return q != nil && !q.error && (q.proto == 1 || q.proto == 58) && len(q.body) > 1 && q.body[1] != 0 && f.went("translated", "translated")
	},
	"quoted prefix address of a mapped host": func(f *facts) bool {
		return f.in.v6 && f.in.quote.any(mapped) && f.went("nothing", "translated")
	},
	"MTU of 1 to 67": func(f *facts) bool {
		mtu := uint32(0)
		if f.in.error && !f.in.v6 && f.in.body[0] == 3 && f.in.body[1] == 4 {
			mtu = uint32(binary.BigEndian.Uint16(f.in.body[6:]))
		}
		return mtu > 0 && mtu < 68 && f.went("translated", "translated")
	},
	"empty fragment": func(f *facts) bool {
		return !f.in.v6 && f.in.fragment && f.in.total == 4*int(f.raw[0]&15) && f.went("nothing", "translated")
	},
	"length of IPv4 options": func(f *facts) bool {
		return !f.in.v6 && f.in.options && f.in.total > mtu-20 && f.went("3/4", "translated")
	},
	"two faults at once": func(f *facts) bool {
		return f.rule(otherFaults...) && f.went("3/1 3/10 3/4 1/0 1/5", "nothing 3/5 3/0 11/0 4/0")
	},
	"destination unreachable 1/3": func(f *facts) bool {
		return f.in.error && f.in.v6 && f.in.body[0] == 1 && f.in.body[1] == 3 && f.went("nothing", "translated")
	},
	"ICMP error from a router without counterpart": func(f *facts) bool {
		illegal := within("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32")
		return f.in.error && f.went("nothing", "translated") && (!f.in.v6 && illegal(f.in.src) || is(own4, own6)(look(f.taygo[0]).src))
	},
	"checksum of a ping": func(f *facts) bool {
		return !f.in.error && (f.in.proto == 1 || f.in.proto == 58) && !right(f.raw) && f.went("nothing", "translated")
	},
	"parameter problem": func(f *facts) bool {
		return f.in.error && (f.in.body[0] == 12 || f.in.v6 && f.in.body[0] == 4) && f.went("nothing", "translated")
	},
	"short quote of TCP": func(f *facts) bool {
		return f.in.quote != nil && f.in.quote.proto == 6 && len(f.in.quote.body) < 20 && f.went("nothing", "translated")
	},
	"quoted ping": func(f *facts) bool {
		q := f.in.quote
		return q != nil && !q.error && !q.fragment && (q.proto == 1 || q.proto == 58) && f.went("nothing", "translated")
	},
	"quoted packet that cannot be judged": func(f *facts) bool {
		q := f.in.quote
		return q != nil && (q.proto == 17 && (len(q.body) < 8 || q.body[6]|q.body[7] == 0) || q.total != len(f.in.body)-8) && f.went("nothing", "translated")
	},
	"quoted ICMP fragment": func(f *facts) bool {
		q := f.in.quote
		return q != nil && q.fragment && (q.proto == 1 || q.proto == 58) && f.went("nothing", "translated")
	},
	"quoted fragment": func(f *facts) bool {
		return f.in.quote != nil && (f.in.quote.fragment || f.in.quote.atomic) && f.went("nothing translated", "translated")
	},
	"extensions": func(f *facts) bool {
		return f.in.error && (f.in.body[4]|f.in.body[5]) != 0 && f.went("nothing translated", "translated")
	},
	"source of an ICMP error": func(f *facts) bool {
		return f.in.error && f.in.v6 && mapped(f.in.src) && f.went("translated nothing", "translated")
	},
	"ICMP errors about ICMP": func(f *facts) bool {
		return !f.in.error && (f.in.proto == 1 || f.in.proto == 58) && f.went("nothing", "11/0 3/0 3/4 4/0 1/1 3/13 3/5")
	},
	"ICMP errors about later fragments": func(f *facts) bool { return f.in.offset > 0 && f.went(anyError, "nothing") },
}

// otherFaults are the rules by which a packet is refused whatever its addresses.
var otherFaults = []string{
	"B4-4.1-13", "B4-4.2-04", "B4-4.5-02", "B4-4.5-04", "B4-4.5-08", "BE-03", "B6-5.1-07", "B6-5.1-09", "B6-5.2-08", "B6-5.5-02", "B6-5.5-06",
}

// stray reports whether bits that RFC 6052 §2.2 leaves unused are set.
func stray(a netip.Addr) bool {
	p := prefixes[1]
	b := a.As16()
	return a.Is6() && p.Contains(a) && (b[8]|b[13]|b[14]|b[15]) != 0
}
