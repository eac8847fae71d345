package natlog

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"taygo/nat64"
)

// order is how records are shown.
var order = []string{
	"natEvent", "protocolIdentifier", "sourceIPv6Address", "sourceTransportPort", "postNATSourceIPv4Address",
	"postNAPTSourceTransportPort", "postNATDestinationIPv4Address", "postNAPTDestinationTransportPort",
	"portRangeStart", "portRangeEnd", "natPoolId", "natQuotaExceededEvent", "maxEntriesPerUser",
	"notSentFlowTotalCount", "observationTimeMilliseconds",
}

// A collector listens for messages.
type collector struct {
	*net.UDPConn
	decoder
}

func collect(t testing.TB, address string) *collector {
	t.Helper()
	a, err := net.ResolveUDPAddr("udp", address)
	must(t, err)
	c, err := net.ListenUDP("udp", a)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return &collector{UDPConn: c}
}

// wait reads messages until there are n records.
func (c *collector) wait(t testing.TB, n int) {
	t.Helper()
	b := make([]byte, 1<<16)
	for len(c.records) < n {
		must(t, c.SetReadDeadline(time.Now().Add(long)))
		size, err := c.Read(b)
		must(t, err)
		must(t, c.message(append([]byte(nil), b[:size]...)))
	}
	if len(c.records) != n {
		t.Fatalf("%d records, want %d", len(c.records), n)
	}
}

// TestRecords: each event has the fields that RFC 8158 §5 asks for, with the
// lengths of their types, and ICMP is the host's.
func TestRecords(t *testing.T) {
	const (
		host = "sourceIPv6Address=2001:db8::1 sourceTransportPort=5000/2 postNATSourceIPv4Address=192.0.2.1 postNAPTSourceTransportPort=40000/2"
		peer = " postNATDestinationIPv4Address=198.51.100.7 postNAPTDestinationTransportPort=443/2"
	)
	ms := begun.UnixMilli()
	at := func(n int64) string { return fmt.Sprintf(" observationTimeMilliseconds=%d/8", ms+n) }
	want := []string{
		"natEvent=10/1 protocolIdentifier=17/1 " + host + at(0),
		"natEvent=6/1 protocolIdentifier=17/1 " + host + "PEER" + at(1),
		"natEvent=7/1 protocolIdentifier=6/1 " + host + "PEER" + at(2),
		"natEvent=11/1 protocolIdentifier=58/1 " + host + at(3),
		"natEvent=16/1 sourceIPv6Address=2001:db8:0:7:: postNATSourceIPv4Address=192.0.2.2 portRangeStart=1024/2 portRangeEnd=2047/2" + at(4),
		"natEvent=17/1 sourceIPv6Address=2001:db8:0:7:: postNATSourceIPv4Address=192.0.2.2 portRangeStart=1024/2 portRangeEnd=2047/2" + at(5),
		"natEvent=13/1 sourceIPv6Address=2001:db8:0:8:: natQuotaExceededEvent=3/4 maxEntriesPerUser=1000/4" + at(6),
		"natEvent=12/1 protocolIdentifier=6/1 postNATSourceIPv4Address=192.0.2.3" + at(7),
		"natEvent=3/1 natPoolId=1/4" + at(60_000),
		"notSentFlowTotalCount=5/8",
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		for destinations, peer := range map[bool]string{false: "", true: peer} {
			c := collect(t, address)
			r := &ring{}
			o := IPFIXOptions{Domain: 77, EntriesPerUser: 1000}
			o.Options = Options{Feed: r, Wall: wall, Events: everything, Destinations: destinations}
			r.put(changes()...)
			r.lose(5)
			stop := start(t, IPFIX(c.LocalAddr().String(), o))
			c.wait(t, len(want))
			stop()
			for i, w := range want {
				got := c.records[i].text(order...)
				if i == len(want)-1 { // its time is now
					got, _, _ = strings.Cut(got, " observationTime")
				}
				if w = strings.ReplaceAll(w, "PEER", peer); got != w {
					t.Errorf("record %d:\n%s\nwant\n%s", i, got, w)
				}
			}
			if c.domain != 77 {
				t.Errorf("domain %d", c.domain)
			}
		}
	}
}

// TestMessagesAreShortEnough: for every path, and as long as asked for.
func TestMessagesAreShortEnough(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		address     string
		message     int
		least, most int
	}{
		{"127.0.0.1:0", 0, message4 - 60, message4},
		{"[::1]:0", 0, message6 - 60, message6},
		{"[::1]:0", 9000, 8940, 9000},
		{"[::1]:0", 1, minMessage - 60, minMessage},
	} {
		c := collect(t, row.address)
		r := &ring{}
		o := IPFIXOptions{Message: row.message}
		o.Options = Options{Feed: r, Wall: wall, Events: everything, Destinations: true}
		start(t, IPFIX(c.LocalAddr().String(), o))
		c.wait(t, 0)
		eventually(t, func() string { // the family is known once it is connected
			r.put(changes()[:9]...)
			c.wait(t, len(c.records)+9)
			return map[bool]string{true: "no templates"}[c.templates == nil]
		})
		c.longest = 0
		known := len(c.records)
		for range 50 {
			r.put(changes()[rand.IntN(3)], changes()[rand.IntN(9)], changes()[1])
		}
		var many []nat64.Change
		for range 256 {
			many = append(many, changes()[1])
		}
		r.put(many...)
		c.wait(t, known+150+256)
		if c.longest > row.most || c.longest < row.least {
			t.Errorf("%s, %d: the longest message has %d octets, want %d to %d", row.address, row.message, c.longest, row.least, row.most)
		}
	}
}

