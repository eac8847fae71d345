package oracle

import (
	"fmt"
	"strings"
	"testing"
)

// TestTypesAndCodes spells the tables of RFC 7915 §4.2 and §5.2 out: "-" for what
// is dropped, else type, code and second word of the translated error.
func TestTypesAndCodes(t *testing.T) {
	rows := []struct {
		version int
		kind    byte
		codes   string // outcome for code 0, 1, 2, …
	}{
		{4, 3, "1/0/0 1/0/0 4/1/6 1/4/0 2/0/1500 1/0/0 1/0/0 1/0/0 1/0/0 1/1/0 1/1/0 1/0/0 1/0/0 1/1/0 - 1/1/0 - -"},
		{4, 4, "-"},
		{4, 5, "- -"},
		{4, 11, "3/0/0 3/1/0"},
		{4, 12, "4/0/0 - 4/0/0 -"},
		{6, 1, "3/1/0 3/10/0 3/1/0 3/1/0 3/3/0 - - -"},
		{6, 2, "3/4/1480"},
		{6, 3, "11/0/0 11/1/0"},
		{6, 4, "12/0/0 3/2/0 - -"},
		{6, 5, "-"},
		{6, 127, "-"},
	}
	c := siit()
	for _, row := range rows {
		for code, want := range strings.Fields(row.codes) {
			m := &icmpMessage{kind: row.kind, code: byte(code)}
			if row.version == 4 && row.kind == 3 || row.kind == 2 {
				m.word = 1500
			}
			if got := meaning(c, row.version, m); got != want {
				t.Errorf("ICMPv%d %d/%d: %s, want %s", row.version, row.kind, code, got, want)
			}
		}
	}
}

// TestPointers spells the pointer tables out (B4-4.2-08, B6-5.2-06).
func TestPointers(t *testing.T) {
	rows := []struct {
		version     int
		first, last uint32
		want        int
	}{
		{4, 0, 0, 0},
		{4, 1, 1, 1},
		{4, 2, 3, 4},
		{4, 4, 7, none},
		{4, 8, 8, 7},
		{4, 9, 9, 6},
		{4, 10, 11, none},
		{4, 12, 15, 8},
		{4, 16, 19, 24},
		{4, 20, 255, none},
		{6, 0, 0, 0},
		{6, 1, 1, 1},
		{6, 2, 3, none},
		{6, 4, 5, 2},
		{6, 6, 6, 9},
		{6, 7, 7, 8},
		{6, 8, 23, 12},
		{6, 24, 39, 16},
		{6, 40, 300, none},
		{6, 0xffffffff, 0xffffffff, none},
	}
	for _, row := range rows {
		for pointer := uint64(row.first); pointer <= uint64(row.last); pointer++ {
			m, want := &icmpMessage{kind: 4, word: uint32(pointer)}, fmt.Sprintf("12/0/%d", row.want<<24)
			if row.version == 4 {
				m, want = &icmpMessage{kind: 12, word: uint32(pointer) << 24}, fmt.Sprintf("4/0/%d", row.want)
			}
			if row.want == none {
				want = "-"
			}
			if got := meaning(siit(), row.version, m); got != want {
				t.Errorf("IPv%d pointer %d: %s, want %s", row.version, pointer, got, want)
			}
		}
	}
}

func meaning(c *Config, version int, m *icmpMessage) string {
	out, refused := c.convertMeaning(&packet{version: version}, m, &packet{})
	if refused != nil {
		return "-"
	}
	return fmt.Sprintf("%d/%d/%d", out.kind, out.code, out.word)
}
