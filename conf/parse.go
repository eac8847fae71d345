package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Parse reads a tayga.conf from r; file is its name in places and messages. An
// error is of type Errors and holds every problem of the file; there is then no
// Config, not even a part of one.
func Parse(file string, r io.Reader) (*Config, error) {
	p := newParser(file)
	if p.read(r, p.line) {
		p.check()
	}
	if len(p.errs) > 0 {
		return nil, Errors(byLine(p.errs))
	}
	p.conf.Warnings = byLine(p.conf.Warnings)
	return p.conf, nil
}

// A parser holds what is known of one file while it is read.
type parser struct {
	file      string
	conf      *Config
	errs      []Problem
	at        Place           // the line at hand
	directive string          // the directive at hand; empty if the line has none of ours
	tried     map[string]bool // directives the file means to set, well or badly
	unread    bool            // a line was refused unread, so what is missing may stand there
	given     map[value]Place // values that a repeatable directive may have only once
}

func newParser(file string) *parser {
	return &parser{file: file, conf: defaults(), tried: map[string]bool{}, given: map[value]Place{}}
}

// A value is an argument of a directive.
type value struct{ directive, text string }

// fail records that the line at hand is wrong.
func (p *parser) fail(what, do string) {
	p.errs = append(p.errs, Problem{p.at, p.directive, what, do})
}

// warn records that the line at hand is seldom meant as it stands.
func (p *parser) warn(what, do string) {
	p.conf.Warnings = append(p.conf.Warnings, Problem{p.at, p.directive, what, do})
}

// turnTo makes a directive that was read before the one at hand, for the checks
// that need the whole file.
func (p *parser) turnTo(directive string, at Place) { p.directive, p.at = directive, at }

// notTwice refuses a value that the directive at hand has had before.
func (p *parser) notTwice(text string) bool {
	v := value{p.directive, text}
	if first, ok := p.given[v]; ok {
		p.fail(text+" is given twice, first in line "+strconv.Itoa(first.Line), "remove one")
		return false
	}
	p.given[v] = p.at
	return true
}

// failed reports whether the file sets the directive, but badly.
func (p *parser) failed(directive string) bool {
	return slices.ContainsFunc(p.errs, func(e Problem) bool { return e.Directive == directive })
}

// read gives take the words of each line of the file. It returns false if it could not read
// them all, so that what is missing may only be unread.
func (p *parser) read(r io.Reader, take func(words []string)) bool {
	in := newLines(r)
	p.turnTo("", Place{p.file, 1})
	if encoding := in.skipMark(); encoding != "" {
		p.fail("the file starts with the byte order mark of "+encoding, "save it as plain ASCII or as UTF-8 without a mark")
		if encoding != "UTF-8" {
			return false
		}
	}
	for n := 1; ; n++ {
		line, tooLong, err := in.next()
		if errors.Is(err, io.EOF) {
			return true
		}
		p.turnTo("", Place{p.file, n})
		switch {
		case err != nil:
			p.fail(fmt.Sprintf("cannot be read: %q", err), "name a file that can be read to its end")
			return false
		case tooLong:
			p.unread = true
			p.fail(fmt.Sprintf("longer than %d bytes, newline and comment included", maxLine), "break it in two")
		case bytes.IndexByte(line, 0) >= 0:
			p.unread = true
			p.fail("there is a NUL byte in it", "remove it, or name a text file")
		default:
			take(tokens(string(line)))
		}
	}
}

// line takes in one line.
func (p *parser) line(words []string) {
	if len(words) == 0 {
		return
	}
	d, ok := lookUp(lower(words[0]))
	if !ok {
		p.unknown(words[0])
		return
	}
	p.tried[d.Name], p.directive = true, d.Name
	if len(words) > maxTokens {
		p.fail(fmt.Sprintf("%d words on one line, %d is the most", len(words), maxTokens), d.moreLines())
		return
	}
	first, given := p.conf.places[d.Name]
	switch {
	case given && d.again == refused:
		p.fail("given twice, first in line "+strconv.Itoa(first.Line), "remove one")
	case given && d.again == lastWins:
		p.warn("given again after line "+strconv.Itoa(first.Line)+", and the last one counts", "remove one")
	}
	p.conf.places[d.Name] = p.at
	args := words[1:]
	if len(args) < d.min || len(args) > d.max {
		p.fail(fmt.Sprintf("takes %s, not %d", d.arity(), len(args)), "write "+d.usage())
		return
	}
	d.set(p, args)
}

// unknown records that no directive has this name.
func (p *parser) unknown(name string) {
	do := "remove the line; tayga-compat.conf.example has all directives"
	if near, ok := nearest(lower(name)); ok {
		do = "write " + near
		p.tried[near] = true
	}
	p.fail("unknown directive "+strconv.Quote(name), unlessGlued(name, do))
}
