package translate_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"taygo/eam"
	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// A subject is a translator under test, set up like an oracle.
type subject struct {
	*translate.Translator
	out *wire.Batch
}

var (
	zeroUDPs = map[string]translate.ZeroUDP{
		"drop": translate.ZeroUDPDrop, "compute": translate.ZeroUDPCompute, "forward": translate.ZeroUDPForward,
	}
	hairpins = map[string]siit.Hairpin{"intrinsic": siit.Intrinsic, "simple": siit.Simple, "off": siit.Off}
)

// newSubject returns a translator with the configuration of an oracle. It sends
// all ICMP errors.
func newSubject(t testing.TB, c *oracle.Config) *subject {
	t.Helper()
	m := &siit.Mapper{
		Hairpin:  hairpins[c.Hairpin],
		Denied:   siit.NewRanges(c.DenyIPv4),
		Sources4: poolOf(c.Pool4, c.Own4),
		Sources6: poolOf(c.Pool6, c.Own6),
	}
	var err error
	if c.Prefix.IsValid() {
		if m.Prefix, err = pref64.New(c.Prefix); err != nil {
			t.Fatal(err)
		}
		m.Strict = c.WKPFStrict && m.Prefix.WellKnown()
	}
	pairs := make([]eam.Pair, len(c.EAM))
	for i, p := range c.EAM {
		pairs[i] = eam.Pair(p)
	}
	if m.Explicit, err = eam.New(pairs); err != nil {
		t.Fatal(err)
	}
	p := &translate.Policy{
		Own4: wire.AddrFrom(c.Own4), Own6: wire.AddrFrom(c.Own6),
		MTU4: c.MTU4, MTU6: c.MTU6, LowestMTU6: c.LowestIPv6MTU,
		ZeroUDP:    zeroUDPs[c.UDPZero],
		DropClassE: !c.ClassE, MaxExtensions: c.ExtensionHeaders, Plateaus: c.Plateaus, InterfaceInfo: c.InterfaceInfo,
		Errors: [2]translate.Errors{translate.ErrorsSend, translate.ErrorsSend},
	}
	if m.Prefix.Valid() && !(m.Strict && pref64.NonGlobal(p.Own4.V4())) {
		p.Alt6 = wire.AddrFrom(m.Prefix.EmbedAddr(c.Own4))
	}
	if c.TrafficClass >= 0 {
		p.Class = translate.Octet{Fixed: true, Value: uint8(c.TrafficClass)}
	}
	if c.TOS >= 0 {
		p.TOS = translate.Octet{Fixed: true, Value: uint8(c.TOS)}
	}
	tr := translate.New([32]byte{1}, 0, 1)
	tr.Policy, tr.Mapper = p, m
	return &subject{tr, wire.NewBatch(2*translate.MaxOutput, 2*translate.MaxOutput/wire.LeastFrame)}
}

func poolOf(addrs []netip.Addr, own netip.Addr) siit.Pool {
	if len(addrs) == 0 {
		addrs = []netip.Addr{own}
	}
	var prefixes []netip.Prefix
	for _, a := range addrs {
		prefixes = append(prefixes, netip.PrefixFrom(a, a.BitLen()))
	}
	return siit.NewPool(prefixes...)
}

// send translates a copy of pkt and returns what comes out. The packets are good
// until the next send.
func (s *subject) send(pkt []byte) (translate.Verdict, [][]byte) { return s.sendAt(0, pkt) }

// sendAt is send of a packet that arrives at the time now.
func (s *subject) sendAt(now time.Duration, pkt []byte) (translate.Verdict, [][]byte) {
	s.out.Reset()
	v := s.Translate(wire.NewFrame(pkt), now, s.out)
	var got [][]byte
	for _, f := range s.out.Frames() {
		got = append(got, f.Bytes())
	}
	return v, got
}

// configOf returns the configuration of a vector as an oracle's.
func configOf(c *pkttest.Config) *oracle.Config {
	o := &oracle.Config{
		Prefix: c.Prefix, WKPFStrict: c.WKPStrict, Own4: c.Own4, Own6: c.Own6, Pool4: c.RFC6791,
		MTU4: c.MTU4, MTU6: c.MTU6, LowestIPv6MTU: c.LowestIPv6MTU,
		UDPZero: c.UDPZeroChecksum, Hairpin: c.Hairpin, TrafficClass: -1, TOS: c.TOS,
		ClassE: true, Plateaus: plateaus, ExtensionHeaders: 8,
	}
	if c.ZeroTrafficClass {
		o.TrafficClass = 0
	}
	for _, m := range c.Map {
		o.EAM = append(o.EAM, oracle.Pair(m))
	}
	return o
}

// plateaus are those of RFC 1191 §7.1.
var plateaus = []int{65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}

// equalBut reports whether two packets are equal but for the free ranges.
func equalBut(a, b []byte, free [][2]int) bool {
	if len(a) != len(b) {
		return false
	}
	a, b = bytes.Clone(a), bytes.Clone(b)
	for _, r := range free {
		at, end := min(r[0], len(a)), min(r[0]+r[1], len(a))
		clear(a[at:end])
		clear(b[at:end])
	}
	return bytes.Equal(a, b)
}
