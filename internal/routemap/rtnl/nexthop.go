package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// A NextHop is a nexthop object of the kernel's (Linux 5.3), to which routes lead
// by its number.
type NextHop struct {
	ID        uint32 // never 0
	Family    uint8  // AF_INET, AF_INET6; AF_UNSPEC for a group
	Protocol  uint8  // RTPROT_…: who made it
	Flags     uint32 // RTNH_F_…
	Gateway   netip.Addr
	Link      uint32 // index of the device; 0: none
	Blackhole bool
	Encap     bool     // it puts packets into others
	Group     []Member // not nil if it is a group of others
}

// A Member is a part of a group of nexthop objects.
type Member struct {
	ID     uint32
	Weight uint16 // share of the packets, from 1
}

const (
	sizeofNextHopMsg = 8
	sizeofMember     = 8
)

// ParseNextHop reads the payload of RTM_NEWNEXTHOP or RTM_DELNEXTHOP. It returns
// false for octets that are no such message. Only groups cost an allocation.
func ParseNextHop(b []byte) (NextHop, bool) {
	if len(b) < sizeofNextHopMsg {
		return NextHop{}, false
	}
	h := NextHop{Family: b[0], Protocol: b[2], Flags: native.Uint32(b[4:])}
	for kind, value := range attrs(b[sizeofNextHopMsg:]) {
		switch kind {
		case unix.NHA_ID:
			h.ID = number(value)
		case unix.NHA_GROUP:
			h.Group = members(value)
		case unix.NHA_BLACKHOLE:
			h.Blackhole = true
		case unix.NHA_OIF:
			h.Link = number(value)
		case unix.NHA_GATEWAY:
			h.Gateway = address(value)
		case unix.NHA_ENCAP:
			h.Encap = true
		}
	}
	return h, h.ID != 0
}

// members reads a group: of each member its number, the weight less one and, from
// Linux 6.12 on, the upper octet of that.
func members(value []byte) []Member {
	group := make([]Member, 0, len(value)/sizeofMember)
	for ; len(value) >= sizeofMember; value = value[sizeofMember:] {
		weight := uint16(value[4]) | uint16(value[5])<<8
		if weight == 0xffff { // 65536, which no share of ours comes near to
			weight--
		}
		group = append(group, Member{native.Uint32(value), weight + 1})
	}
	return group
}

// NextHop appends a request about h: RTM_NEWNEXTHOP with NLM_F_… flags, or
// RTM_DELNEXTHOP, for which only the number counts. Weights go up to 256.
func (b *Batch) NextHop(request, flags uint16, h *NextHop) {
	at := b.begin(request, flags)
	if request == unix.RTM_DELNEXTHOP {
		b.buf = append(b.buf, make([]byte, sizeofNextHopMsg)...)
		b.attr32(unix.NHA_ID, h.ID)
		b.end(at)
		return
	}
	b.buf = append(b.buf, h.Family, 0, h.Protocol, 0)
	b.buf = native.AppendUint32(b.buf, h.Flags)
	b.attr32(unix.NHA_ID, h.ID)
	switch {
	case h.Group != nil:
		var value []byte
		for _, m := range h.Group {
			value = native.AppendUint32(value, m.ID)
			value = append(value, uint8(m.Weight-1), 0, 0, 0)
		}
		b.attr(unix.NHA_GROUP, value)
	case h.Blackhole:
		b.attr(unix.NHA_BLACKHOLE, nil)
	default:
		b.attr32(unix.NHA_OIF, h.Link)
		if h.Gateway.IsValid() {
			b.attr(unix.NHA_GATEWAY, h.Gateway.AsSlice())
		}
	}
	b.end(at)
}
