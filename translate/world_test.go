package translate_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// Hosts of the rule tests, by their names in each family.
const (
	mapped4, mapped6 = "198.51.100.10", "2001:db8:1::10"       // by an explicit mapping
	other4, other6   = "198.51.100.11", "2001:db8:1::11"       // by another
	mappedIn6        = "2001:db8:64::198.51.100.10"            // mapped4 in the prefix
	otherIn6         = "2001:db8:64::198.51.100.11"            // other4 in the prefix
	far4, far6       = "203.0.113.5", "2001:db8:64::cb00:7105" // by the prefix
	own4, own6       = "192.0.2.1", "2001:db8:1::1"
	ownIn6           = "2001:db8:64::192.0.2.1" // own4 in the prefix
	lost6            = "2001:db8:ffff::1"       // by nothing
)

// The ways that most packets of the rule tests go.
var (
	ip4 = pkttest.IPv4{Src: far4, Dst: mapped4}
	ip6 = pkttest.IPv6{Src: mapped6, Dst: far6}
	udp = pkttest.UDP{Sport: 53, Dport: 4000, Data: pkttest.Pattern(1, 20)}
	tcp = pkttest.TCP{Sport: 80, Dport: 4001, Seq: 7, Flags: pkttest.ACK, Data: pkttest.Pattern(2, 21)}
)

// config returns the base configuration with links of 1500 octets, changed.
func config(changes ...func(*oracle.Config)) *oracle.Config {
	c := *testConfigs()["base"]
	c.MTU4, c.MTU6 = 1500, 1500
	for _, change := range changes {
		change(&c)
	}
	return &c
}

// A ruleTest is a packet, and what a rule says comes of it.
type ruleTest struct {
	rule string
	in   []byte
	want translate.Verdict
	out  [][]byte
}

// runRules sends the packet of each test through a translator. Identifications
// that the translator chose are not compared.
func runRules(t *testing.T, c *oracle.Config, tests []ruleTest) {
	t.Helper()
	s := newSubject(t, c)
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			v, got := s.send(tt.in)
			if v != tt.want {
				t.Errorf("%v, want %v", v, tt.want)
			}
			wantPackets(t, got, tt.out)
		})
	}
}

func wantPackets(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d packets, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !bytes.Equal(withoutID(got[i]), withoutID(want[i])) {
			t.Errorf("packet %d:\n%swant\n%s", i, pkttest.Dump(got[i]), pkttest.Dump(want[i]))
		}
	}
}

// withoutID returns a copy of an IPv4 packet that is no fragment and may be
// fragmented with the Identification zero. It leaves other packets, and those
// whose header checksum is wrong, as they are.
func withoutID(pkt []byte) []byte {
	if len(pkt) < 20 || pkt[0] != 0x45 || binary.BigEndian.Uint16(pkt[6:]) != 0 || wire.Sum(0).AddBytes(pkt[:20]).Fold() != 0xffff {
		return pkt
	}
	pkt = bytes.Clone(pkt)
	clear(pkt[4:6])
	clear(pkt[10:12])
	binary.BigEndian.PutUint16(pkt[10:], wire.Sum(0).AddBytes(pkt[:20]).Checksum())
	return pkt
}

// packets is a list of packets.
func packets(all ...[]byte) [][]byte { return all }
