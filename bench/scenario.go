package bench

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"taygo/bench/load"
)

// A scenario measures one or several rows of the table on a line.
type scenario struct {
	name string
	rows []row
	run  func(context.Context, *line, pace) (values, error)
}

// values are what a scenario measured, by the names of its rows. A row that does
// not apply to a peer is missing.
type values map[string]float64

// A row is one quantity.
type row struct{ name, unit string }

// A pace says how long things are measured.
type pace struct {
	time  time.Duration // of one measurement; a trial with datagrams takes half of that
	exact float64       // of the search for a rate, relative
}

// warm is how long TCP gets to find its window.
func (p pace) warm() time.Duration { return p.time / 4 }

// ways are the directions of a line, by name.
var ways = []struct {
	name string
	of   func(*line) *direction
}{
	{"4to6", func(l *line) *direction { return &l.to6 }},
	{"6to4", func(l *line) *direction { return &l.to4 }},
}

// shapes are the flows of small packets. Flows in bursts are as of QUIC or a VPN,
// where packets can be joined; many flows of single packets, as of DNS, where
// nothing can.
var shapes = []struct {
	name string
	load.Shape
}{
	{"bursts", load.Shape{Flows: 16, Burst: 32}},
	{"64flows", load.Shape{Flows: 64, Burst: 1}},
	{"single", load.Shape{Flows: load.MaxFlows, Burst: 1}},
}

// scenarios returns those whose names match only, in the order of the table.
func scenarios(only *regexp.Regexp) []scenario {
	var all []scenario
	for _, kind := range []struct {
		name     string
		offloads bool
	}{{"tcp", true}, {"wire", false}} {
		for _, streams := range []int{1, 4} {
			for _, way := range ways {
				all = append(all, streamScenario(fmt.Sprintf("%s/%s/%d", kind.name, way.name, streams), streams, kind.offloads, way.of))
			}
		}
	}
	for _, s := range shapes {
		for _, way := range ways {
			all = append(all, datagramScenario("udp/"+way.name+"/"+s.name, s.Shape, way.of))
		}
	}
	for _, way := range ways {
		all = append(all, connectScenario("connect/"+way.name, way.of))
	}
	for _, way := range ways {
		all = append(all, latencyScenario("latency/"+way.name, way.of))
	}
	all = append(all, memoryScenario(), workerScenario())
	return slices.DeleteFunc(all, func(s scenario) bool { return !only.MatchString(s.name) })
}

// streamScenario is TCP as fast as it goes.
func streamScenario(name string, streams int, offloads bool, way func(*line) *direction) scenario {
	rows := []row{{name, "Gbit/s"}, {name + "/cpu", "CPU s/Gbit"}}
	return scenario{name, rows, func(ctx context.Context, l *line, p pace) (values, error) {
		if err := l.offload(offloads); err != nil {
			return nil, err
		}
		connections, err := way(l).connect(ctx, streams)
		if err != nil {
			return nil, err
		}
		y, err := load.Streams{Connections: connections, Sender: loadCPU, Receiver: loadCPU}.Run(ctx, p.warm(), p.time, l.cpu)
		if err != nil {
			return nil, err
		}
		if y.Octets == 0 {
			return nil, fmt.Errorf("no octet arrived in %v", y.Time)
		}
		v := values{name: y.Gigabits() / y.Time.Seconds()}
		if l.process != nil {
			v[name+"/cpu"] = y.CPU.Seconds() / y.Gigabits()
		}
		return v, nil
	}}
}

