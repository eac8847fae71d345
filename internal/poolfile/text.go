// Package poolfile keeps the leases of a dynamic pool in a file: Tayga's
// dynamic.map, which Tayga can read as well as what it wrote can be read here.
package poolfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"taygo/siit"
)

// head is the ten comment lines that a dynamic.map begins with, with the time of
// writing.
const head = `###
### dynamic.map: leases of the dynamic pool
###
### Each line: IPv4 address, IPv6 address, time of the last packet (Unix seconds)
###
### To edit this file stop the translator first, which writes it anew
###
### Written: %s
###
###

`

// WriteMap writes leases to w in the order in which they come. now is the time to
// which their Idle refers. An error is that of w.
func WriteMap(w io.Writer, leases []siit.Lease, now time.Time) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, head, now.UTC().Format(time.ANSIC))
	var line []byte
	for _, l := range leases {
		line = append(l.V4.AppendTo(line[:0]), '\t')
		line = append(l.V6.AppendTo(line), '\t')
		line = strconv.AppendInt(line, max(1, now.Add(-l.Idle).Unix()), 10)
		b.Write(append(line, '\n')) // a failure shows in Flush
	}
	return b.Flush()
}

// An Entry is a lease and the line of the file that it comes from.
type Entry struct {
	siit.Lease
	Line int
}

// maxLine is how many bytes a line may have with its newline, as in tayga.conf.
const maxLine = 510

// ReadMap reads a dynamic.map. now is the time to which Idle is to refer. A line
// that is wrong is left out and yields an error, which begins with file and line
// number; all others count. Whether the addresses suit a pool is not looked at.
func ReadMap(file string, r io.Reader, now time.Time) ([]Entry, []error) {
	var entries []Entry
	var errs []error
	b := bufio.NewReaderSize(r, maxLine+1)
	for n := 1; ; n++ {
		line, err := readLine(b)
		var l siit.Lease
		ok := false
		switch {
		case err == nil:
			l, ok, err = parseLine(line, now)
		case errors.Is(err, io.EOF):
			return entries, errs
		case !errors.Is(err, errTooLong):
			return entries, append(errs, fmt.Errorf("%s:%d: %w: the rest is not read", file, n, err))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w: the line is ignored", file, n, err))
		}
		if ok {
			entries = append(entries, Entry{l, n})
		}
	}
}

var errTooLong = fmt.Errorf("the line is longer than %d bytes", maxLine)

// readLine returns the next line, which is good until the next call, or
// errTooLong once it has read to the end of one that is too long.
func readLine(b *bufio.Reader) (string, error) {
	line, err := b.ReadSlice('\n')
	long := len(line) > maxLine
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = b.ReadSlice('\n')
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	case long:
		return "", errTooLong
	case len(line) == 0:
		return "", io.EOF
	}
	return string(line), nil
}

// parseLine reads a line, and reports whether there is a lease in it.
func parseLine(line string, now time.Time) (l siit.Lease, ok bool, err error) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	for i, w := range words {
		if w[0] == '#' {
			words = words[:i]
			break
		}
	}
	switch len(words) {
	case 0:
		return l, false, nil
	case 3:
	default:
		return l, false, fmt.Errorf("%d words instead of an IPv4 address, an IPv6 address and a time", len(words))
	}
	l.V4, err = netip.ParseAddr(words[0])
	if err != nil || !l.V4.Is4() {
		return l, false, fmt.Errorf("%q is not an IPv4 address", words[0])
	}
	l.V6, err = netip.ParseAddr(words[1])
	if err != nil || !l.V6.Is6() || l.V6.Zone() != "" {
		return l, false, fmt.Errorf("%q is not an IPv6 address", words[1])
	}
	seconds, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil || seconds <= 0 {
		return l, false, fmt.Errorf("%q is not a time in Unix seconds", words[2])
	}
	age := min(max(now.Unix()-seconds, -longest), longest)
	l.Idle = time.Duration(age)*time.Second + time.Duration(now.Nanosecond())
	return l, true, nil
}

// longest is more seconds than matter, and fewer than a time.Duration holds.
const longest = 100 * 365 * 24 * 3600
