package demo

import (
	"errors"
	"slices"
	"testing"
	"testing/fstest"
)

func TestRefusalTellsWhatIsMissingAndWhatToType(t *testing.T) {
	missing := errors.New("netlab: /dev/net/tun: permission denied")
	for _, c := range []struct {
		name    string
		uid     int
		forbids []string
		want    string
	}{
		{
			"root lacks something that sudo does not give", 0, nil,
			"demo: no network can be built here: netlab: /dev/net/tun: permission denied",
		},
		{
			"a user may become root", 1000, nil,
			"demo: user 1000 may not build a network here: netlab: /dev/net/tun: permission denied\n" +
				"Type `sudo make demo`, or `sudo bin/taygo demo`",
		},
		{
			"a kernel parameter is named", 1000,
			[]string{"user.max_user_namespaces is 0"},
			"demo: user 1000 may not build a network here: netlab: /dev/net/tun: permission denied\n" +
				"(here user.max_user_namespaces is 0)\n" +
				"Type `sudo make demo`, or `sudo bin/taygo demo`",
		},
	} {
		err := refusal(c.uid, "bin/taygo", missing, c.forbids)
		if err.Error() != c.want {
			t.Errorf("%s: got\n%v\nwant\n%s", c.name, err, c.want)
		}
		if !errors.Is(err, missing) {
			t.Errorf("%s: the cause is lost", c.name)
		}
	}
}

func TestKernelParametersThatForbidUserNamespaces(t *testing.T) {
	const apparmor, clone, most = "kernel/apparmor_restrict_unprivileged_userns", "kernel/unprivileged_userns_clone", "user/max_user_namespaces"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"none of them is there", nil, nil},
		{"all allow", map[string]string{apparmor: "0\n", clone: "1\n", most: "96365\n"}, nil},
		{"Ubuntu since 23.10", map[string]string{apparmor: "1\n", clone: "1\n", most: "96365\n"}, []string{"kernel.apparmor_restrict_unprivileged_userns is 1"}},
		{"Debian once", map[string]string{clone: "0\n", most: "0\n"}, []string{"kernel.unprivileged_userns_clone is 0", "user.max_user_namespaces is 0"}},
	} {
		sys := fstest.MapFS{}
		for name, text := range c.files {
			sys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := forbids(sys); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
