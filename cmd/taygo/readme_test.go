package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/conf"
)

// root is the root of the tree.
const root = "../.."

// quickStart returns the commands that README.md says are run by this test.
func quickStart(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "<!-- run by TestNetnsReadme -->\n```sh\n")
	commands, _, found := strings.Cut(rest, "\n```\n")
	if !found {
		t.Fatal("README.md has no commands to run")
	}
	return commands
}

// Whoever types what the README says, on a router between an IPv6-only host and
// an IPv4-only one, gets what it promises.
func TestNetnsReadme(t *testing.T) {
	commands := quickStart(t)
	w := newWorld(t, plan{})
	must(t, w.xlat.Sysctl("net.ipv4.ip_forward", "0"))
	must(t, w.xlat.Sysctl("net.ipv6.conf.all.forwarding", "0"))
	alone(t)

	cut := strings.LastIndex(commands, "\n")
	setUp, last := commands[:cut], strings.Fields(commands[cut+1:])
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it compiles
	defer cancel()
	shell := w.xlat.Command(ctx, "sh", "-euc", setUp)
	shell.Dir = root
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"/tmp/taygo.conf: good\n", "192.0.2.80 -> 2001:db8:64::c000:250", "2001:db8:1::10 -> 198.51.100.10",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}

	program, err := filepath.Abs(filepath.Join(root, last[0]))
	must(t, err)
	p := start(t, w.xlat, nil, program, last[1:]...)
	p.log.wait(t, "translating", 1)
	w.ping(w.six, "2001:db8:64::192.0.2.80", 3)
	w.ping(w.four, "198.51.100.10", 3)
	for _, x := range w.ways() {
		transfer(t, x, 1<<20)
	}
	tool(t, w.xlat, program, "status", "-c", "/tmp/taygo.conf")
	tool(t, w.xlat, program, "reload", "-c", "/tmp/taygo.conf")
	p.signal(syscall.SIGHUP)
	p.log.wait(t, "configuration replaced", 2)
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
}

// alone waits until no other process runs the commands of the README, which name
// files that are there once.
func alone(t *testing.T) {
	t.Helper()
	f, err := os.Create(filepath.Join(os.TempDir(), "taygo-readme.lock"))
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

// Each configuration in the documents is a good one.
func TestReadmeConfigs(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	must(t, err)
	found := 0
	for _, name := range append(documents, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(name)
		must(t, err)
		blocks := strings.Split(string(text), "\n```tayga.conf\n")[1:]
		found += len(blocks)
		for _, block := range blocks {
			config, _, _ := strings.Cut(block, "\n```")
			c, err := conf.Parse(name, strings.NewReader(config))
			if err != nil || len(c.Warnings) > 0 {
				t.Errorf("%s:\n%s\n%v", name, config, err)
			}
			if r := taygo(t, nil, "check", file(t, config)); r.code != 0 {
				t.Errorf("%s:\n%s\n%s", name, config, r.stderr)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d configurations in the documents", found)
	}
}
