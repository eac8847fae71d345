package poolfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"taygo/siit"
)

// now is when the tests take place.
var now = time.Unix(1767300000, 0)

func leaseOf(v4, v6 string, idle time.Duration) siit.Lease {
	return siit.Lease{V4: netip.MustParseAddr(v4), V6: netip.MustParseAddr(v6), Idle: idle}
}

// read reads a file and returns its leases as strings, and what is wrong.
func read(text string) (leases, wrong []string) {
	entries, errs := ReadMap("dynamic.map", strings.NewReader(text), now)
	for _, e := range entries {
		leases = append(leases, fmt.Sprintf("%d %v %v %v", e.Line, e.V4, e.V6, e.Idle))
	}
	for _, err := range errs {
		wrong = append(wrong, err.Error())
	}
	return leases, wrong
}

func TestWriteMapWritesTaygasFormat(t *testing.T) {
	var b bytes.Buffer
	err := WriteMap(&b, []siit.Lease{
		leaseOf("100.64.7.33", "2001:DB8:40:0::BEEF", 0),
		leaseOf("100.64.7.201", "2001:db8:40:1::c0de", 86400*time.Second+time.Millisecond),
		leaseOf("100.64.7.1", "::1:0:0:0:2", 1<<63-1),
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines[:10] {
		if !strings.HasPrefix(line, "###") {
			t.Errorf("line %d is no comment: %q", i+1, line)
		}
	}
	if !strings.Contains(b.String(), "\n### Written: Thu Jan  1 20:40:00 2026\n") {
		t.Errorf("no time of writing:\n%s", &b)
	}
	want := []string{
		"",
		"100.64.7.33\t2001:db8:40::beef\t1767300000",
		"100.64.7.201\t2001:db8:40:1::c0de\t1767213599",
		"100.64.7.1\t::1:0:0:0:2\t1",
		"",
	}
	if got := lines[10:]; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestWriteMapTellsOfAFailure(t *testing.T) {
	if err := WriteMap(brokenWriter{}, nil, now); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestReadMapTakesWhatTaygaTakes(t *testing.T) {
	for _, tt := range []struct {
		what, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"comments and empty lines", "# a\n\n ### b c d\n\t\n", nil},
		{"a line", "192.0.2.1\t2001:db8::1\t1767299990\n", []string{"1 192.0.2.1 2001:db8::1 10s"}},
		{"no newline at the end", "192.0.2.1\t2001:db8::1\t1767299990", []string{"1 192.0.2.1 2001:db8::1 10s"}},
		{"other white space", " 192.0.2.1 \t 2001:db8::1  1767299990 \r\n", []string{"1 192.0.2.1 2001:db8::1 10s"}},
		{"other ways to write an address", "192.0.2.1 2001:0DB8:0:0::0001 1767299990\n", []string{"1 192.0.2.1 2001:db8::1 10s"}},
		{"a comment behind", "192.0.2.1 2001:db8::1 1767299990 #x y\n", []string{"1 192.0.2.1 2001:db8::1 10s"}},
		{"the future", "192.0.2.1 2001:db8::1 1767300001\n", []string{"1 192.0.2.1 2001:db8::1 -1s"}},
		{"the far future", "192.0.2.1 2001:db8::1 9223372036854775807\n", []string{"1 192.0.2.1 2001:db8::1 -876000h0m0s"}},
		{"the far past", "192.0.2.1 2001:db8::1 1\n", []string{"1 192.0.2.1 2001:db8::1 490916h39m59s"}},
		{"a long line", "192.0.2.1 2001:db8::1 1767299990 " + strings.Repeat("#", 510-34) + "\n", []string{"1 192.0.2.1 2001:db8::1 10s"}},
		{"two", "\n192.0.2.1 2001:db8::1 1767299990\n\n192.0.2.2 2001:db8::2 1767299980\n", []string{
			"2 192.0.2.1 2001:db8::1 10s", "4 192.0.2.2 2001:db8::2 20s",
		}},
	} {
		if got, wrong := read(tt.text); !slices.Equal(got, tt.want) || len(wrong) > 0 {
			t.Errorf("%s: %q, %q; want %q", tt.what, got, wrong, tt.want)
		}
	}
}

// TestReadMapLeavesOutWhatIsWrong: and tells where and what.
func TestReadMapLeavesOutWhatIsWrong(t *testing.T) {
	const good = "192.0.2.9 2001:db8::9 1767299990\n"
	for _, tt := range []struct{ line, want string }{
		{"192.0.2.1 2001:db8::1", "2 words"},
		{"192.0.2.1 2001:db8::1 1767299990 x", "4 words"},
		{"192.0.2.1 2001:db8::1 #1767299990", "2 words"},
		{"192.0.2.256 2001:db8::1 1767299990", `"192.0.2.256" is not an IPv4 address`},
		{"192.0.2.01 2001:db8::1 1767299990", `"192.0.2.01" is not an IPv4 address`},
		{"2001:db8::1 2001:db8::1 1767299990", `"2001:db8::1" is not an IPv4 address`},
		{"192.0.2.1 192.0.2.1 1767299990", `"192.0.2.1" is not an IPv6 address`},
		{"192.0.2.1 2001:db8::1%eth0 1767299990", `"2001:db8::1%eth0" is not an IPv6 address`},
		{"192.0.2.1 2001:db8::g 1767299990", `"2001:db8::g" is not an IPv6 address`},
		{"192.0.2.1 2001:db8::1 0", `"0" is not a time`},
		{"192.0.2.1 2001:db8::1 -5", `"-5" is not a time`},
		{"192.0.2.1 2001:db8::1 0x10", `"0x10" is not a time`},
		{"192.0.2.1 2001:db8::1 99999999999999999999", `"99999999999999999999" is not a time`},
		{"192.0.2.1\v2001:db8::1\f1767299990", "1 words"},
		{"192.0.2.1 2001:db8::1\x00 1767299990", `"2001:db8::1\x00" is not an IPv6 address`},
		{"192.0.2.1 2001:db8::1 1767299990" + strings.Repeat(" ", 479), "longer than 510 bytes"},
		{strings.Repeat("x", 5000), "longer than 510 bytes"},
	} {
		got, wrong := read(good + tt.line + "\n" + strings.ReplaceAll(good, "9 ", "8 "))
		if len(got) != 2 || !strings.HasPrefix(got[1], "3 192.0.2.8 ") {
			t.Errorf("%.60q: the good lines yield %q", tt.line, got)
		}
		if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "dynamic.map:2: ") || !strings.Contains(wrong[0], tt.want) {
			t.Errorf("%.60q: %q, want %q", tt.line, wrong, tt.want)
		}
	}
}

// TestAWholeSecondIsNotTheFuture: the file knows no parts of one.
func TestAWholeSecondIsNotTheFuture(t *testing.T) {
	half := now.Add(time.Second / 2)
	var b bytes.Buffer
	if err := WriteMap(&b, []siit.Lease{leaseOf("192.0.2.1", "2001:db8::1", 0)}, half); err != nil {
		t.Fatal(err)
	}
	entries, errs := ReadMap("m", &b, half)
	if len(entries) != 1 || entries[0].Idle != time.Second/2 || len(errs) > 0 {
		t.Errorf("%v, %v", entries, errs)
	}
}

func TestReadMapKeepsWhatItReadBeforeAFault(t *testing.T) {
	r := io.MultiReader(strings.NewReader("192.0.2.1 2001:db8::1 1767299990\n192.0.2.2 20"), iotest.ErrReader(errBroken))
	entries, errs := ReadMap("dynamic.map", r, now)
	if len(entries) != 1 || len(errs) != 1 || !errors.Is(errs[0], errBroken) || !strings.HasPrefix(errs[0].Error(), "dynamic.map:2: ") {
		t.Errorf("%v, %v", entries, errs)
	}
}

// FuzzReadMap: nothing breaks it, each line yields one lease, one error or
// nothing, and what was read is read again once it is written.
func FuzzReadMap(f *testing.F) {
	f.Add("192.0.2.1\t2001:db8::1\t1767299990\n")
	f.Add("### c\n\n192.0.2.1 2001:db8::1 1767299990\r\n192.0.2.2 x 5\n" + strings.Repeat("y", 600))
	f.Fuzz(func(t *testing.T, text string) {
		entries, errs := ReadMap("m", strings.NewReader(text), now)
		if lines := strings.Count(text, "\n") + 1; len(entries)+len(errs) > lines {
			t.Fatalf("%d leases and %d errors in %d lines", len(entries), len(errs), lines)
		}
		var leases []siit.Lease
		for _, e := range entries {
			if !e.V4.Is4() || !e.V6.Is6() || e.V6.Zone() != "" {
				t.Fatalf("%v", e)
			}
			leases = append(leases, e.Lease)
		}
		for _, err := range errs {
			if !strings.HasPrefix(err.Error(), "m:") {
				t.Fatalf("no place: %v", err)
			}
		}
		var b bytes.Buffer
		if err := WriteMap(&b, leases, now); err != nil {
			t.Fatal(err)
		}
		again, errs := ReadMap("m", &b, now)
		if len(errs) > 0 || len(again) != len(entries) {
			t.Fatalf("%d leases, written and read %d, %v", len(entries), len(again), errs)
		}
		for i, e := range again {
			if e.Lease != entries[i].Lease {
				t.Fatalf("%v became %v", entries[i], e)
			}
		}
	})
}
