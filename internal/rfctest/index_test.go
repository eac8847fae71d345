package rfctest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// An index knows the tests of a module: by the last element of the directory of
// their package, a dot, and their name.
type index map[string]bool

// has reports whether there is the test, or in its package the string by which a
// subtest is named.
func (x index) has(name string) bool {
	test, sub, isSub := strings.Cut(name, "/")
	pkg, _, _ := strings.Cut(test, ".")
	return x[test] && (!isSub || x[pkg+"/"+sub])
}

// findTests finds the tests and fuzz targets of the module in fsys, and the strings
// in their packages. Like the go command it passes over testdata and names that
// begin with a dot or an underscore.
func findTests(fsys fs.FS) (index, error) {
	x := index{}
	dirs := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case d.IsDir() && (name == "bin" || d.Name() == "testdata" || strings.ContainsAny(d.Name()[:1], "._")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		dir := path.Dir(name)
		pkg := path.Base(dir)
		if dirs[pkg] != "" && dirs[pkg] != dir {
			return fmt.Errorf("rfctest: %s and %s: two packages of tests by one name: rename one", dir, dirs[pkg])
		}
		dirs[pkg] = dir
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return x.add(pkg, name, text)
	})
	return x, err
}

// add adds the tests of a file.
func (x index) add(pkg, name string, text []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("rfctest: %w", err)
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
			x[pkg+"."+f.Name.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
			value, _ := strconv.Unquote(s.Value) // the parser accepts only strings here
			x[pkg+"/"+value] = true
		}
		return true
	})
	return nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
