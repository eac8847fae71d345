package conf

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is found to testdata/mistakes.golden")

// TestMistakes holds the messages of a file of mistakes to the golden ones, and
// every line of it with a mistake to one message at least.
func TestMistakes(t *testing.T) {
	data, err := os.ReadFile("testdata/mistakes.conf")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("mistakes.conf", strings.NewReader(string(data)))
	var errs Errors
	if c != nil || !errors.As(err, &errs) {
		t.Fatalf("Parse = %v, %v", c, err)
	}
	got := errs.Error() + "\n"
	if *update {
		if err := os.WriteFile("testdata/mistakes.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile("testdata/mistakes.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(golden) {
		t.Errorf("the messages are\n%s, want\n%s", got, golden)
	}

	wrong := map[int]bool{}
	for _, p := range errs {
		wrong[p.At.Line] = true
		if p.What == "" || p.Do == "" {
			t.Errorf("%v does not tell what is wrong and what to do", p)
		}
	}
	if len(wrong) < 40 {
		t.Errorf("mistakes on %d lines, want at least 40", len(wrong))
	}
	const first = 5 // the lines before are right, and needed by those after
	for n := range strings.Count(string(data), "\n") {
		if line := n + 1; wrong[line] != (line >= first) {
			t.Errorf("line %d: reported = %v", line, wrong[line])
		}
	}
}
