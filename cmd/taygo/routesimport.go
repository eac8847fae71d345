package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"taygo/internal/mrt"
)

func routesImportCommand() *cli.Command {
	return &cli.Command{
		Name:      "import-mrt",
		Usage:     "make a file of routes, for route-source file, from a table of a route collector",
		ArgsUsage: "FILE",
		Description: "FILE is a table of routes in MRT format (TABLE_DUMP_V2, RFC 6396), perhaps compressed by gzip or bzip2; - is standard input. " +
			"Of each IPv4 prefix the first path counts. Tells on standard error what was left out, and why. Needs no running taygo.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, TakesFile: true, Usage: "write `FILE`, at once when all is read, instead of standard output"},
			&cli.IntFlag{Name: "max", Value: 2_000_000, Usage: "write `N` routes at most"},
			&cli.BoolFlag{Name: "json", Usage: "tell the counts as JSON, with --output on standard output"},
		},
		Before: exactly(1, "rib.20260101.0000.gz"),
		Action: routesImport,
	}
}

// routesImport reads an MRT file and writes a file of routes.
func routesImport(c *cli.Context) error {
	if c.Int("max") < 1 {
		return fmt.Errorf("routes import-mrt: --max: %d: write a number from 1", c.Int("max"))
	}
	in, size, err := openTable(c.Args().First())
	if err != nil {
		return fmt.Errorf("routes import-mrt: %w: name a file that can be read", err)
	}
	defer in.Close()
	p := newProgress(c.App.ErrWriter, "KiB read")
	defer p.clear()
	i := importer{max: c.Int("max"), seen: map[uint64]struct{}{}}
	i.in = &meter{r: in, each: func(n int64) { p.show(int(n>>10), int(size>>10)) }}
	output, told := c.String("output"), c.App.ErrWriter
	write := func(w io.Writer) error { return i.run(c.Context, w) }
	if output == "" {
		err = write(c.App.Writer)
	} else {
		told = c.App.Writer
		err = writeWhole(output, write)
	}
	p.clear()
	if err != nil {
		return fmt.Errorf("routes import-mrt: %s: %w", c.Args().First(), err)
	}
	if c.Bool("json") {
		return json.NewEncoder(told).Encode(i.counts)
	}
	i.counts.print(told)
	return nil
}

// openTable opens a file, or standard input. The size is 0 if it is not known.
func openTable(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// A meter tells with each read how many octets have been read.
type meter struct {
	r    io.Reader
	n    int64
	each func(n int64)
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	m.each(m.n)
	return n, err
}

// writeWhole has write write a file, which appears when it is whole, in the place
// of one that may be there. After an error there is nothing new.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("%w: name another --output", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}

// An importer makes lines of a file of routes from an MRT file.
type importer struct {
	in     io.Reader
	max    int
	seen   map[uint64]struct{} // prefixes: the address, and the length behind it
	batch  []byte              // lines that have not been looked at yet
	waits  int                 // how many those are
	counts importCounts
}

// run writes all routes.
func (i *importer) run(ctx context.Context, w io.Writer) error {
	r, err := mrt.NewReader(i.in)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	for err == nil {
		var route mrt.Route
		if route, err = r.Next(); err == nil {
			i.add(route)
		}
		if i.waits == batchLines || err != nil {
			if failed := errors.Join(i.write(out), ctx.Err()); failed != nil {
				return failed
			}
		}
	}
	if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	i.counts.of(r)
	if i.counts.Routes == 0 {
		return fmt.Errorf("no IPv4 route in %d records: take a table of a collector (TABLE_DUMP_V2), not its updates", r.Records())
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}

// add takes in a route, unless its prefix was there or there are enough.
func (i *importer) add(r mrt.Route) {
	four := r.Prefix.Addr().As4()
	key := uint64(binary.BigEndian.Uint32(four[:]))<<8 | uint64(r.Prefix.Bits())
	if _, again := i.seen[key]; again {
		i.counts.twice++
		return
	}
	if len(i.seen) >= i.max {
		i.counts.beyond++
		return
	}
	i.seen[key] = struct{}{}
	i.batch = append(i.batch, "route "...)
	i.batch = r.Prefix.AppendTo(i.batch)
	i.batch = append(i.batch, " via "...)
	i.batch = r.NextHop.AppendTo(i.batch)
	i.batch = append(i.batch, '\n')
	i.waits++
}
