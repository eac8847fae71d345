package wire

// Protocol numbers (IANA). Those that IPv6 extension headers use are last.
const (
	ProtoICMP     = 1
	ProtoIGMP     = 2
	ProtoTCP      = 6
	ProtoUDP      = 17
	ProtoESP      = 50
	ProtoAH       = 51
	ProtoICMPv6   = 58
	ProtoNone     = 59
	ProtoHopByHop = 0
	ProtoRouting  = 43
	ProtoFragment = 44
	ProtoDestOpts = 60
	ProtoMobility = 135
	ProtoHIP      = 139
	ProtoShim6    = 140
)

// Lengths of headers without options, in octets.
const (
	IPv4Len     = 20
	IPv6Len     = 40
	FragmentLen = 8
	ICMPLen     = 8
	UDPLen      = 8
	TCPLen      = 20
)

// MinMTU6 is the least MTU of an IPv6 link, in octets (RFC 8200 §5).
const MinMTU6 = 1280
