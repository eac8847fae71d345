package natlog

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"taygo/nat64"
)

// text returns the lines of all changes.
func text(f *lines) string {
	var b []byte
	for _, c := range changes() {
		if c.Kind < nat64.NumChangeKinds {
			b = f.append(b, &c, wall(c.At))
		}
	}
	return string(f.end(b))
}

const (
	hostFields = `"sourceIPv6Address":"2001:db8::1","sourceTransportPort":5000,"postNATSourceIPv4Address":"192.0.2.1","postNAPTSourceTransportPort":40000`
	peerFields = `,"postNATDestinationIPv4Address":"198.51.100.7","postNAPTDestinationTransportPort":443`
)

// TestLines: names of events and fields are those of IANA's registry, and whom a
// host talks to is there only when it is asked for (RFC 6888 REQ-12).
func TestLines(t *testing.T) {
	want := `{"time":"2026-03-29T00:59:59.998Z","event":"NAT64 BIB Create","protocol":"udp",` + hostFields + `}
{"time":"2026-03-29T00:59:59.999Z","event":"NAT64 Session Create","protocol":"udp",` + hostFields + `PEER}
{"time":"2026-03-29T01:00:00.000Z","event":"NAT64 Session Delete","protocol":"tcp",` + hostFields + `PEER}
{"time":"2026-03-29T01:00:00.001Z","event":"NAT64 BIB Delete","protocol":"icmp",` + hostFields + `}
{"time":"2026-03-29T01:00:00.002Z","event":"NAT Port Block Allocation","sourceIPv6Address":"2001:db8:0:7::","postNATSourceIPv4Address":"192.0.2.2","portRangeStart":1024,"portRangeEnd":2047}
{"time":"2026-03-29T01:00:00.003Z","event":"NAT Port Block De-allocation","sourceIPv6Address":"2001:db8:0:7::","postNATSourceIPv4Address":"192.0.2.2","portRangeStart":1024,"portRangeEnd":2047}
{"time":"2026-03-29T01:00:00.004Z","event":"Quota Exceeded","protocol":"tcp","sourceIPv6Address":"2001:db8:0:8::"}
{"time":"2026-03-29T01:00:00.005Z","event":"NAT Ports Exhausted","protocol":"tcp","sourceIPv6Address":"2001:db8::1","postNATSourceIPv4Address":"192.0.2.3"}
{"time":"2026-03-29T01:00:59.998Z","event":"NAT Addresses Exhausted","protocol":"udp","sourceIPv6Address":"2001:db8::1"}
`
	for destinations, peer := range map[bool]string{false: "", true: peerFields} {
		if got, want := text(&lines{destinations: destinations}), strings.ReplaceAll(want, "PEER", peer); got != want {
			t.Errorf("with destinations %v:\n%s\nwant\n%s", destinations, got, want)
		}
	}
	lost := string(new(lines).appendLost(nil, loss{now: 3, total: 10}, wall(0)))
	if want := `{"time":"2026-03-29T00:59:59.998Z","event":"Events Lost","lost":3,"total":10}` + "\n"; lost != want {
		t.Errorf("%s, want %s", lost, want)
	}
}

// TestEachLineIsJSON: whatever the addresses.
func TestEachLineIsJSON(t *testing.T) {
	f := &lines{destinations: true}
	for _, c := range append(changes(),
		nat64.Change{Kind: nat64.BindingMade, Proto: 200, V6: netip.AddrPort{}},
		nat64.Change{Kind: nat64.SessionMade, V6: port("[fe80::1%\"\n]:1"), Peer: port("[::ffff:192.0.2.1]:0")},
	) {
		for _, at := range []time.Time{begun, {}, time.Unix(-1, 1), time.Unix(1<<40, 0)} {
			line := f.append(nil, &c, at)
			var v map[string]any
			if err := json.Unmarshal(line, &v); err != nil || strings.Count(string(line), "\n") != 1 {
				t.Errorf("%s: %v", line, err)
			}
			if got, err := time.Parse(time.RFC3339Nano, v["time"].(string)); at.Year() < 10000 && (err != nil || !got.Equal(at.Truncate(time.Millisecond))) {
				t.Errorf("%s: %v is not %v, %v", line, got, at, err)
			}
		}
	}
}

// TestALineCostsNoMemory: there may be a million in a second.
func TestALineCostsNoMemory(t *testing.T) {
	all := changes()
	for name, f := range map[string]format{"lines": &lines{destinations: true}, "records": &records{most: message4}} {
		var b []byte
		cost := testing.AllocsPerRun(100, func() {
			b = b[:0]
			for i := range all {
				b = f.append(b, &all[i], begun)
			}
			b = f.end(b)
		})
		if cost != 0 {
			t.Errorf("%s: %v allocations", name, cost)
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	all := changes()[:4]
	for name, f := range map[string]format{"lines": &lines{}, "records": &records{most: message6}} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 4096)
			for i := 0; b.Loop(); i++ {
				if i%8 == 0 {
					buf = f.end(buf)[:0]
				}
				c := &all[i%4]
				buf = f.append(buf, c, begun.Add(c.At))
			}
		})
	}
}
