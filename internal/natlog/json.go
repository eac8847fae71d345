package natlog

import (
	"net/netip"
	"strconv"
	"time"

	"taygo/nat64"
)

// lines is the format of one JSON object a line. Fields have the names of the
// information elements of IPFIX.
type lines struct {
	destinations bool

	second int64  // whose text is
	text   []byte // the time up to that second
}

func (f *lines) end(b []byte) []byte { return b }

func (f *lines) append(b []byte, c *nat64.Change, at time.Time) []byte {
	b = f.begin(b, EventName(*c), at)
	if name := protocolName(c.Proto); name != "" {
		b = append(b, `,"protocol":"`...)
		b = append(b, name...)
		b = append(b, '"')
	}
	switch c.Kind {
	case nat64.BlockTaken, nat64.BlockFreed:
		b = appendAddr(b, `,"sourceIPv6Address":"`, c.V6.Addr())
		b = appendAddr(b, `,"postNATSourceIPv4Address":"`, c.V4.Addr())
		b = appendNumber(b, `,"portRangeStart":`, uint64(c.V4.Port()))
		b = appendNumber(b, `,"portRangeEnd":`, uint64(c.Last))
	case nat64.SourceLimited, nat64.PortsExhausted:
		b = appendAddr(b, `,"sourceIPv6Address":"`, c.V6.Addr())
		b = appendAddr(b, `,"postNATSourceIPv4Address":"`, c.V4.Addr())
	default:
		b = appendAddr(b, `,"sourceIPv6Address":"`, c.V6.Addr())
		b = appendNumber(b, `,"sourceTransportPort":`, uint64(c.V6.Port()))
		b = appendAddr(b, `,"postNATSourceIPv4Address":"`, c.V4.Addr())
		b = appendNumber(b, `,"postNAPTSourceTransportPort":`, uint64(c.V4.Port()))
	}
	if f.destinations && c.Peer.IsValid() {
		b = appendAddr(b, `,"postNATDestinationIPv4Address":"`, c.Peer.Addr())
		b = appendNumber(b, `,"postNAPTDestinationTransportPort":`, uint64(c.Peer.Port()))
	}
	return append(b, "}\n"...)
}

func (f *lines) appendLost(b []byte, l loss, at time.Time) []byte {
	b = f.begin(b, Lost, at)
	b = appendNumber(b, `,"lost":`, l.now)
	b = appendNumber(b, `,"total":`, l.total)
	return append(b, "}\n"...)
}

// begin appends the time, in UTC with milliseconds, and the event.
func (f *lines) begin(b []byte, event string, at time.Time) []byte {
	if s := at.Unix(); s != f.second || f.text == nil {
		f.second = s
		f.text = at.UTC().AppendFormat(f.text[:0], `{"time":"2006-01-02T15:04:05.`)
	}
	ms := at.Nanosecond() / int(time.Millisecond)
	b = append(b, f.text...)
	b = append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	b = append(b, `Z","event":"`...)
	b = append(b, event...)
	return append(b, '"')
}

// appendAddr appends a field with an address, unless there is none.
func appendAddr(b []byte, field string, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	b = append(b, field...)
	b = a.WithZone("").AppendTo(b)
	return append(b, '"')
}

func appendNumber(b []byte, field string, n uint64) []byte {
	return strconv.AppendUint(append(b, field...), n, 10)
}
