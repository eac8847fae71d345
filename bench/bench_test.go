package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"taygo/bench/load"
	"taygo/internal/netlab"
)

// TestMain makes the test binary the null translator where it is called as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == NullCommand {
		if err := Null(context.Background(), os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	os.Exit(m.Run())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// builtTaygo builds taygo and returns its path.
func builtTaygo(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "taygo")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, "../cmd/taygo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return binary
}

// Every scenario with every peer, so short that the numbers mean nothing.
func TestNetnsBenchSmoke(t *testing.T) {
	netlab.Require(t)
	tayga, err := exec.LookPath("tayga")
	if err != nil {
		t.Fatalf("%v: run make tools", err)
	}
	list := "taygo=" + builtTaygo(t) + ",null"
	if !testing.Short() {
		list += ",route,tayga=" + tayga
	}
	peers, err := Peers(list)
	must(t, err)
	r, err := Run(t.Context(), Options{
		Peers: peers, Only: regexp.MustCompile(""), Rounds: 1, Measure: 60 * time.Millisecond, Exact: 0.5, Progress: testLog{t},
	})
	must(t, err)
	for _, fault := range r.Faults {
		t.Error(fault)
	}
	some := map[string]bool{}
	for _, s := range scenarios(regexp.MustCompile("")) {
		for _, want := range s.rows {
			i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Name == want.name })
			if i < 0 {
				t.Errorf("no row %s", want.name)
				continue
			}
			checkRow(t, r, r.Rows[i])
			for peer, sample := range r.Rows[i].Samples {
				some[peer+path.Base(want.name)] = some[peer+path.Base(want.name)] || slices.Max(sample) > 0
			}
		}
	}
	for what, more := range some {
		if !more {
			t.Errorf("all of %s are zero", what)
		}
	}
	must(t, r.Text(testLog{t}))
}

// checkRow demands a value of each peer to which the row applies.
func checkRow(t *testing.T, r *Report, row Row) {
	t.Helper()
	for _, peer := range r.Peers {
		process := strings.HasSuffix(row.Name, "/cpu") || strings.HasPrefix(row.Name, "memory/")
		want := 1
		if process && peer == nameRoute || strings.HasPrefix(row.Name, "workers/") && peer != nameTaygo {
			want = 0
		}
		sample := row.Samples[peer]
		if len(sample) != want {
			t.Errorf("%s of %s has %d values, want %d", row.Name, peer, len(sample), want)
		}
		for _, x := range sample {
			// On a machine under load a peer may have no rate without loss, and may
			// not get its CPU for so short a time.
			may0 := path.Base(row.Name) == "lossless" || path.Base(row.Name) == "cpu"
			if !(x > 0) && !(x == 0 && may0) || math.IsInf(x, 0) {
				t.Errorf("%s of %s is %v", row.Name, peer, x)
			}
		}
	}
}

// A testLog writes to the log of a test.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", b)
	return len(b), nil
}

// What ends during a run is told with its last words, and the rest is measured.
func TestNetnsPeerThatEnds(t *testing.T) {
	netlab.Require(t)
	dir := t.TempDir()
	quitter := filepath.Join(dir, "quitter")
	must(t, os.WriteFile(quitter, []byte("#!/bin/sh\necho sorry\nexit 3\n"), 0o700))
	peers, err := Peers("quitter=" + quitter)
	must(t, err)
	_, err = newLine(t.Context(), peers[0], dir)
	if err == nil || !strings.Contains(err.Error(), "peer quitter") || !strings.Contains(err.Error(), "sorry") {
		t.Errorf("a peer that ends at once: %v", err)
	}

	peers, err = Peers("null,route")
	must(t, err)
	killed := false
	u := &run{
		Options: Options{Peers: peers, Rounds: 1, Measure: 20 * time.Millisecond, Exact: 0.5, Progress: testLog{t}},
		dir:     dir, report: newReport(Options{Peers: peers}), tallies: map[string]*load.Tally{},
		scenarios: []scenario{{"end", []row{{"end", "times"}}, func(_ context.Context, l *line, _ pace) (values, error) {
			if l.process != nil && !killed {
				killed = true
				must(t, l.process.cmd.Process.Kill())
				<-l.process.ended
				return nil, fmt.Errorf("it is gone")
			}
			return values{"end": 1}, nil
		}}},
	}
	must(t, u.round(t.Context(), 0))
	if len(u.report.Faults) != 1 || !strings.Contains(u.report.Faults[0], "null, end, round 1: it is gone") ||
		!strings.Contains(u.report.Faults[0], "signal: killed") {
		t.Errorf("faults are %q", u.report.Faults)
	}
	if got := u.report.median("end", nameRoute); got != 1 {
		t.Errorf("the other peer has %v", got)
	}
}

// The processes of a line end with it.
func TestNetnsCloseEndsThePeer(t *testing.T) {
	netlab.Require(t)
	peers, err := Peers("null")
	must(t, err)
	l, err := newLine(t.Context(), peers[0], t.TempDir())
	must(t, err)
	pid := l.process.cmd.Process.Pid
	if memory, err := l.process.memory(); err != nil || memory < 1e5 {
		t.Errorf("memory is %v, %v", memory, err)
	}
	must(t, l.Close())
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); !os.IsNotExist(err) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
}
