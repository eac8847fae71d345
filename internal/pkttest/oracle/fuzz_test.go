package oracle

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// fuzzConfigs are the configurations among which the fuzzer chooses.
func fuzzConfigs() []*Config {
	list := []*Config{siit()}
	for _, change := range []func(*Config){
		wellKnown,
		func(c *Config) { c.Hairpin, c.UDPZero, c.ClassE = "simple", "drop", false },
		func(c *Config) { c.Prefix = netip.MustParsePrefix("2001:db8:122:344::/64"); c.UDPZero = "forward" },
		func(c *Config) { c.Prefix = netip.Prefix{}; c.InterfaceInfo = true },
		func(c *Config) { c.MTU4, c.MTU6, c.TrafficClass, c.TOS = 300, 1300, 0, 16 },
		func(c *Config) {
			c.EAM = append(c.EAM, Pair{prefixes("0.0.0.0/0")[0], prefixes("2001:db8:ff00::/40")[0]})
		},
		func(c *Config) { c.MTU4, c.MTU6, c.LowestIPv6MTU, c.InterfaceInfo = 9000, 9000, 1500, true },
	} {
		c := siit()
		change(c)
		list = append(list, c)
	}
	return list
}

// FuzzTranslate wants outputs that any receiver takes, within the MTUs, for every
// input.
func FuzzTranslate(f *testing.F) {
	configs := fuzzConfigs()
	f.Add(byte(0), udp4(x4, e4, 1300))
	f.Add(byte(5), udp6(e6, x6, 1200))
	f.Add(byte(1), error4("10.0.0.1", e4, [2]byte{3, 4}, 1400, udp4(e4, "192.0.0.9", 20)))
	f.Add(byte(7), error6("2001:db8:ffff::9", x6, [2]byte{3, 0}, 0, udp6(x6, e6, 20)))
	f.Add(byte(0), udp6(f6, "2001:db8:64::c633:640a", 8))
	f.Fuzz(func(t *testing.T, n byte, b []byte) {
		if n&0x80 != 0 {
			repair(b)
		}
		checkOutcome(t, configs[int(n&0x7f)%len(configs)], b)
	})
}

// repair makes the lengths and checksums right that would hide everything behind
// them from a blind change.
func repair(b []byte) {
	switch {
	case len(b) > 28 && b[0] == 0x45:
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], ^onesSum(b[:20]))
		if b[9] == 1 {
			b[22], b[23] = 0, 0
			binary.BigEndian.PutUint16(b[22:], ^onesSum(b[20:]))
		}
	case len(b) > 48 && b[0]>>4 == 6:
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
		if b[6] == 58 {
			b[42], b[43] = 0, 0
			sum := onesSum(slices.Concat(b[8:40], []byte{0, 58}, b[4:6], b[40:]))
			binary.BigEndian.PutUint16(b[42:], ^sum)
		}
	}
}

// TestMutants changes the packets of the vectors and wants of every outcome what
// FuzzTranslate wants.
func TestMutants(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	configs, kinds := fuzzConfigs(), map[string]int{}
	vectors := loadVectors(t).Vectors
	for range 30000 {
		b := unhex(t, vectors[r.IntN(len(vectors))].In)
		for range r.IntN(4) {
			b[r.IntN(min(len(b), 120))] = byte(r.Uint32() >> r.IntN(8))
		}
		if r.IntN(4) > 0 {
			repair(b)
		}
		kinds[checkOutcome(t, configs[r.IntN(len(configs))], b)]++
	}
	if kinds[Translated] < 5000 || kinds[Reply] < 1000 || kinds[Dropped] < 5000 {
		t.Errorf("little variety: %v", kinds)
	}
}

// checkOutcome translates b and returns the kind of the outcome.
func checkOutcome(t *testing.T, c *Config, b []byte) string {
	t.Helper()
	got := Translate(c, b)
	if (got.Kind == Dropped) != (len(got.Packets) == 0) || len(got.Free) != len(got.Packets) || got.Why == "" {
		t.Fatalf("inconsistent: %+v", got)
	}
	for i, p := range got.Packets {
		checkOutput(t, c, got, p)
		for _, r := range got.Free[i] {
			if r[0] < 0 || r[1] <= 0 || r[0]+r[1] > len(p) {
				t.Fatalf("free range %v of %d octets", r, len(p))
			}
		}
	}
	return got.Kind
}

func checkOutput(t *testing.T, c *Config, got Outcome, p []byte) {
	t.Helper()
	if why := malformed(p); why != "" {
		t.Fatalf("%s: %s: %x", got.Why, why, p)
	}
	mtu, most, hops := c.MTU6, 1280, p[7]
	ownError := got.Kind == Reply && isError6(p)
	if p[0]>>4 == 4 {
		mtu, most, hops = c.MTU4, 576, p[8]
		ownError = got.Kind == Reply && isError4(p[20])
	}
	switch {
	case got.Kind == Translated && len(p) > mtu:
		t.Fatalf("%s: %d octets for an MTU of %d", got.Why, len(p), mtu)
	case ownError && len(p) > most:
		t.Fatalf("%s: an error of %d octets", got.Why, len(p))
	case hops == 0:
		t.Fatalf("%s: no hops left: %x", got.Why, p)
	}
}

func isError6(p []byte) bool { return p[0]>>4 == 6 && p[6] == 58 && p[40] < 128 }
