package conf

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// mapBase is what the map-files below are added to.
const mapBase = `ipv4-addr 192.0.2.1
ipv6-addr 2001:db8::1
prefix 2001:db8:64::/96
map 198.51.100.0/24 2001:db8:1::/120
dynamic-pool 203.0.113.0/24`

// A mapFileTest is a map-file, and the maps and problems it gives.
type mapFileTest struct {
	name, text string
	maps       []Map
	problems   string
}

func runMapFile(t *testing.T, tests []mapFileTest) {
	t.Helper()
	base := parse(t, mapBase)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseMaps("m", strings.NewReader(tt.text), base)
			if text := Errors(problems).Error(); text != tt.problems {
				t.Errorf("problems are\n%s, want\n%s", text, tt.problems)
			}
			for i := range got {
				if line := strings.Split(tt.text, "\n")[got[i].At.Line-1]; !strings.Contains(line, got[i].V4.Addr().String()) {
					t.Errorf("%+v is not of its line %q", got[i], line)
				}
				got[i].At = Place{}
			}
			if !reflect.DeepEqual(got, tt.maps) {
				t.Errorf("maps are\n%v, want\n%v", got, tt.maps)
			}
		})
	}
}

func TestMapFile(t *testing.T) {
	runMapFile(t, []mapFileTest{
		{"empty", "", nil, ""},
		{"nothing but comments", "# map 192.0.2.8 2001:db8::8\n\n\t#", nil, ""},
		{"lines as in tayga.conf", "\tMAP 192.0.2.8/29\t2001:db8:8::/64 # eight\r\nmap 192.0.2.16 2001:db8::16", maps("192.0.2.8/29", "2001:db8:8::/64", "192.0.2.16/32", "2001:db8::16/128"), ""},
		{
			"a bad line is passed over", "map 192.0.2.8/33 2001:db8::8\nmap 127.0.0.1 2001:db8::9\nmap 192.0.2.10 2001:db8::10\nmap 192.0.2.11", maps("192.0.2.10/32", "2001:db8::10/128"),
			`m:1: map: "33" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits
m:2: map: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8
m:4: map: takes 2 arguments, not 1: write map V4[/n] V6[/m]`,
		},
		{
			"other lines are passed over", "prefix 2001:db8:65::/96\nmpa 192.0.2.8 2001:db8::8\nmap#1 x\nmap 192.0.2.9 2001:db8::9\nmap 1 2 3 4 5 6 7 8 9 10", maps("192.0.2.9/32", "2001:db8::9/128"),
			`m:1: "prefix" is not map, the only directive of a map-file: move the line to tayga.conf
m:2: "mpa" is not map, the only directive of a map-file: write map V4[/n] V6[/m], or remove the line
m:3: "map#1" is not map, the only directive of a map-file: put a space before the # of a comment
m:5: map: takes 2 arguments, not 10: write map V4[/n] V6[/m]`,
		},
		{
			"a long line and one with a NUL are passed over", "#" + strings.Repeat("x", 510) + "\nmap 192.0.2.8 2001:db8::8\nmap 192.0.2.9 2001:db8::9\x00\nmap 192.0.2.10 2001:db8::10", maps("192.0.2.8/32", "2001:db8::8/128", "192.0.2.10/32", "2001:db8::10/128"),
			"m:1: longer than 510 bytes, newline and comment included: break it in two\nm:3: there is a NUL byte in it: remove it, or name a text file",
		},
	})
}

