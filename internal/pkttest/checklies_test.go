package pkttest

import (
	"errors"
	"testing"
)

var cut4, cut6 = back4.Packet(udp), back6.Packet(udp)

// lies has a packet for each way to be wrong, right in all else.
var lies = map[string]struct {
	pkt  []byte
	want error
}{
	"nothing":               {nil, ErrVersion},
	"version 5":             {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Version: 5}.Packet(udp), ErrVersion},
	"short IPv6 header":     {head6.Packet()[:39], ErrVersion},
	"IPv4 length short":     {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Len: 51}.Packet(udp), ErrLength},
	"IPv4 length long":      {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Len: Wrong}.Packet(udp), ErrLength},
	"IPv6 length short":     {IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", Len: 31}.Packet(udp), ErrLength},
	"IPv6 length long":      {IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", Len: Wrong}.Packet(udp), ErrLength},
	"IPv4 options":          {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Options: []byte{1}}.Packet(udp), ErrHeader},
	"reserved flag":         {reservedFlag(), ErrHeader},
	"header checksum":       {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Sum: Wrong}.Packet(udp), ErrHeaderSum},
	"TTL 0":                 {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", TTL: Zero}.Packet(udp), ErrHopLimit},
	"hop limit 0":           {IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", HopLimit: Zero}.Packet(udp), ErrHopLimit},
	"hop-by-hop":            {head6.Packet(HopByHop{}, udp), ErrProtocol},
	"destination options":   {head6.Packet(DestOptions{}, udp), ErrProtocol},
	"routing":               {head6.Packet(Routing{}, udp), ErrProtocol},
	"two Fragment headers":  {head6.Packet(Fragment{More: true}, Fragment{}, udp), ErrProtocol},
	"options in fragment":   {head6.Packet(Fragment{More: true}, DestOptions{}, udp), ErrProtocol},
	"ICMPv4 in IPv6":        {head6.Packet(Proto{Number: 1, Data: Pattern(1, 8)}), ErrProtocol},
	"ICMPv6 in IPv4":        {head4.Packet(Proto{Number: 58, Data: Pattern(1, 8)}), ErrProtocol},
	"IGMP":                  {head4.Packet(Proto{Number: 2, Data: Pattern(1, 8)}), ErrProtocol},
	"Fragment in IPv4":      {head4.Packet(Fragment{}, udp), ErrProtocol},
	"short Fragment header": {head6.Packet(Proto{Number: 44, Data: Pattern(0, 7)}), ErrLength},
	"reserved in Fragment":  {head6.Packet(Proto{Number: 44, Data: []byte{17, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 1, 1}}), ErrHeader},
	"atomic fragment":       {head6.Packet(Fragment{ID: 1}, udp), ErrFragment},
	"DF on a fragment":      {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", DF: true, MF: true}.Packet(Proto{Number: 47, Data: Pattern(1, 8)}), ErrFragment},
	"MF, not 8 octets, 4":   {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", MF: true}.Packet(Proto{Number: 47, Data: Pattern(1, 9)}), ErrFragment},
	"M, not 8 octets, 6":    {head6.Packet(Fragment{Offset: 80, More: true}, Proto{Number: 47, Data: Pattern(1, 9)}), ErrFragment},
	"end past 65535, 4":     {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Offset: 65528}.Packet(Proto{Number: 47, Data: Pattern(1, 8)}), ErrFragment},
	"end past 65535, 6":     {head6.Packet(Fragment{Offset: 65528}, Proto{Number: 47, Data: Pattern(1, 8)}), ErrFragment},
	"TCP at offset 8":       {head6.Packet(Fragment{Offset: 8}, Proto{Number: 6, Data: Pattern(1, 8)}), ErrFragment},
	"UDP header cut":        {head4.Packet(Proto{Number: 17, Data: Pattern(1, 7)}), ErrTransport},
	"TCP header cut":        {head6.Packet(Proto{Number: 6, Data: Pattern(1, 19)}), ErrTransport},
	"ICMP header cut":       {head6.Packet(Proto{Number: 58, Data: []byte{128, 0, 0, 0, 0, 0, 0}}), ErrTransport},
	"TCP options cut":       {head6.Packet(Fragment{More: true}, Proto{Number: 6, Data: TCP{Options: Pattern(1, 12)}.appendTo(nil, envelope{})[:24]}), ErrTransport},
	"UDP length 7":          {head4.Packet(UDP{Len: 7}), ErrTransport},
	"UDP length long":       {head6.Packet(UDP{Len: 9}), ErrTransport},
	"TCP data offset 4":     {head4.Packet(TCP{DataOffset: 4}), ErrTransport},
	"TCP data offset 6":     {head4.Packet(TCP{DataOffset: 6}), ErrTransport},
	"UDP checksum":          {head4.Packet(UDP{Sum: Wrong}), ErrSum},
	"UDP checksum 0, 4":     {head4.Packet(UDP{Sum: Zero}), ErrZeroSum},
	"UDP checksum 0, 6":     {head6.Packet(UDP{Sum: Zero}), ErrZeroSum},
	"TCP checksum":          {head6.Packet(TCP{Sum: Wrong}), ErrSum},
	"echo checksum":         {head4.Packet(Echo{Sum: Wrong}), ErrSum},
	"ICMPv6 pseudo-header":  {head6.Packet(Proto{Number: 58, Data: ICMP{Type: 128}.appendTo(nil, envelope{})}), ErrSum},
	"ICMP error checksum":   {head6.Packet(ICMPError{Type: 3, Quote: cut6, Sum: Wrong}), ErrSum},
	"ICMP error in pieces":  {head6.Packet(Fragment{More: true}, ICMPError{Type: 3, Quote: cut6}), ErrFragment},
	"ICMPv4 error too long": {head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(UDP{Data: Pattern(1, 800)})[:549]}), ErrErrorSize},
	"ICMPv6 error too long": {head6.Packet(ICMPError{Type: 3, Quote: back6.Packet(UDP{Data: Pattern(1, 1300)})[:1233]}), ErrErrorSize},
	"no quote":              {head6.Packet(ICMPError{Type: 3}), ErrQuote},
	"quoted header cut, 4":  {head4.Packet(ICMPError{Type: 11, Quote: cut4[:19]}), ErrQuote},
	"quoted header cut, 6":  {head6.Packet(ICMPError{Type: 3, Quote: cut6[:39]}), ErrQuote},
	"quote of other family": {head6.Packet(ICMPError{Type: 3, Quote: cut4}), ErrQuote},
	"quoted IHL 4":          {head4.Packet(ICMPError{Type: 11, Quote: IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", IHL: 4}.Packet(udp)}), ErrQuote},
	"quoted IHL too long":   {head4.Packet(ICMPError{Type: 11, Quote: IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", IHL: 15}.Packet(udp)[:40]}), ErrQuote},
	"quoted length < IHL":   {head4.Packet(ICMPError{Type: 11, Quote: IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Len: 19}.Packet()}), ErrQuote},
	"quoted header sum":     {head4.Packet(ICMPError{Type: 11, Quote: IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Sum: Wrong}.Packet(udp)}), ErrHeaderSum},
	"octets behind quote":   {head6.Packet(ICMPError{Type: 3, Quote: append(back6.Packet(udp), 0)}), ErrQuote},
	"padding not zero":      {head6.Packet(ICMPError{Type: 3, Quote: append(back6.Packet(udp), 1), Ext: ext}), ErrQuote},
	"quoted ICMP error":     {head6.Packet(ICMPError{Type: 3, Quote: back6.Packet(ICMPError{Type: 1, Quote: cut6})}), ErrQuote},
	"quoted ICMPv4 error":   {head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(ICMPError{Type: 3, Quote: cut4})}), ErrQuote},
	"PTB below 1280":        {head6.Packet(ICMPError{Type: 2, MTU: 1279, Quote: cut6}), ErrICMPWord},
	"3/4 below 68":          {head4.Packet(ICMPError{Type: 3, Code: 4, MTU: 67, Quote: cut4}), ErrICMPWord},
	"3/4 above 16 bits":     {word4(3, 4, 0x00010500), ErrICMPWord},
	"unused word 1/4":       {head6.Packet(ICMPError{Type: 1, Code: 4, MTU: 1, Quote: cut6}), ErrICMPWord},
	"unused word 3/3":       {head4.Packet(ICMPError{Type: 3, Code: 3, MTU: 1, Quote: cut4}), ErrICMPWord},
	"unused word 12/0":      {head4.Packet(ICMPError{Type: 12, MTU: 1, Quote: cut4}), ErrICMPWord},
	"pointer past packets":  {head6.Packet(ICMPError{Type: 4, Pointer: 1 << 24, Quote: cut6}), ErrICMPWord},
	"RFC 4884 below 128":    {head4.Packet(ICMPError{Type: 11, Length: 13, Quote: append(back4.Packet(udp), ext...)}), ErrExtension},
	"RFC 4884 past the end": {head6.Packet(ICMPError{Type: 3, Length: 18, Quote: cut6, Ext: ext}), ErrExtension},
	"RFC 4884 no extension": {head6.Packet(ICMPError{Type: 3, Quote: cut6, Ext: []byte{}}), ErrExtension},
	"extension checksum":    {head6.Packet(ICMPError{Type: 3, Quote: cut6, Ext: spoil(ext, 11)}), ErrExtension},
}

func TestCheckFindsEveryLie(t *testing.T) {
	for name, tt := range lies {
		if err := Check(tt.pkt); !errors.Is(err, tt.want) {
			t.Errorf("%s: Check = %v, want %v\n%s", name, err, tt.want, Dump(tt.pkt))
		}
	}
}

func reservedFlag() []byte {
	pkt := head4.Packet(udp)
	pkt[6] |= 0x80
	put16(pkt, 10, 0)
	put16(pkt, 10, int(checksum(add(0, pkt[:20]))))
	return pkt
}

// word4 returns an ICMPv4 error with any second word.
func word4(kind, code byte, word uint32) []byte {
	return head4.Packet(ICMP{Type: kind, Code: code, Word: word, Data: back4.Packet(udp)})
}

func TestCheckKnowsTheICMPTypesOfRFC7915(t *testing.T) {
	known4 := map[[2]byte]bool{{0, 0}: true, {8, 0}: true, {12, 0}: true, {3, 1}: true, {3, 2}: true, {3, 3}: true, {3, 4}: true, {3, 5}: true, {3, 10}: true, {3, 13}: true}
	known6 := map[[2]byte]bool{{128, 0}: true, {129, 0}: true, {1, 0}: true, {1, 1}: true, {1, 3}: true, {1, 4}: true, {2, 0}: true, {4, 0}: true, {4, 1}: true}
	for kind := range 256 {
		for code := range 256 {
			k, c := byte(kind), byte(code)
			err4 := Check(head4.Packet(ICMP{Type: k, Code: c}))
			if known := known4[[2]byte{k, c}] || k == 11; known == errors.Is(err4, ErrICMPType) {
				t.Errorf("ICMPv4 %d/%d: %v", k, c, err4)
			}
			err6 := Check(head6.Packet(ICMP{Type: k, Code: c}))
			if known := known6[[2]byte{k, c}] || k == 3; known == errors.Is(err6, ErrICMPType) {
				t.Errorf("ICMPv6 %d/%d: %v", k, c, err6)
			}
		}
	}
}

func TestCheckForbidsAddresses(t *testing.T) {
	for _, bad := range []string{"0.0.0.0", "0.1.2.3", "127.0.0.1", "169.254.7.7", "224.0.0.1", "239.255.255.255", "255.255.255.255"} {
		if err := Check(IPv4{Src: bad, Dst: "192.0.2.1"}.Packet(udp)); !errors.Is(err, ErrAddress) {
			t.Errorf("source %s: %v", bad, err)
		}
		if err := Check(IPv4{Src: "192.0.2.1", Dst: bad}.Packet(udp)); !errors.Is(err, ErrAddress) {
			t.Errorf("destination %s: %v", bad, err)
		}
	}
	for _, bad := range []string{"::", "::1", "::ffff:192.0.2.1", "fe80::1", "febf::1", "ff02::1"} {
		if err := Check(IPv6{Src: bad, Dst: "2001:db8::1"}.Packet(udp)); !errors.Is(err, ErrAddress) {
			t.Errorf("source %s: %v", bad, err)
		}
		if err := Check(IPv6{Src: "2001:db8::1", Dst: bad}.Packet(udp)); !errors.Is(err, ErrAddress) {
			t.Errorf("destination %s: %v", bad, err)
		}
	}
	for _, fine := range []string{"1.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "223.255.255.255", "240.0.0.1", "10.0.0.1"} {
		if err := Check(IPv4{Src: fine, Dst: fine}.Packet(udp)); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	for _, fine := range []string{"::2", "64:ff9b::127.0.0.1", "fec0::1", "fe7f::1", "fdff::1", "::fffe:192.0.2.1"} {
		if err := Check(IPv6{Src: fine, Dst: fine}.Packet(udp)); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}
