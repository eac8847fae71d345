package rfctest

import (
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"taygo/internal/pkttest"
)

//go:embed testdata/requirements.txt
var requirementsText string

// TestLedger holds docs/rfc.md to the requirements, the tests and the vectors.
func TestLedger(t *testing.T) {
	text, err := os.ReadFile("../../docs/rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := findTests(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	vectors := map[string][]string{}
	for _, v := range pkttest.Vectors() {
		vectors[v.Name] = v.Req
	}
	l := ledger{requirements: requirementsText, text: string(text), tests: tests, vectors: vectors}
	for _, violation := range l.check() {
		t.Error(violation)
	}
	for _, violation := range l.checkSequences(pkttest.Sequences()) {
		t.Error(violation)
	}
	if n := len(l.levels()); n < 278 {
		t.Errorf("%d requirements, there were 278", n)
	}
}

// sequenceTest is the test that runs the sequences.
const sequenceTest = "nat64.TestSequences"

// checkSequences returns which rows do not name it, of the requirements that
// sequences prove.
func (l ledger) checkSequences(all []pkttest.Sequence) (found []string) {
	rows, _ := l.rows()
	for _, s := range all {
		for _, id := range s.Req {
			if !strings.Contains(rows[id].proof, sequenceTest) {
				found = append(found, fmt.Sprintf("%s: the sequence %s proves it, which the row does not say", id, s.Name))
			}
		}
	}
	return found
}

// A ledger is a document, and what it is held to.
type ledger struct {
	requirements string              // a line each: id, level
	text         string              // of the document
	tests        index               // of the module
	vectors      map[string][]string // ids of requirements by the name of the vector
}

// A row is one line of a table of the document.
type row struct{ id, level, clause, rule, proof string }

// vectorTest is the test that runs the vectors, each under its name.
const vectorTest = "translate.TestVectors"

// check returns what is wrong with the ledger, each beginning with an id.
func (l ledger) check() (found []string) {
	rows, found := l.rows()
	levels := l.levels()
	for id, level := range levels {
		switch r, ok := rows[id]; {
		case !ok:
			found = append(found, id+": no row")
		case r.id == "": // told already
		case r.level != level:
			found = append(found, fmt.Sprintf("%s: level %s, want %s", id, r.level, level))
		}
	}
	for id, r := range rows {
		if r.id == "" {
			continue
		}
		if levels[id] == "" {
			found = append(found, id+": not a requirement")
		}
		if r.clause == "" || r.rule == "" {
			found = append(found, id+": no clause or no rule")
		}
		found = append(found, l.checkProof(r)...)
	}
	for _, name := range sorted(l.vectors) {
		for _, id := range l.vectors[name] {
			if r := rows[id]; levels[id] != "" && r.id != "" && !r.tellsVectors() {
				found = append(found, fmt.Sprintf("%s: the vector %s proves it, which the row does not say", id, name))
			}
			if levels[id] == "" && l.isOurs(id) {
				found = append(found, fmt.Sprintf("%s: the vector %s proves it, but it is not a requirement", id, name))
			}
		}
	}
	slices.Sort(found)
	return found
}

// isOurs reports whether the ledger has requirements of the id's group, so that
// the id must be one of them.
func (l ledger) isOurs(id string) bool {
	group, _, _ := strings.Cut(id, "-")
	return strings.Contains("\n"+l.requirements, "\n"+group+"-")
}

// levels returns the requirements: levels by id.
func (l ledger) levels() map[string]string {
	levels := map[string]string{}
	for line := range strings.Lines(l.requirements) {
		if id, level, ok := strings.Cut(strings.TrimSpace(line), " "); ok && id != "#" {
			levels[id] = level
		}
	}
	return levels
}

// rows returns the rows of the document by id, and what cannot be read. A row is
// a line of a table whose first cell is an id: it has a hyphen and no space. One
// that cannot be read is the zero row.
func (l ledger) rows() (rows map[string]row, found []string) {
	rows = map[string]row{}
	for line := range strings.Lines(l.text) {
		line, isTable := strings.CutPrefix(strings.TrimSpace(line), "| ")
		cells := strings.Split(strings.TrimSuffix(line, " |"), " | ")
		id := cells[0]
		if !isTable || strings.Contains(id, " ") || !strings.Contains(strings.Trim(id, "-"), "-") {
			continue
		}
		if len(cells) != 5 {
			found = append(found, fmt.Sprintf("%s: %d cells, want id, level, clause, rule, proof", id, len(cells)))
			rows[id] = row{}
			continue
		}
		if _, twice := rows[id]; twice {
			found = append(found, id+": two rows")
		}
		rows[id] = row{id, cells[1], cells[2], cells[3], cells[4]}
	}
	return rows, found
}

// names returns the tests that the row names.
func (r row) names() []string {
	list, ok := strings.CutPrefix(r.proof, "yes: ")
	if !ok {
		return nil
	}
	return strings.Split(list, ", ")
}

// tellsVectors reports whether the row names a vector, or the test of all of them.
func (r row) tellsVectors() bool {
	return slices.ContainsFunc(r.names(), func(name string) bool {
		return name == vectorTest || strings.HasPrefix(name, vectorTest+"/")
	})
}

// leftOut are requirements of RFC 6888 that only a carrier's translator has, and
// that README.md says are not there.
var leftOut = map[string]bool{"D-6888-09": true}

// checkProof judges the last cell: "yes: " and tests, or "no: " and why, which only
// what may be left out can have.
func (l ledger) checkProof(r row) (found []string) {
	if why, isNo := strings.CutPrefix(r.proof, "no: "); isNo {
		if r.level != "MAY" && !leftOut[r.id] || why == "" {
			found = append(found, fmt.Sprintf("%s: %q, but its level is %s", r.id, r.proof, r.level))
		}
		return found
	}
	names := r.names()
	if len(names) == 0 {
		return append(found, fmt.Sprintf("%s: %q is neither yes nor no", r.id, r.proof))
	}
	for _, name := range names {
		vector, isVector := strings.CutPrefix(name, vectorTest+"/")
		req, known := l.vectors[vector]
		switch {
		case isVector && !known:
			found = append(found, fmt.Sprintf("%s: no vector %s", r.id, vector))
		case isVector && !slices.Contains(req, r.id):
			found = append(found, fmt.Sprintf("%s: the vector %s does not say that it proves it", r.id, vector))
		case isVector:
		case !l.tests.has(name):
			found = append(found, fmt.Sprintf("%s: no test %s", r.id, name))
		}
	}
	return found
}
