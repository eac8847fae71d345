package pkttest

import (
	"fmt"
	"strings"
)

// protocolName returns the short name of a protocol or next header number.
func protocolName(v6 bool, number byte) string {
	if name, ok := extensionNames[number]; ok && v6 {
		return name
	}
	if name, ok := protocolNames[number]; ok {
		return name
	}
	return fmt.Sprintf("proto %d", number)
}

var (
	extensionNames = map[byte]string{0: "hop-by-hop", 43: "routing", 44: "fragment", 59: "no next header", 60: "destination options"}
	protocolNames  = map[byte]string{
		1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp",
	}
)

// transport writes the header of a whole packet or a first fragment, and data.
func (d *dumper) transport(c *content) {
	n := len(d.rest)
	switch {
	case c.b.number == 17 && n >= 8:
		p := d.rest
		text := fmt.Sprintf("UDP %d > %d len %d%s", get16(p, 0), get16(p, 2), get16(p, 4), sumText(c))
		d.header(8, []int{2}, text)
	case c.b.number == 6 && n >= 20:
		d.tcp(c)
	case c.b.number == icmpNumber(c.b.v6) && n >= 8:
		d.icmp(c)
		return
	}
	kind := "data"
	if d.quoted && n < c.size {
		kind = fmt.Sprintf("data, cut from %d", c.size-(n-len(d.rest)))
	}
	d.data(len(d.rest), octets(len(d.rest))+" of "+kind)
}

func (d *dumper) tcp(c *content) {
	p := d.rest
	text := fmt.Sprintf("TCP %d > %d %s seq %x ack %x%s",
		get16(p, 0), get16(p, 2), flagsText(p[13]), get16(p, 4)<<16|get16(p, 6), get16(p, 8)<<16|get16(p, 10), sumText(c))
	d.header(20, []int{2, 2, 4, 4, 2}, text)
	if size := int(p[12]>>4) * 4; size > 20 && size <= len(p) {
		d.header(size-20, []int{4}, fmt.Sprintf("%d octets of TCP options", size-20))
	}
}

func flagsText(flags byte) string {
	var set []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"} {
		if flags>>i&1 != 0 {
			set = append(set, name)
		}
	}
	if set == nil {
		return "no flags"
	}
	return strings.Join(set, "+")
}

// sumText tells whether the checksum of a message is right, if the message is
// whole.
func sumText(c *content) string {
	switch state := sumState(&c.b); {
	case state == SumZero:
		return " sum 0"
	case c.b.more || c.size > len(c.b.data):
		return ""
	case state == SumGood:
		return " sum ok"
	}
	return " sum wrong"
}
