package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// A Report is what Run measured, and where.
type Report struct {
	Time    time.Time     `json:"time"`
	Commit  string        `json:"commit"`
	Machine string        `json:"machine"`
	Load    string        `json:"load"` // how many processes wanted a CPU in the minutes before: more than 0.1 spoils the numbers
	Kernel  string        `json:"kernel"`
	Go      string        `json:"go"`
	Rounds  int           `json:"rounds"`
	Measure time.Duration `json:"measure_ns"` // of one measurement
	Peers   []string      `json:"peers"`      // the first is compared with the others
	Rows    []Row         `json:"rows"`
	Faults  []string      `json:"faults,omitempty"` // what went wrong with datagrams, besides loss
}

// A Row is one quantity of all peers.
type Row struct {
	Name    string            `json:"name"`
	Unit    string            `json:"unit"`
	Samples map[string]Sample `json:"samples"` // by peer; none where it does not apply
}

// newReport returns a report without rows about this machine, and about the commit
// that is checked out in the working directory.
func newReport(o Options) *Report {
	r := &Report{
		Time: time.Now().UTC().Truncate(time.Second), Commit: "unknown", Machine: machine(), Load: "unknown", Kernel: "unknown",
		Go: runtime.Version(), Rounds: o.Rounds, Measure: o.Measure,
	}
	if out, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		r.Commit = strings.TrimSpace(string(out))
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		r.Kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil && len(strings.Fields(string(text))) > 1 {
		r.Load = strings.Join(strings.Fields(string(text))[:2], " ")
	}
	for _, p := range o.Peers {
		r.Peers = append(r.Peers, p.Name)
	}
	return r
}

// Name returns a name for files with the report, by time and commit; names sort by
// time.
func (r *Report) Name() string { return r.Time.Format("2006-01-02T1504-") + r.Commit }

// machine returns the model and the number of CPUs.
func machine() string {
	model := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo") // other architectures have no model there
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d CPUs", model, runtime.NumCPU())
}

// median returns the median of a row for a peer; NaN if there is none.
func (r *Report) median(row, peer string) float64 {
	for _, x := range r.Rows {
		if x.Name == row {
			return x.Samples[peer].Median()
		}
	}
	return math.NaN()
}

// add appends values of a peer to the rows of a scenario, which are made if need
// be.
func (r *Report) add(s scenario, peer string, v values) {
	for _, row := range s.rows {
		x, ok := v[row.name]
		if !ok {
			continue
		}
		at := r.row(row)
		at.Samples[peer] = append(at.Samples[peer], x)
	}
}

func (r *Report) row(want row) *Row {
	for i := range r.Rows {
		if r.Rows[i].Name == want.name {
			return &r.Rows[i]
		}
	}
	r.Rows = append(r.Rows, Row{want.name, want.unit, map[string]Sample{}})
	return &r.Rows[len(r.Rows)-1]
}

// JSON writes the report with all its values.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// Text writes where it was measured, the table, and the targets.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "taygo %s, %s, %s, %s, %s\n", r.Commit, r.Kernel, r.Machine, r.Go, r.Time.Format(time.DateOnly))
	fmt.Fprintf(&b, "load of the machine before: %s\n", r.Load)
	fmt.Fprintf(&b, "median (range) of rounds: %d, a measurement: %v; a ratio is that of the medians\n\n", r.Rounds, r.Measure)
	writeTable(&b, r.cells())
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "\n%s\n", f)
	}
	if lines := r.targets(); len(lines) > 1 {
		b.WriteString("\nTargets, for information:\n\n")
		writeTable(&b, lines)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cells returns the table, heading first.
func (r *Report) cells() [][]string {
	first, others := r.Peers[0], r.Peers[1:]
	head := append([]string{"", "unit"}, r.Peers...)
	for _, p := range others {
		head = append(head, first+"/"+p)
	}
	table := [][]string{head}
	for _, row := range r.Rows {
		line := []string{row.Name, row.Unit}
		for _, p := range r.Peers {
			line = append(line, row.Samples[p].String())
		}
		for _, p := range others {
			line = append(line, ratio(row.Samples[first].Median(), row.Samples[p].Median()))
		}
		table = append(table, line)
	}
	return table
}

// ratio writes a ratio, or a dash if there is none.
func ratio(a, b float64) string {
	x := a / b
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return short(x)
}

// writeTable writes rows of equally many cells as a table of Markdown whose columns
// are also columns on a screen.
func writeTable(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < 2 {
				fmt.Fprintf(b, "| %s%s ", cell, pad)
			} else {
				fmt.Fprintf(b, "| %s%s ", pad, cell)
			}
		}
		b.WriteString("|\n")
	}
	line(rows[0])
	for i, w := range widths {
		if i < 2 {
			b.WriteString("|" + strings.Repeat("-", w+2))
		} else {
			b.WriteString("|" + strings.Repeat("-", w+1) + ":")
		}
	}
	b.WriteString("|\n")
	for _, row := range rows[1:] {
		line(row)
	}
}
