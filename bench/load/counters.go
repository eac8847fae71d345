package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
)

// openCounters opens the counters of the stack, in the network namespace of the
// calling thread, for the family of a.
func openCounters(a netip.Addr) (*os.File, error) {
	path := "/proc/thread-self/net/snmp6"
	if a.Is4() {
		path = "/proc/thread-self/net/snmp"
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load: counters: %w", err)
	}
	return f, nil
}

// refused returns how many datagrams the host of the receiver has dropped: those
// with a wrong UDP checksum, and those that its socket had no room for.
func (r *Receiver) refused() (int, error) {
	if _, err := r.stack.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("load: counters: %w", err)
	}
	text, err := io.ReadAll(r.stack)
	if err != nil {
		return 0, fmt.Errorf("load: counters: %w", err)
	}
	return inErrors(text)
}

var errNoCounter = errors.New("load: counters: none for UDP")

// inErrors finds the counter in /proc/net/snmp6, which has a line for each, or in
// /proc/net/snmp, which has a line of names and one of values for each protocol.
func inErrors(text []byte) (int, error) {
	var names [][]byte
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		switch {
		case len(fields) == 2 && string(fields[0]) == "Udp6InErrors":
			return strconv.Atoi(string(fields[1]))
		case len(fields) == 0 || string(fields[0]) != "Udp:":
		case names == nil:
			names = fields
		default:
			for i, name := range names {
				if string(name) == "InErrors" && i < len(fields) {
					return strconv.Atoi(string(fields[i]))
				}
			}
		}
	}
	return 0, errNoCounter
}
