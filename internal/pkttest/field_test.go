package pkttest

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestFieldsCanBeOverridden(t *testing.T) {
	for name, tt := range map[string]struct {
		pkt  []byte
		at   int
		want string
	}{
		"TTL default":         {head4.Packet(), 8, "40"},
		"TTL zero":            {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", TTL: Zero}.Packet(), 8, "00"},
		"version and IHL":     {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Version: 7, IHL: 4}.Packet(), 0, "74"},
		"IPv4 length literal": {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Len: 0x1234}.Packet(), 2, "1234"},
		"IPv4 length wrong":   {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Len: Wrong}.Packet(), 2, "0015"},
		"protocol":            {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Proto: 99}.Packet(udp), 9, "63"},
		"IPv6 next header":    {IPv6{Src: "::2", Dst: "::3", Next: Zero}.Packet(udp), 6, "00"},
		"hop limit":           {IPv6{Src: "::2", Dst: "::3", HopLimit: 1}.Packet(udp), 7, "01"},
		"nothing follows":     {IPv6{Src: "::2", Dst: "::3"}.Packet(), 4, "00003b40"},
		"extension chain":     {head6.Packet(HopByHop{}, Fragment{}, udp), 40, "2c00010400000000" + "1100000000000000"},
		"extension length":    {head6.Packet(HopByHop{Len: 5, Next: 6}, udp), 40, "0605"},
		"Pad1":                {head6.Packet(DestOptions{Options: []byte{4, 3, 9, 9, 9}}, udp), 40, "1100" + "040309090900"},
		"options that fit":    {head6.Packet(DestOptions{Options: []byte{4, 4, 9, 9, 9, 9}}, udp), 40, "1100" + "040409090909"},
		"routing padded":      {head6.Packet(Routing{Type: 3, SegmentsLeft: 2, Data: Pattern(1, 5)}, udp), 40, "11010302" + "01080f161d" + "00000000000000"},
		"UDP checksum zero":   {head4.Packet(UDP{Sum: Zero}), 26, "0000"},
		"UDP checksum given":  {head4.Packet(UDP{Sum: 0xabcd}), 26, "abcd"},
		"other family's echo": {head6.Packet(Echo{Reply: true}), 40, "8100"},
		"echo reply":          {head4.Packet(Echo{Reply: true}), 20, "0000"},
		"pointer 4":           {head4.Packet(ICMPError{Type: 12, Pointer: 16}), 24, "10000000"},
		"pointer 6":           {head6.Packet(ICMPError{Type: 4, Pointer: 40}), 44, "00000028"},
		"MTU 4":               {head4.Packet(ICMPError{Type: 3, Code: 4, MTU: 1400}), 24, "00000578"},
		"MTU 6":               {head6.Packet(ICMPError{Type: 2, MTU: 65536}), 44, "00010000"},
		"RFC 4884 length 4":   {good4["extension"], 24, "00200000"},
		"RFC 4884 length 6":   {good6["extension"], 44, "10000000"},
		"length given":        {head6.Packet(ICMPError{Type: 3, Length: 9}), 44, "09000000"},
		"any message":         {head4.Packet(ICMP{Type: 13, Code: 1, Word: 0x01020304, Data: []byte{9}}), 24, "0102030409"},
	} {
		want, _ := hex.DecodeString(tt.want)
		if got := tt.pkt[tt.at : tt.at+len(want)]; !bytes.Equal(got, want) {
			t.Errorf("%s: % x, want % x\n%s", name, got, want, Dump(tt.pkt))
		}
	}
}

// TestUDPChecksumIsNeverZero looks for data whose checksum comes out zero.
func TestUDPChecksumIsNeverZero(t *testing.T) {
	for i := range 1 << 16 {
		pkt := head4.Packet(UDP{Data: []byte{byte(i >> 8), byte(i)}})
		if get16(pkt, 26) == 0 {
			t.Fatalf("data %04x: checksum 0", i)
		}
		if get16(pkt, 26) == 0xffff {
			if TransportSum(pkt) != SumGood {
				t.Errorf("data %04x: ffff is not right", i)
			}
			return
		}
	}
	t.Error("no data gave ffff")
}

// TestWrongIsWrong covers the one checksum whose flipped bit would make it zero.
func TestWrongIsWrong(t *testing.T) {
	for right := range 1 << 16 {
		wrong := Wrong.sum(uint16(right))
		if wrong == right || wrong == 0 || wrong%65535 == right%65535 {
			t.Fatalf("wrong checksum of %04x is %04x", right, wrong)
		}
	}
}

func TestExtensionStructure(t *testing.T) {
	got := Extension(Object{Class: 1, Type: 1, Data: []byte{0, 1, 1, 64}})
	want, _ := hex.DecodeString("2000ddb50008010100010140") // as in the vector 46-ext-du
	if !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}
