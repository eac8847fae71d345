package routemap

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/internal/routemap/rtnl"
	"taygo/translate/pref64"
)

// inProcess is set in a process that a test starts to map by itself: to the
// aggregation.
const inProcess = "ROUTEMAP_TEST_PROCESS"

func TestMain(m *testing.M) {
	if mode := os.Getenv(inProcess); mode != "" {
		mapProcess(mode)
		return
	}
	os.Exit(m.Run())
}

// mapProcess maps, with the gateways of the lab, in the namespace that the process
// was started in, until its standard input ends. It tells when it has read
// everything once, and at the end how much memory it has used at most.
func mapProcess(mode string) {
	opt := Options{
		Sources: []Source{{Table: 464}}, IPv6NextHops: true, NextHops: []GatewayRow{row(gwA4, gwA6), row(gwB4, gwB6), row(gwSrc, gwB6)},
	}
	var err error
	if opt.Prefix, err = pref64.New(netip.MustParsePrefix("2001:db8:64::/96")); err != nil {
		panic(err)
	}
	for i := 1; i <= 5; i++ {
		opt.NextHops = append(opt.NextHops, row(border4(i).String(), border6(i)))
	}
	if mode == "aggregated" {
		opt.Aggregate = AggregateExact
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	m, err := New(opt, discard)
	if err != nil {
		fmt.Println(err)
		return
	}
	began := time.Now()
	go func() {
		for m.Summary().Resyncs == 0 {
			time.Sleep(time.Millisecond)
		}
		fmt.Printf("mapped after %v, CPU %v\n", time.Since(began), cpuTime())
	}()
	fmt.Println("ended:", m.Run(ctx))
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM") {
			fmt.Print(line)
		}
	}
}

// A process maps beside the test.
type process struct {
	*netlab.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startProcess starts one.
func (l *mapLab) startProcess(mode string) *process {
	l.t.Helper()
	p := &process{Cmd: l.Command(l.t.Context(), "/proc/self/exe")}
	p.Env = append(os.Environ(), inProcess+"="+mode, "GOMEMLIMIT=18MiB") // as taygo routes run has it
	var err error
	p.in, err = p.StdinPipe()
	must(l.t, err)
	out, err := p.StdoutPipe()
	must(l.t, err)
	p.out = bufio.NewScanner(out)
	p.Stderr = os.Stderr
	must(l.t, p.Start())
	return p
}

// line returns the next line that the process prints.
func (p *process) line() string {
	p.out.Scan()
	return p.out.Text()
}

// equalBeside has a Mapper that does not run prove that the tables are equal.
func (l *mapLab) equalBeside() {
	l.t.Helper()
	must(l.t, l.Do(func() error {
		var err error
		l.m, err = New(l.opt, discard)
		return err
	}))
	l.equal()
	must(l.t, l.m.Close())
}

// TestNetnsMapKilled: a process that is killed in the middle of its work leaves
// nothing that the next does not mend, and a quiet one nothing to mend at all.
func TestNetnsMapKilled(t *testing.T) {
	for _, mode := range []string{"exact", "aggregated"} {
		l := newMapLab(t)
		if mode == "aggregated" {
			l.opt.Aggregate = AggregateExact
		}
		rng := rand.New(rand.NewPCG(9, 9))
		l.fill(20000)
		for range 5 {
			p := l.startProcess(mode)
			var b rtnl.Batch
			for range 4000 {
				l.route(&b, []uint16{unix.RTM_NEWROUTE, unix.RTM_DELROUTE}[rng.IntN(2)], rng.IntN(20000), rng.IntN(2))
			}
			l.send(&b)
			time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
			must(t, p.Process.Kill())
			if err := p.Wait(); err == nil {
				t.Error("the process was not killed")
			}
		}
		l.start()
		l.equal()
		l.end()

		p := l.startProcess(mode)
		if line := p.line(); !strings.HasPrefix(line, "mapped") {
			t.Fatal(line)
		}
		l.equalBeside()
		must(t, p.Process.Kill())
		_ = p.Wait()
		told := l.listen()
		l.start()
		l.equal()
		if events := told(); len(events) > 0 {
			t.Errorf("%s: %d changes after a kill, as %q", mode, len(events), events[0])
		}
	}
}

var discard = slog.New(slog.DiscardHandler)
