package demo

import (
	"context"
	"fmt"
	"time"
)

// A step shows one thing. run returns what was seen, in a line or more.
type step struct {
	name string
	run  func(context.Context) (string, error)
}

// steps returns what the demo shows, in order.
func steps(n *network, t *translator) []step {
	out := visit{n.host6, host6Addr, as6(host4Addr), greeting4, host6AsIPv4, "by the map"}
	in := visit{n.host4, host4Addr, host6AsIPv4, greeting6, as6(host4Addr), "in the prefix"}
	pooled := visit{n.host6, host6Other, as6(host4Addr), greeting4, pool, "of the pool"}
	return []step{
		{"taygo is up", func(ctx context.Context) (string, error) { return t.answers(ctx, n) }},
		{"ping 6 to 4", func(ctx context.Context) (string, error) {
			return ping(ctx, n.host6, host6Addr, as6(host4Addr), 5)
		}},
		{"page 6 to 4", out.page},
		{"load 6 to 4", out.load},
		{"path MTU", func(ctx context.Context) (string, error) { return pathMTU(ctx, n) }},
		{"hop by hop", func(ctx context.Context) (string, error) { return traceHops(ctx, n) }},
		{"ping 4 to 6", func(ctx context.Context) (string, error) {
			return ping(ctx, n.host4, host4Addr, host6AsIPv4, 5)
		}},
		{"page 4 to 6", in.page},
		{"load 4 to 6", in.load},
		{"ping NAT64", func(ctx context.Context) (string, error) {
			return ping(ctx, n.host6, host6Other, as6(host4Addr), 3)
		}},
		{"page NAT64", pooled.page},
		{"sessions", t.sessions},
		{"all at once", func(ctx context.Context) (string, error) { return atOnce(ctx, in, pooled) }},
		{"explain", t.explain},
		{"status", t.status},
	}
}

// runSteps shows the steps with the live counters below, up to the first that
// fails.
func runSteps(ctx context.Context, s *screen, t *translator, all []step) error {
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		t.watch(watching, s)
	}()
	defer func() {
		stop()
		<-watched
	}()
	for _, step := range all {
		text, err := step.in(ctx)
		if err != nil {
			s.line("✗ %-11s  %v", step.name, err)
			return fmt.Errorf("demo: %s: %w", step.name, err)
		}
		s.line("✓ %-11s  %s", step.name, text)
	}
	return nil
}

// stepTime bounds a step. The longest takes two seconds.
const stepTime = 15 * time.Second

// in runs the step. If ctx ends, the error is the cause of that.
func (s step) in(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	text, err := s.run(limited)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil && limited.Err() != nil:
		return "", fmt.Errorf("not done after %v: %w", stepTime, err)
	}
	return text, err
}
