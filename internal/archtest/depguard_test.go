package archtest

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
)

// TestDepguard keeps the linter's depguard rules, which an editor shows while
// one types, equal to the owners table.
func TestDepguard(t *testing.T) { holds(t, checkDepguard) }

func checkDepguard(fsys fs.FS) ([]string, error) {
	text, err := fs.ReadFile(fsys, ".golangci.yml")
	if err != nil {
		return nil, err
	}
	const head = "    depguard:\n      rules:\n"
	_, rest, _ := strings.Cut(string(text), head)
	if want := depguardRules(); !strings.HasPrefix(rest, want) {
		return []string{".golangci.yml: depguard differs from owners in rules_test.go, write:\n" + head + want}, nil
	}
	return nil, nil
}

// depguardRules renders owners as they stand in .golangci.yml.
func depguardRules() string {
	var b strings.Builder
	for _, o := range owners {
		fmt.Fprintf(&b, "        %s:\n          files:\n            - $all\n            - \"!$test\"\n", path.Base(o.path))
		for _, pkg := range o.by {
			fmt.Fprintf(&b, "            - \"!**/%s/*.go\"\n", pkg)
		}
		fmt.Fprintf(&b, "          deny:\n            - pkg: %s\n              desc: only %s may import it\n", o.path, strings.Join(o.by, ", "))
	}
	return b.String() + "\n"
}
