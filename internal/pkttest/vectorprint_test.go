package pkttest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// printVector writes v as a file has it. The test that compares it with the file
// holds every comment to its octets.
func printVector(v *Vector, config string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "vector %s\nreq %s\ndir %s\nconfig %s\n", v.Name, strings.Join(v.Req, " "), v.Dir, config)
	printSet(&b, v.Set)
	printNote(&b, v.Note)
	printEvent(&b, v)
	return b.String()
}

// printSequence writes s as a file has it.
func printSequence(s *Sequence, config string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sequence %s\nreq %s\nconfig %s\n", s.Name, strings.Join(s.Req, " "), config)
	printSet(&b, s.Set)
	printNote(&b, s.Note)
	for i := range s.Steps {
		step := &s.Steps[i]
		fmt.Fprintf(&b, "at %g\n", step.At.Seconds())
		printNote(&b, step.Note)
		printEvent(&b, &step.Vector)
		if step.Count == nil {
			continue
		}
		b.WriteString("check")
		if step.State != "" {
			fmt.Fprintf(&b, " state %s", step.State)
		}
		for _, name := range slices.Sorted(maps.Keys(step.Count)) {
			fmt.Fprintf(&b, " %s %d", name, step.Count[name])
		}
		b.WriteString("\n")
	}
	return b.String()
}

func printSet(b *strings.Builder, set []string) {
	for _, line := range set {
		fmt.Fprintf(b, "set %s\n", line)
	}
}

func printNote(b *strings.Builder, note string) {
	if note != "" {
		fmt.Fprintf(b, "note %s\n", note)
	}
}

func printEvent(b *strings.Builder, v *Vector) {
	if v.In != nil {
		b.WriteString("in\n")
		printPacket(b, &Packet{Bytes: v.In})
	}
	printOutcome(b, "out", &v.Outcome)
	for i := range v.Accept {
		printOutcome(b, "or", &v.Accept[i])
	}
}

func printOutcome(b *strings.Builder, key string, o *Outcome) {
	fmt.Fprintf(b, "%s %s\n", key, o.Expect)
	for i := range o.Out {
		if i > 0 {
			b.WriteString("and\n")
		}
		printPacket(b, &o.Out[i])
	}
}

func printPacket(b *strings.Builder, p *Packet) {
	for _, line := range dump(p.Bytes) {
		fmt.Fprintf(b, "  %s\n", line)
	}
	if len(p.Ignore) == 0 {
		return
	}
	b.WriteString("  ignore")
	for _, r := range p.Ignore {
		fmt.Fprintf(b, " %d+%d", r[0], r[1])
	}
	b.WriteString("\n")
}
