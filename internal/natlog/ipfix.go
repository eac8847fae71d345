package natlog

import (
	"encoding/binary"
	"net/netip"
	"os"
	"time"

	"taygo/nat64"
)

// messageHeader is the octets of the header of an IPFIX message: version u16,
// length u16, export time u32 s since 1970, sequence number u32, observation
// domain u32 (RFC 7011 §3.1), in network byte order like all of IPFIX.
const messageHeader = 16

const ipfixVersion = 10

// maximumEntriesPerUser is the natQuotaExceededEvent of a source at its limit.
const maximumEntriesPerUser = 3

// records is the format of IPFIX messages, one behind another. Their export times
// and sequence numbers are the outlet's.
type records struct {
	o       IPFIXOptions
	most    int    // octets of a message
	message int    // where the last message begins, if there is one that can grow
	set     int    // where its last set begins
	id      uint16 // the template of that
	open    bool
}

// end ends the message that could have grown.
func (f *records) end(b []byte) []byte {
	if f.open {
		f.endSet(b)
		binary.BigEndian.PutUint16(b[f.message+2:], uint16(len(b)-f.message))
		f.open = false
	}
	return b
}

func (f *records) endSet(b []byte) {
	if f.id != 0 {
		binary.BigEndian.PutUint16(b[f.set+2:], uint16(len(b)-f.set))
		f.id = 0
	}
}

// room makes room for a record of a template, in the last message or a new one.
func (f *records) room(b []byte, id uint16) []byte {
	need := recordSizes[id-256]
	if id != f.id {
		need += 4
	}
	if f.open && len(b)-f.message+need > f.most {
		b = f.end(b)
	}
	if !f.open {
		f.open, f.message, f.id = true, len(b), 0
		b = binary.BigEndian.AppendUint16(b, ipfixVersion)
		b = append(b, make([]byte, messageHeader-6)...)
		b = binary.BigEndian.AppendUint32(b, f.o.Domain)
	}
	if id != f.id {
		f.endSet(b)
		f.set, f.id = len(b), id
		b = binary.BigEndian.AppendUint16(b, id)
		b = append(b, 0, 0)
	}
	return b
}

func (f *records) append(b []byte, c *nat64.Change, at time.Time) []byte {
	if c.Kind >= nat64.NumChangeKinds {
		return b
	}
	event := kinds[c.Kind].event
	switch c.Kind {
	case nat64.BlockTaken, nat64.BlockFreed:
		b = appendTime(f.room(b, blockTemplate), at)
		b = append6(b, c.V6.Addr())
		b = append4(b, c.V4.Addr())
		b = binary.BigEndian.AppendUint16(b, c.V4.Port())
		b = binary.BigEndian.AppendUint16(b, c.Last)
		return append(b, event)
	case nat64.SourceLimited:
		b = append(appendTime(f.room(b, quotaTemplate), at), event)
		b = binary.BigEndian.AppendUint32(b, maximumEntriesPerUser)
		b = binary.BigEndian.AppendUint32(b, f.o.EntriesPerUser)
		return append6(b, c.V6.Addr())
	case nat64.PortsExhausted:
		return f.appendExhausted(b, c, at)
	case nat64.BindingMade, nat64.BindingGone:
		return append(appendFlow(f.room(b, bindingTemplate), c, at), event)
	case nat64.SessionMade, nat64.SessionGone:
	}
	if !f.o.Destinations {
		return append(appendFlow(f.room(b, sessionTemplate), c, at), event)
	}
	b = append(appendFlow(f.room(b, destinationTemplate), c, at), event)
	b = append4(b, c.Peer.Addr())
	return binary.BigEndian.AppendUint16(b, c.Peer.Port())
}

// appendExhausted appends that an address has no port left, or none has. To a
// collector the pools are one, number 1.
func (f *records) appendExhausted(b []byte, c *nat64.Change, at time.Time) []byte {
	if !c.V4.Addr().IsValid() {
		b = append(appendTime(f.room(b, addressesTemplate), at), addressesExhausted)
		return binary.BigEndian.AppendUint32(b, 1)
	}
	b = append(appendTime(f.room(b, portsTemplate), at), portsExhausted)
	b = append4(b, c.V4.Addr())
	return append(b, protocolOf(c.Proto))
}

func (f *records) appendLost(b []byte, l loss, at time.Time) []byte {
	b = f.room(b, lossTemplate)
	b = binary.BigEndian.AppendUint32(b, uint32(os.Getpid()))
	b = appendTime(b, at)
	return binary.BigEndian.AppendUint64(b, l.total)
}

// appendFlow appends what sessions and bindings have in common.
func appendFlow(b []byte, c *nat64.Change, at time.Time) []byte {
	b = appendTime(b, at)
	b = append6(b, c.V6.Addr())
	b = append4(b, c.V4.Addr())
	b = append(b, protocolOf(c.Proto))
	b = binary.BigEndian.AppendUint16(b, c.V6.Port())
	return binary.BigEndian.AppendUint16(b, c.V4.Port())
}

// protocolOf returns a protocol as the IPv6 header of the host has it.
func protocolOf(number uint8) uint8 {
	if number == icmp {
		return icmpv6
	}
	return number
}

func appendTime(b []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(at.UnixMilli()))
}

// append6 appends an IPv6 address; of none, ::.
func append6(b []byte, a netip.Addr) []byte {
	var octets [16]byte
	if a.IsValid() {
		octets = a.As16()
	}
	return append(b, octets[:]...)
}

// append4 appends an IPv4 address; of none, 0.0.0.0.
func append4(b []byte, a netip.Addr) []byte {
	var octets [4]byte
	if a.Is4() {
		octets = a.As4()
	}
	return append(b, octets[:]...)
}