// datagramScenario is small packets: the highest rate without loss, and what is
// delivered of as many as the sender can send, with the CPU time for each.
func datagramScenario(name string, shape load.Shape, way func(*line) *direction) scenario {
	rows := []row{
		{name + "/lossless", "kpps"}, {name + "/flood", "kpps"}, {name + "/offered", "kpps"}, {name + "/cpu", "CPU µs/packet"},
	}
	return scenario{name, rows, func(ctx context.Context, l *line, p pace) (values, error) {
		trial := func(rate float64) (load.Tally, error) { return l.trial(ctx, way(l), shape, rate, p.time/2) }
		flood, cpu, err := l.flood(trial)
		if err != nil {
			return nil, err
		}
		// A sender that has to keep time offers a little less.
		search := load.Search{Limit: flood.Offered(), First: 0.95 * flood.Delivered(), Exact: p.exact, Attempts: 2}
		rate, err := search.Run(func(rate float64) (bool, error) {
			t, err := trial(rate)
			return t.Clean() && t.Offered() > 0.98*rate, err
		})
		v := values{
			name + "/lossless": rate / 1e3, name + "/flood": flood.Delivered() / 1e3, name + "/offered": flood.Offered() / 1e3,
		}
		if l.process != nil {
			v[name+"/cpu"] = cpu.Seconds() * 1e6 / float64(flood.Arrived)
		}
		return v, err
	}}
}

// flood is a trial as fast as the sender can, with the CPU time of the peer. It is
// repeated if the peer did not get its CPU until it was over.
func (l *line) flood(trial func(rate float64) (load.Tally, error)) (load.Tally, time.Duration, error) {
	const attempts = 20
	for range attempts {
		before, err := l.cpu()
		if err != nil {
			return load.Tally{}, 0, err
		}
		t, err := trial(load.Flood)
		if err != nil {
			return load.Tally{}, 0, err
		}
		after, err := l.cpu()
		if t.InTime > 0 || err != nil {
			return t, after - before, err
		}
	}
	return load.Tally{}, 0, fmt.Errorf("%w: none arrived in %d trials", load.ErrLost, attempts)
}

// trial runs a trial on the line, and adds it to the line's tally.
func (l *line) trial(ctx context.Context, d *direction, s load.Shape, rate float64, t time.Duration) (y load.Tally, err error) {
	err = load.On(loadCPU, func() error {
		y, err = d.rated().Trial(ctx, s, rate, t)
		return err
	})
	l.tally.Add(y)
	return y, err
}

// latencyScenario is one way of one small packet at a time.
func latencyScenario(name string, way func(*line) *direction) scenario {
	median, tail := name+"/median", name+"/99.9%"
	return scenario{name, []row{{median, "µs"}, {tail, "µs"}}, func(ctx context.Context, l *line, p pace) (values, error) {
		var took []time.Duration
		err := load.On(loadCPU, func() (err error) {
			took, err = way(l).path.Latency(ctx, p.time)
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(took)
		at := func(part float64) float64 { return float64(took[int(part*float64(len(took)-1))]) / 1e3 }
		return values{median: at(0.5), tail: at(0.999)}, nil
	}}
}

// memoryScenario is how much of the process is resident before its first packet,
// and after what came before in the round.
func memoryScenario() scenario {
	const rest, later = "memory/rest", "memory/load"
	return scenario{"memory", []row{{rest, "MB"}, {later, "MB"}}, func(_ context.Context, l *line, _ pace) (values, error) {
		if l.process == nil {
			return nil, nil
		}
		now, err := l.process.memory()
		return values{rest: l.rest / 1e6, later: now / 1e6}, err
	}}
}

// workerScenario is translation in process, without a device, by one worker and by
// two.
func workerScenario() scenario {
	const one, two = "workers/1", "workers/2"
	return scenario{"workers", []row{{one, "Mpps"}, {two, "Mpps"}}, func(_ context.Context, l *line, p pace) (values, error) {
		if l.peer.kind != likeTaygo {
			return nil, nil
		}
		v := values{}
		for n, name := range map[int]string{1: one, 2: two} {
			rate, err := translateAlone(n, p.time/2)
			if err != nil {
				return nil, err
			}
			v[name] = rate / 1e6
		}
		return v, nil
	}}
}
