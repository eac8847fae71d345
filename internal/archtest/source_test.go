package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A check returns the violations it finds in a tree, each beginning with the
// name of the offending file, or an error for a tree that cannot be read.
type check func(fs.FS) ([]string, error)

// holds fails the test for each violation in the tree this package lies in.
func holds(t *testing.T, c check) {
	t.Helper()
	found, err := c(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range found {
		t.Error(violation)
	}
}

// A source is a parsed Go file.
type source struct {
	name string // from the root of the tree, with slashes
	text []byte
	fset *token.FileSet
	file *ast.File
}

func (s source) pkg() string  { return path.Dir(s.name) }
func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// place returns file and line of pos.
func (s source) place(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.name, s.line(pos))
}

func (s source) line(pos token.Pos) int { return s.fset.Position(pos).Line }

// importPath returns the path that spec imports.
func importPath(spec *ast.ImportSpec) string {
	p, _ := strconv.Unquote(spec.Path.Value) // the parser accepts only strings here
	return p
}

// sources parses every Go file of the tree.
func sources(fsys fs.FS) ([]source, error) {
	var all []source
	err := walk(fsys, []string{".go"}, func(name string, text []byte) error {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		all = append(all, source{name, text, fset, file})
		return err
	})
	return all, err
}

// walk calls visit for each file with one of the extensions. Like the go
// command it passes over testdata and names that begin with a dot or an
// underscore, and over build output.
func walk(fsys fs.FS, extensions []string, visit func(name string, text []byte) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case d.IsDir() && (name == "bin" || d.Name() == "testdata" || strings.ContainsAny(d.Name()[:1], "._")):
			return fs.SkipDir
		case d.IsDir() || !slices.Contains(extensions, path.Ext(name)):
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return visit(name, text)
	})
}
