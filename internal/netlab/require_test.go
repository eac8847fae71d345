package netlab

import (
	"errors"
	"fmt"
	"testing"
)

// A recorder is a TB that notes what was asked of it.
type recorder string

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	*r = recorder("skip: " + fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	*r = recorder("fail: " + fmt.Sprintf(format, args...))
}

func TestRequire(t *testing.T) {
	reason := errors.New("no tun: type modprobe tun")
	for _, c := range []struct {
		name string
		err  error
		must bool
		want recorder
	}{
		{"goes on where all is there", nil, false, ""},
		{"goes on where all is there and must be", nil, true, ""},
		{"skips with the reason", reason, false, "skip: no tun: type modprobe tun (TAYGO_REQUIRE_NETNS=1 makes this a failure)"},
		{"fails with the reason", reason, true, "fail: TAYGO_REQUIRE_NETNS=1, but: no tun: type modprobe tun"},
	} {
		var got recorder
		if require(&got, c.err, c.must); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// In this process, as an ordinary user without a namespace of its own would see it.
func TestMissingTellsWhatToType(t *testing.T) {
	err := missing("/dev/net/tun", errors.ErrUnsupported, "type `modprobe tun`")
	if got, want := err.Error(), "netlab: /dev/net/tun: unsupported operation: type `modprobe tun`"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Error("the cause is lost")
	}
}
