package tayga

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// credentials of all threads of a process: uids, gids, groups, capabilities.
func credentials(t *testing.T, pid int) map[string]int {
	t.Helper()
	found := map[string]int{}
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	must(t, err)
	for _, path := range all {
		status, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue
		}
		must(t, err)
		var lines []string
		for line := range strings.Lines(string(status)) {
			switch name, value, _ := strings.Cut(line, ":"); name {
			case "Uid", "Gid", "Groups", "CapEff", "CapPrm":
				lines = append(lines, name+" "+strings.Join(strings.Fields(value), " "))
			}
		}
		found[strings.Join(lines, "; ")]++
	}
	return found
}

// TestNetnsUser: who the process is once it translates.
func TestNetnsUser(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	must(t, err)
	daemon, err := user.LookupGroup("daemon")
	must(t, err)
	const none = "; CapPrm 0000000000000000; CapEff 0000000000000000"
	as := func(uid, gid string) string {
		four := func(id string) string { return strings.TrimSpace(strings.Repeat(id+" ", 4)) }
		return fmt.Sprintf("Uid %s; Gid %s; Groups %s", four(uid), four(gid), gid)
	}
	for args, want := range map[string]string{
		"-u nobody -g daemon": as(nobody.Uid, daemon.Gid) + none,
		"-u nobody":           as(nobody.Uid, nobody.Gid) + none,
		"-g daemon":           as("0", daemon.Gid) + "; Cap",
	} {
		p := newPlace(t)
		must(t, os.Mkdir(p.data, 0o777))
		if !mapped(t, nobody.Uid) { // in a user namespace of one user
			if r := p.run(append(strings.Fields(args), "-n", "-c", p.conf)...); r.code != bad || !strings.Contains(r.stderr, "to give up groups") {
				t.Errorf("%s: %+v", args, r)
			}
			continue
		}
		pid := p.daemon(strings.Fields(args)...)
		p.route()
		p.answers()
		got := credentials(t, pid)
		for one := range got {
			if len(got) != 1 || !strings.HasPrefix(one, want) {
				t.Errorf("%s: threads are %v, want %s", args, got, want)
			}
		}
	}
}

// mapped reports whether this user namespace knows a user.
func mapped(t *testing.T, uid string) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/self/uid_map")
	must(t, err)
	id, err := strconv.Atoi(uid)
	must(t, err)
	for line := range strings.Lines(string(text)) {
		var inside, outside, count int
		_, err := fmt.Sscan(line, &inside, &outside, &count)
		must(t, err)
		if inside <= id && id < inside+count {
			return true
		}
	}
	return false
}

// TestNetnsChroot: the process sees its data directory only, and yet reads its
// configuration again and reports to the service manager.
func TestNetnsChroot(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	must(t, err)
	p := newPlace(t)
	if !mapped(t, nobody.Uid) {
		return // TestNetnsUser has shown that it is refused
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	must(t, os.Mkdir(p.data, 0o755))
	must(t, os.Chown(p.data, uid, gid))
	p.configure("data-dir " + p.data + "\nmap-file maps\ndynamic-pool 203.0.113.0/24\n")
	p.write(p.data+"/maps", "map 198.51.100.7 2001:db8::7\n")
	p.write(p.data+"/dynamic.map", fmt.Sprintf("203.0.113.5 2001:db8:9::1 %d\n", time.Now().Add(-24*time.Hour).Unix()))
	m := p.manage(filepath.Join(p.dir, "notify"))
	pid := p.daemon("-r", "-u", "nobody")
	m.hears(fmt.Sprintf("READY=1\nMAINPID=%d\nSTATUS=translating, on nat64", pid))
	p.route()
	p.answers()
	for _, link := range []string{"root", "cwd"} {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", pid, link)); err != nil || to != p.data {
			t.Errorf("%s is %s (%v), want %s", link, to, err, p.data)
		}
	}

	hup := func(status string) {
		t.Helper()
		must(t, syscall.Kill(pid, syscall.SIGHUP))
		m.hears(`RELOADING=1\n.*`)
		m.hears("READY=1\nSTATUS=translating, on nat64" + status)
	}
	hup("")
	p.write(p.data+"/maps", "map 198.51.100.8 2001:db8::8\n")
	hup("")
	must(t, m.Close())
	m = p.manage(filepath.Join(p.dir, "notify")) // started anew
	hup("")
	p.write(p.conf, p.read(p.conf)+"prefix 2001:db8::/33\n")
	hup("; the last reload failed: .*tayga.conf:8: prefix.*")
	must(t, os.Remove(p.conf))
	hup("; the last reload failed: .*tayga.conf: no such file.*")
	p.answers()
	must(t, syscall.Kill(pid, syscall.SIGTERM))
	m.hears("STOPPING=1\n.*")
	awaitGone(t, pid)
	if got := p.read(p.data + "/dynamic.map"); !strings.HasPrefix(got, "###") || !strings.Contains(got, "\n203.0.113.5\t2001:db8:9::1\t") {
		t.Errorf("dynamic.map is %q", got)
	}
}
