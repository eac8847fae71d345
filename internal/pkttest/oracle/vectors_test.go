package oracle

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"testing"
)

// A vectorFile is the part of the vectors that a stateless translator can run:
// packets and addresses.
type vectorFile struct {
	Configs   map[string]vectorConfig `json:"configs"`
	Vectors   []vector                `json:"vectors"`
	Addresses []addressVector         `json:"addresses"`
}

type vectorConfig struct {
	Prefix        string      `json:"prefix"`
	WKPStrict     bool        `json:"wkp_strict"`
	Own4          string      `json:"own4"`
	Own6          string      `json:"own6"`
	Pool4         []string    `json:"rfc6791_v4"`
	EAM           [][2]string `json:"eamt"`
	MTU4          int         `json:"mtu4"`
	MTU6          int         `json:"mtu6"`
	LowestIPv6MTU int         `json:"lowest_ipv6_mtu"`
	UDPZero       string      `json:"udp_zero_checksum"`
	Hairpin       string      `json:"hairpin"`
}

type vectorSet struct {
	vectorConfig
	ZeroTrafficClass bool `json:"zero_traffic_class"`
	TOSOverride      *int `json:"tos_override"`
}

type vector struct {
	Name   string          `json:"name"`
	Req    []string        `json:"req"`
	Config string          `json:"config"`
	Set    json.RawMessage `json:"set"`
	In     string          `json:"in"`
	outcomeVector
	Accept []outcomeVector `json:"accept"`
}

type outcomeVector struct {
	Expect string         `json:"expect"`
	Out    []packetVector `json:"out"`
}

type packetVector struct {
	Hex    string   `json:"hex"`
	Ignore [][2]int `json:"ignore"`
}

type addressVector struct {
	Name          string       `json:"name"`
	Config        vectorConfig `json:"config"`
	V4, V6        string
	Bidirectional bool `json:"bidirectional"`
}

// loadVectors reads the committed sample, or the file named by TAYGO_VECTORS.
func loadVectors(t *testing.T) vectorFile {
	t.Helper()
	name := os.Getenv("TAYGO_VECTORS")
	if name == "" {
		name = "testdata/vectors.json"
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func addressOrNone(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

// oracleConfig applies the settings of a vector to the named configuration.
func oracleConfig(t *testing.T, base vectorConfig, set json.RawMessage) *Config {
	t.Helper()
	s := vectorSet{vectorConfig: base}
	if len(set) > 0 {
		if err := json.Unmarshal(set, &s); err != nil {
			t.Fatal(err)
		}
	}
	c := &Config{
		WKPFStrict: s.WKPStrict, Own4: addressOrNone(s.Own4), Own6: addressOrNone(s.Own6),
		MTU4: s.MTU4, MTU6: s.MTU6, LowestIPv6MTU: s.LowestIPv6MTU, UDPZero: s.UDPZero,
		Hairpin: s.Hairpin, TrafficClass: -1, TOS: -1, ClassE: true,
	}
	if s.Prefix != "" {
		c.Prefix = netip.MustParsePrefix(s.Prefix)
	}
	for _, a := range s.Pool4 {
		c.Pool4 = append(c.Pool4, netip.MustParseAddr(a))
	}
	for _, e := range s.EAM {
		c.EAM = append(c.EAM, Pair{netip.MustParsePrefix(e[0]), netip.MustParsePrefix(e[1])})
	}
	if s.ZeroTrafficClass {
		c.TrafficClass = 0
	}
	if s.TOSOverride != nil {
		c.TOS = *s.TOSOverride
	}
	return c
}

// alternatives names the vectors of which another accepted outcome than the first
// is right here, and which.
var alternatives = map[string]int{
	"64-udp-zero-checksum": 1, // one mode for both directions: computed in IPv4 too
}

func TestVectors(t *testing.T) {
	file := loadVectors(t)
	if len(file.Vectors) < 60 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			cfg := oracleConfig(t, file.Configs[v.Config], v.Set)
			in := unhex(t, v.In)
			before := slices.Clone(in)
			got := Translate(cfg, in)
			if !bytes.Equal(in, before) {
				t.Error("the input was changed")
			}
			want := v.outcomeVector
			if i, ok := alternatives[v.Name]; ok {
				want = v.Accept[i]
			}
			if why := disagreement(t, got, want); why != "" {
				t.Errorf("%v: %s (%s)", v.Req, why, got.Why)
			}
			for i, b := range got.Packets {
				if why := malformed(b); why != "" {
					t.Errorf("packet %d: %s: %x", i, why, b)
				}
			}
		})
	}
}

