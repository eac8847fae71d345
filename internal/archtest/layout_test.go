package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTopLevel keeps the top of the tree to the agreed names.
func TestTopLevel(t *testing.T) { holds(t, checkTopLevel) }

func checkTopLevel(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			found = append(found, e.Name()+": not an agreed name at the top of the tree; build output belongs into bin")
		}
	}
	return found, nil
}

// TestSizes keeps files and functions short enough to be read in one go.
func TestSizes(t *testing.T) { holds(t, checkSizes) }

func checkSizes(fsys fs.FS) ([]string, error) {
	all, err := sources(fsys)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, src := range all {
		if ast.IsGenerated(src.file) {
			continue
		}
		if n := bytes.Count(src.text, []byte("\n")); n > maxFileLines {
			found = append(found, fmt.Sprintf("%s: %d lines, more than %d", src.name, n, maxFileLines))
		}
		found = append(found, longFuncs(src)...)
	}
	return found, nil
}

// longFuncs finds the functions of src, named and literal, that are too long.
func longFuncs(src source) []string {
	var found []string
	ast.Inspect(src.file, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.FuncDecl:
			what = n.Name.Name
		case *ast.FuncLit:
			what = "function literal"
		default:
			return true
		}
		if lines := src.line(n.End()) - src.line(n.Pos()) + 1; lines > maxFuncLines {
			found = append(found, fmt.Sprintf("%s: %s has %d lines, more than %d", src.place(n.Pos()), what, lines, maxFuncLines))
		}
		return true
	})
	return found
}

// TestWords keeps promises of later work out of sources and documents.
func TestWords(t *testing.T) { holds(t, checkWords) }

var openEnd = regexp.MustCompile(`\b(` + strings.Join(openEnds, "|") + `)\b`)

func checkWords(fsys fs.FS) ([]string, error) {
	var found []string
	err := walk(fsys, []string{".go", ".md"}, func(name string, text []byte) error {
		for i, line := range strings.Split(string(text), "\n") {
			if word := openEnd.FindString(line); word != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s: finish it, or describe what is not there", name, i+1, word))
			}
		}
		return nil
	})
	return found, err
}
