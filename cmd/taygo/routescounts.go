package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"taygo/conf"
	"taygo/internal/mrt"
)

// batchLines is how many lines are looked at and written at once.
const batchLines = 4096

// write writes the lines that wait, but for those which taygo would not read.
func (i *importer) write(out *bufio.Writer) error {
	_, problems := conf.ParseRoutes("", bytes.NewReader(i.batch))
	n := 0
	for line := range bytes.Lines(i.batch) {
		n++
		if len(problems) > 0 && problems[0].At.Line == n {
			i.counts.refuse(problems[0])
			for len(problems) > 0 && problems[0].At.Line == n {
				problems = problems[1:]
			}
			continue
		}
		i.counts.Routes++
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("cannot write: %w", err)
		}
	}
	i.batch, i.waits = i.batch[:0], 0
	return nil
}

// importCounts tell what became of the records of an MRT file.
type importCounts struct {
	Records uint64    `json:"records"` // in the file
	Routes  uint64    `json:"routes"`  // written
	Skipped []skipped `json:"skipped"` // by reason

	refused, twice, beyond uint64
	example                string // what is wrong with the first route that is refused
}

// skipped counts what is left out for one reason.
type skipped struct {
	Why   string `json:"why"`
	Count uint64 `json:"count"`
}

func (c *importCounts) refuse(p conf.Problem) {
	if c.refused++; c.example == "" {
		c.example = p.What
	}
}

// of completes the counts with those of the reader.
func (c *importCounts) of(r *mrt.Reader) {
	c.Records, c.Skipped = r.Records(), []skipped{}
	add := func(why string, n uint64) {
		if n > 0 {
			c.Skipped = append(c.Skipped, skipped{why, n})
		}
	}
	for _, why := range mrt.Reasons() {
		add(why.String(), r.Skipped(why))
	}
	add("routes with a next hop that none can have, such as "+c.example, c.refused)
	add("routes of a prefix that was there before", c.twice)
	add("routes beyond --max", c.beyond)
}

// print tells the counts in words.
func (c *importCounts) print(w io.Writer) {
	var b strings.Builder
	fmt.Fprintf(&b, "%d records, %d routes written\n", c.Records, c.Routes)
	for _, s := range c.Skipped {
		fmt.Fprintf(&b, "left out: %d %s\n", s.Count, s.Why)
	}
	_, _ = io.WriteString(w, b.String()) // nobody is left to tell
}
