package pkttest

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// shortest run that is written as first+step*count rather than octet by octet.
const shortestRun = 33

// appendGroups appends b in hex, in groups of the given numbers of octets; the
// last number repeats.
func appendGroups(to []byte, b []byte, groups ...int) []byte {
	for i := 0; len(b) > 0; i++ {
		n := min(groups[min(i, len(groups)-1)], len(b))
		if i > 0 {
			to = append(to, ' ')
		}
		to = hex.AppendEncode(to, b[:n])
		b = b[n:]
	}
	return to
}

// appendData appends b in hex, with long runs in their short form: 01+07*1472
// stands for 1472 octets, the first 01, each 07 more than the one before it.
func appendData(to []byte, b []byte) []byte {
	for from := 0; from < len(b); {
		if from > 0 {
			to = append(to, ' ')
		}
		at, n := findRun(b[from:])
		to = appendGroups(to, b[from:from+at], 4)
		if n > 0 {
			if at > 0 {
				to = append(to, ' ')
			}
			first := b[from+at]
			to = fmt.Appendf(to, "%02x+%02x*%d", first, b[from+at+1]-first, n)
		}
		from += at + n
	}
	return to
}

// findRun returns where the first run of b that is worth a short form begins,
// and its length: len(b) and 0 if there is none.
func findRun(b []byte) (at, n int) {
	for at = 0; at+shortestRun <= len(b); at++ {
		step := b[at+1] - b[at]
		n = 2
		for at+n < len(b) && b[at+n]-b[at+n-1] == step {
			n++
		}
		if n >= shortestRun {
			return at, n
		}
	}
	return len(b), 0
}

// parseHex reads what appendGroups and appendData write, up to a #.
func parseHex(line string) ([]byte, error) {
	line, _, _ = strings.Cut(line, "#")
	var out []byte
	for token := range strings.FieldsSeq(line) {
		first, rest, run := strings.Cut(token, "+")
		b, err := hex.DecodeString(first)
		if err != nil {
			return nil, fmt.Errorf("pkttest: %q is not hex: %w", token, err)
		}
		if !run {
			out = append(out, b...)
			continue
		}
		step, count, _ := strings.Cut(rest, "*")
		d, err := strconv.ParseUint(step, 16, 8)
		if err != nil {
			return nil, fmt.Errorf("pkttest: %q: step of a run: %w", token, err)
		}
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil || len(b) != 1 {
			return nil, fmt.Errorf("pkttest: %q is not a run like 01+07*1472", token)
		}
		for i := range int(n) {
			out = append(out, b[0]+byte(i*int(d)))
		}
	}
	return out, nil
}
