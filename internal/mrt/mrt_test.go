package mrt_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"taygo/internal/mrt"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read returns the routes of a file as text, the reader, and why it ended.
func read(in io.Reader) ([]string, *mrt.Reader, error) {
	r, err := mrt.NewReader(in)
	if err != nil {
		return nil, nil, err
	}
	var all []string
	for {
		one, err := r.Next()
		if err != nil {
			return all, r, err
		}
		all = append(all, fmt.Sprintf("%v via %v of %d", one.Prefix, one.NextHop, one.Paths))
	}
}

func TestRoutes(t *testing.T) {
	for _, row := range []struct {
		name string
		file []byte
		want string
	}{
		{"one path", rib(0, route("198.51.100.0/24", via("192.0.2.1"))), "198.51.100.0/24 via 192.0.2.1 of 1"},
		{"the first of several", rib(0, route("198.51.100.0/24", via("192.0.2.2"), via("192.0.2.1"))), "198.51.100.0/24 via 192.0.2.2 of 2"},
		{"the default route", rib(0, route("0.0.0.0/0", via("192.0.2.1"))), "0.0.0.0/0 via 192.0.2.1 of 1"},
		{"a host", rib(0, route("198.51.100.7/32", via("192.0.2.1"))), "198.51.100.7/32 via 192.0.2.1 of 1"},
		{"bits past its length", rib(0, entry{"198.51.96.0/20", []byte{198, 51, 111}, []path{{attrs: via("192.0.2.1")}}}), "198.51.96.0/20 via 192.0.2.1 of 1"},
		{"identifiers of paths", ribAddPath(0, route("198.51.100.0/24", via("192.0.2.2"), via("192.0.2.1"))), "198.51.100.0/24 via 192.0.2.2 of 2"},
		{"an IPv6 next hop", rib(0, route("198.51.100.0/24", via6("2001:db8::1"))), "198.51.100.0/24 via 2001:db8::1 of 1"},
		{"with its link-local address", rib(0, route("198.51.100.0/24", via6("2001:db8::1", "fe80::1"))), "198.51.100.0/24 via 2001:db8::1 of 1"},
		{"in a whole MP_REACH_NLRI", rib(0, route("198.51.100.0/24", whole6("2001:db8::1", "fe80::1"))), "198.51.100.0/24 via 2001:db8::1 of 1"},
		{"both next hops", rib(0, route("198.51.100.0/24", join(via("192.0.2.1"), via6("2001:db8::1")))), "198.51.100.0/24 via 2001:db8::1 of 1"},
		{"two of a kind", rib(0, route("198.51.100.0/24", join(via("192.0.2.1"), via("192.0.2.2")))), "198.51.100.0/24 via 192.0.2.1 of 1"},
		{"behind a long attribute", rib(0, route("198.51.100.0/24", join(attr(8, make([]byte, 60_000)), via("192.0.2.1")))), "198.51.100.0/24 via 192.0.2.1 of 1"},
		{"behind peers", join(peers(3), rib(0, route("198.51.100.0/24", via("192.0.2.1")))), "198.51.100.0/24 via 192.0.2.1 of 1"},
		{"behind places of peers", join(record(13, 7, nil), rib(0, route("198.51.100.0/24", via("192.0.2.1")))), "198.51.100.0/24 via 192.0.2.1 of 1"},
		{"none", peers(1), ""},
	} {
		got, r, err := read(bytes.NewReader(row.file))
		if strings.Join(got, "\n") != row.want || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %q, %v; want %q", row.name, got, err, row.want)
			continue
		}
		for _, why := range mrt.Reasons() {
			if n := r.Skipped(why); n != 0 {
				t.Errorf("%s: %d %v", row.name, n, why)
			}
		}
	}
}

