package conf

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A Place is where something was read. Lines count from 1; line 0 of a named
// file is the file as a whole, which is where a missing directive is missing.
// The zero Place is that of a default, which no file holds.
type Place struct {
	File string
	Line int
}

// String returns "file:line", "file" for the file as a whole, and "default"
// for the zero Place.
func (p Place) String() string {
	switch {
	case p == Place{}:
		return "default"
	case p.Line == 0:
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// A Problem is one thing wrong with a file, or worth a warning. It is printable
// as it stands: words of the file are quoted.
type Problem struct {
	At        Place
	Directive string // its name, in lower case; empty where it is not one of ours
	What      string // what is wrong, and why
	Do        string // what to do about it
}

// Error returns "file:line: directive: what: what to do" on one line.
func (p Problem) Error() string {
	parts := []string{p.At.String(), p.Directive, p.What, p.Do}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// Errors are all the problems of one file, in the order of the lines.
type Errors []Problem

// Error returns the problems, one a line, in the order of the lines; what
// concerns the file as a whole comes first.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range byLine(e) {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// byLine returns the problems sorted by line; those of one line keep their order.
func byLine(problems []Problem) []Problem {
	return slices.SortedStableFunc(slices.Values(problems), func(a, b Problem) int {
		return cmp.Compare(a.At.Line, b.At.Line)
	})
}
