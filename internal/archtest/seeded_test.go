package archtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// files is a tree in memory: contents by name.
type files map[string]string

func (f files) tree() fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range f {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

// TestImportsFinds plants what checkImports is there to find, and what it must
// leave alone.
func TestImportsFinds(t *testing.T) {
	runSeeded(t, checkImports, []seeded{
		{"a package above", files{"eam/a.go": `package eam; import _ "taygo/translate"`}, "eam/a.go:1: eam may not import translate"},
		{"a package beside", files{"siit/a.go": `package siit; import _ "taygo/nat64"`}, "siit may not import nat64"},
		{"the oracle importing what it judges", files{"internal/pkttest/oracle/a.go": `package oracle; import _ "taygo/translate"`}, "may not import translate"},
		{"the packet builders importing wire", files{"internal/pkttest/a.go": `package pkttest; import _ "taygo/translate/wire"`}, "may not import translate/wire"},
		{"a package below is allowed", files{"siit/a.go": `package siit; import _ "taygo/translate/wire"`}, ""},
		{"a test imports what it likes", files{"eam/a_test.go": `package eam; import _ "taygo/nat64"`}, ""},
		{"a package without a row", files{"util/a.go": `package util`}, "util/a.go: package util has no row"},
		{"a package of tests without a row", files{"util/a_test.go": `package util`}, "util/a_test.go: package util has no row"},
		{"a package at the root", files{"a.go": `package taygo`}, "a.go: package . has no row"},
		{"an outside package of another owner", files{"conf/a.go": `package conf; import _ "github.com/urfave/cli/v2"`}, "only cmd/taygo may import github.com/urfave/cli/v2"},
		{"an outside package in the owner", files{"cmd/taygo/a.go": `package main; import _ "github.com/urfave/cli/v2"`}, ""},
		{"an outside package below an owned one", files{"nat64/a.go": `package nat64; import _ "golang.org/x/sys/unix"`}, "may import golang.org/x/sys/unix"},
		{"an outside package that begins like an owned one", files{"tundev/a.go": `package tundev; import _ "golang.org/x/system"`}, "golang.org/x/system has no owner"},
		{"an outside package without an owner", files{"tundev/a.go": `package tundev; import _ "example.org/ring"`}, "example.org/ring has no owner"},
		{"logging in a packet package", files{"translate/a.go": "package translate\n\nimport _ \"log/slog\"\n"}, "translate/a.go:3: only cmd/taygo, internal/control"},
		{"the standard library", files{"translate/a.go": `package translate; import _ "encoding/binary"`}, ""},
		{"testdata and build output are not read", files{"eam/testdata/a.go": `no Go`, "bin/a.go": `no Go`, ".cache/a.go": `no Go`}, ""},
	})
}

// TestBansFinds plants clocks and locks.
func TestBansFinds(t *testing.T) {
	const (
		clock = "package p\n\nimport \"time\"\n\nvar t = time.Now()\n"
		lock  = "package p\n\nimport \"sync\"\n\ntype T struct{ mu sync.RWMutex }\n"
	)
	runSeeded(t, checkBans, []seeded{
		{"a clock in a mapper", files{"siit/a.go": clock}, "siit/a.go:5: siit may not use time.Now"},
		{"a clock in the session table", files{"nat64/a.go": clock}, "nat64 may not use time.Now"},
		{"a clock under another name", files{"eam/a.go": "package eam\nimport c \"time\"\nvar t = c.Since(c.Time{})"}, "eam may not use time.Since"},
		{"a clock imported without a name", files{"eam/a.go": `package eam; import . "time"; var t = Now()`}, "eam hides what it uses of time"},
		{"a clock in the gateway", files{"internal/gateway/a.go": clock}, ""},
		{"a clock in a test", files{"siit/a_test.go": clock}, ""},
		{"a duration", files{"siit/a.go": `package siit; import "time"; const d = time.Second`}, ""},
		{"a field called Now", files{"siit/a.go": `package siit; func f(p struct{ Now int }) int { return p.Now }`}, ""},
		{"a lock in wire", files{"translate/wire/a.go": lock}, "translate/wire may not use sync.RWMutex"},
		{"a lock around a lookup", files{"siit/mapper.go": lock}, "siit/mapper.go:5: siit may not use sync.RWMutex"},
		{"the lock around the leases", files{"siit/pool.go": lock}, ""},
		{"the lock of a shard", files{"nat64/a.go": lock}, ""},
		{"an atomic", files{"eam/a.go": `package eam; import "sync/atomic"; var n atomic.Uint64`}, ""},
	})
}

// TestLayoutFinds plants strange names, long texts and open ends.
func TestLayoutFinds(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("// a line\n", n) }
	body := func(n int) string { return strings.Repeat("\tprintln()\n", n) }

	runSeeded(t, checkTopLevel, []seeded{
		{"a directory that was not agreed", files{"util/a.go": ""}, "util: not an agreed name"},
		{"a file that was not agreed", files{"taygo": ""}, "taygo: not an agreed name"},
		{"agreed names, dot files, build output", files{"eam/a.go": "", "go.mod": "", ".ci/run": "", "bin/taygo": ""}, ""},
	})
	runSeeded(t, checkSizes, []seeded{
		{"a file of 401 lines", files{"a.go": lines(400) + "package a\n"}, "a.go: 401 lines, more than 400"},
		{"a test of 401 lines", files{"a_test.go": lines(400) + "package a\n"}, "a_test.go: 401 lines"},
		{"a file of 400 lines", files{"a.go": lines(399) + "package a\n"}, ""},
		{"a generated file", files{"a.go": "// Code generated by hand. DO NOT EDIT.\n\n" + lines(500) + "package a\n"}, ""},
		{"a function of 81 lines", files{"a.go": "package a\n\nfunc f() {\n" + body(79) + "}\n"}, "a.go:3: f has 81 lines, more than 80"},
		{"a function of 80 lines", files{"a.go": "package a\n\nfunc f() {\n" + body(78) + "}\n"}, ""},
		{"a literal of 81 lines", files{"a.go": "package a\n\nvar f = func() {\n" + body(79) + "}\n"}, "a.go:3: function literal has 81 lines"},
	})
	runSeeded(t, checkWords, []seeded{
		{"an open end in a source", files{"a.go": "package a\n\n// " + openEnds[0] + ": write it\n"}, "a.go:3: " + openEnds[0]},
		{"an open end in a document", files{"docs/a.md": "See " + openEnds[1] + "."}, "docs/a.md:1: " + openEnds[1]},
		{"a mark in a document", files{"docs/a.md": openEnds[2]}, "docs/a.md:1: " + openEnds[2]},
		{"part of a longer word", files{"a.go": "package a // " + openEnds[0] + "S"}, ""},
		{"another kind of file", files{"a.sh": "mktemp " + openEnds[2]}, ""},
	})
}

