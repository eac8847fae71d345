package pkttest_test

import (
	"fmt"
	"net/netip"

	"taygo/internal/pkttest"
)

func ExampleIPv4() {
	pkt := pkttest.IPv4{Src: "192.0.2.1", Dst: "198.51.100.10", DF: true}.Packet(
		pkttest.UDP{Sport: 1000, Dport: 40000, Data: pkttest.Pattern(1, 20)})
	fmt.Print(pkttest.Dump(pkt))
	// Output:
	// 45000030 00004000 40 11 4e7e c0000201 c633640a  # IPv4 len 48 id 0000 DF ttl 64 udp 192.0.2.1 > 198.51.100.10
	// 03e8 9c40 001c f085  # UDP 1000 > 40000 len 28 sum ok
	// 01080f16 1d242b32 3940474e 555c636a 71787f86  # 20 octets of data
}

func ExampleICMPError() {
	quote := pkttest.IPv6{Src: "2001:db8:1::10", Dst: "64:ff9b::192.0.2.1"}.Packet(
		pkttest.Fragment{More: true, ID: 7}, pkttest.UDP{Sport: 1000, Dport: 40000, Sum: pkttest.Wrong})
	pkt := pkttest.IPv6{Src: "2001:db8::1", Dst: "2001:db8:1::10", HopLimit: 1}.Packet(
		pkttest.ICMPError{Type: 2, MTU: 1280, Quote: quote})
	fmt.Print(pkttest.Dump(pkt))
	fmt.Println(pkttest.Check(pkt))
	// Output:
	// 60000000 0040 3a 01 20010db8000000000000000000000001 20010db8000100000000000000000010  # IPv6 len 64 icmpv6 hl 1 2001:db8::1 > 2001:db8:1::10
	// 02 00 00c2 00000500  # ICMPv6 2/0 packet too big mtu 1280 sum ok
	// 60000000 0010 2c 40 20010db8000100000000000000000010 0064ff9b0000000000000000c0000201  # quoted IPv6 len 16 fragment hl 64 2001:db8:1::10 > 64:ff9b::c000:201
	// 11 00 0001 00000007  # quoted fragment, then udp, offset 0 M 1 id 00000007
	// 03e8 9c40 0008 6eea  # quoted UDP 1000 > 40000 len 8
	// <nil>
}

func ExampleChecker() {
	bad := pkttest.IPv4{Src: "192.0.2.1", Dst: "198.51.100.10"}.Packet(pkttest.TCP{Flags: pkttest.SYN, Sum: pkttest.Wrong})
	fmt.Println(pkttest.Check(bad))
	fmt.Println(pkttest.Checker{AllowBadTransport: true, MTU4: 1500}.Check(bad))
	fmt.Println(pkttest.TransportSum(bad))
	// Output:
	// pkttest: protocol 6, 20 octets: transport checksum is wrong
	// <nil>
	// bad
}

func ExampleReassemble() {
	whole := pkttest.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2"}.Packet(pkttest.UDP{Data: pkttest.Pattern(1, 2000)})
	pieces, err := pkttest.Split(whole, 1280, 7)
	fmt.Println(len(pieces), len(pieces[0]), len(pieces[1]), err)
	again, err := pkttest.Reassemble([][]byte{pieces[1], pieces[0]})
	fmt.Println(string(again) == string(whole), err)
	// Output:
	// 2 1280 824 <nil>
	// true <nil>
}

func ExampleVector_Judge() {
	for _, v := range pkttest.Vectors() {
		if v.Name == "46-ttl-1-icmp-error" {
			fmt.Println(v.File, v.Req, v.Config.Own4, v.Expect, v.Judge(nil))
		}
	}
	// Output:
	// vectors/rfc7915-4.4.txt [BE-03] 192.0.2.1 drop <nil>
}

func ExampleGen() {
	g := pkttest.NewGen(1, pkttest.Addresses{
		Mapped:   []netip.Addr{netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("2001:db8:1::10")},
		Embedded: []netip.Addr{netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("2001:db8:64::203.0.113.5")},
	})
	odd := 0
	for range 1000 {
		if pkttest.Check(g.Mutate(g.Packet())) != nil {
			odd++
		}
	}
	fmt.Println(odd > 500)
	// Output: true
}