func TestSkipped(t *testing.T) {
	good := route("198.51.100.0/24", via("192.0.2.1"))
	body := ribBody(0, good, false)
	cut := func(n int) []byte { return record(13, 2, body[:n]) }
	for _, row := range []struct {
		name string
		file []byte
		why  mrt.Reason
	}{
		{"an update", record(16, 4, make([]byte, 50)), mrt.OtherRecord},
		{"an update with microseconds", record(17, 4, make([]byte, 50)), mrt.OtherRecord},
		{"a packet of OSPF", record(11, 0, nil), mrt.OtherRecord},
		{"an unknown subtype", record(13, 99, nil), mrt.OtherRecord},
		{"subtype 0", record(13, 0, nil), mrt.OtherRecord},
		{"the old format", record(12, 1, make([]byte, 50)), mrt.OtherTable},
		{"IPv4 multicast", record(13, 3, body), mrt.OtherTable},
		{"IPv6 unicast", record(13, 4, body), mrt.OtherTable},
		{"IPv6 unicast with identifiers", record(13, 10, body), mrt.OtherTable},
		{"generic", record(13, 6, body), mrt.OtherTable},
		{"no path", rib(0, entry{prefix: "198.51.100.0/24"}), mrt.NoPath},
		{"no next hop", rib(0, route("198.51.100.0/24", usual())), mrt.NoNextHop},
		{"no attributes", rib(0, route("198.51.100.0/24", nil)), mrt.NoNextHop},
		{"none of the first path", rib(0, route("198.51.100.0/24", usual(), via("192.0.2.1"))), mrt.NoNextHop},
		{"33 bits", record(13, 2, append([]byte{0, 0, 0, 0, 33}, make([]byte, 60)...)), mrt.Malformed},
		{"an IPv4 next hop of 5 octets", rib(0, route("198.51.100.0/24", attr(3, make([]byte, 5)))), mrt.Malformed},
		{"a NEXT_HOP of IPv6", rib(0, route("198.51.100.0/24", attr(3, make([]byte, 16)))), mrt.Malformed},
		{"an MP_REACH_NLRI without octets", rib(0, route("198.51.100.0/24", attr(14, nil))), mrt.Malformed},
		{"one that is too short", rib(0, route("198.51.100.0/24", attr(14, make([]byte, 10)))), mrt.Malformed},
		{"one of a VPN", rib(0, route("198.51.100.0/24", attr(14, append([]byte{24}, make([]byte, 24)...)))), mrt.Malformed},
		{"an attribute past the end", rib(0, route("198.51.100.0/24", join(via("192.0.2.1"), []byte{0x40, 1, 9}))), mrt.Malformed},
		{"half an attribute", rib(0, route("198.51.100.0/24", join(via("192.0.2.1"), []byte{0x50, 1, 0}))), mrt.Malformed},
		{"nothing", cut(0), mrt.Malformed},
		{"half a prefix", cut(6), mrt.Malformed},
		{"half a path", cut(len(body) - 1), mrt.Malformed},
	} {
		file := join(row.file, rib(1, good))
		got, r, err := read(bytes.NewReader(file))
		if len(got) != 1 || !errors.Is(err, io.EOF) || r.Records() != 2 {
			t.Errorf("%s: %q, %v, %d records", row.name, got, err, r.Records())
		}
		for _, why := range mrt.Reasons() {
			if n := r.Skipped(why); (n == 1) != (why == row.why) || n > 1 {
				t.Errorf("%s: %d %v", row.name, n, why)
			}
		}
	}
}

// someRoutes returns n routes, and a file of them.
func someRoutes(n int) (want []string, file []byte) {
	r := rand.New(rand.NewPCG(3, 4))
	b := bytes.NewBuffer(peers(20))
	for i := range n {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(1 + i>>16), byte(i >> 8), byte(i), 0}), 24)
		attrs := make([][]byte, 1+r.IntN(5))
		var first string
		for k := range attrs {
			a := fmt.Sprintf("192.0.2.%d", 1+r.IntN(250))
			attrs[k] = via(a)
			if k == 0 {
				first = a
			}
		}
		b.Write(rib(uint32(i), route(p.String(), attrs...)))
		want = append(want, fmt.Sprintf("%v via %s of %d", p, first, len(attrs)))
	}
	return want, b.Bytes()
}

// TestCompressedFiles are read like others, also when they are of several parts.
func TestCompressedFiles(t *testing.T) {
	want, file := someRoutes(500)
	var packed bytes.Buffer
	for _, part := range [][]byte{file[:9999], file[9999:]} {
		z := gzip.NewWriter(&packed)
		_, err := z.Write(part)
		must(t, err)
		must(t, z.Close())
	}
	for name, in := range map[string]io.Reader{
		"plain":          bytes.NewReader(file),
		"octet by octet": iotest.OneByteReader(bytes.NewReader(file)),
		"gzip":           bytes.NewReader(packed.Bytes()),
		"gzip in halves": iotest.HalfReader(bytes.NewReader(packed.Bytes())),
	} {
		if got, _, err := read(in); !slices.Equal(got, want) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d routes, %v", name, len(got), err)
		}
	}
	// The file has two parts, of one route each.
	f, err := os.Open(filepath.Join("testdata", "two.mrt.bz2"))
	must(t, err)
	defer f.Close()
	got, _, err := read(f)
	if !slices.Equal(got, []string{"198.51.100.0/24 via 192.0.2.1 of 2", "203.0.113.0/24 via 2001:db8::1 of 1"}) || !errors.Is(err, io.EOF) {
		t.Errorf("bzip2: %q, %v", got, err)
	}
}

