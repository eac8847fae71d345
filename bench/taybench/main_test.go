package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taygo/internal/netlab"
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

// TestNetnsLimit: what was measured until the limit is recorded, and the limit told.
func TestNetnsLimit(t *testing.T) {
	netlab.Require(t)
	dir := t.TempDir()
	err := run(t.Context(), strings.Fields("-peers route -only ^tcp/4to6/1$ -rounds 99 -seconds 0.2 -limit 3s -record "+dir))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want that it was stopped", err)
	}
	for _, kind := range []string{"*.txt", "*.json"} {
		files, err := filepath.Glob(filepath.Join(dir, kind))
		if err != nil || len(files) != 1 {
			t.Fatalf("%d files %s, %v", len(files), kind, err)
		}
		if text, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(text), "tcp/4to6/1") {
			t.Errorf("%s: %v, %q", kind, err, text)
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
