package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"taygo/internal/control"
)

// watch shows the counters until ctx ends.
func (t *translator) watch(ctx context.Context, s *screen) {
	begun := time.Now()
	before := sample{}
	tick := time.NewTicker(s.every())
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		status, err := t.client.Status(ctx)
		if err != nil {
			continue // the steps, or the end of the process, tell what is wrong
		}
		now := sample{time.Since(begun), status}
		if s.terminal() {
			s.draw(rows(before, now))
		} else {
			s.line("%s", inOneLine(before, now))
		}
		before = now
	}
}

// answers waits until taygo answers at its own addresses, to the IPv6-only host
// and to the server, and at its control socket.
func (t *translator) answers(ctx context.Context, n *network) (string, error) {
	p6, err := newPinger(n.host6, host6Addr)
	if err != nil {
		return "", err
	}
	defer p6.close()
	p4, err := newPinger(n.host4, host4Addr)
	if err != nil {
		return "", err
	}
	defer p4.close()
	for {
		status, err := t.client.Status(ctx)
		if err == nil {
			_, err = p6.echo(own6)
		}
		if err == nil {
			_, err = p4.echo(own4)
		}
		if err == nil {
			return fmt.Sprintf("%v and %v answer ping; %s is %s: %s", own6, own4, status.Device.Name, status.Device.State, status.Device.Mode), nil
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return "", err
		}
	}
}

// explain shows what taygo says of an address of each side.
func (t *translator) explain(ctx context.Context) (string, error) {
	args := []string{write(as6(host4Addr)), host6AsIPv4.String(), host6Other.String()}
	text, err := t.run(ctx, "explain", args...)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$ taygo explain -c %s %s\n%s", t.config, strings.Join(args, " "), indented(text)), nil
}

// sessions shows what passes through the pool, and checks that it is the ping and
// the page of the address without a map.
func (t *translator) sessions(ctx context.Context) (string, error) {
	text, err := t.run(ctx, "sessions")
	if err != nil {
		return "", err
	}
	got := map[string]int{}
	if err := t.client.Sessions(ctx, control.Query{Client: single(host6Other), Peer: single(host4Addr)}, func(s control.Session) bool {
		if s.IPv4.Addr() == pool {
			got[s.Protocol]++
		}
		return true
	}); err != nil {
		return "", err
	}
	if got["tcp"] != 1 || got["icmp"] != 1 || len(got) != 2 {
		return "", fmt.Errorf("sessions are not those of a ping and a page:\n%s", indented(text))
	}
	return fmt.Sprintf("$ taygo sessions -c %s\n%s", t.config, indented(text)), nil
}

// status shows the counters at the end, and checks that they say what was shown.
func (t *translator) status(ctx context.Context) (string, error) {
	text, err := t.run(ctx, "status")
	if err != nil {
		return "", err
	}
	s, err := t.client.Status(ctx)
	if err != nil {
		return "", err
	}
	if s.FromIP4.Packets["translated"] == 0 || s.FromIP6.Packets["translated"] == 0 || s.FromIP6.ErrorsSent == 0 ||
		s.NAT64 == nil || s.NAT64.Sessions.Used < 3 {
		return "", fmt.Errorf("the counters miss what was shown:\n%s", indented(text))
	}
	return fmt.Sprintf("$ taygo status -c %s\n%s", t.config, indented(text)), nil
}
