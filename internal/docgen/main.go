// Command docgen writes the documents that follow from tables in the code, so
// that they cannot differ from it: docs/counters.md, docs/directives.md and
// docs/from-tayga.md.
package main

//go:generate go run . ../../docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"taygo/conf"
	"taygo/translate"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docgen DIRECTORY")
		os.Exit(1)
	}
	texts := map[string]string{"counters.md": counters(), "directives.md": directives(), "from-tayga.md": fromTayga()}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "docgen:", err)
			os.Exit(1)
		}
	}
}

const countersHead = `# Counters

Every packet that taygo reads from the TUN ends in exactly one of these counters, which "taygo status" shows by the
family in which it arrived. The counters of one family add up to the packets read. A packet that is refused may be
answered with the ICMP error named here; "icmp-errors" and the rate limits decide whether it is, and
"icmp_errors_sent", "icmp_errors_limited" and "icmp_errors_off" count that.

The class is the word of the directive "log" that prints a line for such packets.

| counter | meaning | class | to an IPv4 sender | to an IPv6 sender | from |
|---|---|---|---|---|---|
`

func counters() string {
	var b strings.Builder
	b.WriteString(countersHead)
	for v := range translate.Verdict(translate.NumVerdicts) {
		fmt.Fprintf(&b, "| `%v` | %s | %s | %s | %s | %s |\n", v, v.What(), v.Class(), reply(v, false), reply(v, true), v.RFC())
	}
	return b.String()
}

// reply writes the ICMP error owed for a verdict as type/code.
func reply(v translate.Verdict, v6 bool) string {
	kind, code, ok := v.Reply(v6)
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%d/%d", kind, code)
}

const directivesHead = `# Directives

The grammar is Tayga's: one directive a line, words divided by spaces and tabs, "#" at the start of a word begins a
comment, at most 10 words and 510 bytes a line. "taygo check" tells all that is wrong with a file at once.

| directive | arguments | default | meaning | from |
|---|---|---|---|---|
`

func directives() string {
	var b strings.Builder
	b.WriteString(directivesHead)
	for _, d := range conf.Directives() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.Name, cell(d.Args), cell(d.Default), cell(d.Help), cell(d.RFC))
	}
	return b.String()
}

// cell makes s fit for a table cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
