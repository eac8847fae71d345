package conf

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestDefaultsAreWhatTheyAreSaidToBe sets each directive to its stated default
// and expects nothing to change.
func TestDefaultsAreWhatTheyAreSaidToBe(t *testing.T) {
	inProse := map[string]string{ // the lines that mean the same, empty if none does
		"ipv6-addr":        "",
		"icmp-source-ipv4": "",
		"icmp-source-ipv6": "",
		"control-socket":   "",
		"data-dir":         "",
		"icmp-errors":      "icmp-errors ipv4 limit\nicmp-errors ipv6 limit",
		"mtu-plateau":      "mtu-plateau 65535 32000 17914 8166 4352\nmtu-plateau 2002 1492 1006 508 296 68",
		"route-prefix":     "",
		"nat64-timeout":    linesOf("nat64-timeout"),
		"nat64-limit":      linesOf("nat64-limit"),
	}
	want := values(parse(t, file("")))
	for _, d := range Directives() {
		lines, prose := inProse[d.Name]
		switch {
		case d.Default == "":
			continue
		case !prose:
			lines = d.Name + " " + d.Default
		case lines == "":
			continue
		}
		if got := values(parse(t, file(lines))); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is said to be the default, but gives\n%+v, not\n%+v", lines, got, want)
		}
	}
}

// linesOf returns a line for each of the defaults of a directive, which commas
// divide.
func linesOf(name string) string {
	d, _ := lookUp(name)
	return name + " " + strings.ReplaceAll(d.Default, ", ", "\n"+name+" ")
}

// TestDirectives holds the table to what help and documentation rely on.
func TestDirectives(t *testing.T) {
	var names []string
	for _, d := range Directives() {
		names = append(names, d.Name)
		if d.Name != lower(d.Name) || d.Args == "" || !strings.HasSuffix(d.Help, ".") {
			t.Errorf("%+v lacks something", d)
		}
	}
	slices.Sort(names)
	if n := len(slices.Compact(names)); n != len(table) {
		t.Errorf("%d names for %d directives", n, len(table))
	}
	for _, d := range table {
		if d.min > d.max || d.max > maxTokens-1 {
			t.Errorf("%s takes %d to %d arguments, a line has %d words", d.Name, d.min, d.max, maxTokens)
		}
	}
	Directives()[0].Name = "changed"
	if Directives()[0].Name == "changed" {
		t.Error("a caller can change the table")
	}
}

// TestArity gives each directive too few and too many arguments, and those that
// may not come twice twice.
func TestArity(t *testing.T) {
	for _, d := range table {
		for _, n := range []int{d.min - 1, d.max + 1} {
			if n < 0 || n >= maxTokens {
				continue
			}
			c, err := Parse("f", strings.NewReader(d.Name+strings.Repeat(" x", n)))
			if c != nil || err == nil || !strings.Contains(err.Error(), "f:1: "+d.Name+": takes "+d.arity()) {
				t.Errorf("%s with %d arguments: %v", d.Name, n, err)
			}
		}
		_, err := Parse("f", strings.NewReader(d.Name+" x\n"+d.Name+" y"))
		if twice := strings.Contains(err.Error(), "f:2: "+d.Name+": given twice, first in line 1: remove one"); twice != (d.again == refused) {
			t.Errorf("%s given twice: %v", d.Name, err)
		}
	}
}