// TestDepguardFinds shows checkDepguard linter rules that have drifted.
func TestDepguardFinds(t *testing.T) {
	const head = "linters:\n  settings:\n    depguard:\n      rules:\n"
	full := depguardRules()
	drifted := strings.Replace(full, "!**/tundev/*.go", "!**/siit/*.go", 1)
	runSeeded(t, checkDepguard, []seeded{
		{"the same rules", files{".golangci.yml": head + full}, ""},
		{"another importer", files{".golangci.yml": head + drifted}, ".golangci.yml: depguard differs"},
		{"a rule too many", files{".golangci.yml": head + strings.TrimSuffix(full, "\n") + "        more:\n"}, ".golangci.yml: depguard differs"},
		{"no rules", files{".golangci.yml": "linters:\n"}, ".golangci.yml: depguard differs"},
	})
}

// A seeded is a tree with one violation planted, or with none.
type seeded struct {
	name string
	tree files
	want string // part of the only violation; empty for a tree without one
}

func runSeeded(t *testing.T, c check, tests []seeded) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := c(tt.tree.tree())
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(found); (tt.want == "") != (len(found) == 0) || len(found) > 1 || !strings.Contains(got, tt.want) {
				t.Errorf("found %v, want %q", got, tt.want)
			}
		})
	}
}

// TestUnreadable gives every check that parses Go a file that is none: it is an
// error, not a tree without violations.
func TestUnreadable(t *testing.T) {
	for _, c := range []check{checkImports, checkBans, checkSizes} {
		if _, err := c(files{"eam/a.go": "no Go"}.tree()); err == nil {
			t.Error("a file that is no Go passes")
		}
	}
	if _, err := checkDepguard(files{}.tree()); err == nil {
		t.Error("a tree without linter rules passes")
	}
}
