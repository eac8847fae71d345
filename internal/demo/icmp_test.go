package demo

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Quoted IP headers, of which only the length counts here.
var (
	header4  = "45" + strings.Repeat("00", 19)
	options4 = "46" + strings.Repeat("00", 23)
	header6  = "60" + strings.Repeat("00", 39)
)

func TestReadICMP(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect *dialect
		octets  string
		want    message
		ok      bool
	}{
		{"an echo reply", icmpv4, "00 00 ffff 1234 0005", message{echoReply, 0, 0x1234, 5}, true},
		{"an echo reply", icmpv6, "81 00 ffff 1234 0005 61", message{echoReply, 0, 0x1234, 5}, true},
		{"an echo request is nothing", icmpv4, "08 00 ffff 1234 0005", message{}, false},
		{"a router advertisement is nothing", icmpv6, "86 00 ffff 1234 0005", message{}, false},
		{"an error names its request", icmpv4, "0b 00 ffff 00000000" + header4 + "08 00 ffff 1234 0005", message{timeExceeded, 0, 0x1234, 5}, true},
		{"an error names its request behind options", icmpv4, "03 01 ffff 00000000" + options4 + "08 00 ffff 1234 0005", message{unreachable, 0, 0x1234, 5}, true},
		{"an error names its request", icmpv6, "03 00 ffff 00000000" + header6 + "80 00 ffff 1234 0005", message{timeExceeded, 0, 0x1234, 5}, true},
		{"Packet Too Big has an MTU", icmpv6, "02 00 ffff 0000058c" + header6 + "80 00 ffff 1234 0005", message{tooBig, 1420, 0x1234, 5}, true},
		{"a cut message is nothing", icmpv6, "81 00 ffff 1234 00", message{}, false},
		{"an error without a quote is nothing", icmpv4, "0b 00 ffff 00000000", message{}, false},
		{"an error with a cut quote is nothing", icmpv4, "0b 00 ffff 00000000" + header4 + "08 00 ffff 1234 00", message{}, false},
		{"an error with a cut quote is nothing", icmpv6, "03 00 ffff 00000000" + header6[2:] + "80 00 ffff 1234 00", message{}, false},
	} {
		if got, ok := c.dialect.read(octets(t, c.octets)); got != c.want || ok != c.ok {
			t.Errorf("%s: %s is read as %+v, %v, want %+v, %v", c.name, c.octets, got, ok, c.want, c.ok)
		}
	}
}

func TestEchoRequest(t *testing.T) {
	want := octets(t, "08 00 e3c5 1234 0005 00 01 02")
	if got := icmpv4.request(0x1234, 5, 3); !bytes.Equal(got, want) {
		t.Errorf("the request is %x, want %x", got, want)
	}
	if got := icmpv6.request(0x1234, 5, 0); got[0] != 128 || len(got) != icmpHeader {
		t.Errorf("the request is %x", got)
	}
}

// The example of RFC 1071 §3, and what it does not show.
func TestChecksum(t *testing.T) {
	for text, want := range map[string]uint16{
		"0001 f203 f4f5 f6f7": ^uint16(0xddf2),
		"":                    0xffff,
		"ffff ffff":           0,
		"01":                  ^uint16(0x0100),
	} {
		if got := checksum(octets(t, text)); got != want {
			t.Errorf("the checksum of %q is %04x, want %04x", text, got, want)
		}
	}
}

// FuzzReadICMP wants no message, however broken, to be read beyond its end, and
// no answer to differ when octets follow that the message does not need.
func FuzzReadICMP(f *testing.F) {
	for _, text := range []string{
		"0000ffff12340005", "8100ffff1234000561",
		"0b00ffff00000000" + header4 + "0800ffff12340005",
		"0301ffff00000000" + options4 + "0800ffff12340005",
		"0200ffff0000058c" + header6 + "8000ffff12340005",
		"0b00ffff0000000040",
	} {
		f.Add(octets(f, text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, d := range []*dialect{icmpv4, icmpv6} {
			m, ok := d.read(b)
			if !ok && m != (message{}) {
				t.Errorf("%x is refused and read as %+v", b, m)
			}
			if again, _ := d.read(append(bytes.Clone(b), 0xff)); ok && again != m {
				t.Errorf("%x is %+v, and with one octet more %+v", b, m, again)
			}
		}
	})
}
