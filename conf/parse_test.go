package conf

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// pad returns line followed by a comment that makes it n bytes long.
func pad(line string, n int) string {
	return line + " #" + strings.Repeat("x", n-len(line)-2)
}

func TestGrammar(t *testing.T) {
	eight := func(c *Config) { c.Workers = 8 }
	none := func(*Config) {}
	runGood(t, []good{
		{"CRLF", "workers 8\r\ntos copy\r\n", eight, ""},
		{"tabs, and spaces around", "\t workers \t\t 8 \t\n", eight, ""},
		{"a lone CR is a space", "workers\r8", eight, ""},
		{"no final newline", "workers 8", eight, ""},
		{"directive in capitals", "WorkERS 8", eight, ""},
		{"comment after a space", "workers 8 # 9", eight, ""},
		{"comment glued to its own words", "workers 8 #9 9 9", eight, ""},
		{"comment alone", "#workers 8\n   # workers 8\n#", none, ""},
		{"empty lines", "\n\n \r\n\t\n", none, ""},
		{"# within a word", "tun-device a#b", func(c *Config) { c.TUNDevice = "a#b" }, ""},
		{"10 words", "icmp-source-ipv4 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9", func(c *Config) {
			c.ICMPSourceIPv4 = prefixes("192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32", "192.0.2.4/32", "192.0.2.5/32", "192.0.2.6/32", "192.0.2.7/32", "192.0.2.8/32", "192.0.2.9/32")
		}, ""},
		{"10 words and a comment", "log drop drop drop drop drop drop drop drop drop # more", func(c *Config) { c.Log.Drop = true }, ""},
		{"509 bytes and a newline", pad("workers 8", 509) + "\n", eight, ""},
		{"508 bytes, CR and newline", pad("workers 8", 508) + "\r\n", eight, ""},
		{"510 bytes without a newline", pad("workers 8", 510), eight, ""},
		{"bytes that are not UTF-8, in a comment", "workers 8 # \xe9\xff", eight, ""},
	})
}

func TestGrammarRefused(t *testing.T) {
	const tooLong = "longer than 510 bytes, newline and comment included: break it in two"
	const nul = "there is a NUL byte in it: remove it, or name a text file"
	runBad(t, []bad{
		{"11 words", "log drop drop drop drop drop drop drop drop drop drop", "f:3: log: 11 words on one line, 10 is the most: write log [drop] [reject] [icmp] [self] [dyn]"},
		{"510 bytes and a newline", pad("tos x", 510) + "\ntos y", "f:3: " + tooLong + "\n" + `f:4: tos: "y" is neither copy nor a number: write copy or a number from 0 to 255`},
		{"509 bytes, CR and newline", pad("workers 8", 509) + "\r\n", "f:3: " + tooLong},
		{"511 bytes without a newline", pad("workers 8", 511), "f:3: " + tooLong},
		{"a long comment is one error", "#" + strings.Repeat(" tos x", 9999) + "\n\ntos y", "f:3: " + tooLong + "\n" + `f:5: tos: "y" is neither copy nor a number: write copy or a number from 0 to 255`},
		{"long once more, at the end", strings.Repeat("x", 511) + "\n" + strings.Repeat("y", 5000), "f:3: " + tooLong + "\nf:4: " + tooLong},
		{"NUL", "workers 8\x00", "f:3: " + nul},
		{"NUL in a comment", "# \x00\nworkers 65", "f:3: " + nul + "\nf:4: workers: 65 is out of range: write a number from 0 to 64"},
		{"no line goes on in the next", "workers \\\n8", `f:3: workers: "\\" is not a whole number: write a number from 0 to 64` + "\n" + `f:4: unknown directive "8": remove the line; tayga-compat.conf.example has all directives`},
		{"no-break space is no space", "workers\u00a08", `f:3: unknown directive "workers\u00a08": put a plain space where there is a no-break space`},
		{"Kelvin sign is no K", "wor\u212aers 8", "f:3: unknown directive \"wor\u212aers\": remove the line; tayga-compat.conf.example has all directives"},
		{"swapped letters", "offlink-mut 1280", `f:3: unknown directive "offlink-mut": write offlink-mtu`},
		{"underscore", "TUN_DEVICE nat64", `f:3: unknown directive "TUN_DEVICE": write tun-device`},
		{"far from any", "frobnicate", `f:3: unknown directive "frobnicate": remove the line; tayga-compat.conf.example has all directives`},
		{"too short to guess", "xy", `f:3: unknown directive "xy": remove the line; tayga-compat.conf.example has all directives`},
	})
}

