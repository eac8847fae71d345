package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// TestMain removes the binary that tests have built.
func TestMain(m *testing.M) {
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

// testVersion is the version that the binary of the tests says it is.
const testVersion = "test-1"

// built is the path of the binary once it is built.
var built string

// builtBinary builds taygo once, as make build does, and returns its path.
var builtBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "taygo-test-")
	if err != nil {
		return "", err
	}
	built = filepath.Join(dir, "taygo")
	args := append([]string{"build", "-buildvcs=false", "-ldflags", "-X main.version=" + testVersion, "-o", built}, raceFlags...)
	cmd := exec.Command("go", append(args, ".")...)
	if len(raceFlags) == 0 { // the race detector is in C
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return built, nil
})

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long a test waits for what takes milliseconds on an idle
// machine, before it fails.
const patience = 30 * time.Second

// deadline is when patience ends that begins now.
func deadline() time.Time { return time.Now().Add(patience) }

// within returns a context that ends after patience.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until f returns nil, and fails the test if that takes too long.
func eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	var err error
	for end := deadline(); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: after %v still: %v", what, patience, err)
}

// A result is how a program ended.
type result struct {
	stdout, stderr string
	code           int
}

// taygo runs the binary to its end, inside host, or here if host is nil.
func taygo(t testing.TB, host *netlab.Host, args ...string) result {
	t.Helper()
	path, err := builtBinary()
	must(t, err)
	var stdout, stderr bytes.Buffer
	if host == nil {
		cmd := exec.CommandContext(within(t), path, args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err = cmd.Run()
	} else {
		cmd := host.Command(within(t), path, args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err = cmd.Run()
	}
	r := result{stdout: stdout.String(), stderr: stderr.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.code = exit.ExitCode()
	} else {
		must(t, err)
	}
	return r
}

// good runs the binary inside host, and fails the test if that fails.
func good(t testing.TB, host *netlab.Host, args ...string) string {
	t.Helper()
	r := taygo(t, host, args...)
	if r.code != 0 {
		t.Fatalf("taygo %s: status %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// tool runs a program of make tools inside host, and returns what it writes. A
// program that is missing, or that fails, fails the test.
func tool(t testing.TB, host *netlab.Host, name string, args ...string) string {
	t.Helper()
	out, err := tryTool(t, host, name, args...)
	must(t, err)
	return out
}

// tryTool is tool, but returns the program's failure.
func tryTool(t testing.TB, host *netlab.Host, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%v: run make tools", err)
	}
	out, err := host.Run(within(t), name, args...)
	return string(out), err
}
