package main

import (
	"encoding/json"
	"fmt"
	"testing"
)

// iperf3 measures through the pool and through a static binding, both ways.
func TestNetnsNAT64Iperf(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines})
	w.start()
	for _, x := range []way{w.out(w.seven), w.bound()} {
		server := start(t, x.to, nil, "iperf3", "-s", "--forceflush", "-B", x.listen)
		tests := 0
		measure := func(t *testing.T, args ...string) iperf {
			var r iperf
			tests++
			server.out.wait(t, "Server listening", tests) // until then it is busy with the last one
			out := tool(t, x.from, "iperf3", append([]string{"-c", x.dial, "-J"}, args...)...)
			must(t, json.Unmarshal([]byte(out), &r))
			if r.Error != "" {
				t.Fatalf("iperf3 %v: %s", args, r.Error)
			}
			return r
		}
		for name, extra := range map[string][]string{"": nil, ", reverse": {"-R"}} {
			t.Run("TCP "+x.name+name, func(t *testing.T) {
				const octets = 20_000_000
				r := measure(t, append(extra, "-P", "4", "-n", fmt.Sprint(octets))...)
				if sent, got := r.End.SumSent.Bytes, r.End.SumReceived.Bytes; sent < octets || got < octets/4 {
					t.Errorf("%d octets of %d sent arrive, %d wanted", got, sent, octets)
				}
			})
			t.Run("UDP "+x.name+name, func(t *testing.T) {
				r := measure(t, append(extra, "-u", "-b", "1M", "-l", "1400", "-t", "1")...)
				if s := r.End.Sum; s.Packets < 10 || s.LostPackets != 0 {
					t.Errorf("%d of %d datagrams are lost", s.LostPackets, s.Packets)
				}
			})
		}
	}
}
