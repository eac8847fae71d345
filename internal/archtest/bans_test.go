package archtest

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"slices"
	"testing"
)

// TestBans holds packet packages to reading no clock and taking no lock.
func TestBans(t *testing.T) { holds(t, checkBans) }

func checkBans(fsys fs.FS) ([]string, error) {
	all, err := sources(fsys)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, src := range all {
		for _, b := range bans {
			if b.covers(src) {
				found = append(found, b.uses(src)...)
			}
		}
	}
	return found, nil
}

func (b ban) covers(src source) bool {
	if src.isTest() || !slices.Contains(b.in, src.pkg()) {
		return false
	}
	return !slices.ContainsFunc(b.free, func(pattern string) bool {
		matched, _ := path.Match(pattern, src.name) // a bad pattern frees no file
		return matched
	})
}

// uses finds the banned names in src, under whatever name their package is
// imported there.
func (b ban) uses(src source) []string {
	var found []string
	local := ""
	for _, spec := range src.file.Imports {
		switch {
		case importPath(spec) != b.path:
		case spec.Name == nil:
			local = path.Base(b.path)
		case spec.Name.Name == ".":
			found = append(found, fmt.Sprintf("%s: %s hides what it uses of %s", src.place(spec.Pos()), src.pkg(), b.path))
		default:
			local = spec.Name.Name
		}
	}
	ast.Inspect(src.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(b.names, sel.Sel.Name) {
			found = append(found, fmt.Sprintf("%s: %s may not use %s.%s", src.place(sel.Pos()), src.pkg(), b.path, sel.Sel.Name))
		}
		return true
	})
	return found
}
