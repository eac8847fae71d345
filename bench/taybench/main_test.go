package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args   string
		rounds int
		time   time.Duration
	}{
		{"-peers null,route", 5, 2 * time.Second},
		{"-peers route -rounds 2 -seconds 0.5", 2, 500 * time.Millisecond},
		{"-peers route -short", 1, 200 * time.Millisecond},
		{"-peers route -short -rounds 9 -only ^tcp", 1, 200 * time.Millisecond},
	} {
		got, err := parse(strings.Fields(c.args))
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		if got.Rounds != c.rounds || got.Measure != c.time || got.limit == 0 {
			t.Errorf("%s: %d rounds of %v within %v, want %d of %v", c.args, got.Rounds, got.Measure, got.limit, c.rounds, c.time)
		}
	}
}

func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-peers route -rounds 0":    "0 rounds",
		"-peers route -seconds -1":  "-1 seconds",
		"-peers route -seconds NaN": "NaN seconds",
		"-peers route -only (":      "-only",
		"-peers route more":         `"more": only flags`,
		"-peers nobody":             `peer "nobody"`,
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

func TestWriteTellsWhereItCannot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	text := func(w io.Writer) error {
		_, err := io.WriteString(w, "table")
		return err
	}
	if err := write(path, text); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "table" {
		t.Errorf("the file has %q, %v", got, err)
	}
	if err := write(filepath.Join(path, "below"), text); err == nil || !strings.Contains(err.Error(), "report/below") {
		t.Errorf("a file below a file: %v", err)
	}
}
