package archtest

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// TestImports holds every import outside of tests to the layers and to the
// owners of outside packages.
func TestImports(t *testing.T) { holds(t, checkImports) }

func checkImports(fsys fs.FS) ([]string, error) {
	all, err := sources(fsys)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, src := range all {
		if _, known := allowed[src.pkg()]; !known {
			found = append(found, fmt.Sprintf("%s: package %s has no row in rules_test.go", src.name, src.pkg()))
			continue
		}
		if src.isTest() {
			continue
		}
		for _, spec := range src.file.Imports {
			if why := refusal(src.pkg(), importPath(spec)); why != "" {
				found = append(found, src.place(spec.Pos())+": "+why)
			}
		}
	}
	return found, nil
}

// refusal says why package pkg may not import path, or nothing if it may.
func refusal(pkg, path string) string {
	if own, ok := strings.CutPrefix(path, module); ok {
		if slices.Contains(allowed[pkg], own) {
			return ""
		}
		return fmt.Sprintf("%s may not import %s", pkg, own)
	}
	for _, o := range owners {
		if !strings.HasPrefix(path+"/", o.path+"/") {
			continue
		}
		if slices.Contains(o.by, pkg) {
			return ""
		}
		return fmt.Sprintf("only %s may import %s", strings.Join(o.by, ", "), path)
	}
	host, _, _ := strings.Cut(path, "/")
	if strings.Contains(host, ".") {
		return path + " has no owner in rules_test.go"
	}
	return ""
}
