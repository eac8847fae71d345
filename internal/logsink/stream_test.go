package logsink

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// written returns what a stream gets of what log does.
func written(t *testing.T, f Format, level slog.Leveler, log func(*Sink)) string {
	t.Helper()
	g := newGate()
	close(g.open)
	s := Stream(g, f, Options{Level: level})
	log(s)
	closeWell(t, s)
	return strings.Join(g.lines(), "")
}

func TestTextStream(t *testing.T) {
	got := written(t, Text, nil, func(s *Sink) {
		slog.New(s.Handler()).With("device", "nat64").Log(t.Context(), LevelNotice, "device open", "mtu", 1500)
		slog.New(s.Handler()).Log(t.Context(), LevelCritical, "bad")
		slog.New(s.Handler()).Debug("unseen")
		s.Line(slog.LevelDebug, "DROP: as it is")
		fmt.Fprintf(s, "two\nlines\n")
		fmt.Fprint(s, "no newline")
	})
	lines := strings.Split(got, "\n")
	for i, want := range []string{
		` level=NOTICE msg="device open" device=nat64 mtu=1500`, ` level=CRITICAL msg=bad`,
		"DROP: as it is", "two", "lines", "no newline", "",
	} {
		if i >= len(lines) || !strings.HasSuffix(lines[i], want) || !strings.HasPrefix(want, " ") && lines[i] != want {
			t.Fatalf("line %d: want %q in\n%s", i, want, got)
		}
	}
}

// TestJSONStream: each line is an object, those of Line and of the loss too.
func TestJSONStream(t *testing.T) {
	got := written(t, JSON, slog.LevelDebug, func(s *Sink) {
		slog.New(s.Handler()).WithGroup("device").Debug("open", "mtu", 1500)
		s.Line(LevelNotice, `DROP: "as it is"`)
	})
	var objects []map[string]any
	for line := range strings.Lines(got) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if o["time"] == nil {
			t.Errorf("%q: no time", line)
		}
		delete(o, "time")
		objects = append(objects, o)
	}
	const want = `[map[device:map[mtu:1500] level:DEBUG msg:open] map[level:NOTICE msg:DROP: "as it is"]]`
	if fmt.Sprint(objects) != want {
		t.Errorf("got %v, want %v", objects, want)
	}
}

func TestFormatWords(t *testing.T) {
	for _, f := range []Format{Text, JSON} {
		got := Format(9)
		if err := got.Set(f.String()); err != nil || got != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	var f Format
	if err := f.Set("xml"); err == nil || !strings.Contains(err.Error(), "xml: there are text and json") {
		t.Errorf("xml: %v", err)
	}
}
