// Package ribtest makes the routing table that tests and measurements use: a
// million IPv4 routes like those of a router without a default route. Its prefixes
// are the 901,899 real ones in the test data of the module bart, filled up with
// made more-specifics. Next hops are made by a Model: no real table with next hops
// is public. Everything is the same each time.
package ribtest

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"taygo/internal/routemap/rib"
)

// Size is the number of routes of the table.
const Size = 1_000_000

// module carries the real prefixes, file is where in it.
const (
	module = "github.com/gaissmai/bart"
	file   = "internal/tests/testdata/prefixes.txt.gz"
)

// Prefixes returns the prefixes of the table, in the order of rib.Prefix.Compare.
// It asks the go command where the module lies, which fetches it if need be, so it
// is for a checkout only.
func Prefixes() ([]rib.Prefix, error) {
	dir, err := directory()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		return nil, fmt.Errorf("ribtest: %w", err)
	}
	defer f.Close()
	list, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("ribtest: %s: %w", f.Name(), err)
	}
	return fill(list, Size), nil
}

// directory returns where the sources of the module lie.
func directory() (string, error) {
	out, failed := exec.Command("go", "mod", "download", "-json", module).Output()
	var found struct{ Dir, Error string }
	if err := json.Unmarshal(out, &found); err != nil || failed != nil || found.Dir == "" {
		return "", fmt.Errorf("ribtest: go mod download %s: %s: %w: run it in the checkout, with a network or a GOPROXY that has the module",
			module, found.Error, errors.Join(failed, err))
	}
	return found.Dir, nil
}

// read returns the IPv4 prefixes of a compressed list, one on a line.
func read(r io.Reader) ([]rib.Prefix, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	var list []rib.Prefix
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		p, err := netip.ParsePrefix(lines.Text())
		if err != nil {
			return nil, err
		}
		if q, ok := rib.PrefixOf(p); ok {
			list = append(list, q)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no IPv4 prefix in it")
	}
	return list, lines.Err()
}

// fill adds more-specifics of random prefixes of 16 to 23 bits, 85 % of them /24,
// until there are n.
func fill(list []rib.Prefix, n int) []rib.Prefix {
	rng := rand.New(rand.NewPCG(464, 6464))
	have := make(map[rib.Prefix]bool, n)
	for _, p := range list {
		have[p] = true
	}
	for of := len(list); len(list) < n; {
		p := list[rng.IntN(of)]
		if p.Bits < 16 || p.Bits > 23 {
			continue
		}
		bits := uint8(24)
		if rng.IntN(100) >= 85 {
			bits = p.Bits + 1 + uint8(rng.IntN(int(24-p.Bits)))
		}
		q := rib.Prefix{Addr: p.Addr | rng.Uint32()>>p.Bits, Bits: bits}.Masked()
		if !have[q] {
			have[q] = true
			list = append(list, q)
		}
	}
	slices.SortFunc(list, rib.Prefix.Compare)
	return list
}
