package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taygo/conf"
)

// mrtRecord returns a record of an MRT file (RFC 6396 §2).
func mrtRecord(kind, subtype uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 4), kind)
	b = binary.BigEndian.AppendUint16(b, subtype)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...)
}

// mrtRoute returns the record of an IPv4 route by a next hop, of either family, or
// by none.
func mrtRoute(route, via string) []byte {
	p := netip.MustParsePrefix(route)
	b := append(make([]byte, 4), byte(p.Bits()))
	b = append(b, p.Addr().AsSlice()[:(p.Bits()+7)/8]...)
	var attrs []byte
	if via != "" {
		hop := netip.MustParseAddr(via).AsSlice()
		attrs = append([]byte{0x40, 3, byte(len(hop))}, hop...)
		if len(hop) == 16 {
			attrs = append([]byte{0x80, 14, 17, 16}, hop...)
		}
	}
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0, 0, byte(len(attrs)))
	return mrtRecord(13, 2, append(b, attrs...))
}

func mrtFile(t *testing.T, records ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rib.mrt")
	must(t, os.WriteFile(path, bytes.Join(records, nil), 0o600))
	return path
}

// imported runs taygo routes import-mrt, and returns what it writes on standard
// output and standard error.
func imported(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, told bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, &told
	err = a.RunContext(t.Context(), append([]string{"taygo", "routes", "import-mrt"}, args...))
	return out.String(), told.String(), err
}

const sixRoutes = `route 198.51.100.0/24 via 192.0.2.1
route 0.0.0.0/0 via 2001:db8::1
route 203.0.113.0/24 via 192.0.2.2
`

func sixRecords() [][]byte {
	return [][]byte{
		mrtRecord(13, 1, make([]byte, 8)), // peers
		mrtRoute("198.51.100.0/24", "192.0.2.1"),
		mrtRoute("192.0.2.0/26", ""),
		mrtRoute("0.0.0.0/0", "2001:db8::1"),
		mrtRoute("198.51.100.0/24", "192.0.2.9"),
		mrtRoute("192.0.2.64/26", "224.0.0.5"),
		mrtRoute("192.0.2.128/26", "fe80::1"),
		mrtRoute("203.0.113.0/24", "192.0.2.2"),
		mrtRecord(13, 4, nil), // IPv6
	}
}

func TestImportedRoutes(t *testing.T) {
	table := mrtFile(t, sixRecords()...)
	const counts = `9 records, 3 routes written
left out: 1 routes of other tables: IPv6, multicast, or the old TABLE_DUMP
left out: 1 routes without a next hop
left out: 2 routes with a next hop that none can have, such as 224.0.0.5 lies in 224.0.0.0/4, which is multicast
left out: 1 routes of a prefix that was there before
`
	if out, told, err := imported(t, table); err != nil || out != sixRoutes || told != counts {
		t.Errorf("%v\n%s%s", err, out, told)
	}
	routes := filepath.Join(t.TempDir(), "routes")
	must(t, os.WriteFile(routes, []byte("old"), 0o600))
	out, told, err := imported(t, "--output", routes, table)
	if text, _ := os.ReadFile(routes); err != nil || string(text) != sixRoutes || out != counts || told != "" {
		t.Errorf("to a file: %v\n%s%s%s", err, text, out, told)
	}
	if info, err := os.Stat(routes); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	out, told, err = imported(t, "--json", "--max", "2", table)
	var c importCounts
	if json.Unmarshal([]byte(told), &c) != nil || err != nil || c.Records != 9 || c.Routes != 2 || len(c.Skipped) != 4 ||
		c.Skipped[3] != (skipped{"routes beyond --max", 3}) || strings.Count(out, "\n") != 2 {
		t.Errorf("two as JSON: %v\n%s%s", err, out, told)
	}
}

// TestImportedRoutesAreRead by the parser of files of routes, each of them.
func TestImportedRoutesAreRead(t *testing.T) {
	var records [][]byte
	const n = 3*batchLines + 1
	for i := range n {
		a := netip.AddrFrom4([4]byte{198, byte(18 + i>>16), byte(i >> 8), byte(i)})
		via := fmt.Sprintf("192.0.2.%d", 1+i%254)
		if i%1000 == 7 {
			via = "127.0.0.1"
		}
		records = append(records, mrtRoute(a.String()+"/32", via))
	}
	out, told, err := imported(t, mrtFile(t, records...))
	must(t, err)
	routes, problems := conf.ParseRoutes("r", strings.NewReader(out))
	const bad = (n - 8 + 1000) / 1000
	if len(problems) > 0 || len(routes) != n-bad || !strings.Contains(told, fmt.Sprintf("left out: %d routes with a next hop", bad)) {
		t.Errorf("%d routes of %d, %v\n%s", len(routes), n, problems, told)
	}
}

func TestWhatCannotBeImported(t *testing.T) {
	good := bytes.Join(sixRecords(), nil)
	old := filepath.Join(t.TempDir(), "routes")
	for _, row := range []struct {
		name string
		args []string
		says string
	}{
		{"nothing", nil, "routes import-mrt: which? Write taygo routes import-mrt rib.20260101.0000.gz"},
		{"no file", []string{"/nonexistent"}, "no such file or directory: name a file that can be read"},
		{"no room", []string{"--max", "0", "x"}, "--max: 0: write a number from 1"},
		{"a directory", []string{t.TempDir()}, "is a directory"},
		{"text", []string{file(t, commonLines)}, "this is not an MRT file: name another"},
		{"a damaged file", []string{mrtFile(t, good[:len(good)-3])}, "record 9: unexpected EOF: the file is damaged"},
		{"updates", []string{mrtFile(t, mrtRecord(16, 4, nil))}, "no IPv4 route in 1 records: take a table of a collector"},
		{"an empty file", []string{mrtFile(t)}, "no IPv4 route in 0 records"},
		{"to nowhere", []string{"-o", "/nonexistent/routes", mrtFile(t, good)}, "name another --output"},
		{"to a directory", []string{"-o", t.TempDir(), mrtFile(t, good)}, "--output: "},
		{"late options", []string{mrtFile(t, good), "--json"}, "--json comes too late"},
	} {
		must(t, os.WriteFile(old, []byte("old"), 0o600))
		args := row.args
		if len(args) == 1 {
			args = append([]string{"-o", old}, args...)
		}
		out, told, err := imported(t, args...)
		if err == nil || !strings.Contains(err.Error(), row.says) || out+told != "" {
			t.Errorf("%s: %v, want %q; prints %q", row.name, err, row.says, out+told)
		}
		text, _ := os.ReadFile(old)
		if left, err := os.ReadDir(filepath.Dir(old)); err != nil || len(left) != 1 || string(text) != "old" {
			t.Errorf("%s: leaves %v, %q", row.name, left, text)
		}
	}
	a := app()
	a.Writer = full{}
	err := a.RunContext(t.Context(), []string{"taygo", "routes", "import-mrt", mrtFile(t, good)})
	if err == nil || !strings.Contains(err.Error(), "cannot write: no room") {
		t.Errorf("to a full disk: %v", err)
	}
	if err := writeWhole(old, func(io.Writer) error { return errors.New("on fire") }); err == nil {
		t.Error("an error is lost")
	}
}
