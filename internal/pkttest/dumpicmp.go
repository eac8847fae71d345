package pkttest

import (
	"encoding/binary"
	"fmt"
)

var (
	icmp4Names = map[byte]string{
		0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect", 8: "echo request",
		11: "time exceeded", 12: "parameter problem",
	}
	icmp6Names = map[byte]string{
		1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem",
		128: "echo request", 129: "echo reply",
	}
)

// icmp writes an ICMP message, with the packet that an error quotes.
func (d *dumper) icmp(c *content) {
	p, name, family := d.rest, "", "ICMP"
	if name = icmp4Names[p[0]]; c.b.v6 {
		name, family = icmp6Names[p[0]], "ICMPv6"
	}
	text := fmt.Sprintf("%s %d/%d", family, p[0], p[1])
	if name != "" {
		text += " " + name
	}
	text += wordText(c.b.v6, p) + sumText(c)
	isEcho := name == "echo request" || name == "echo reply"
	if isEcho {
		d.header(8, []int{1, 1, 2, 2, 2}, text)
	} else {
		d.header(8, []int{1, 1, 2, 4}, text)
	}
	if name == "" || isEcho || !isErrorType(c.b.v6, p[0]) || d.quoted {
		d.data(len(d.rest), octets(len(d.rest))+" of data")
		return
	}
	size, ext := quoteSize(c.b.v6, p), []byte(nil)
	if size > 0 && size <= len(d.rest) {
		d.rest, ext = d.rest[:size], d.rest[size:]
	}
	d.quoted = true
	d.ip()
	d.quoted = false
	d.rest = ext
	d.extensionStructure()
}

// quoteSize returns the length of the quoted packet by RFC 4884, in octets; 0 if
// the message does not say.
func quoteSize(v6 bool, message []byte) int {
	switch kind := message[0]; {
	case v6 && (kind == 1 || kind == 3):
		return int(message[4]) * 8
	case !v6 && (kind == 3 || kind == 11 || kind == 12):
		return int(message[5]) * 4
	}
	return 0
}

// wordText tells what the second word of a message says.
func wordText(v6 bool, p []byte) string {
	word, kind := binary.BigEndian.Uint32(p[4:]), p[0]
	text := ""
	if size := quoteSize(v6, p); size > 0 {
		text = fmt.Sprintf(" quote %d", size)
	}
	switch {
	case !v6 && (kind == 0 || kind == 8) || v6 && (kind == 128 || kind == 129):
		return fmt.Sprintf(" id %04x seq %d", word>>16, word&0xffff)
	case v6 && kind == 2:
		return fmt.Sprintf(" mtu %d", word)
	case v6 && kind == 4:
		return fmt.Sprintf(" pointer %d", word)
	case !v6 && kind == 3 && p[1] == 4:
		return text + fmt.Sprintf(" mtu %d", word&0xffff)
	case !v6 && kind == 12:
		return text + fmt.Sprintf(" pointer %d", word>>24)
	}
	return text
}

// extensionStructure writes what stands behind a quoted packet (RFC 4884 §7).
func (d *dumper) extensionStructure() {
	n := len(d.rest)
	if n < 4 || d.rest[0]>>4 != 2 {
		d.data(n, octets(n)+" behind the quoted packet")
		return
	}
	text := "extension structure sum ok"
	if !goodExtension(d.rest) {
		text = "extension structure sum wrong"
	}
	d.header(4, []int{2}, text)
	for len(d.rest) >= 4 {
		size := get16(d.rest, 0)
		if size < 4 || size > len(d.rest) {
			break
		}
		d.header(size, []int{2, 1, 1, 4}, fmt.Sprintf("object class %d type %d", d.rest[2], d.rest[3]))
	}
	d.data(len(d.rest), octets(len(d.rest))+" behind the objects")
}
