package pkttest

import (
	"fmt"
	"strings"
)

// Dump shows pkt for people: one header a line, in hex, with what it says. It
// takes any octets, however wrong. The vectors are written so.
func Dump(pkt []byte) string { return strings.Join(dump(pkt), "\n") + "\n" }

// dump returns the lines of Dump.
func dump(pkt []byte) []string {
	d := dumper{rest: pkt}
	d.ip()
	return d.lines
}

// A dumper walks over a packet and writes a line for each header.
type dumper struct {
	rest   []byte // not yet written
	quoted bool   // inside an ICMP error
	lines  []string
}

// header writes a line of n octets in groups.
func (d *dumper) header(n int, groups []int, text string) {
	d.line(appendGroups(nil, d.rest[:n], groups...), n, text)
}

// data writes a line of n octets, long runs in their short form.
func (d *dumper) data(n int, text string) {
	if n > 0 {
		d.line(appendData(nil, d.rest[:n]), n, text)
	}
}

func (d *dumper) line(hex []byte, n int, text string) {
	if d.quoted {
		text = "quoted " + text
	}
	d.lines = append(d.lines, fmt.Sprintf("%s  # %s", hex, strings.TrimSpace(text)))
	d.rest = d.rest[n:]
}

// A content is what the walker knows of the octets behind an IP header.
type content struct {
	b    body
	size int // of b.data as the IP header has it; more than len(b.data) if cut
}

func (d *dumper) ip() {
	switch {
	case len(d.rest) >= 20 && d.rest[0]>>4 == 4:
		d.ip4()
	case len(d.rest) >= 40 && d.rest[0]>>4 == 6:
		d.ip6()
	default:
		d.data(len(d.rest), "no IP header")
	}
}

func (d *dumper) ip4() {
	p := d.rest
	ihl, total, word := int(p[0]&15)*4, get16(p, 2), get16(p, 6)
	var t strings.Builder
	t.WriteString("IPv4")
	say(&t, p[0] != 0x45, " ihl %d", p[0]&15)
	say(&t, p[1] != 0, " tos %02x", p[1])
	fmt.Fprintf(&t, " len %d id %04x", total, get16(p, 4))
	say(&t, word&0x8000 != 0, " reserved flag")
	say(&t, word&0x4000 != 0, " DF")
	say(&t, word&0x2000 != 0, " MF")
	say(&t, word&0x1fff != 0, " offset %d", word&0x1fff*8)
	fmt.Fprintf(&t, " ttl %d %s %v > %v", p[8], protocolName(false, p[9]), addrOf(p[12:16]), addrOf(p[16:20]))
	say(&t, ihl >= 20 && ihl <= len(p) && !agrees(words(p[:ihl])), " sum wrong")
	d.header(20, []int{4, 4, 1, 1, 2, 4}, t.String())
	if ihl < 20 || ihl > len(p) || ihl > total {
		d.data(len(d.rest), "behind a header that lies")
		return
	}
	if ihl > 20 {
		d.header(ihl-20, []int{4}, "IPv4 options"+optionsText(p[20:ihl]))
	}
	c := content{body{src: p[12:16], dst: p[16:20], number: p[9], at: word & 0x1fff * 8, more: word&0x2000 != 0}, total - ihl}
	d.content(&c)
}

func (d *dumper) ip6() {
	p := d.rest
	var t strings.Builder
	t.WriteString("IPv6")
	say(&t, get16(p, 0)&0xff0 != 0, " tc %02x", get16(p, 0)>>4&0xff)
	say(&t, p[1]&15 != 0 || p[2] != 0 || p[3] != 0, " flow %01x%02x%02x", p[1]&15, p[2], p[3])
	fmt.Fprintf(&t, " len %d %s hl %d %v > %v", get16(p, 4), protocolName(true, p[6]), p[7], addrOf(p[8:24]), addrOf(p[24:40]))
	d.header(40, []int{4, 2, 1, 1, 16}, t.String())
	c := content{body{v6: true, src: p[8:24], dst: p[24:40], number: p[6]}, get16(p, 4)}
	for c.b.at == 0 && isExtension(c.b.number) {
		size := extensionSize(c.b.number, d.rest[:min(c.size, len(d.rest))])
		if size == 0 {
			break
		}
		d.extension(&c, size)
	}
	d.content(&c)
}

// extension writes an extension header of size octets.
func (d *dumper) extension(c *content, size int) {
	p := d.rest
	t := fmt.Sprintf("%s, then %s", protocolName(true, c.b.number), protocolName(true, p[0]))
	groups := []int{1, 1, 2, 4}
	switch c.b.number {
	case 43:
		t += fmt.Sprintf(", type %d, %d segments left", p[2], p[3])
		groups = []int{1, 1, 1, 1, 4}
	case 44:
		c.b.at, c.b.more = get16(p, 2)&^7, p[3]&1 != 0
		t += fmt.Sprintf(", offset %d M %d id %08x", c.b.at, p[3]&1, get16(p, 4)<<16|get16(p, 6))
	}
	d.header(size, groups, t)
	c.b.number = p[0]
	c.size -= size
}

// content writes what an IP packet carries, and what stands behind it.
func (d *dumper) content(c *content) {
	behind := d.rest[min(c.size, len(d.rest)):]
	d.rest = d.rest[:len(d.rest)-len(behind)]
	c.b.data = d.rest
	switch {
	case c.b.at > 0:
		d.data(len(d.rest), octets(len(d.rest))+" of a fragment")
	default:
		d.transport(c)
	}
	d.rest = behind
	d.data(len(behind), octets(len(behind))+" behind the packet")
}

// octets returns n with its unit.
func octets(n int) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}

// optionsText names IPv4 options (RFC 791 §3.1), up to one whose length is wrong.
func optionsText(options []byte) string {
	names := map[byte]string{7: "record route", 68: "timestamp", 131: "LSRR", 137: "SSRR", 148: "router alert"}
	text := ""
	for len(options) > 0 && options[0] != 0 {
		if options[0] == 1 {
			text, options = text+", nop", options[1:]
			continue
		}
		name, known := names[options[0]]
		if !known {
			name = fmt.Sprintf("option %d", options[0])
		}
		if len(options) < 3 || options[1] < 2 || int(options[1]) > len(options) {
			return text + ", " + name + " of a wrong length"
		}
		text += fmt.Sprintf(", %s length %d pointer %d", name, options[1], options[2])
		options = options[options[1]:]
	}
	return text
}

// say writes a part of a line if it is worth saying.
func say(t *strings.Builder, worth bool, format string, args ...any) {
	if worth {
		fmt.Fprintf(t, format, args...)
	}
}
