package conf

import (
	"os"
	"strings"
	"testing"
)

const exampleFile = "../tayga-compat.conf.example"

// TestExampleFile parses the example as it stands, and with each of its
// directives that are commented out set. Only those without effect warn.
func TestExampleFile(t *testing.T) {
	c, err := Load(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 || c.TUNDevice != "nat64" || c.IPv4Addr != addr("192.168.255.1") || len(c.Maps) != 1 {
		t.Errorf("the example gives %+v", c)
	}

	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	mentioned := map[string]bool{}
	for i, line := range lines {
		words := strings.Fields(strings.TrimPrefix(line, "#"))
		if len(words) == 0 {
			continue
		}
		if _, ok := lookUp(words[0]); !ok || strings.HasPrefix(line, "# ") {
			continue
		}
		mentioned[words[0]] = true
		lines[i] = strings.TrimPrefix(line, "#")
	}
	all, err := Parse("example", strings.NewReader(strings.Join(lines, "")))
	if err != nil {
		t.Errorf("with all directives set:\n%v", err)
	} else if w := all.Warnings; len(w) != 2 || w[0].Directive != "dynamic-pool" || w[1].Directive != "strict-frag-hdr" {
		t.Errorf("with all directives set it warns:\n%v", Errors(w))
	}
	for _, d := range Directives() {
		if !mentioned[d.Name] {
			t.Errorf("%s has no line in the example", d.Name)
		}
	}
}
