// Package rtnl speaks rtnetlink, the kernel's protocol for routes, nexthop
// objects, links and addresses, in bulk: many messages to a system call both ways,
// and none of them costs an allocation.
//
// A Conn belongs to the network namespace of the thread that dialled it. Numbers
// in messages are in the order of this machine, addresses in network order, as the
// kernel has them. What the kernel sends is read as far as it can be read: octets
// that are no message, or no attribute, end the reading of what holds them, and
// nothing panics.
package rtnl

import (
	"encoding/binary"
	"iter"

	"golang.org/x/sys/unix"
)

// A Message is one of the kernel's. Its payload is part of the buffer that was
// read, and good until the next read.
type Message struct {
	Type    uint16 // RTM_…, NLMSG_…
	Flags   uint16 // NLM_F_…
	Seq     uint32 // of the request that it answers
	Port    uint32 // of the socket whose request it answers or tells of; 0: the kernel's own doing
	Payload []byte
}

// Messages returns the messages of a datagram, as far as they are whole.
func Messages(b []byte) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for len(b) >= unix.SizeofNlMsghdr {
			length := int(native.Uint32(b))
			if length < unix.SizeofNlMsghdr || length > len(b) {
				return
			}
			m := Message{
				Type: native.Uint16(b[4:]), Flags: native.Uint16(b[6:]),
				Seq: native.Uint32(b[8:]), Port: native.Uint32(b[12:]),
				Payload: b[unix.SizeofNlMsghdr:length:length],
			}
			if !yield(m) {
				return
			}
			b = b[min(align(length), len(b)):]
		}
	}
}

// native is the byte order of this machine.
var native = binary.NativeEndian

// align rounds up to the four octets that messages and attributes begin at.
func align(n int) int { return (n + 3) &^ 3 }

// attrTypeMask takes the flags of nested and of network order attributes off.
const attrTypeMask = ^uint16(unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)

// attrs returns the attributes of b by type, as far as they are whole.
func attrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofNlAttr {
			length := int(native.Uint16(b))
			if length < unix.SizeofNlAttr || length > len(b) {
				return
			}
			if !yield(native.Uint16(b[2:])&attrTypeMask, b[unix.SizeofNlAttr:length:length]) {
				return
			}
			b = b[min(align(length), len(b)):]
		}
	}
}

// number returns the value of an attribute of 1, 2 or 4 octets; others are 0.
func number(value []byte) uint32 {
	switch len(value) {
	case 1:
		return uint32(value[0])
	case 2:
		return uint32(native.Uint16(value))
	case 4:
		return native.Uint32(value)
	}
	return 0
}
