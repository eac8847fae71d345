package conf

import (
	"fmt"
	"slices"
)

// A Directive describes one directive of tayga.conf, for help and documentation.
type Directive struct {
	Name    string // in lower case
	Args    string // what follows it; [x] may be left out, … may go on, a|b is a choice
	Help    string // what it does, in sentences
	Default string // what holds without it; empty if that is nothing
	RFC     string // the clauses it serves, or empty
}

// Directives returns all directives, related ones together.
func Directives() []Directive {
	all := make([]Directive, len(table))
	for i, d := range table {
		all[i] = d.Directive
	}
	return all
}

// What the second occurrence of a directive does.
type again uint8

const (
	refused  again = iota // it is an error
	lastWins              // it takes the place of the first, as in Tayga
	repeated              // it adds to the first
)

// A directive is one row of the table.
type directive struct {
	Directive
	min, max int // number of arguments
	again    again
	set      setter
}

// lookUp returns the directive of a name in lower case.
func lookUp(name string) (*directive, bool) {
	i := slices.IndexFunc(table, func(d directive) bool { return d.Name == name })
	if i < 0 {
		return nil, false
	}
	return &table[i], true
}

// usage returns the directive as it is written.
func (d *directive) usage() string { return d.Name + " " + d.Args }

// arity returns how many arguments the directive takes, in words.
func (d *directive) arity() string {
	noun := "arguments"
	if d.max == 1 {
		noun = "argument"
	}
	if d.min == d.max {
		return fmt.Sprintf("%d %s", d.max, noun)
	}
	return fmt.Sprintf("%d to %d %s", d.min, d.max, noun)
}

// moreLines returns what to do with too many arguments.
func (d *directive) moreLines() string {
	if d.again == repeated && d.max == maxTokens-1 {
		return "repeat " + d.Name + " on another line for the rest"
	}
	return "write " + d.usage()
}
