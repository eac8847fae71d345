package logsink

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// entry reads the fields of a journal entry.
func entry(t *testing.T, e string) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for e != "" {
		line, rest, ok := strings.Cut(e, "\n")
		if !ok {
			t.Fatalf("no newline at the end: %q", e)
		}
		if name, value, ok := strings.Cut(line, "="); ok {
			fields[name], e = value, rest
			continue
		}
		n := binary.LittleEndian.Uint64([]byte(rest))
		if rest[8+n] != '\n' {
			t.Fatalf("%s: the length %d is wrong in %q", line, n, e)
		}
		fields[line], e = rest[8:8+n], rest[9+n:]
	}
	return fields
}

func TestJournalEntries(t *testing.T) {
	path := socketPath(t)
	r := listen(t, path)
	s := Journal(Options{Ident: "tayga", Path: path})
	defer closeWell(t, s)

	s.Line(LevelNotice, "DROP: = as it is")
	want := map[string]string{
		"MESSAGE": "DROP: = as it is", "PRIORITY": "5", "SYSLOG_IDENTIFIER": "tayga", "SYSLOG_FACILITY": "3",
		"SYSLOG_PID": fmt.Sprint(os.Getpid()),
	}
	if got := entry(t, r.next(t)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}

	slog.New(s.Handler()).WithGroup("a-b").Error("two\nlines", "key", "one\ntwo\n", strings.Repeat("k", 99), 1, "ü", 2)
	got := entry(t, r.next(t))
	for name, value := range map[string]string{
		"MESSAGE":       "two\nlines a-b.key=\"one\\ntwo\\n\" a-b." + strings.Repeat("k", 99) + "=1 a-b.ü=2",
		"PRIORITY":      "3",
		"TAYGO_A_B_KEY": "one\ntwo\n",
		"TAYGO_A_B_":    "2",
		"CODE_FUNC":     "taygo/internal/logsink.TestJournalEntries",
		"TAYGO_A_B_" + strings.Repeat("K", 64-len("TAYGO_A_B_")): "1",
	} {
		if name == "TAYGO_A_B_" {
			name += "_" // the one letter that the journal does not know
		}
		if got[name] != value {
			t.Errorf("%s: %q, want %q", name, got[name], value)
		}
	}
	if !strings.HasSuffix(got["CODE_FILE"], "journal_test.go") || got["CODE_LINE"] == "" {
		t.Errorf("place %s:%s", got["CODE_FILE"], got["CODE_LINE"])
	}
}

// TestALongEntryIsPassedAsAFile that nobody can change any more.
func TestALongEntryIsPassedAsAFile(t *testing.T) {
	path := socketPath(t)
	r := listen(t, path)
	s := Journal(Options{Path: path})
	defer closeWell(t, s)
	text := strings.Repeat("0123456789abcdef", 1<<16)
	s.Line(slog.LevelInfo, text)
	s.Line(slog.LevelInfo, "short")

	must(t, r.SetReadDeadline(time.Now().Add(patience)))
	oob := make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := r.ReadMsgUnix(make([]byte, 100), oob)
	must(t, err)
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	must(t, err)
	fds, err := unix.ParseUnixRights(&messages[0])
	must(t, err)
	f := os.NewFile(uintptr(fds[0]), "entry")
	defer f.Close()
	seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
	must(t, err)
	if n != 0 || seals&unix.F_SEAL_WRITE == 0 {
		t.Errorf("%d octets beside the file, seals %#x", n, seals)
	}
	e, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	must(t, err)
	if got := entry(t, string(e))["MESSAGE"]; got != text {
		t.Errorf("the file holds %d octets of text, want %d", len(got), len(text))
	}
	if got := entry(t, r.next(t))["MESSAGE"]; got != "short" {
		t.Errorf("after it: %q", got)
	}
}