// TestDamagedFiles: wherever a file ends too early, what is whole is read and the
// record that is not is named.
func TestDamagedFiles(t *testing.T) {
	want, file := someRoutes(3)
	for n := range len(file) {
		got, r, err := read(bytes.NewReader(file[:n]))
		if r == nil || !slices.Equal(got, want[:min(len(got), len(want))]) {
			t.Fatalf("%d of %d octets: %q, %v", n, len(file), got, err)
		}
		whole := errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
		short := errors.Is(err, io.ErrUnexpectedEOF) && strings.Contains(err.Error(), fmt.Sprintf("record %d", r.Records()+1))
		if !whole && !short && (n >= 12 || !errors.Is(err, mrt.ErrFormat)) {
			t.Fatalf("%d of %d octets: %v", n, len(file), err)
		}
		if _, again := r.Next(); again != err { //nolint:errorlint // the very same
			t.Fatalf("%d octets: then %v", n, again)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(file)
	must(t, err)
	must(t, z.Close())
	packed.Bytes()[packed.Len()-5] ^= 1 // of the checksum
	if _, _, err := read(&packed); !errors.Is(err, gzip.ErrChecksum) {
		t.Errorf("a wrong checksum: %v", err)
	}
}

func TestOtherFiles(t *testing.T) {
	for name, text := range map[string]string{
		"text":        "route 198.51.100.0/24 via 192.0.2.1\n",
		"a short one": "hello\n",
		"a program":   "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"no gzip":     "\x1f\x8bnothing of the kind",
	} {
		if got, _, err := read(strings.NewReader(text)); len(got) > 0 || !errors.Is(err, mrt.ErrFormat) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, _, err := read(strings.NewReader("")); !errors.Is(err, io.EOF) {
		t.Errorf("an empty file: %v", err)
	}
	if _, _, err := read(iotest.ErrReader(errors.New("the disk is on fire"))); err == nil || !strings.Contains(err.Error(), "on fire") {
		t.Errorf("a broken disk: %v", err)
	}
}

// endless is as many zero octets as are asked for.
type endless struct{}

func (endless) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestMemoryIsBounded: a record as long as a length can be takes no more than others.
func TestMemoryIsBounded(t *testing.T) {
	body := ribBody(0, route("198.51.100.0/24", via("192.0.2.1"), via("192.0.2.1")), false)
	head := record(13, 2, body)
	const length = 256 << 20
	copy(head[8:12], []byte{length >> 24, 0, 0, 0})
	in := io.MultiReader(bytes.NewReader(head), io.LimitReader(endless{}, length-int64(len(body))), bytes.NewReader(rib(1, route("0.0.0.0/0", via("192.0.2.2")))))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, _, err := read(in)
	runtime.ReadMemStats(&after)
	if len(got) != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("%q, %v", got, err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 512<<10 {
		t.Errorf("%d octets of memory for a record of %d", allocated, length)
	}
}

// TestAsBGPDump reads a file as bgpdump does, where there is one.
func TestAsBGPDump(t *testing.T) {
	want, file := someRoutes(2000)
	got, _, _ := read(bytes.NewReader(file))
	if !slices.Equal(got, want) {
		t.Errorf("%d routes are not those of the file", len(got))
	}
	path, err := exec.LookPath("bgpdump")
	if err != nil {
		return
	}
	name := filepath.Join(t.TempDir(), "rib")
	must(t, os.WriteFile(name, file, 0o600))
	out, err := exec.CommandContext(t.Context(), path, "-m", name).Output()
	must(t, err)
	var theirs []string
	last := ""
	for line := range strings.Lines(string(out)) {
		words := strings.Split(line, "|")
		if words[0] != "TABLE_DUMP2" || words[5] == last { // the first path of each prefix
			continue
		}
		last = words[5]
		theirs = append(theirs, last+" via "+words[8])
	}
	if !slices.EqualFunc(got, theirs, func(ours, their string) bool { return strings.HasPrefix(ours, their+" of ") }) {
		t.Errorf("bgpdump has %d routes, we have %d, and not the same ones", len(theirs), len(got))
	}
}
