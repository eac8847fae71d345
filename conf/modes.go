package conf

import "strconv"

// A HairpinMode is a way to treat packets between two hosts that both have an
// explicit mapping, when one calls the other by its IPv4 address (RFC 7757
// §4.2). The zero value is HairpinIntrinsic.
type HairpinMode uint8

// The hairpin modes.
const (
	HairpinIntrinsic HairpinMode = iota // translated twice within taygo (RFC 7757 §4.2.2)
	HairpinSimple                       // sources never by explicit mapping (RFC 7757 §4.2.1)
	HairpinOff                          // no special treatment
)

var hairpinWords = []string{"intrinsic", "simple", "off"}

// String returns the word used in tayga.conf.
func (m HairpinMode) String() string { return wordOf(hairpinWords, m) }

// A UDPChecksumMode is the fate of a UDP datagram whose checksum is zero, that
// is absent (RFC 7915 §4.5). The zero value is UDPChecksumDrop.
type UDPChecksumMode uint8

// The UDP checksum modes.
const (
	UDPChecksumDrop    UDPChecksumMode = iota // dropped
	UDPChecksumCalc                           // computed
	UDPChecksumForward                        // forwarded without one (RFC 6935, RFC 6936)
)

var udpChecksumWords = []string{"drop", "calc", "fwd"}

// String returns the word used in tayga.conf.
func (m UDPChecksumMode) String() string { return wordOf(udpChecksumWords, m) }

// An ErrorPolicy tells whether the translator sends ICMP errors of its own in
// one family (RFC 7915 §4.4, §5.4). The zero value is ErrorsLimited.
type ErrorPolicy uint8

// The policies for own ICMP errors.
const (
	ErrorsLimited ErrorPolicy = iota // at most at the configured rates
	ErrorsSent                       // always
	ErrorsNever                      // never
)

var errorPolicyWords = []string{"limit", "send", "never"}

// String returns the word used in tayga.conf.
func (p ErrorPolicy) String() string { return wordOf(errorPolicyWords, p) }

// A TUNLostAction is what to do when the TUN device is deleted under the
// running process. The zero value is TUNLostRecreate.
type TUNLostAction uint8

// The actions on a lost TUN device.
const (
	TUNLostRecreate TUNLostAction = iota // make it anew
	TUNLostWait                          // wait until somebody else makes it
	TUNLostExit                          // end with an error
)

var tunLostWords = []string{"recreate", "wait", "exit"}

// String returns the word used in tayga.conf.
func (a TUNLostAction) String() string { return wordOf(tunLostWords, a) }

// wordOf returns the word of an enumerated value, or its number if it has none.
func wordOf[T ~uint8](words []string, v T) string {
	if int(v) < len(words) {
		return words[v]
	}
	return strconv.Itoa(int(v))
}

// A DSField tells how to make the traffic class of a translated IPv6 packet or
// the TOS octet of a translated IPv4 packet: all 8 bits, ECN included. The zero
// value copies the octet of the other family.
type DSField struct {
	Fixed bool  // every packet gets Value
	Value uint8 // zero unless Fixed
}

// String returns the argument used in tayga.conf, "copy" or a number.
func (f DSField) String() string {
	if !f.Fixed {
		return "copy"
	}
	return strconv.Itoa(int(f.Value))
}

// A Rate is the filling and the depth of a token bucket, both at least 1.
type Rate struct {
	PerSecond int // tokens a second
	Burst     int // tokens the bucket holds
}

// Log tells which packets to log. The zero value logs none.
type Log struct {
	Drop   bool // dropped without an answer
	Reject bool // answered with an ICMP error, for want of a mapping
	ICMP   bool // answered with another ICMP error, or from another source
	Self   bool // addressed to the translator itself
	Dyn    bool // leases of the dynamic pool
}

// ControlSocketOff as Config.ControlSocket means that there is no control socket.
const ControlSocketOff = "off"
