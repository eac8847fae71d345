package load

import (
	"errors"
	"testing"
)

func TestInErrors(t *testing.T) {
	for _, c := range []struct {
		rule, text string
		want       int
		err        error
	}{
		{"IPv6", "Ip6InReceives   \t1\nUdp6InErrors    \t42\nUdp6InCsumErrors \t7\n", 42, nil},
		{"IPv4", "Tcp: InErrors\nTcp: 3\nUdp: InDatagrams NoPorts InErrors\nUdp: 1 2 43\nUdpLite: InErrors\nUdpLite: 9\n", 43, nil},
		{"nothing of UDP", "Tcp: InErrors\nTcp: 3\n\n", 0, errNoCounter},
		{"a line cut short", "Udp: InDatagrams InErrors\nUdp: 1\n", 0, errNoCounter},
	} {
		if got, err := inErrors([]byte(c.text)); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %d, %v", c.rule, got, err)
		}
	}
	if _, err := inErrors([]byte("Udp6InErrors many")); err == nil {
		t.Error("a word is taken for a number")
	}
}
