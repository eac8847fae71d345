package conf

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzParseMaps holds ParseMaps to its promises for any map-file, and to a slow
// reading of it: each line alone, and then the list of those before it is gone
// through for what it displaces.
func FuzzParseMaps(f *testing.F) {
	base, err := Parse("f", strings.NewReader(mapBase))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		maps, problems := ParseMaps("f", bytes.NewReader(data), base)
		checkProblems(t, problems, 1+bytes.Count(data, []byte("\n")))
		if want := slowMaps(data, base); !reflect.DeepEqual(maps, want) {
			t.Errorf("%q gives\n%v, want\n%v", data, maps, want)
		}
		for _, p := range problems {
			if p.Directive != "" && slices.ContainsFunc(maps, func(m Map) bool { return m.At == p.At }) {
				t.Errorf("%v is of a line that counts", p)
			}
		}
		for i, m := range maps {
			for _, other := range append(maps[:i:i], base.Maps...) {
				if m.V4 == other.V4 || m.V6 == other.V6 {
					t.Errorf("%v beside %v", m, other)
				}
			}
			if m.V6.Overlaps(base.Prefix) || m.V4 == host(base.IPv4Addr) || m.V6 == host(base.IPv6Addr) || m.V4 == base.DynamicPools[0].V4 {
				t.Errorf("%v displaces what %v sets", m, base)
			}
		}
	})
}

func slowMaps(data []byte, base *Config) []Map {
	text := strings.TrimPrefix(string(data), "\xef\xbb\xbf")
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return nil
	}
	var maps []Map
	for i, line := range strings.SplitAfter(text, "\n") {
		one, _ := ParseMaps("f", strings.NewReader("\n"+line), base) // no mark begins a line that is not the first
		if len(one) == 0 {
			continue
		}
		one[0].At.Line = i + 1
		maps = slices.DeleteFunc(maps, func(m Map) bool { return m.V4 == one[0].V4 || m.V6 == one[0].V6 })
		maps = append(maps, one[0])
	}
	if len(maps) == 0 {
		return nil
	}
	return maps
}
