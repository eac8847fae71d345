package pkttest

import (
	"bytes"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// decode has gopacket read pkt, without any error layer.
func decode(t *testing.T, pkt []byte) gopacket.Packet {
	t.Helper()
	first := layers.LayerTypeIPv4
	if pkt[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	p := gopacket.NewPacket(pkt, first, gopacket.Default)
	if e := p.ErrorLayer(); e != nil {
		t.Fatalf("gopacket: %v\n%s", e.Error(), Dump(pkt))
	}
	return p
}

// layer returns gopacket's layer of type T.
func layer[T gopacket.Layer](t *testing.T, p gopacket.Packet) T {
	t.Helper()
	for _, l := range p.Layers() {
		if want, ok := l.(T); ok {
			return want
		}
	}
	var none T
	t.Fatalf("gopacket finds no %T in\n%v", none, p)
	return none
}

func TestIPv4HeaderAsGopacketReadsIt(t *testing.T) {
	pkt := IPv4{
		Src: "192.0.2.1", Dst: "198.51.100.10", TOS: 0xb8, ID: 0x1234, TTL: 7, DF: true, Options: []byte{148, 4, 0, 0, 1},
	}.Packet(Proto{Number: 47, Data: Pattern(1, 5)})
	ip := layer[*layers.IPv4](t, gopacket.NewPacket(pkt, layers.LayerTypeIPv4, gopacket.Default))
	if ip.TOS != 0xb8 || ip.Id != 0x1234 || ip.TTL != 7 || ip.Flags != layers.IPv4DontFragment || ip.FragOffset != 0 ||
		ip.IHL != 7 || int(ip.Length) != len(pkt) || ip.Protocol != 47 || !ip.SrcIP.Equal(net.ParseIP("192.0.2.1")) ||
		!ip.DstIP.Equal(net.ParseIP("198.51.100.10")) || !bytes.Equal(ip.Payload, Pattern(1, 5)) {
		t.Errorf("%+v", ip)
	}
	frag := layer[*layers.IPv4](t, decode(t, IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", MF: true, Offset: 800}.Packet(Proto{Number: 47})))
	if frag.Flags != layers.IPv4MoreFragments || frag.FragOffset != 100 || frag.TTL != 64 {
		t.Errorf("%+v", frag)
	}
}

func TestIPv6HeadersAsGopacketReadsThem(t *testing.T) {
	pkt := IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", TrafficClass: 0xb8, FlowLabel: 0xabcde, HopLimit: 9}.Packet(
		HopByHop{Options: []byte{5, 2, 0, 0}}, Routing{SegmentsLeft: 1, Data: Pattern(1, 20)},
		Fragment{Offset: 0, ID: 0x12345678}, UDP{Sport: 1, Dport: 2, Data: Pattern(1, 5)})
	p := decode(t, pkt)
	ip := layer[*layers.IPv6](t, p)
	if ip.TrafficClass != 0xb8 || ip.FlowLabel != 0xabcde || ip.HopLimit != 9 || int(ip.Length) != len(pkt)-40 ||
		ip.NextHeader != layers.IPProtocolIPv6HopByHop || ip.SrcIP.String() != "2001:db8::1" || ip.DstIP.String() != "2001:db8::2" {
		t.Errorf("%+v", ip)
	}
	hop := layer[*layers.IPv6HopByHop](t, p)
	if hop.NextHeader != layers.IPProtocolIPv6Routing || hop.ActualLength != 8 || hop.Options[0].OptionType != 5 {
		t.Errorf("%+v", hop)
	}
	routing := layer[*layers.IPv6Routing](t, p)
	if routing.RoutingType != 0 || routing.SegmentsLeft != 1 || routing.ActualLength != 24 || routing.NextHeader != layers.IPProtocolIPv6Fragment {
		t.Errorf("%+v", routing)
	}
	frag := layer[*layers.IPv6Fragment](t, p)
	if frag.FragmentOffset != 0 || frag.MoreFragments || frag.Identification != 0x12345678 || frag.NextHeader != layers.IPProtocolUDP {
		t.Errorf("%+v", frag)
	}
	later := layer[*layers.IPv6Fragment](t, decode(t, head6.Packet(Fragment{Offset: 1232, More: true, Next: 17}, Proto{Data: Pattern(1, 8)})))
	if later.FragmentOffset != 154 || !later.MoreFragments || later.NextHeader != layers.IPProtocolUDP {
		t.Errorf("%+v", later)
	}
	dest := layer[*layers.IPv6Destination](t, decode(t, head6.Packet(DestOptions{Options: Pattern(0, 0)}, tcp)))
	if dest.NextHeader != layers.IPProtocolTCP || dest.ActualLength != 8 {
		t.Errorf("%+v", dest)
	}
}

func TestTransportAsGopacketReadsIt(t *testing.T) {
	seg := TCP{
		Sport: 80, Dport: 40000, Seq: 7, Ack: 8, Flags: SYN | ACK | ECE, Window: 99, Urgent: 3,
		Options: []byte{2, 4, 5, 0xb4, 1}, Data: Pattern(1, 7),
	}
	for _, p := range []gopacket.Packet{decode(t, head4.Packet(seg)), decode(t, head6.Packet(seg))} {
		got := layer[*layers.TCP](t, p)
		if got.SrcPort != 80 || got.DstPort != 40000 || got.Seq != 7 || got.Ack != 8 || !got.SYN || !got.ACK || !got.ECE ||
			got.FIN || got.RST || got.PSH || got.URG || got.CWR || got.Window != 99 || got.Urgent != 3 || got.DataOffset != 7 ||
			!bytes.Equal(got.Payload, Pattern(1, 7)) || got.Options[0].OptionType != layers.TCPOptionKindMSS {
			t.Errorf("%+v", got)
		}
	}
	got := layer[*layers.UDP](t, decode(t, head6.Packet(UDP{Sport: 1000, Dport: 2000, Data: Pattern(1, 9)})))
	if got.SrcPort != 1000 || got.DstPort != 2000 || got.Length != 17 || !bytes.Equal(got.Payload, Pattern(1, 9)) {
		t.Errorf("%+v", got)
	}
}

// TestChecksumsAsGopacketComputesThem has gopacket serialise what was built anew,
// with its own checksums and lengths.
func TestChecksumsAsGopacketComputesThem(t *testing.T) {
	for name, pkt := range map[string][]byte{
		"UDP 4": head4.Packet(udp), "TCP 4": head4.Packet(tcp), "echo 4": head4.Packet(Echo{ID: 1, Seq: 2, Data: Pattern(3, 9)}),
		"UDP 6": head6.Packet(udp), "TCP 6": head6.Packet(tcp), "echo 6": head6.Packet(Echo{ID: 1, Seq: 2, Data: Pattern(3, 9)}),
		"error 4": good4["unreachable"], "error 6": good6["too big"],
	} {
		p := decode(t, pkt)
		ip, message := p.Layers()[0].(gopacket.SerializableLayer), p.Layers()[1]
		if l, ok := message.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			if err := l.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
				t.Fatal(err)
			}
		}
		buf := gopacket.NewSerializeBuffer()
		fix := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		err := gopacket.SerializeLayers(buf, fix, ip, message.(gopacket.SerializableLayer), gopacket.Payload(message.LayerPayload()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(buf.Bytes(), pkt) {
			t.Errorf("%s: built\n%sgopacket\n%s", name, Dump(pkt), Dump(buf.Bytes()))
		}
	}
}