// TestMapFileDisplacesNothingOfTheConfig meets all that mapBase sets.
func TestMapFileDisplacesNothingOfTheConfig(t *testing.T) {
	const kept = ": remove the line, or change tayga.conf"
	runMapFile(t, []mapFileTest{
		{"the own IPv4 address stays", "map 192.0.2.1 2001:db8::8", nil, "m:1: map: 192.0.2.1 is the translator's own address" + kept},
		{"the own IPv6 address stays", "map 192.0.2.8 2001:db8::1", nil, "m:1: map: 2001:db8::1 is the translator's own address" + kept},
		{"own addresses are carved out", "map 192.0.2.0/24 2001:db8::/64", maps("192.0.2.0/24", "2001:db8::/64"), ""},
		{"the prefix stays", "map 192.0.2.8/29 2001:db8:64::/96", nil, "m:1: map: 2001:db8:64::/96 overlaps 2001:db8:64::/96, prefix at f:3" + kept},
		{"part of the prefix stays", "map 192.0.2.8 2001:db8:64::7", nil, "m:1: map: 2001:db8:64::7/128 overlaps 2001:db8:64::/96, prefix at f:3" + kept},
		{"the prefix in another stays", "map 192.0.2.8 2001:db8::/32", nil, "m:1: map: 2001:db8::/32 overlaps 2001:db8:64::/96, prefix at f:3" + kept},
		{"all of IPv4 stays the prefix's", "map 0.0.0.0/0 2001:db8:65::/96", nil, "m:1: map: all of IPv4 goes by 2001:db8:64::/96, prefix at f:3" + kept},
		{"the pool stays", "map 203.0.113.0/24 2001:db8:3::/120", nil, "m:1: map: 203.0.113.0/24 is the dynamic pool at f:5" + kept},
		{"within and around the pool", "map 203.0.113.7 2001:db8::7\nmap 203.0.112.0/23 2001:db8:2::/119", maps("203.0.113.7/32", "2001:db8::7/128", "203.0.112.0/23", "2001:db8:2::/119"), ""},
		{"a map's IPv4 prefix stays", "map 198.51.100.0/24 2001:db8:8::/120", nil, "m:1: map: 198.51.100.0/24 is mapped at f:4" + kept},
		{"a map's IPv6 prefix stays", "map 192.0.2.8 2001:db8:1::/120", nil, "m:1: map: 2001:db8:1::/120 is mapped at f:4" + kept},
		{"within and around a map", "map 198.51.100.7 2001:db8:1::7\nmap 198.51.0.0/16 2001:db8:1::/64", maps("198.51.100.7/32", "2001:db8:1::7/128", "198.51.0.0/16", "2001:db8:1::/64"), ""},
		{
			"a refused line displaces no other", "map 192.0.2.8 2001:db8::8\nmap 192.0.2.8 2001:db8:1::/120", maps("192.0.2.8/32", "2001:db8::8/128"),
			"m:2: map: 2001:db8:1::/120 is mapped at f:4" + kept,
		},
	})
}

func TestMapFileLastLineWins(t *testing.T) {
	runMapFile(t, []mapFileTest{
		{
			"the last line of an IPv4 prefix wins", "map 192.0.2.8 2001:db8::8\nmap 192.0.2.9 2001:db8::9\nmap 192.0.2.8 2001:db8::7", maps("192.0.2.9/32", "2001:db8::9/128", "192.0.2.8/32", "2001:db8::7/128"),
			"m:1: map: 192.0.2.8/32 is given again in line 3, and the last one counts: remove one",
		},
		{
			"the last line of an IPv6 prefix wins", "map 192.0.2.8 2001:db8::8\nmap 192.0.2.9 2001:db8::8", maps("192.0.2.9/32", "2001:db8::8/128"),
			"m:1: map: 2001:db8::8/128 is given again in line 2, and the last one counts: remove one",
		},
		{
			"a line displaces two", "map 192.0.2.8 2001:db8::8\nmap 192.0.2.9 2001:db8::9\nmap 192.0.2.8 2001:db8::9", maps("192.0.2.8/32", "2001:db8::9/128"),
			"m:1: map: 192.0.2.8/32 is given again in line 3, and the last one counts: remove one\nm:2: map: 2001:db8::9/128 is given again in line 3, and the last one counts: remove one",
		},
		{
			"both halves of what is displaced are free", "map 192.0.2.8 2001:db8::8\nmap 192.0.2.8 2001:db8::7\nmap 192.0.2.9 2001:db8::8", maps("192.0.2.8/32", "2001:db8::7/128", "192.0.2.9/32", "2001:db8::8/128"),
			"m:1: map: 192.0.2.8/32 is given again in line 2, and the last one counts: remove one",
		},
		{
			"the same line thrice", "map 192.0.2.8 2001:db8::8\nmap 192.0.2.8 2001:db8::8\nmap 192.0.2.8 2001:db8::8", maps("192.0.2.8/32", "2001:db8::8/128"),
			"m:1: map: 192.0.2.8/32 is given again in line 2, and the last one counts: remove one\nm:2: map: 192.0.2.8/32 is given again in line 3, and the last one counts: remove one",
		},
		{"nested prefixes stand side by side", "map 192.0.2.8/29 2001:db8:8::/64\nmap 192.0.2.9 2001:db8:8::9\nmap 192.0.2.16 2001:db8:8::/48", maps("192.0.2.8/29", "2001:db8:8::/64", "192.0.2.9/32", "2001:db8:8::9/128", "192.0.2.16/32", "2001:db8:8::/48"), ""},
	})
}

