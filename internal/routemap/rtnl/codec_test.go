package rtnl

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// TestRouteThereAndBack: what is written is read again.
func TestRouteThereAndBack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		route Route
	}{
		{"a nexthop object", Route{Family: unix.AF_INET6, Type: unix.RTN_UNICAST, Protocol: 64, Table: 6464, Dst: prefix("2001:db8:64::c633:6400/120"), Metric: 1024, NextHop: 646400000, Leg: Leg{Weight: 1}}},
		{"a gateway", Route{Family: unix.AF_INET, Type: unix.RTN_UNICAST, Protocol: 12, Table: 464, Dst: prefix("198.51.100.0/24"), Metric: 32, Leg: Leg{Gateway: addr("192.0.2.1"), Link: 7, Weight: 1}}},
		{"an IPv6 gateway of IPv4", Route{Family: unix.AF_INET, Type: unix.RTN_UNICAST, Table: 254, Dst: prefix("0.0.0.0/0"), Leg: Leg{Gateway: addr("2001:db8::1"), Link: 7, Weight: 1}}},
		{"no way", Route{Family: unix.AF_INET6, Type: unix.RTN_UNREACHABLE, Table: 255, Dst: prefix("::/0"), Leg: Leg{Weight: 1}}},
		{"a table of one octet's greatest number and more", Route{Family: unix.AF_INET, Type: unix.RTN_BLACKHOLE, Table: 256, Dst: prefix("192.0.2.1/32"), TOS: 4, Scope: 253, Leg: Leg{Weight: 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b Batch
			b.Route(unix.RTM_NEWROUTE, unix.NLM_F_CREATE, &tt.route)
			m, ok := b.At(0)
			got, parsed := ParseRoute(m.Payload)
			if !ok || !parsed || !reflect.DeepEqual(got, tt.route) {
				t.Errorf("read %+v\nwant %+v", got, tt.route)
			}
			if m.Type != unix.RTM_NEWROUTE || m.Flags != unix.NLM_F_CREATE|unix.NLM_F_REQUEST {
				t.Errorf("the header is %+v", m)
			}
		})
	}
}

func TestNextHopThereAndBack(t *testing.T) {
	for _, h := range []NextHop{
		{ID: 1, Family: unix.AF_INET6, Protocol: 64, Gateway: addr("2001:db8::1"), Link: 7, Flags: unix.RTNH_F_ONLINK},
		{ID: 2, Family: unix.AF_INET, Gateway: addr("192.0.2.1"), Link: 7},
		{ID: 3, Family: unix.AF_INET, Link: 7},
		{ID: 4, Family: unix.AF_INET6, Blackhole: true},
		{ID: 5, Protocol: 64, Group: []Member{{1, 1}, {2, 256}}},
	} {
		var b Batch
		b.NextHop(unix.RTM_NEWNEXTHOP, 0, &h)
		m, _ := b.At(0)
		if got, ok := ParseNextHop(m.Payload); !ok || !reflect.DeepEqual(got, h) {
			t.Errorf("read %+v, want %+v", got, h)
		}
		b.NextHop(unix.RTM_DELNEXTHOP, 0, &h)
		m, _ = b.At(1)
		if got, ok := ParseNextHop(m.Payload); !ok || got.ID != h.ID {
			t.Errorf("the number to delete is %d, want %d", got.ID, h.ID)
		}
	}
}

// TestMultipath reads legs as the kernel writes them.
func TestMultipath(t *testing.T) {
	var b Batch
	leg := func(flags, hops uint8, link uint32, attrs func()) {
		at := len(b.buf)
		b.buf = append(b.buf, 0, 0, flags, hops)
		b.buf = native.AppendUint32(b.buf, link)
		attrs()
		native.PutUint16(b.buf[at:], uint16(len(b.buf)-at))
	}
	leg(unix.RTNH_F_DEAD, 0, 3, func() { b.attr(unix.RTA_GATEWAY, []byte{192, 0, 2, 1}) })
	leg(0, 255, 4, func() {
		b.attr(unix.RTA_VIA, append([]byte{unix.AF_INET6, 0}, addr("2001:db8::1").AsSlice()...))
		b.attr(unix.RTA_ENCAP|unix.NLA_F_NESTED, nil)
	})
	leg(0, 1, 5, func() {})
	want := []Leg{
		{Gateway: addr("192.0.2.1"), Link: 3, Weight: 1, Flags: unix.RTNH_F_DEAD},
		{Gateway: addr("2001:db8::1"), Link: 4, Weight: 256, Encap: true},
		{Link: 5, Weight: 2},
	}
	r := Route{Multipath: b.buf}
	if got := slices.Collect(r.Legs()); !reflect.DeepEqual(got, want) {
		t.Errorf("the legs are %+v, want %+v", got, want)
	}
	for range r.Legs() {
		break // which must be possible
	}
	if n := len(slices.Collect((&Route{}).Legs())); n != 0 {
		t.Errorf("a route that leads nowhere has %d legs", n)
	}
}

