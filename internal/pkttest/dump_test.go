package pkttest

import (
	"bytes"
	"strings"
	"testing"
)

// undump reads the octets back from the hex of a dump.
func undump(t *testing.T, text string) []byte {
	t.Helper()
	var out []byte
	for line := range strings.SplitSeq(text, "\n") {
		b, err := parseHex(line)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		out = append(out, b...)
	}
	return out
}

func TestDumpShowsEveryOctet(t *testing.T) {
	g := NewGen(1, testAddresses)
	for range 5000 {
		for _, pkt := range [][]byte{g.Packet(), g.Mutate(g.pkt)} {
			if text := Dump(pkt); !bytes.Equal(undump(t, text), pkt) {
				t.Fatalf("% x\nis not what the dump shows:\n%s", pkt, text)
			}
		}
	}
}

func TestDumpSays(t *testing.T) {
	for name, tt := range map[string]struct {
		pkt  []byte
		want []string // a part of each line
	}{
		"nothing":  {[]byte{0x45}, []string{"45  # no IP header"}},
		"IPv4":     {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", TOS: 1, DF: true, MF: true, Offset: 8}.Packet(), []string{"IPv4 tos 01 len 20 id 0000 DF MF offset 8 ttl 64 proto 59 192.0.2.1 > 192.0.2.2"}},
		"lies":     {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", IHL: 4}.Packet(udp), []string{"ihl 4", "behind a header that lies"}},
		"flags":    {reservedFlag(), []string{"reserved flag", "UDP", "data"}},
		"options":  {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Options: []byte{1, 131, 3, 4, 99, 3, 9, 0}}.Packet(), []string{"ihl 7", "nop, LSRR length 3 pointer 4, option 99 length 3 pointer 9"}},
		"bad sum":  {head4.Packet(UDP{Sum: Wrong}), []string{"IPv4", "UDP 0 > 0 len 8 sum wrong"}},
		"zero sum": {head4.Packet(UDP{Sum: Zero}), []string{"IPv4", "sum 0"}},
		"TCP":      {head6.Packet(TCP{Flags: 0xff, Options: synOptions}), []string{"IPv6", "FIN+SYN+RST+PSH+ACK+URG+ECE+CWR", "20 octets of TCP options"}},
		"no flags": {head6.Packet(TCP{}), []string{"IPv6", "no flags seq 0 ack 0 sum ok"}},
		"headers":  {head6.Packet(HopByHop{}, Routing{Type: 3, SegmentsLeft: 2}, Fragment{Offset: 8, ID: 7}, Proto{Number: 6, Data: []byte{9}}), []string{"IPv6", "hop-by-hop, then routing", "routing, then fragment, type 3, 2 segments left", "fragment, then tcp, offset 8 M 0 id 00000007", "09  # 1 octet of a fragment"}},
		"cut":      {head6.Packet(HopByHop{Len: 9}, udp), []string{"IPv6", "40 octets of data"}},
		"behind":   {append(head6.Packet(udp), 1), []string{"IPv6", "UDP", "24 octets of data", "01  # 1 octet behind the packet"}},
		"flow":     {IPv6{Src: "::2", Dst: "::3", TrafficClass: 0xb8, FlowLabel: 0x12345}.Packet(), []string{"IPv6 tc b8 flow 12345 len 0 no next header hl 64 ::2 > ::3"}},
		"echo":     {head6.Packet(Echo{ID: 1, Seq: 2}), []string{"IPv6", "# ICMPv6 128/0 echo request id 0001 seq 2 sum ok"}},
		"PTB":      {good6["too big"], []string{"IPv6", "2/0 packet too big mtu 1280 sum ok", "quoted IPv6", "quoted UDP", "quoted 24 octets of data"}},
		"3/4":      {good4["too big"], []string{"IPv4", "3/4 destination unreachable mtu 1400", "quoted IPv4", "quoted UDP", "quoted"}},
		"pointer":  {good4["pointer"], []string{"IPv4", "12/0 parameter problem pointer 16", "quoted", "quoted", "quoted"}},
		"quote":    {good4["cut quote"], []string{"IPv4", "11/0", "quoted IPv4", "quoted UDP 1000 > 40000 len 32"}},
		"RFC 4884": {good6["extension"], []string{"IPv6", "3/0 time exceeded quote 128", "quoted", "quoted UDP", "quoted", "quoted 56 octets behind the packet", "extension structure sum ok", "object class 1 type 1"}},
		"bad ext":  {head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(), Ext: append(Extension(mpls), 9)}), []string{"IPv4", "11/0", "quoted", "quoted", "extension structure", "object", "1 octet behind the objects"}},
		"odd ext":  {head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(), Ext: []byte{0, 1, 2, 3}}), []string{"IPv4", "11/0", "quoted", "quoted", "4 octets behind the quoted packet"}},
		"run":      {head4.Packet(Proto{Number: 47, Data: append([]byte{1, 9}, Pattern(5, 40)...)}), []string{"IPv4", "0109 05+07*40  # 42 octets of data"}},
	} {
		lines := dump(tt.pkt)
		if len(lines) < len(tt.want) {
			t.Errorf("%s: %d lines:\n%s", name, len(lines), Dump(tt.pkt))
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%s: line %d is\n%s\nwant\n%s", name, i+1, lines[i], want)
			}
		}
	}
}

func TestRunsAreWrittenShort(t *testing.T) {
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"short":      {Pattern(0, 32), "00070e15 1c232a31 383f464d 545b6269 70777e85 8c939aa1 a8afb6bd c4cbd2d9"},
		"long":       {Pattern(1, 33), "01+07*33"},
		"zeros":      {make([]byte, 100), "00+00*100"},
		"going down": {[]byte(strings.Repeat("\x02\x01", 2)), "02010201"},
		"between":    {append(append([]byte{9, 9}, Pattern(1, 40)...), 7), "0909 01+07*40 07"},
		"two":        {append(Pattern(1, 40), make([]byte, 50)...), "01+07*40 00+00*50"},
	} {
		got := string(appendData(nil, tt.b))
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if back, err := parseHex(got); err != nil || !bytes.Equal(back, tt.b) {
			t.Errorf("%s: read back as % x, %v", name, back, err)
		}
	}
}
