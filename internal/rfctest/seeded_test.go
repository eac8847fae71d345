package rfctest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// good is a ledger without a fault, which each seeded one spoils in one place.
const good = `# A ledger

| id | level | clause | rule | proof |
|---|---|---|---|---|
| A-1-01 | MUST | RFC 1 §1 | This. | yes: pkg.TestThis, pkg.FuzzThis |
| A-1-02 | MAY | RFC 1 §1 | That. | no: nobody asked |
| B4-2-01 | SHOULD | RFC 2 | The other. | yes: translate.TestVectors/v1, pkg.TestThis/a rule of it |

| question | answer |
|---|---|
| A question | no |
`

// TestLedgerFinds spoils the ledger, the requirements or the vectors, and expects
// to be told.
func TestLedgerFinds(t *testing.T) {
	const required = "# Requirements.\nA-1-01 MUST\nA-1-02 MAY\nB4-2-01 SHOULD\n"
	files := fstest.MapFS{
		"some/pkg/a_test.go":      {Data: []byte("package pkg\n\nfunc TestThis(t *testing.T) { _ = \"a rule of it\" }\n\nfunc FuzzThis() {}\n\nfunc (x) TestThat() {}\n\nfunc helper() {}\n")},
		"some/pkg/a.go":           {Data: []byte("package pkg\n\nfunc TestElsewhere() {}\n")},
		"translate/v_test.go":     {Data: []byte("package translate_test\n\nfunc TestVectors(t *testing.T) {}\n")},
		"pkg/testdata/no_test.go": {Data: []byte("no Go")},
	}
	tests, err := findTests(files)
	if err != nil {
		t.Fatal(err)
	}
	vectors := map[string][]string{"v1": {"B4-2-01", "D-1-01"}, "v2": {"D-1-01"}}
	whole := ledger{required, good, tests, vectors}
	replace := func(part, by string) ledger {
		if !strings.Contains(good, part) {
			t.Fatalf("%q is not in the ledger", part)
		}
		l := whole
		l.text = strings.Replace(good, part, by, 1)
		return l
	}
	with := func(name string, req ...string) ledger {
		l := whole
		l.vectors = map[string][]string{"v1": vectors["v1"], name: req}
		return l
	}
	more, less := whole, whole
	more.requirements += "A-1-03 MUST\n"
	less.requirements = strings.Replace(required, "A-1-02 MAY\n", "", 1)
	for _, tt := range []struct {
		name string
		l    ledger
		want string // the only violation, or part of it
	}{
		{"nothing", whole, ""},
		{"a requirement without a row", more, "A-1-03: no row"},
		{"a row without a requirement", less, "A-1-02: not a requirement"},
		{"two rows", replace("| A-1-02 |", "| A-1-01 | MUST | RFC 1 | This. | yes: pkg.TestThis |\n| A-1-02 |"), "A-1-01: two rows"},
		{"a row that lacks a cell", replace("RFC 1 §1 | This.", "This."), "A-1-01: 4 cells"},
		{"another level", replace("A-1-01 | MUST", "A-1-01 | SHOULD"), "A-1-01: level SHOULD, want MUST"},
		{"no rule", replace("This.", ""), "A-1-01: no clause or no rule"},
		{"a duty left out", replace("yes: pkg.TestThis, pkg.FuzzThis", "no: too hard"), "its level is MUST"},
		{"a choice left out without a reason", replace("no: nobody asked", "no: "), "A-1-02"},
		{"neither yes nor no", replace("yes: pkg.TestThis,", "perhaps: pkg.TestThis,"), "neither yes nor no"},
		{"a test that does not exist", replace("pkg.FuzzThis", "pkg.FuzzThat"), "A-1-01: no test pkg.FuzzThat"},
		{"a method", replace("pkg.FuzzThis", "pkg.TestThat"), "A-1-01: no test pkg.TestThat"},
		{"a function that is no test", replace("pkg.FuzzThis", "pkg.helper"), "A-1-01: no test pkg.helper"},
		{"a function outside of tests", replace("pkg.FuzzThis", "pkg.TestElsewhere"), "no test pkg.TestElsewhere"},
		{"a test of another package", replace("pkg.FuzzThis", "other.TestThis"), "no test other.TestThis"},
		{"a subtest that does not exist", replace("a rule of it", "another rule"), "no test pkg.TestThis/another rule"},
		{"a vector that does not exist", replace("TestVectors/v1", "TestVectors/v9"), "B4-2-01: no vector v9"},
		{"a vector that proves something else", replace("TestVectors/v1", "TestVectors/v2"), "B4-2-01: the vector v2 does not say"},
		{"a vector that the row does not tell", with("v3", "A-1-01"), "A-1-01: the vector v3 proves it"},
		{"a vector of a requirement of a group of ours", with("v3", "B4-9-99"), "B4-9-99: the vector v3 proves it, but"},
		{"a vector of another group", with("v3", "D-9-99"), ""},
		{"another vector of the same", with("v3", "B4-2-01"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := tt.l.check()
			if got := fmt.Sprint(found); (tt.want == "") != (len(found) == 0) || len(found) > 1 || !strings.Contains(got, tt.want) {
				t.Errorf("found %v, want %q", got, tt.want)
			}
		})
	}
}

// TestFindTestsRefuses: a file that is no Go, and two packages of one name.
func TestFindTestsRefuses(t *testing.T) {
	for want, files := range map[string]fstest.MapFS{
		"a_test.go": {"p/a_test.go": {Data: []byte("no Go")}},
		"two packages": {
			"a/p/a_test.go": {Data: []byte("package p")},
			"b/p/a_test.go": {Data: []byte("package p")},
		},
	} {
		if _, err := findTests(files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestRequirementsAreInOrder: each has an id and one of the levels, once.
func TestRequirementsAreInOrder(t *testing.T) {
	levels := []string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "TAYGO"}
	seen := map[string]bool{}
	for line := range strings.Lines(requirementsText) {
		id, level, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id == "#" {
			continue
		}
		if !slices.Contains(levels, level) || seen[id] {
			t.Errorf("%q: no such level, or twice", strings.TrimSpace(line))
		}
		seen[id] = true
	}
}
