package conf

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
)

// LoadMaps reads the map-file at path whole and then parses it. The error wraps
// that of the system if the file cannot be read to its end; nothing of it counts
// then.
func LoadMaps(path string, base *Config) ([]Map, []Problem, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("conf: %v: map-file: %w: make it readable, or name another file", base.At("map-file"), err)
	}
	maps, problems := ParseMaps(path, bytes.NewReader(text), base)
	return maps, problems, nil
}

// ParseMaps reads a map-file from r: map lines in the grammar of tayga.conf, to
// be added to the maps of base. Nothing in it is fatal. Each problem names a line
// that does not count, and why (or a byte order mark, which does not hurt its
// line); all others do, and come back in their order. No
// IPv4 prefix occurs twice in them and in those of base, nor an IPv6 one. If r
// fails, the last problem says so and the lines before count; LoadMaps does
// without them.
//
// What base sets cannot be displaced: a line with the prefix of one of its maps
// or pools or with an own address, or one that reaches into the translation
// prefix or a pool of stateful translation, is refused. A line with the IPv4 or the IPv6 prefix of earlier lines
// takes their place, with both their halves, as in Tayga. Prefixes that merely
// overlap stand side by side, unlike in Tayga: an address goes by the longest
// (RFC 7757 §3.3).
func ParseMaps(file string, r io.Reader, base *Config) ([]Map, []Problem) {
	m := &mapFile{
		parser: newParser(file), base: base, inBase: map[netip.Prefix]Place{}, live: map[netip.Prefix]int{},
	}
	for _, b := range base.Maps {
		m.inBase[b.V4], m.inBase[b.V6] = b.At, b.At
	}
	m.read(r, m.line)
	displaced := func(one Map) bool { return one == Map{} }
	return slices.DeleteFunc(m.maps, displaced), byLine(m.errs)
}

// A mapFile is a map-file while it is read.
type mapFile struct {
	*parser
	base   *Config
	inBase map[netip.Prefix]Place // both prefixes of each map of base
	maps   []Map                  // in the order of the file; the zero Map where one was displaced
	live   map[netip.Prefix]int   // of either family: where in maps the one is that has it
}

// line takes in one line.
func (m *mapFile) line(words []string) {
	if len(words) == 0 {
		return
	}
	name := lower(words[0])
	d, known := lookUp(name)
	if name != "map" {
		do := "move the line to tayga.conf"
		if !known {
			do = unlessGlued(words[0], "write map V4[/n] V6[/m], or remove the line")
		}
		m.fail(strconv.Quote(words[0])+" is not map, the only directive of a map-file", do)
		return
	}
	m.directive = d.Name
	if n := len(words) - 1; n < d.min || n > d.max {
		m.fail(fmt.Sprintf("takes %s, not %d", d.arity(), n), "write "+d.usage())
		return
	}
	if one, ok := m.pair(words[1:]); ok && !m.displaces(one) {
		m.add(one)
	}
}

// displaces refuses a map that would take the place of something in base.
func (m *mapFile) displaces(one Map) bool {
	const do = "remove the line, or change tayga.conf"
	c := m.base
	for _, x := range []netip.Prefix{one.V4, one.V6} {
		at, found := m.inBase[x]
		switch {
		case found:
			m.fail(fmt.Sprintf("%v is mapped at %v", x, at), do)
		case x.IsSingleIP() && m.isOwn(x.Addr()):
			m.fail(x.Addr().String()+" is the translator's own address", do)
		case !c.Prefix.IsValid():
			continue
		case x.Overlaps(c.Prefix):
			m.fail(fmt.Sprintf("%v overlaps %v, prefix at %v", x, c.Prefix, c.At("prefix")), do)
		case x.Addr().Is4() && x.Bits() == 0:
			m.fail(fmt.Sprintf("all of IPv4 goes by %v, prefix at %v", c.Prefix, c.At("prefix")), do)
		default:
			continue
		}
		return true
	}
	for _, pool := range c.DynamicPools {
		if pool.V4 == one.V4 {
			m.fail(fmt.Sprintf("%v is the dynamic pool at %v", one.V4, pool.At), do)
			return true
		}
	}
	return m.displacesNAT64(one)
}

// displacesNAT64 refuses a map of addresses that stateful translation has.
func (m *mapFile) displacesNAT64(one Map) bool {
	const do = "remove the line, or change tayga.conf"
	n := &m.base.NAT64
	for _, pool := range n.Pools {
		if pool.V4.Overlaps(one.V4) {
			m.fail(fmt.Sprintf("%v overlaps %v, nat64-pool at %v", one.V4, pool.V4, pool.At), do)
			return true
		}
	}
	for _, s := range n.Static {
		if a := s.V6.Addr(); one.V6.Contains(a) {
			m.fail(fmt.Sprintf("%v holds %v, nat64-static at %v", one.V6, a, s.At), do)
			return true
		}
	}
	for _, d := range n.Dedicated {
		if one.V6.Contains(d.V6) {
			m.fail(fmt.Sprintf("%v holds %v, nat64-dedicated at %v", one.V6, d.V6, d.At), do)
			return true
		}
	}
	return false
}

// isOwn reports whether a is an address of the translator itself that does not
// lie in the prefix. Under the well-known prefix, an own IPv6 address that is not
// given may be made of ipv4-addr and 64:ff9b:1::/96.
func (m *mapFile) isOwn(a netip.Addr) bool {
	c := m.base
	if c.Prefix == wkp && c.WKPFStrict && !c.IPv6Addr.IsValid() {
		made, own4 := localUse.As16(), c.IPv4Addr.As4()
		copy(made[12:], own4[:])
		if a == netip.AddrFrom16(made) {
			return true
		}
	}
	return a == c.IPv4Addr || a == c.IPv6Addr
}

// add takes a map in, and out those that it displaces.
func (m *mapFile) add(one Map) {
	for _, x := range []netip.Prefix{one.V4, one.V6} {
		i, taken := m.live[x]
		if !taken {
			continue
		}
		old := m.maps[i]
		m.maps[i] = Map{}
		delete(m.live, old.V4)
		delete(m.live, old.V6)
		m.turnTo("map", old.At)
		m.fail(x.String()+" is given again in line "+strconv.Itoa(one.At.Line)+", and the last one counts", "remove one")
	}
	m.live[one.V4], m.live[one.V6] = len(m.maps), len(m.maps)
	m.maps = append(m.maps, one)
}
