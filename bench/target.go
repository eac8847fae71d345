package bench

import "math"

// A target is what a row of the first peer ought to come to. None fails anything:
// a machine under load misses them all.
type target struct {
	row  string
	as   comparison
	than string // the other peer, or for ofRow the other row
	sign string // ≥ or ≤
	want float64
}

// A comparison is what is made of a row's median.
type comparison uint8

const (
	alone   comparison = iota // nothing
	ratioTo                   // divided by that of another peer
	lessOf                    // less that of another peer
	ofRow                     // divided by that of another row
)

var targetsTable = []target{
	{"tcp/4to6/1", ratioTo, nameNull, "≥", 0.9},
	{"tcp/6to4/1", ratioTo, nameNull, "≥", 0.9},
	{"tcp/4to6/1", ratioTo, nameTayga, "≥", 12},
	{"tcp/6to4/1", ratioTo, nameTayga, "≥", 12},
	{"tcp/4to6/1/cpu", ratioTo, nameTayga, "≤", 1. / 12},
	{"tcp/6to4/1/cpu", ratioTo, nameTayga, "≤", 1. / 12},
	{"wire/4to6/1", ratioTo, nameRoute, "≥", 0.9},
	{"wire/6to4/1", ratioTo, nameRoute, "≥", 0.9},
	{"wire/4to6/4", ratioTo, nameRoute, "≥", 0.9},
	{"wire/6to4/4", ratioTo, nameRoute, "≥", 0.9},
	{"udp/4to6/bursts/lossless", ratioTo, nameTayga, "≥", 1.6},
	{"udp/6to4/bursts/lossless", ratioTo, nameTayga, "≥", 1.6},
	{"udp/4to6/single/lossless", ratioTo, nameTayga, "≥", 1.1},
	{"udp/6to4/single/lossless", ratioTo, nameTayga, "≥", 1.1},
	{"udp/4to6/bursts/lossless", ratioTo, nameNull, "≥", 0.92},
	{"udp/6to4/bursts/lossless", ratioTo, nameNull, "≥", 0.92},
	{"udp/4to6/64flows/lossless", ratioTo, nameNull, "≥", 0.92},
	{"udp/6to4/64flows/lossless", ratioTo, nameNull, "≥", 0.92},
	{"udp/4to6/single/lossless", ratioTo, nameNull, "≥", 0.92},
	{"udp/6to4/single/lossless", ratioTo, nameNull, "≥", 0.92},
	{"latency/4to6/median", lessOf, nameNull, "≤", 5},
	{"latency/6to4/median", lessOf, nameNull, "≤", 5},
	{"memory/rest", alone, "", "≤", 20},
	{"workers/2", ofRow, "workers/1", "≥", 1.9},

	// What sessions may cost: those without them are so much faster at the most.
	{"tcp/4to6/1", ratioTo, nameNAT64, "≤", 1 / 0.85},
	{"tcp/6to4/1", ratioTo, nameNAT64, "≤", 1 / 0.85},
	{"tcp/4to6/4", ratioTo, nameNAT64, "≤", 1 / 0.85},
	{"tcp/6to4/4", ratioTo, nameNAT64, "≤", 1 / 0.85},
	{"connect/4to6", ratioTo, nameNAT64, "≤", 1 / 0.85},
	{"connect/6to4", ratioTo, nameNAT64, "≤", 1 / 0.85},
}

// targets returns the table of those targets that were measured, heading first.
func (r *Report) targets() [][]string {
	table := [][]string{{"target", "wanted", "is", "reached"}}
	for _, t := range targetsTable {
		is := t.value(r)
		if math.IsNaN(is) || math.IsInf(is, 0) {
			continue
		}
		reached := "yes"
		if t.sign == "≥" && is < t.want || t.sign == "≤" && is > t.want {
			reached = "no"
		}
		table = append(table, []string{t.what(), t.sign + " " + short(t.want), short(is), reached})
	}
	return table
}

func (t target) what() string {
	switch t.as {
	case ratioTo, ofRow:
		return t.row + ", ratio to " + t.than
	case lessOf:
		return t.row + ", more than " + t.than
	default:
		return t.row
	}
}

func (t target) value(r *Report) float64 {
	is := r.median(t.row, r.Peers[0])
	switch t.as {
	case ratioTo:
		return is / r.median(t.row, t.than)
	case lessOf:
		return is - r.median(t.row, t.than)
	case ofRow:
		return is / r.median(t.than, r.Peers[0])
	default:
		return is
	}
}