func TestParseLinkAndAddress(t *testing.T) {
	var b Batch
	at := b.begin(unix.RTM_NEWLINK, 0)
	b.buf = append(b.buf, make([]byte, unix.SizeofIfInfomsg)...)
	native.PutUint32(b.buf[at+20:], 7)
	native.PutUint32(b.buf[at+24:], unix.IFF_UP|unix.IFF_LOWER_UP)
	b.attr(unix.IFLA_IFNAME, []byte("border\x00"))
	b.end(at)
	m, _ := b.At(0)
	l, ok := ParseLink(m.Payload)
	if want := (Link{7, unix.IFF_UP | unix.IFF_LOWER_UP, "border"}); !ok || l != want || !l.Usable() {
		t.Errorf("the link is %+v, want %+v", l, want)
	}
	if l.Flags = unix.IFF_UP; l.Usable() {
		t.Error("a link without carrier is usable")
	}

	for _, kinds := range [][]uint16{{unix.IFA_LOCAL, unix.IFA_ADDRESS}, {unix.IFA_ADDRESS}} {
		b.Reset()
		at = b.begin(unix.RTM_NEWADDR, 0)
		b.buf = append(b.buf, unix.AF_INET, 26, 0, 0, 7, 0, 0, 0)
		values := map[uint16][]byte{unix.IFA_LOCAL: {192, 0, 2, 1}, unix.IFA_ADDRESS: {192, 0, 2, 2}}
		want := addr("192.0.2.2")
		for _, kind := range kinds {
			b.attr(kind, values[kind])
			if kind == unix.IFA_LOCAL {
				want = addr("192.0.2.1")
			}
		}
		b.end(at)
		m, _ = b.At(0)
		if a, ok := ParseAddress(m.Payload); !ok || a != (Address{7, netip.PrefixFrom(want, 26)}) {
			t.Errorf("the address is %+v, want %v", a, want)
		}
	}
}

// TestBatch: requests are numbered, and the last one is to be answered.
func TestBatch(t *testing.T) {
	var b Batch
	for range 3 {
		b.Route(unix.RTM_NEWROUTE, 0, &Route{Family: unix.AF_INET, Dst: prefix("192.0.2.0/24")})
	}
	b.number(^uint32(0)) // the numbers begin anew after the last
	var seqs []uint32
	var flags []uint16
	for m := range Messages(b.buf) {
		seqs, flags = append(seqs, m.Seq), append(flags, m.Flags)
	}
	if !slices.Equal(seqs, []uint32{^uint32(0), 0, 1}) || !slices.Equal(flags, []uint16{unix.NLM_F_REQUEST, unix.NLM_F_REQUEST, unix.NLM_F_REQUEST | unix.NLM_F_ACK}) {
		t.Errorf("the numbers are %v, the flags %v", seqs, flags)
	}
	if _, ok := b.At(3); ok || b.Len() != 3 {
		t.Errorf("%d requests, and a fourth: %v", b.Len(), ok)
	}
	for !b.Full() {
		b.NextHop(unix.RTM_NEWNEXTHOP, 0, &NextHop{ID: 1, Group: make([]Member, 256)})
	}
	if len(b.buf) > BatchSize {
		t.Errorf("a batch of %d octets, more than %d", len(b.buf), BatchSize)
	}
}

// TestRefusal reads the answers of the kernel, short and long.
func TestRefusal(t *testing.T) {
	answer := func(errno int32, flags uint16, rest func(b *Batch)) Message {
		var b Batch
		at := b.begin(unix.NLMSG_ERROR, flags)
		b.buf = native.AppendUint32(b.buf, uint32(-errno))
		rest(&b)
		b.end(at)
		m, _ := b.At(0)
		return m
	}
	header := func(length uint32, octets int) func(*Batch) {
		return func(b *Batch) {
			b.buf = native.AppendUint32(b.buf, length)
			b.buf = append(b.buf, make([]byte, octets-4)...)
			b.attr(1, []byte("not so\x00"))
		}
	}
	for _, tt := range []struct {
		name  string
		m     Message
		errno unix.Errno
		text  string
	}{
		{"done", answer(0, 0, func(*Batch) {}), 0, ""},
		{"capped with words", answer(17, unix.NLM_F_ACK_TLVS|unix.NLM_F_CAPPED, header(99, 16)), unix.EEXIST, "not so"},
		{"the whole request and words", answer(17, unix.NLM_F_ACK_TLVS, header(28, 28)), unix.EEXIST, "not so"},
		{"no words", answer(3, 0, func(*Batch) {}), unix.ESRCH, ""},
		{"words promised", answer(3, unix.NLM_F_ACK_TLVS, func(*Batch) {}), unix.ESRCH, ""},
		{"a request longer than the message", answer(3, unix.NLM_F_ACK_TLVS, header(1<<31, 16)), unix.ESRCH, ""},
		{"cut", Message{Type: unix.NLMSG_ERROR, Payload: []byte{1}}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if errno, text := refusal(tt.m); errno != tt.errno || text != tt.text {
				t.Errorf("got %v %q, want %v %q", errno, text, tt.errno, tt.text)
			}
		})
	}
	if got := (Failure{Errno: unix.EEXIST, Text: "not so"}).Error(); got != "rtnl: refused: file exists: not so" {
		t.Errorf("the error is %q", got)
	}
}

// TestNothingAllocated: a million routes are read and written without garbage.
func TestNothingAllocated(t *testing.T) {
	r := Route{Family: unix.AF_INET6, Type: unix.RTN_UNICAST, Protocol: 64, Table: 6464, Dst: prefix("2001:db8:64::/120"), Metric: 1024, NextHop: 7}
	var b Batch
	b.Route(unix.RTM_NEWROUTE, 0, &r)
	n := testing.AllocsPerRun(100, func() {
		b.Reset()
		b.Route(unix.RTM_NEWROUTE, 0, &r)
		for m := range Messages(b.buf) {
			got, ok := ParseRoute(m.Payload)
			for range got.Legs() {
				ok = false
			}
			if !ok {
				t.Error("it is not read")
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