// TestMapFileOwnIPv6 keeps the own IPv6 address that is made of ipv4-addr where
// that is not one of the prefix.
func TestMapFileOwnIPv6(t *testing.T) {
	const line = "map 192.0.2.8 64:ff9b:1::10.0.0.1"
	for lines, refused := range map[string]bool{
		"prefix 64:ff9b::/96":                                        true,
		"prefix 64:ff9b::/96\nwkpf-strict no":                        false,
		"prefix 64:ff9b::/96\nipv6-addr 2001:db8::1":                 false,
		"ipv6-addr 2001:db8::1\nmap 198.51.100.1 2001:db8:5::1":      false,
		"ipv6-addr 64:ff9b:1::a00:1\nmap 198.51.100.1 2001:db8:5::1": true,
	} {
		got, problems := ParseMaps("m", strings.NewReader(line), parse(t, "ipv4-addr 10.0.0.1\n"+lines))
		if (len(got) == 0) != refused || (len(problems) == 1) != refused {
			t.Errorf("with %q: %v, %v", lines, got, problems)
		}
	}
}

// TestMapFileAllOfIPv4 takes a map of everything where no prefix has it.
func TestMapFileAllOfIPv4(t *testing.T) {
	base := parse(t, "ipv4-addr 192.0.2.1\nipv6-addr 2001:db8::1\nmap 198.51.100.1 2001:db8:5::1")
	if got, problems := ParseMaps("m", strings.NewReader("map 0.0.0.0/0 2001:db8:65::/96"), base); len(got) != 1 || len(problems) != 0 {
		t.Errorf("%v, %v", got, problems)
	}
}

func TestMapFileUnreadable(t *testing.T) {
	base := parse(t, mapBase+"\nmap-file maps")
	const good = "map 192.0.2.8 2001:db8::8\n"
	for _, tt := range []struct {
		text, problem string
		maps          int
	}{
		{"\xef\xbb\xbf" + good, "m:1: the file starts with the byte order mark of UTF-8: save it as plain ASCII or as UTF-8 without a mark", 1},
		{"\xff\xfem\x00a\x00p\x00", "m:1: the file starts with the byte order mark of UTF-16: save it as plain ASCII or as UTF-8 without a mark", 0},
	} {
		if got, problems := ParseMaps("m", strings.NewReader(tt.text), base); len(got) != tt.maps || Errors(problems).Error() != tt.problem {
			t.Errorf("%q: %v, %v", tt.text, got, problems)
		}
	}
	torn := io.MultiReader(strings.NewReader(good+"map"), iotest.ErrReader(errors.New("disk broken")))
	got, problems := ParseMaps("m", torn, base)
	if want := `m:2: cannot be read: "disk broken": name a file that can be read to its end`; len(got) != 1 || Errors(problems).Error() != want {
		t.Errorf("torn: %v, %v", got, problems)
	}

	path := filepath.Join(t.TempDir(), "maps")
	if _, _, err := LoadMaps(path, base); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "f:6") {
		t.Errorf("LoadMaps of no file = %v", err)
	}
	if err := os.WriteFile(path, []byte(good+"map x 2001:db8::1"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, problems, err := LoadMaps(path, base)
	if err != nil || len(got) != 1 || len(problems) != 1 || got[0].At != (Place{path, 1}) || problems[0].At != (Place{path, 2}) {
		t.Errorf("LoadMaps = %v, %v, %v", got, problems, err)
	}
}
