package bench

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// testReport has two peers and a row that applies to one.
func testReport() *Report {
	r := &Report{
		Time: time.Date(2026, 11, 23, 16, 7, 0, 0, time.UTC), Commit: "abc1234", Machine: "EPYC, 2 CPUs", Load: "0.01 0.02",
		Kernel: "Linux 6.18", Go: "go1.26.0", Rounds: 3, Measure: 2 * time.Second, Peers: []string{"taygo", "null", "tayga"},
	}
	tcp := scenario{name: "tcp/4to6/1", rows: []row{{"tcp/4to6/1", "Gbit/s"}, {"tcp/4to6/1/cpu", "CPU s/Gbit"}}}
	for _, x := range []float64{13, 12, 14} {
		r.add(tcp, "taygo", values{"tcp/4to6/1": x, "tcp/4to6/1/cpu": 0.06})
	}
	r.add(tcp, "null", values{"tcp/4to6/1": 12.5})
	r.add(tcp, "tayga", values{"tcp/4to6/1": 0.8, "tcp/4to6/1/cpu": 1.2})
	r.Faults = []string{"tayga, udp: none of 5 datagrams arrived"}
	return r
}

const wantText = `taygo abc1234, Linux 6.18, EPYC, 2 CPUs, go1.26.0, 2026-11-23
load of the machine before: 0.01 0.02
median (range) of rounds: 3, a measurement: 2s; a ratio is that of the medians

|                | unit       |            taygo | null | tayga | taygo/null | taygo/tayga |
|----------------|------------|-----------------:|-----:|------:|-----------:|------------:|
| tcp/4to6/1     | Gbit/s     | 13.0 (12.0–14.0) | 12.5 | 0.800 |       1.04 |        16.2 |
| tcp/4to6/1/cpu | CPU s/Gbit |           0.0600 |    – |  1.20 |          – |      0.0500 |

tayga, udp: none of 5 datagrams arrived

Targets, for information:

| target                         | wanted   |     is | reached |
|--------------------------------|----------|-------:|--------:|
| tcp/4to6/1, ratio to null      | ≥ 0.900  |   1.04 |     yes |
| tcp/4to6/1, ratio to tayga     | ≥ 12.0   |   16.2 |     yes |
| tcp/4to6/1/cpu, ratio to tayga | ≤ 0.0833 | 0.0500 |     yes |
`

func TestReportText(t *testing.T) {
	var b strings.Builder
	must(t, testReport().Text(&b))
	if b.String() != wantText {
		t.Errorf("%s\nwant\n%s", b.String(), wantText)
	}
}

func TestReportJSONHoldsAll(t *testing.T) {
	var b strings.Builder
	r := testReport()
	must(t, r.JSON(&b))
	got := new(Report)
	must(t, json.Unmarshal([]byte(b.String()), got))
	if !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, want %+v", got, r)
	}
}

func TestReportNamesSortByTime(t *testing.T) {
	early, late := testReport(), testReport()
	late.Time = late.Time.Add(time.Hour)
	late.Commit = "0000000"
	if want := "2026-11-23T1607-abc1234"; early.Name() != want || late.Name() <= want {
		t.Errorf("%s and %s, want %s first", early.Name(), late.Name(), want)
	}
}

func TestNewReportTellsWhere(t *testing.T) {
	r := newReport(Options{Peers: []Peer{{Name: "a"}, {Name: "b"}}})
	if !strings.HasPrefix(r.Kernel, "Linux ") || !regexp.MustCompile(`.+, \d+ CPUs$`).MatchString(r.Machine) ||
		!strings.HasPrefix(r.Go, "go") || r.Commit == "" || !slices.Equal(r.Peers, []string{"a", "b"}) {
		t.Errorf("%+v", r)
	}
}

// Each target is about rows that some scenario measures, and what it makes of them
// follows from its kind.
func TestTargets(t *testing.T) {
	var names []string
	for _, s := range scenarios(regexp.MustCompile("")) {
		for _, row := range s.rows {
			names = append(names, row.name)
		}
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(names))); len(unique) != len(names) {
		t.Errorf("%d rows have %d names", len(names), len(unique))
	}
	for _, x := range targetsTable {
		if !slices.Contains(names, x.row) || x.as == ofRow && !slices.Contains(names, x.than) {
			t.Errorf("%s: no such row", x.what())
		}
	}
	r := &Report{Peers: []string{"a", "b"}, Rows: []Row{
		{"x", "", map[string]Sample{"a": {6}, "b": {4}}}, {"y", "", map[string]Sample{"a": {3}}},
	}}
	for _, c := range []struct {
		target target
		is     float64
		what   string
	}{
		{target{row: "x"}, 6, "x"},
		{target{row: "x", as: ratioTo, than: "b"}, 1.5, "x, ratio to b"},
		{target{row: "x", as: lessOf, than: "b"}, 2, "x, more than b"},
		{target{row: "x", as: ofRow, than: "y"}, 2, "x, ratio to y"},
		{target{row: "y", as: ratioTo, than: "b"}, math.NaN(), "y, ratio to b"},
		{target{row: "z"}, math.NaN(), "z"},
	} {
		if got := c.target.value(r); got != c.is && !(math.IsNaN(got) && math.IsNaN(c.is)) {
			t.Errorf("%+v is %v, want %v", c.target, got, c.is)
		}
		if got := c.target.what(); got != c.what {
			t.Errorf("%+v is called %q, want %q", c.target, got, c.what)
		}
	}
}

func TestScenariosAreChosenByName(t *testing.T) {
	var got []string
	for _, s := range scenarios(regexp.MustCompile("^(tcp/4to6|latency)")) {
		got = append(got, s.name)
	}
	if want := []string{"tcp/4to6/1", "tcp/4to6/4", "latency/4to6", "latency/6to4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
