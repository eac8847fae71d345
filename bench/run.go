package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"taygo/bench/load"
)

// Options say what Run measures.
type Options struct {
	Peers    []Peer         // at least one; the first is compared with the others
	Only     *regexp.Regexp // the names of the scenarios
	Rounds   int
	Measure  time.Duration // how long one measurement takes
	Exact    float64       // how exactly a rate without loss is searched, relative to the rate
	Progress io.Writer     // gets a line for each measurement
}

// Run measures all peers in all scenarios, in turn, in each round from fresh
// processes on. It needs root, or what netlab.Available says is missing. A
// measurement that fails is among the report's Faults, and leaves its rows without
// a value. After an error the report is what was measured until then.
func Run(ctx context.Context, o Options) (*Report, error) {
	all := scenarios(o.Only)
	if len(all) == 0 || len(o.Peers) == 0 || o.Rounds < 1 {
		return nil, fmt.Errorf("bench: %d scenarios, %d peers, %d rounds: needs one of each at least", len(all), len(o.Peers), o.Rounds)
	}
	dir, err := os.MkdirTemp("", "taybench-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	u := &run{Options: o, dir: dir, scenarios: all, report: newReport(o), tallies: map[string]*load.Tally{}}
	for i := range o.Rounds {
		if err = u.round(ctx, i); err != nil {
			break
		}
	}
	for _, p := range o.Peers {
		if t := u.tallies[p.Name]; t != nil && t.Faults() != "" {
			u.fault("%s, in all trials with datagrams: %s", p.Name, t.Faults())
		}
	}
	return u.report, err
}

// A run is Run at work.
type run struct {
	Options
	dir       string
	scenarios []scenario
	report    *Report
	tallies   map[string]*load.Tally // by peer
}

// round measures everything once, beginning with another peer in each round.
func (u *run) round(ctx context.Context, n int) (err error) {
	lines := make([]*line, 0, len(u.Peers))
	defer func() {
		for _, l := range lines {
			u.tally(l)
			err = errors.Join(err, l.Close())
		}
	}()
	for i := range u.Peers {
		l, err := newLine(ctx, u.Peers[(i+n)%len(u.Peers)], u.dir)
		if err != nil {
			return err
		}
		lines = append(lines, l)
	}
	for _, s := range u.scenarios {
		for _, l := range lines {
			v, err := s.run(ctx, l, pace{u.Measure, u.Exact})
			if ctx.Err() != nil {
				return fmt.Errorf("bench: stopped: %w", ctx.Err())
			}
			if err != nil {
				u.fault("%s, %s, round %d: %v", l.peer.Name, s.name, n+1, errors.Join(err, l.alive()))
			}
			if len(v) == 0 {
				continue
			}
			u.report.add(s, l.peer.Name, v)
			fmt.Fprintf(u.Progress, "round %d of %d, %s, %s: %s\n", n+1, u.Rounds, s.name, l.peer.Name, v.in(s))
		}
	}
	return nil
}

func (u *run) tally(l *line) {
	if u.tallies[l.peer.Name] == nil {
		u.tallies[l.peer.Name] = new(load.Tally)
	}
	u.tallies[l.peer.Name].Add(l.tally)
}

func (u *run) fault(format string, args ...any) {
	u.report.Faults = append(u.report.Faults, fmt.Sprintf(format, args...))
}

// in writes the values in the order of the scenario's rows.
func (v values) in(s scenario) string {
	var all []string
	for _, row := range s.rows {
		if x, ok := v[row.name]; ok {
			all = append(all, short(x)+" "+row.unit)
		}
	}
	return strings.Join(all, ", ")
}
