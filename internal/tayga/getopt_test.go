package tayga

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestScanIsGetoptLong compares scan with the getopt_long of glibc 2.36 on 699
// command lines. testdata/getopt.txt holds pairs of lines: the arguments, and what
//
//	getopt -o c:dnu:g:rp:h -l config:,debug,nodetach,user:,group:,chroot,pidfile:,mktun,rmtun,syslog,stdout,journal,help -- ARGUMENTS
//
// of util-linux writes, after = or, if it fails, after !. That one goes on after
// a mistake; scan does not, so what it has found by then must be the start.
func TestScanIsGetoptLong(t *testing.T) {
	text, err := os.ReadFile("testdata/getopt.txt")
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 2*699 {
		t.Fatalf("%d lines", len(lines))
	}
	for i := 0; i < len(lines); i += 2 {
		items, words, err := scan(unquote(t, lines[i]))
		got, want := shell(items), lines[i+1][1:]
		if lines[i+1][0] == '!' {
			if err == nil || !strings.HasPrefix(want, got) {
				t.Errorf("%s: %s and %v, want the start of %s and an error", lines[i], got, err, want)
			}
			continue
		}
		got += " --"
		for _, w := range words {
			got += " '" + w + "'"
		}
		if err != nil || got != want {
			t.Errorf("%s: %s and %v, want %s", lines[i], got, err, want)
		}
	}
}

// shell writes items as getopt(1) does.
func shell(items []item) string {
	var b strings.Builder
	for _, it := range items {
		b.WriteString(" " + it.name)
		if it.option.value {
			fmt.Fprintf(&b, " '%s'", it.value)
		}
	}
	return b.String()
}

// unquote reads strings in quotation marks.
func unquote(t *testing.T, line string) (args []string) {
	t.Helper()
	for line != "" {
		quoted, err := strconv.QuotedPrefix(line)
		must(t, err)
		arg, err := strconv.Unquote(quoted)
		must(t, err)
		args, line = append(args, arg), strings.TrimPrefix(line[len(quoted):], " ")
	}
	return args
}

// FuzzScan holds scan to laws that hold for every command line: what it finds,
// written out in full, is found again; a word more, at the end of those options,
// changes nothing; and what follows -- are words.
func FuzzScan(f *testing.F) {
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\x00")
		items, words, err := scan(args)
		o, parseErr := Parse(append([]string{"tayga"}, args...))
		if err != nil && parseErr == nil && !o.Help {
			t.Fatalf("%q: %v is no error of Parse", args, err)
		}
		Meant(append([]string{"taygo"}, args...), func(word string) bool { return word == "run" })
		if err != nil {
			if s := err.Error(); s == "" || strings.Contains(s, "\n") {
				t.Fatalf("%q: the error is %q", args, s)
			}
			return
		}
		full := []string{"a word"}
		for _, it := range items {
			switch {
			case !it.option.value:
				full = append(full, "--"+it.long)
			case len(full)%2 == 0:
				full = append(full, "--"+it.long+"="+it.value)
			default:
				full = append(full, "--"+it.long, it.value)
			}
		}
		full = append(append(full, "", "--"), words...)
		again, wordsAgain, err := scan(full)
		if err != nil || len(again) != len(items) {
			t.Fatalf("%q: %d options, written out %d, %v", args, len(items), len(again), err)
		}
		for i := range items {
			if items[i].option != again[i].option || items[i].value != again[i].value {
				t.Errorf("%q: option %d is %v, written out %v", args, i, items[i], again[i])
			}
		}
		if got, want := fmt.Sprintf("%q", wordsAgain), fmt.Sprintf("%q", append([]string{"a word", ""}, words...)); got != want {
			t.Errorf("%q: words %s, written out %s", args, want, got)
		}
	})
}