// TestACollectorThatComesLate: it gets the templates before any record, and the
// sequence goes on where its predecessor's was. Its absence is told.
func TestACollectorThatComesLate(t *testing.T) {
	t.Parallel()
	c := collect(t, "127.0.0.1:0")
	address := c.LocalAddr().String()
	r, told := &ring{}, &teller{}
	o := IPFIXOptions{}
	o.Options = Options{Feed: r, Wall: wall, Tell: told.tell}
	start(t, IPFIX(address, o))
	r.put(numbered(0, 10)...)
	c.wait(t, 10)
	must(t, c.Close())
	eventually(t, func() string {
		r.put(numbered(0, 1)...)
		if all := told.told(); len(all) == 0 || !strings.Contains(all[0].Error(), "start what reads it") {
			return fmt.Sprint(all)
		}
		return ""
	})
	next := collect(t, address)
	for len(next.records) == 0 {
		b := make([]byte, 1<<16)
		must(t, next.SetReadDeadline(time.Now().Add(long)))
		n, err := next.Read(b)
		must(t, err)
		must(t, next.message(b[:n])) // refuses records without a template
	}
	if sequence := next.sequence; sequence < 11 || sequence > 10_000 {
		t.Errorf("its sequence is at %d", sequence)
	}
	eventually(t, func() string {
		if all := told.told(); len(all) != 2 || all[1] != nil {
			return fmt.Sprintf("told %v, want an error and its end", all)
		}
		return ""
	})
}

// TestTemplatesAreSentAgain: when it is time, also while nothing happens.
func TestTemplatesAreSentAgain(t *testing.T) {
	c := collect(t, "[::1]:0")
	o := IPFIXOptions{Templates: 10 * time.Millisecond}
	o.Options = Options{Feed: &ring{}, Wall: wall}
	start(t, IPFIX(c.LocalAddr().String(), o))
	b := make([]byte, 1<<16)
	for range 2 {
		must(t, c.SetReadDeadline(time.Now().Add(long)))
		n, err := c.Read(b)
		must(t, err)
		c.templates = nil
		must(t, c.message(b[:n]))
		if len(c.templates) != len(templates) {
			t.Errorf("%d templates, want %d", len(c.templates), len(templates))
		}
	}
}

// TestTheTypesOfElements: a record is as long as its fields, and each element is as
// long as its type in IANA's registry.
func TestTheTypesOfElements(t *testing.T) {
	for _, row := range templates {
		n := 0
		for _, e := range row.elements {
			if elementSizes[e] == 0 {
				t.Errorf("template %d: element %d has no size", row.id, e)
			}
			n += elementSizes[e]
		}
		if n != recordSizes[row.id-256] {
			t.Errorf("template %d: %d octets, counted %d", row.id, recordSizes[row.id-256], n)
		}
	}
	if n := messageHeader + len(appendTemplates(nil)); n > minMessage {
		t.Errorf("the templates are %d octets, more than the %d of the shortest message", n, minMessage)
	}
}

// TestRecordsAreCounted: of any mixture of events in one message or several.
func TestRecordsAreCounted(t *testing.T) {
	for range 200 {
		f := &records{most: minMessage + rand.IntN(1000), o: IPFIXOptions{Options: Options{Destinations: rand.IntN(2) == 0}}}
		var b []byte
		n := rand.IntN(100)
		for range n {
			c := changes()[rand.IntN(9)]
			b = f.append(b, &c, begun)
		}
		b = f.end(b)
		d := decoder{}
		must(t, d.message(appendHeaderTo(appendTemplates(nil))))
		for sum := uint32(0); len(b) > 0; {
			size := int(binary.BigEndian.Uint16(b[2:]))
			binary.BigEndian.PutUint32(b[8:], sum)
			must(t, d.message(b[:size]))
			sum += count(b[:size])
			b = b[size:]
		}
		if len(d.records) != n {
			t.Fatalf("%d records of %d", len(d.records), n)
		}
	}
}

// appendHeaderTo returns a message of these sets.
func appendHeaderTo(sets []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, ipfixVersion)
	b = binary.BigEndian.AppendUint16(b, uint16(messageHeader+len(sets)))
	return append(append(b, make([]byte, 12)...), sets...)
}