// disagreement tells how an outcome differs from a wanted one, "" if not at all.
func disagreement(t *testing.T, got Outcome, want outcomeVector) string {
	t.Helper()
	if got.Kind != want.Expect {
		return "kind " + got.Kind + ", want " + want.Expect
	}
	if len(got.Packets) != len(want.Out) || len(got.Free) != len(got.Packets) {
		return "another number of packets"
	}
	for i, w := range want.Out {
		a, b := slices.Clone(got.Packets[i]), unhex(t, w.Hex)
		if len(a) != len(b) {
			return "got  " + hex.EncodeToString(a) + "\nwant " + w.Hex
		}
		for _, r := range slices.Concat(w.Ignore, got.Free[i]) {
			clear(a[r[0] : r[0]+r[1]])
			clear(b[r[0] : r[0]+r[1]])
		}
		if !bytes.Equal(a, b) {
			return "got  " + hex.EncodeToString(a) + "\nwant " + hex.EncodeToString(b)
		}
		for _, r := range got.Free[i] {
			if !covers(w.Ignore, r) {
				return "a range is free that should not be"
			}
		}
	}
	return ""
}

func covers(ranges [][2]int, r [2]int) bool {
	return slices.ContainsFunc(ranges, func(w [2]int) bool {
		return w[0] <= r[0] && r[0]+r[1] <= w[0]+w[1]
	})
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// malformed tells what is wrong with the lengths, the IPv4 header checksum or the
// ICMP checksum of an output.
func malformed(b []byte) string {
	switch {
	case b[0] == 0x45 && len(b) >= 20:
		fragmented := binary.BigEndian.Uint16(b[6:])&0x3fff != 0
		switch {
		case int(binary.BigEndian.Uint16(b[2:])) != len(b):
			return "Total Length"
		case onesSum(b[:20]) != 0xffff:
			return "IPv4 header checksum"
		case b[9] == 1 && !fragmented && isError4(b[20]) && onesSum(b[20:]) != 0xffff:
			return "ICMPv4 checksum"
		}
	case b[0]>>4 == 6 && len(b) >= 40:
		pseudo := slices.Concat(b[8:40], []byte{0, 58}, b[4:6], b[40:])
		switch {
		case 40+int(binary.BigEndian.Uint16(b[4:])) != len(b):
			return "Payload Length"
		case b[6] == 58 && b[40] < 128 && onesSum(pseudo) != 0xffff:
			return "ICMPv6 checksum"
		}
	default:
		return "neither IPv4 nor IPv6"
	}
	return ""
}

func isError4(kind byte) bool { return kind == 3 || kind == 11 || kind == 12 }

// onesSum is the folded one's complement sum (RFC 1071 §1), made differently from
// the sums under test.
func onesSum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

func TestAddresses(t *testing.T) {
	file := loadVectors(t)
	if len(file.Addresses) < 10 {
		t.Fatalf("only %d addresses", len(file.Addresses))
	}
	for _, v := range file.Addresses {
		t.Run(v.Name, func(t *testing.T) {
			c := oracleConfig(t, v.Config, nil).filled()
			v4, v6 := netip.MustParseAddr(v.V4), netip.MustParseAddr(v.V6)
			if got, _, refused := c.toIPv4(v6); refused != nil || got != v4 {
				t.Errorf("%v: got %v, %v, want %v", v6, got, refused, v4)
			}
			if !v.Bidirectional {
				return
			}
			if got, refused := c.toIPv6(v4, false); refused != nil || got != v6 {
				t.Errorf("%v: got %v, %v, want %v", v4, got, refused, v6)
			}
		})
	}
}