func TestEncoding(t *testing.T) {
	const mark = "f:1: the file starts with the byte order mark of "
	const do = ": save it as plain ASCII or as UTF-8 without a mark"
	good := file("")
	wantError(t, "\xef\xbb\xbf"+good, mark+"UTF-8"+do)
	wantError(t, "\xef\xbb\xbf"+good+"workers x", mark+"UTF-8"+do+"\n"+`f:3: workers: "x" is not a whole number: write a number from 0 to 64`)
	wantError(t, "\xff\xfei\x00p\x00\n\x00", mark+"UTF-16"+do)
	wantError(t, "\xfe\xff\x00i\x00p\x00\n", mark+"UTF-16"+do)
	wantError(t, strings.Repeat("x", 511)+"\n", "f:1: longer than 510 bytes, newline and comment included: break it in two")
}

// TestPlaces holds every value to the line it came from.
func TestPlaces(t *testing.T) {
	c := parse(t, "ipv4-addr 192.0.2.1\n\nPrefix 2001:db8::/96 # p\nmap 198.51.100.1 2001:db8:1::1\n"+strings.Repeat("#", 509)+"\nmap 198.51.100.2 2001:db8:1::2\nwkpf-strict no\nwkpf-strict no\n")
	for directive, line := range map[string]int{"ipv4-addr": 1, "prefix": 3, "map": 6, "wkpf-strict": 8} {
		if got := c.At(directive); got != (Place{"f", line}) {
			t.Errorf("At(%s) = %v, want line %d", directive, got, line)
		}
	}
	if got := c.At("workers"); got != (Place{}) {
		t.Errorf("At of a directive that is not set = %v", got)
	}
	if got := c.Maps[0].At.String() + " " + c.Maps[1].At.String(); got != "f:4 f:6" {
		t.Errorf("maps are at %s", got)
	}
	for p, want := range map[Place]string{{}: "default", {"f", 0}: "f", {"f", 7}: "f:7"} {
		if got := p.String(); got != want {
			t.Errorf("%#v is %q, want %q", p, got, want)
		}
	}
}

func TestReadFails(t *testing.T) {
	r := io.MultiReader(strings.NewReader("workers x\ntos"), iotest.ErrReader(errors.New("disk\nbroken")))
	c, err := Parse("f", r)
	want := `f:1: workers: "x" is not a whole number: write a number from 0 to 64` + "\n" + `f:2: cannot be read: "disk\nbroken": name a file that can be read to its end`
	if c != nil || err == nil || err.Error() != want {
		t.Errorf("Parse = %v, error\n%v, want\n%s", c, err, want)
	}
	if c, err := Parse("f", iotest.OneByteReader(strings.NewReader(file("workers 8")))); err != nil || c.Workers != 8 {
		t.Errorf("Parse byte by byte = %v, %v", c, err)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.conf")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load of a missing file = %v", err)
	}
	if err := os.WriteFile(path, []byte(file("workers 8")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil || c.Workers != 8 || c.At("workers") != (Place{path, 3}) {
		t.Errorf("Load = %v, %v", c, err)
	}
	var errs Errors
	if _, err := Load(t.TempDir()); !errors.As(err, &errs) || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("Load of a directory = %v", err)
	}
}

func TestErrorsAreOrdered(t *testing.T) {
	e := Errors{{Place{"f", 9}, "map", "b", "c"}, {Place{"f", 10}, "", "d", "e"}, {Place{"f", 2}, "tos", "x", "y"}, {Place{"f", 9}, "map", "a", "c"}}
	if got, want := e.Error(), "f:2: tos: x: y\nf:9: map: b: c\nf:9: map: a: c\nf:10: d: e"; got != want {
		t.Errorf("Error() =\n%s, want\n%s", got, want)
	}
}

func TestSlips(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "map", 3}, {"map", "map", 0}, {"mpa", "map", 1}, {"mp", "map", 1}, {"maps", "map", 1}, {"tos", "map", 3}, {"prefxi", "prefix", 1}} {
		if got := slips(tt.a, tt.b); got != tt.want || slips(tt.b, tt.a) != got {
			t.Errorf("slips(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
